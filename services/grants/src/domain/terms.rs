//! What a grant is about: the listed terms, and the sealed ones by their commitments.

use flare_contracts::{
    Coded, InputRule, Refusal,
    common::v1::{Mode, SealedField, Trigger},
    fields,
    grants::v1::{self, PaymentMethod, SupportKind},
    input,
    limits::NEEDS_OF_A_GRANT,
    vote::{self, Ballot},
};
use flare_kernel::{CaseId, Date, GrantId, Money, NeedId};

use super::Refused;
use crate::{GrantsPolicy, refusals::GrantsRule};

/// How long after the end a payment may still be due, in days.
const PAY_DAYS_AFTER_END: i64 = 30;

/// What a grant is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Terms {
    pub(crate) ceiling: Money,
    pub(crate) start: Date,
    pub(crate) end: Date,
    pub(crate) pay_by: Date,
    pub(crate) costs_from: Option<Date>,
    pub(crate) support_kind: SupportKind,
    pub(crate) payment_method: PaymentMethod,
    pub(crate) mode: Mode,
    pub(crate) trigger: Trigger,
    pub(crate) needs: Vec<NeedId>,
    /// In the order of [`TERMS`](fields::TERMS).
    pub(crate) sealed: [SealedField; 3],
}

/// Reads field by field, so that a caller learns of everything that is wrong at once.
#[derive(Default)]
struct Reading(Option<Refusal>);

impl Reading {
    fn take<T>(&mut self, outcome: Result<T, Refusal>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(refusal) => {
                match &mut self.0 {
                    Some(all) => all.violations.extend(refusal.violations),
                    all @ None => *all = Some(refusal),
                }
                None
            }
        }
    }

    fn rule(&mut self, holds: bool, field: &str, rule: impl Coded) {
        if !holds {
            self.take::<()>(Err(Refusal::invalid(field, rule)));
        }
    }
}

impl Terms {
    /// Reads terms off the wire, or says everything that is wrong with them.
    pub(crate) fn parse(terms: Option<v1::Terms>, policy: &GrantsPolicy) -> Result<Self, Refusal> {
        let terms = input::required("terms", terms)?;
        let mut reading = Reading::default();
        let ceiling = reading.take(input::money("terms.ceiling", terms.ceiling.as_ref()));
        let start = reading.take(input::date("terms.start", &terms.start));
        let end = reading.take(input::date("terms.end", &terms.end));
        let pay_by = reading.take(input::date("terms.pay_by", &terms.pay_by));
        let costs_from = match terms.costs_from.as_str() {
            "" => Some(None),
            text => reading.take(input::date("terms.costs_from", text)).map(Some),
        };
        let support_kind =
            reading.take(input::choice::<SupportKind>("terms.support_kind", terms.support_kind));
        let method =
            reading.take(input::choice::<PaymentMethod>("terms.payment_method", terms.payment_method));
        let mode = reading.take(input::choice::<Mode>("terms.mode", terms.mode));
        let trigger = reading.take(input::choice::<Trigger>("terms.trigger", terms.trigger));
        let needs = reading.take(input::ids("terms.need_ids", &terms.need_ids, NEEDS_OF_A_GRANT));
        let sealed = reading.take(sealed_terms(terms.sealed));

        if let Some(ceiling) = ceiling {
            reading.rule(!ceiling.is_zero(), "terms.ceiling.minor_units", InputRule::AmountZero);
        }
        if let (Some(start), Some(end)) = (start, end) {
            reading.rule(start <= end, "terms.end", GrantsRule::BeforeStart);
            let longest = policy.max_grant_days;
            reading.rule(
                start.days_until(end) <= longest,
                "terms.end",
                GrantsRule::FarFromStart { days: longest },
            );
        }
        if let (Some(start), Some(pay_by)) = (start, pay_by) {
            reading.rule(pay_by >= start, "terms.pay_by", GrantsRule::BeforeStart);
        }
        if let (Some(end), Some(pay_by)) = (end, pay_by) {
            let within = end.days_until(pay_by) <= PAY_DAYS_AFTER_END;
            reading.rule(within, "terms.pay_by", GrantsRule::FarFromEnd { days: PAY_DAYS_AFTER_END });
        }
        if let (Some(start), Some(Some(costs_from))) = (start, costs_from) {
            reading.rule(costs_from <= start, "terms.costs_from", GrantsRule::AfterStart);
        }
        if let Some(needs) = &needs {
            reading.rule(!needs.is_empty(), "terms.need_ids", InputRule::NoneGiven);
        }
        if let Some(refusal) = reading.0 {
            return Err(refusal);
        }
        let all =
            (ceiling, start, end, pay_by, costs_from, support_kind, method, mode, trigger, needs, sealed);
        let (
            Some(ceiling),
            Some(start),
            Some(end),
            Some(pay_by),
            Some(costs_from),
            Some(support_kind),
            Some(payment_method),
            Some(mode),
            Some(trigger),
            Some(needs),
            Some(sealed),
        ) = all
        else {
            return Err(Refusal::invalid("terms", GrantsRule::Incomplete));
        };
        Ok(Self {
            ceiling,
            start,
            end,
            pay_by,
            costs_from,
            support_kind,
            payment_method,
            mode,
            trigger,
            needs,
            sealed,
        })
    }

