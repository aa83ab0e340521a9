//! The requester's questions, answered: read, checked field by field, and turned into sealed answers and the listing.

mod check;
mod names;

use flare_contracts::{
    Refusal,
    answers::{MAX_REQUEST_BYTES, answer_rule},
    input,
    intake::v1::{Consent, Listing, Purpose},
};
use flare_kernel::lane_hint;
use serde::{Deserialize, Serialize};

use check::Faults;
pub use names::need_kind;
use names::{consent_state, mode, requester_kind, trigger};

/// Why a form cannot be sent: every field at fault, with its rule.
pub type FormError = Refusal;

/// A form as people write it. Only `contact` and `happened` must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// A label for whoever keeps the file; not sent.
    pub id: String,
    /// 3: language, BCP 47.
    pub language: String,
    /// 1: for whom.
    pub asks_for: String,
    /// 1: asked by somebody else.
    pub on_behalf: bool,
    /// Consent per purpose.
    pub consent: Consents,
    /// 4: ISO 3166-1 alpha-2 or "withheld".
    pub country_now: String,
    /// 4: of the incident.
    pub country_incident: String,
    /// 5: individual, outlet, organisation or unregistered group.
    pub kind: String,
    /// 5: whether it is registered.
    pub registered: bool,
    /// 6: what happened.
    pub happened: String,
    /// 6: when, `YYYY-MM-DD`.
    pub happened_on: String,
    /// 7: what if nothing is done.
    pub if_nothing: IfNothing,
    /// 8: medical, legal, relocation, equipment, subsistence, psychosocial, digital, family, continuity.
    pub needs: Vec<String>,
    /// 9: decimal number.
    pub amount: String,
    /// 9: ISO 4217.
    pub currency: String,
    /// 9: `YYYY-MM-DD`.
    pub needed_by: String,
    /// 9: what for, and how much.
    pub budget: Vec<(String, String)>,
    /// 2: the safe way and times to reach them.
    pub contact: String,
    /// 2: what must not be sent or said.
    pub never: String,
    /// 10: safe ways to receive money.
    pub payment: String,
    /// 10: whose money would endanger them.
    pub endangering_money: String,
    /// 11: who else was asked.
    pub others: Vec<Others>,
    /// 12: who can vouch.
    pub references: Vec<Reference>,
    /// preventive or reactive.
    pub mode: String,
    /// negative or positive.
    pub trigger: String,
    /// Self-described; optional.
    pub gender: String,
    /// How many persons it is about; 0 when unsaid.
    pub persons: u32,
    /// The status of the person it is about.
    pub person_status: String,
    /// Whatever else they want to say.
    pub anything: String,
}

/// 7: what happens if nothing is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IfNothing {
    /// Within a day.
    #[serde(rename = "24h")]
    pub day: String,
    /// Within a week.
    #[serde(rename = "7d")]
    pub week: String,
    /// Within a month.
    #[serde(rename = "30d")]
    pub month: String,
}

/// Consent per purpose: "agreed", "refused", "cannot be asked" or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consents {
    /// To be helped.
    pub help: String,
    /// To have facts checked.
    pub checking: String,
    /// To be referred.
    pub referral: String,
    /// To be named to a donor.
    pub donor: String,
    /// To be named in public.
    pub public: String,
    /// Why it cannot be asked, and who decided.
    pub why: String,
    /// When to ask again.
    pub ask_again: String,
}

/// 11: who else was asked or helps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// Which organisation.
    pub name: String,
    /// Whether it may be asked.
    #[serde(default)]
    pub may_check: bool,
}

/// 12: somebody who can vouch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Who.
    pub who: String,
    /// How to reach them safely.
    #[serde(default)]
    pub contact: String,
    /// Whether the requester may be named to them.
    #[serde(default)]
    pub may_name: bool,
}

impl Form {
    /// Reads a form from JSON.
    pub fn parse(json: &[u8]) -> Result<Self, FormError> {
        let text = std::str::from_utf8(json).map_err(|_| Refusal::invalid("form", "must be UTF-8 text"))?;
        serde_json::from_str(text)
            .map_err(|error| Refusal::invalid("form", format!("must be a request form: {error}")))
    }

