//! A grant as a value: everything a decision looks at.

use flare_contracts::{
    InputRule,
    events::v1::{GrantDrafted, GrantsEvent, MoneyHeld},
    input,
};
use flare_kernel::{CaseId, Codename, Duration, GrantId, Lane, Money, NeedId, StaffId, Timestamp};

use super::{
    Act, Advance, Agreement, Closing, Conflict, MoneyState, Payee, Proposal, Refused, Report, Reservation,
    Stage, Terms, Tranche, Verified, Vote,
};
use crate::refusals::GrantsRule;

/// What a decision leaves to be logged, in order.
pub(crate) type Events = Vec<GrantsEvent>;

/// One grant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) case: CaseId,
    /// The name of its case.
    pub(crate) codename: Codename,
    pub(crate) proposer: StaffId,
    pub(crate) created: Timestamp,
    pub(crate) lane: Lane,
    pub(crate) stage: Stage,
    pub(crate) money: MoneyState,
    pub(crate) terms: Terms,
    pub(crate) proposal: Proposal,
    pub(crate) votes_required: u32,
    /// The round of voting, from 1.
    pub(crate) round: u32,
    /// Of all rounds.
    pub(crate) votes: Vec<Vote>,
    pub(crate) conflicts: Vec<Conflict>,
    /// Until when it is to be submitted.
    pub(crate) draft_due: Option<Deadline>,
    /// Until when the votes are due.
    pub(crate) approval: Option<Deadline>,
    pub(crate) verified: Option<Verified>,
    pub(crate) voted: bool,
    pub(crate) payee: Option<Payee>,
    pub(crate) agreement: Option<Agreement>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) advance: Option<Advance>,
    pub(crate) tranches: Vec<Tranche>,
    pub(crate) report: Option<Report>,
    pub(crate) report_due: Option<Deadline>,
    pub(crate) close_due: Option<Deadline>,
    pub(crate) closing: Option<Closing>,
    pub(crate) epochs: Epochs,
}

/// The newest key epoch of each compartment; 0 while there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epochs {
    pub(crate) proposal: u32,
    pub(crate) payment: u32,
}

/// Until when something is due, and when somebody is reminded of it next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) due: Timestamp,
    pub(crate) next: Timestamp,
}

/// What other services told about a grant's case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseFacts {
    /// None while triage has not been heard to open it.
    pub(crate) codename: Option<Codename>,
    pub(crate) lane: Lane,
    pub(crate) money: MoneyState,
    pub(crate) closed: bool,
    /// The needs that a grant was recommended for.
    pub(crate) recommended: Vec<NeedId>,
    /// Whose independent checks confirm: one for each reference that is confirmed.
    pub(crate) confirmed_by: Vec<String>,
    /// The fingerprints of all references.
    pub(crate) references: Vec<Vec<u8>>,
}

/// A grant that is to be drafted.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: GrantId,
    pub(crate) case: CaseId,
    pub(crate) proposer: StaffId,
    pub(crate) terms: Terms,
    pub(crate) votes_required: u32,
}

impl CaseFacts {
    /// Refuses terms that the case does not ask for: a grant is for needs that were recommended, in a case that is open.
    pub(crate) fn must_ask_for(&self, terms: &Terms) -> Result<(), Refused> {
        if self.closed {
            return Err(Refused::CaseClosed);
        }
        match terms.needs.iter().position(|need| !self.recommended.contains(need)) {
            Some(index) => Err(Refused::NeedNotRecommended(index)),
            None => Ok(()),
        }
    }
}

impl CaseFacts {
    /// How many references confirm for a grant of this proposer. Nobody vouches for their own proposal: a reference that
    /// the proposer checked counts once somebody else has checked it.
    pub(crate) fn confirmed_for(&self, proposer: StaffId) -> usize {
        let proposer = proposer.to_string();
        self.confirmed_by.iter().filter(|by| **by != proposer).count()
    }
}

impl Deadline {
    /// Due then, and reminded of when it has passed.
    pub(crate) const fn at(due: Timestamp) -> Self {
        Self { due, next: due }
    }

    /// The same, once somebody was reminded now: again at twice the distance, after a day at least and a week at most.
    pub(super) fn reminded(self, now: Timestamp) -> Self {
        let wait = now.since(self.due).clamp(Duration::from_days(1), Duration::from_days(7));
        Self { due: self.due, next: now.plus(wait) }
    }
}

impl Grant {
    /// Drafts a grant. Whatever the case has shown so far counts for it too.
    pub(crate) fn draft(draft: Draft, case: &CaseFacts, now: Timestamp) -> Result<(Self, Events), Refused> {
        let Draft { id, case: case_id, proposer, terms, votes_required } = draft;
        if case.money == MoneyState::Stopped {
            return Err(Refused::CaseWithdrawn);
        }
        case.must_ask_for(&terms)?;
        // Whoever recommends has opened the case before, and opening it names it.
        let codename = case.codename.clone().ok_or(Refused::NeedNotRecommended(0))?;
        terms.check_sealed([0; 3], 1)?;
        let mut grant = Self {
            id,
            case: case_id,
            codename,
            proposer,
            created: now,
            lane: case.lane,
            stage: Stage::Draft,
            money: case.money,
            terms,
            proposal: Proposal::default(),
            votes_required,
            round: 1,
            votes: Vec::new(),
            conflicts: Vec::new(),
            draft_due: None,
            approval: None,
            verified: None,
            voted: false,
            payee: None,
            agreement: None,
            reservations: Vec::new(),
            advance: None,
            tranches: Vec::new(),
            report: None,
            report_due: None,
            close_due: None,
            closing: None,
            epochs: Epochs { proposal: 1, payment: 0 },
        };
        grant.verify(case.confirmed_for(proposer));
        let mut events = vec![
            GrantDrafted {
                case_id: case_id.to_string(),
                grant_id: id.to_string(),
                need_ids: grant.need_ids(),
                lane: input::lane_out(grant.lane).into(),
                ceiling: Some(input::money_out(grant.terms.ceiling)),
                start: grant.terms.start.to_string(),
                end: grant.terms.end.to_string(),
                proposer: proposer.to_string(),
                votes_required,
                codename: grant.codename.to_string(),
            }
            .into(),
        ];
        if grant.money == MoneyState::Held {
            events.push(MoneyHeld { case_id: case_id.to_string(), grant_id: id.to_string() }.into());
        }
        Ok((grant, events))
    }