    /// On the wire; also what is hashed for a vote.
    pub(crate) fn out(&self) -> v1::Terms {
        v1::Terms {
            ceiling: Some(input::money_out(self.ceiling)),
            start: self.start.to_string(),
            end: self.end.to_string(),
            pay_by: self.pay_by.to_string(),
            support_kind: self.support_kind.into(),
            payment_method: self.payment_method.into(),
            mode: self.mode.into(),
            trigger: self.trigger.into(),
            need_ids: self.needs.iter().map(ToString::to_string).collect(),
            costs_from: self.costs_from.map(|date| date.to_string()).unwrap_or_default(),
            sealed: self.sealed.to_vec(),
        }
    }

    /// The bytes whose SHA-256 a vote signs.
    pub(crate) fn shown(&self, grant: GrantId, case: CaseId, ballot: Ballot) -> Vec<u8> {
        vote::shown_bytes(&grant.to_string(), &case.to_string(), ballot, &self.out())
    }

    /// What a vote on these terms signs.
    pub(crate) fn digest(&self, grant: GrantId, case: CaseId, ballot: Ballot) -> [u8; 32] {
        vote::shown_digest(&grant.to_string(), &case.to_string(), ballot, &self.out())
    }

    /// Refuses sealed terms that do not follow these versions under this epoch.
    pub(super) fn check_sealed(&self, before: [u32; 3], epoch: u32) -> Result<(), Refused> {
        for (index, (sealed, before)) in self.sealed.iter().zip(before).enumerate() {
            check_next(&format!("terms.sealed[{index}]"), sealed, before, epoch)?;
        }
        Ok(())
    }
}

/// Refuses a sealed field that is not the next version under the newest epoch.
pub(super) fn check_next(field: &str, sealed: &SealedField, before: u32, epoch: u32) -> Result<(), Refused> {
    if sealed.epoch != epoch {
        return Err(Refused::OldEpoch { field: field.to_owned(), newest: epoch });
    }
    if sealed.version != before + 1 {
        return Err(Refused::field(format!("{field}.version"), GrantsRule::NotNext { number: before + 1 }));
    }
    Ok(())
}