    /// The answers that are not empty, by the name they are sealed under.
    pub fn answers(&self) -> Result<Vec<(&'static str, String)>, FormError> {
        self.filled_in(true)
    }

    /// The same for a form that adds to a request that was sent: nothing is required, but something must be there.
    pub fn further_answers(&self) -> Result<Vec<(&'static str, String)>, FormError> {
        let answers = self.filled_in(false)?;
        if answers.is_empty() {
            return Err(Refusal::invalid("form", "must hold at least one answer"));
        }
        Ok(answers)
    }

    fn filled_in(&self, whole: bool) -> Result<Vec<(&'static str, String)>, FormError> {
        let mut faults = Faults::default();
        self.check_values(&mut faults);
        let all = [
            ("request.who", "asks_for", self.who()),
            ("request.contact", "contact", self.contact.clone()),
            ("request.never", "never", self.never.clone()),
            ("request.happened", "happened", self.happened.clone()),
            ("request.if_nothing_24h", "if_nothing.24h", self.if_nothing.day.clone()),
            ("request.if_nothing_7d", "if_nothing.7d", self.if_nothing.week.clone()),
            ("request.if_nothing_30d", "if_nothing.30d", self.if_nothing.month.clone()),
            ("request.country_now", "country_now", self.country_now.clone()),
            ("request.country_incident", "country_incident", self.country_incident.clone()),
            ("request.happened_on", "happened_on", self.happened_on.clone()),
            ("request.needs", "needs", self.needs.join(", ")),
            ("request.amount", "amount", [self.amount.as_str(), &self.currency].join(" ").trim().to_owned()),
            ("request.needed_by", "needed_by", self.needed_by.clone()),
            ("request.budget", "budget", self.budget_text()),
            ("request.payment", "payment", self.payment.clone()),
            ("request.endangering_money", "endangering_money", self.endangering_money.clone()),
            ("request.others", "others", lines(&self.others, Others::line)),
            ("request.references", "references", lines(&self.references, Reference::line)),
            ("request.consent", "consent", self.consent.words()),
            ("request.gender", "gender", self.gender.clone()),
            (
                "request.persons",
                "persons",
                if self.persons == 0 { String::new() } else { self.persons.to_string() },
            ),
            ("request.person_status", "person_status", self.person_status.clone()),
            ("request.anything", "anything", self.anything.clone()),
        ];
        let mut answers = Vec::new();
        let mut total = 0;
        for (name, field, text) in all {
            let text = text.trim().to_owned();
            total += text.len();
            if let Some(rule) = answer_rule(name) {
                if text.len() > rule.max_bytes {
                    let rule = format!("must be at most {} bytes; it has {}", rule.max_bytes, text.len());
                    faults.add(field, rule);
                }
                if whole && rule.required && text.is_empty() {
                    faults.add(field, "is required");
                }
            }
            if !text.is_empty() {
                answers.push((name, text));
            }
        }
        if total > MAX_REQUEST_BYTES {
            faults.add("form", format!("must be at most {MAX_REQUEST_BYTES} bytes in all; it has {total}"));
        }
        faults.none_or(answers)
    }

    /// What is listed about the request.
    pub fn listing(&self) -> Result<Listing, FormError> {
        let mut faults = Faults::default();
        self.check_values(&mut faults);
        let of = |purpose: Purpose, text: &str| {
            Some(Consent { purpose: purpose.into(), state: consent_state(text)?.into() })
        };
        let consents = [
            of(Purpose::Help, &self.consent.help),
            of(Purpose::Checking, &self.consent.checking),
            of(Purpose::Referral, &self.consent.referral),
            of(Purpose::Donor, &self.consent.donor),
            of(Purpose::Public, &self.consent.public),
        ];
        let lane = lane_hint(&self.if_nothing.day, &self.if_nothing.week, &self.if_nothing.month);
        let listing = Listing {
            lane_hint: input::lane_out(lane).into(),
            language: if self.language.is_empty() { "und".to_owned() } else { self.language.clone() },
            kind: requester_kind(&self.kind).unwrap_or_default().into(),
            on_behalf: self.on_behalf,
            consents: consents.into_iter().flatten().collect(),
            mode: mode(&self.mode).unwrap_or_default().into(),
            trigger: trigger(&self.trigger).unwrap_or_default().into(),
        };
        faults.none_or(listing)
    }