    /// The ids that every event names: case and grant.
    pub(super) fn ids(&self) -> (String, String) {
        (self.case.to_string(), self.id.to_string())
    }

    pub(super) fn need_ids(&self) -> Vec<String> {
        self.terms.needs.iter().map(ToString::to_string).collect()
    }

    /// Refuses what the stage does not allow.
    pub(super) fn allow(&self, act: Act) -> Result<(), Refused> {
        if self.stage.acts().contains(&act) {
            Ok(())
        } else {
            Err(Refused::WrongStage { act, stage: self.stage })
        }
    }

    /// Refuses the proposer.
    pub(super) fn not_proposer(&self, who: StaffId, act: &'static str) -> Result<(), Refused> {
        if who == self.proposer { Err(Refused::ByProposer(act)) } else { Ok(()) }
    }

    /// Refuses money that is none of the grant's, or nothing.
    pub(super) fn own_money(&self, field: &str, money: Money) -> Result<(), Refused> {
        let currency = self.terms.ceiling.currency();
        if money.currency() != currency {
            return Err(Refused::field(
                format!("{field}.currency"),
                GrantsRule::NotTheCeilingsCurrency { currency: currency.to_string() },
            ));
        }
        if money.is_zero() {
            return Err(Refused::field(format!("{field}.minor_units"), InputRule::AmountZero));
        }
        Ok(())
    }

    /// So many minor units of the ceiling's currency; held at 0.
    pub(super) fn money(&self, minor: i64) -> Money {
        let currency = self.terms.ceiling.currency();
        Money::new(currency, minor).unwrap_or(Money::zero(currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, HEAD, NOW, OFFICER, PROPOSER};

    #[test]
    fn reminders_come_at_growing_distance_and_never_stop() {
        let mut deadline = Deadline::at(NOW);
        let mut now = NOW;
        for days in [1, 1, 2, 4, 7, 7] {
            deadline = deadline.reminded(now);
            assert_eq!(deadline.next.since(now), Duration::from_days(days));
            now = deadline.next;
        }
        assert_eq!(deadline.due, NOW);
    }

    #[test]
    fn a_draft_takes_over_what_the_case_has_shown() {
        let case = CaseFacts {
            lane: Lane::Critical,
            money: MoneyState::Held,
            confirmed_by: vec![OFFICER.to_string(), HEAD.to_string()],
            ..samples::case()
        };
        let (grant, events) = Grant::draft(samples::new_draft(), &case, NOW).unwrap();
        assert_eq!(
            (grant.lane, grant.money, grant.verified),
            (Lane::Critical, MoneyState::Held, Some(Verified::References))
        );
        assert_eq!(samples::kinds(&events), ["GrantDrafted", "MoneyHeld"]);
        for confirmed_by in [vec![OFFICER.to_string()], vec![OFFICER.to_string(), PROPOSER.to_string()]] {
            let one = CaseFacts { confirmed_by, money: MoneyState::Free, ..case.clone() };
            let (grant, events) = Grant::draft(samples::new_draft(), &one, NOW).unwrap();
            assert_eq!((grant.verified, samples::kinds(&events)), (None, vec!["GrantDrafted"]));
        }
        let stopped = CaseFacts { money: MoneyState::Stopped, ..case };
        assert_eq!(Grant::draft(samples::new_draft(), &stopped, NOW).unwrap_err(), Refused::CaseWithdrawn);
    }

    #[test]
    fn a_grant_is_for_needs_that_were_recommended_in_a_case_that_is_open() {
        let draft = |case: &CaseFacts| Grant::draft(samples::new_draft(), case, NOW).map(drop);
        assert_eq!(draft(&samples::case()), Ok(()));
        assert_eq!(draft(&CaseFacts { closed: true, ..samples::case() }), Err(Refused::CaseClosed));
        let recommended = vec![samples::need(1), samples::need(3)];
        let refused = draft(&CaseFacts { recommended, ..samples::case() }).unwrap_err();
        assert_eq!(refused, Refused::NeedNotRecommended(1));
        let nameless = draft(&CaseFacts { codename: None, ..samples::case() }).unwrap_err();
        assert_eq!(nameless, Refused::NeedNotRecommended(0), "triage has not opened it");
        let refusal = flare_contracts::Refusal::from(refused);
        assert_eq!(refusal.violations[0].field, "terms.need_ids[1]");
        assert!(refusal.retry_after.is_some(), "the recommendation may be on its way");
    }

    #[test]
    fn the_first_terms_are_version_one_under_epoch_one() {
        let case = samples::case();
        let mut draft = samples::new_draft();
        draft.terms.sealed[1].version = 2;
        assert!(
            matches!(Grant::draft(draft, &case, NOW), Err(Refused::Field(fault)) if fault.field == "terms.sealed[1].version")
        );
        let mut draft = samples::new_draft();
        draft.terms.sealed[2].epoch = 2;
        assert!(matches!(Grant::draft(draft, &case, NOW), Err(Refused::OldEpoch { newest: 1, .. })));
    }
}