/// Exactly the three sealed terms, in the order in which they are kept, each with its commitment.
fn sealed_terms(fields: Vec<SealedField>) -> Result<[SealedField; 3], Refusal> {
    let terms = fields::TERMS;
    let names = terms.each_ref().map(|term| &*term.name);
    let mut found: [Option<SealedField>; 3] = [None, None, None];
    for (index, field) in fields.into_iter().enumerate() {
        let path = format!("terms.sealed[{index}]");
        let Some(at) = names.iter().position(|name| *name == field.name) else {
            return Err(Refusal::invalid(
                format!("{path}.name"),
                InputRule::OneOf { words: names.join(", ") },
            ));
        };
        if found[at].is_some() {
            return Err(Refusal::invalid(format!("{path}.name"), InputRule::Twice));
        }
        input::sealed_shape(&path, &field, terms[at].most_bytes())?;
        if field.commitment.is_empty() {
            return Err(Refusal::invalid(
                format!("{path}.commitment"),
                InputRule::NotTheLength { bytes: 32 },
            ));
        }
        found[at] = Some(field);
    }
    let [Some(scope), Some(budget), Some(beneficiary)] = found else {
        return Err(Refusal::invalid(
            "terms.sealed",
            GrantsRule::SealedTermMissing { names: names.join(", ") },
        ));
    };
    Ok([scope, budget, beneficiary])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples;

    fn parse(change: impl FnOnce(&mut v1::Terms)) -> Result<Terms, Vec<(String, String)>> {
        let mut terms = samples::terms();
        change(&mut terms);
        Terms::parse(Some(terms), &GrantsPolicy::default())
            .map_err(|refusal| refusal.violations.into_iter().map(|at| (at.field, at.rule)).collect())
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let terms = samples::terms();
        assert_eq!(parse(|_| {}).unwrap().out(), terms);
        let mut turned = terms.clone();
        turned.sealed.reverse();
        assert_eq!(parse(|terms| *terms = turned).unwrap().out(), terms);
        assert!(Terms::parse(None, &GrantsPolicy::default()).is_err());
    }

    #[test]
    fn each_rule_names_its_field() {
        type Change = fn(&mut v1::Terms);
        let cases: [(Change, &str, &str); 24] = [
            (|terms| terms.ceiling = None, "terms.ceiling", "is required"),
            (
                |terms| terms.ceiling.as_mut().unwrap().minor_units = 0,
                "terms.ceiling.minor_units",
                "must be more than 0",
            ),
            (
                |terms| terms.ceiling.as_mut().unwrap().minor_units = -1,
                "terms.ceiling.minor_units",
                "must not be negative",
            ),
            (
                |terms| terms.ceiling.as_mut().unwrap().currency = "ABC".into(),
                "terms.ceiling.currency",
                "ISO 4217",
            ),
            (|terms| terms.start = "2026-02-30".into(), "terms.start", "must be a day that exists"),
            (|terms| terms.start = String::new(), "terms.start", "YYYY-MM-DD"),
            (|terms| terms.end = "2026-11-30".into(), "terms.end", "must not be before the start"),
            (|terms| terms.end = "2027-06-03".into(), "terms.end", "at most 183 days"),
            (|terms| terms.pay_by = "2026-11-30".into(), "terms.pay_by", "must not be before the start"),
            (|terms| terms.pay_by = "2027-04-01".into(), "terms.pay_by", "at most 30 days after the end"),
            (
                |terms| terms.costs_from = "2026-12-02".into(),
                "terms.costs_from",
                "must not be after the start",
            ),
            (|terms| terms.costs_from = "soon".into(), "terms.costs_from", "YYYY-MM-DD"),
            (|terms| terms.support_kind = 0, "terms.support_kind", "is required"),
            (|terms| terms.support_kind = 9, "terms.support_kind", "one of the listed"),
            (|terms| terms.payment_method = 0, "terms.payment_method", "is required"),
            (|terms| terms.mode = 0, "terms.mode", "is required"),
            (|terms| terms.trigger = 3, "terms.trigger", "one of the listed"),
            (|terms| terms.need_ids.clear(), "terms.need_ids", "at least one"),
            (|terms| terms.need_ids[0] = "case_1".into(), "terms.need_ids", "need_"),
            (|terms| terms.need_ids.push(terms.need_ids[0].clone()), "terms.need_ids", "twice"),
            (|terms| terms.sealed.truncate(2), "terms.sealed", "proposal.beneficiary"),
            (|terms| terms.sealed[1].name = "proposal.scope".into(), "terms.sealed[1].name", "twice"),
            (|terms| terms.sealed[0].name = "proposal.words".into(), "terms.sealed[0].name", "one of"),
            (|terms| terms.sealed[2].commitment.clear(), "terms.sealed[2].commitment", "32 bytes"),
        ];
        for (change, field, rule) in cases {
            let violations = parse(change).unwrap_err();
            assert!(
                violations.iter().any(|(at, text)| at == field && text.contains(rule)),
                "{field} {rule}: {violations:?}"
            );
        }
    }

    #[test]
    fn the_longest_grant_and_the_last_pay_day_are_allowed() {
        parse(|terms| {
            terms.end = "2027-06-02".into();
            terms.pay_by = "2027-07-02".into();
            terms.costs_from = "2026-12-01".into();
        })
        .unwrap();
        parse(|terms| (terms.end, terms.pay_by) = (terms.start.clone(), terms.start.clone())).unwrap();
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let violations = parse(|terms| *terms = v1::Terms::default()).unwrap_err();
        for field in
            ["terms.ceiling", "terms.start", "terms.end", "terms.pay_by", "terms.mode", "terms.sealed"]
        {
            assert!(violations.iter().any(|(at, _)| at == field), "{field}: {violations:?}");
        }
    }

    #[test]
    fn each_sealed_term_has_its_limit() {
        for (index, term) in fields::TERMS.into_iter().enumerate() {
            // The longest letters there are fit to the last; a text of a step more than that does not.
            let long = flare_seal::sealed_committed_len("𐤀".repeat(term.longest).len());
            parse(|terms| terms.sealed[index].ciphertext = vec![0; long]).unwrap();
            let violations = parse(|terms| terms.sealed[index].ciphertext = vec![0; long + 1]).unwrap_err();
            assert_eq!(violations[0].0, format!("terms.sealed[{index}].ciphertext"));
        }
    }
}