    fn who(&self) -> String {
        let mut parts = vec![self.asks_for.clone()];
        if self.on_behalf {
            parts.push("asked by somebody else".to_owned());
        }
        if self.registered {
            parts.push("registered".to_owned());
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    fn budget_text(&self) -> String {
        lines(&self.budget, |(what, amount)| format!("{amount} {}: {what}", self.currency))
    }
}

fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Others {
    fn line(&self) -> String {
        let may = if self.may_check { "may be asked" } else { "must not be asked" };
        format!("{} ({may})", self.name)
    }
}

impl Reference {
    fn line(&self) -> String {
        let may = if self.may_name {
            "may hear the requester's name"
        } else {
            "must not hear the requester's name"
        };
        format!("{}: {} ({may})", self.who, self.contact)
    }
}

impl Consents {
    fn states(&self) -> [(&'static str, &str); 5] {
        [
            ("consent.help", &self.help),
            ("consent.checking", &self.checking),
            ("consent.referral", &self.referral),
            ("consent.donor", &self.donor),
            ("consent.public", &self.public),
        ]
    }

    fn words(&self) -> String {
        let again =
            if self.ask_again.is_empty() { String::new() } else { format!("ask again: {}", self.ask_again) };
        let mut parts = vec![self.why.clone(), again];
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;

    use super::*;

    fn form() -> Form {
        Form { contact: "Signal".to_owned(), happened: "They came.".to_owned(), ..Form::default() }
    }

    fn faults(form: &Form) -> Vec<String> {
        let refusal = form.answers().unwrap_err();
        refusal.violations.into_iter().map(|fault| format!("{}: {}", fault.field, fault.rule)).collect()
    }

    #[test]
    fn two_answers_are_enough() {
        let names: Vec<_> = form().answers().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["request.contact", "request.happened"]);
        assert_eq!(form().listing().unwrap().lane_hint(), Lane::Urgent);
    }

    #[test]
    fn what_is_added_later_needs_none_of_them_but_cannot_be_nothing() {
        let added = Form { payment: "Cash.".to_owned(), ..Form::default() };
        assert_eq!(added.further_answers().unwrap(), [("request.payment", "Cash.".to_owned())]);
        assert_eq!(Form::default().further_answers().unwrap_err().violations[0].field, "form");
    }

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        let bad = Form {
            contact: String::new(),
            country_now: "XX".to_owned(),
            happened_on: "2026-02-30".to_owned(),
            amount: "-5".to_owned(),
            currency: "EUR".to_owned(),
            budget: vec![("rent".to_owned(), "1.234".to_owned())],
            needs: vec!["helicopter".to_owned()],
            consent: Consents { help: "maybe".to_owned(), ..Consents::default() },
            ..form()
        };
        let fields: Vec<_> =
            faults(&bad).into_iter().map(|fault| fault.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(
            fields,
            ["country_now", "happened_on", "amount", "budget[0]", "needs[0]", "consent.help", "contact"]
        );
    }

    #[test]
    fn an_oversized_answer_is_named_with_its_limit() {
        let found = faults(&Form { happened: "x".repeat(20_001), ..form() });
        assert_eq!(found, ["happened: must be at most 20000 bytes; it has 20001"]);
    }

    #[test]
    fn a_form_that_is_not_text_or_has_unknown_fields_is_refused() {
        assert_eq!(Form::parse(b"\xff{}").unwrap_err().violations[0].rule, "must be UTF-8 text");
        assert!(Form::parse(br#"{"hapened": "x"}"#).unwrap_err().violations[0].rule.contains("hapened"));
    }
}
