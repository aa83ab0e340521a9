//! The requester's questions, answered: read, checked field by field, and turned into sealed answers and the listing.

mod as_typed;
mod check;
mod names;
mod records;

use flare_contracts::{
    Cause, Refusal,
    answers::{self, answer_rule},
    danger::lane_in_danger,
    input,
    intake::v1::{Consent, Danger, Listing, Purpose},
};
use flare_kernel::{Lane, lane_hint};
use flare_typed::{
    Reading, Rule, language,
    text::{clean_line, clean_text, decode},
};
use serde::{Deserialize, Serialize};

pub use check::Doubt;
use check::Faults;
pub use names::need_kind;
use names::{consent_state, danger, mode, requester_kind, trigger};
pub use records::{Amount, Answer, BudgetLine, ConsentWords, Who};

/// A field of a form, and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field's name in the form.
    pub field: String,
    /// The rule.
    pub rule: Rule,
}

/// Why a form cannot be sent: every field at fault, with its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form cannot be sent as it is")]
pub struct FormError(pub Vec<Fault>);

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        let refusal = Self::from(Cause::InvalidField);
        error.0.into_iter().fold(refusal, |refusal, Fault { field, rule }| refusal.field(field, rule))
    }
}

/// A form as people write it. Only `contact` and `happened` must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// A label for whoever keeps the file; not sent.
    #[serde(deserialize_with = "as_typed::text")]
    pub id: String,
    /// Whether somebody could be killed, injured, arrested or taken within a day: yes, no or not sure.
    #[serde(deserialize_with = "as_typed::text")]
    pub danger: String,
    /// 3: language, BCP 47.
    #[serde(deserialize_with = "as_typed::text")]
    pub language: String,
    /// 1: for whom.
    #[serde(deserialize_with = "as_typed::text")]
    pub asks_for: String,
    /// 1: asked by somebody else.
    pub on_behalf: bool,
    /// Consent per purpose.
    pub consent: Consents,
    /// 4: ISO 3166-1 alpha-2 or "withheld".
    #[serde(deserialize_with = "as_typed::text")]
    pub country_now: String,
    /// 4: of the incident.
    #[serde(deserialize_with = "as_typed::text")]
    pub country_incident: String,
    /// 5: individual, outlet, organisation or unregistered group.
    #[serde(deserialize_with = "as_typed::text")]
    pub kind: String,
    /// 5: whether it is registered.
    pub registered: bool,
    /// 6: what happened.
    #[serde(deserialize_with = "as_typed::text")]
    pub happened: String,
    /// 6: when, `YYYY-MM-DD`.
    #[serde(deserialize_with = "as_typed::text")]
    pub happened_on: String,
    /// 7: what if nothing is done.
    pub if_nothing: IfNothing,
    /// 8: medical, legal, relocation, equipment, subsistence, psychosocial, digital, family, continuity.
    #[serde(deserialize_with = "as_typed::texts")]
    pub needs: Vec<String>,
    /// 9: decimal number.
    #[serde(deserialize_with = "as_typed::text")]
    pub amount: String,
    /// 9: ISO 4217.
    #[serde(deserialize_with = "as_typed::text")]
    pub currency: String,
    /// 9: `YYYY-MM-DD`.
    #[serde(deserialize_with = "as_typed::text")]
    pub needed_by: String,
    /// 9: what for, and how much.
    #[serde(deserialize_with = "as_typed::pairs")]
    pub budget: Vec<(String, String)>,
    /// 2: the safe way and times to reach them.
    #[serde(deserialize_with = "as_typed::text")]
    pub contact: String,
    /// 2: what must not be sent or said.
    #[serde(deserialize_with = "as_typed::text")]
    pub never: String,
    /// 10: safe ways to receive money.
    #[serde(deserialize_with = "as_typed::text")]
    pub payment: String,
    /// 10: whose money would endanger them.
    #[serde(deserialize_with = "as_typed::text")]
    pub endangering_money: String,
    /// 11: who else was asked.
    pub others: Vec<Others>,
    /// 12: who can vouch.
    pub references: Vec<Reference>,
    /// preventive or reactive.
    #[serde(deserialize_with = "as_typed::text")]
    pub mode: String,
    /// negative or positive.
    #[serde(deserialize_with = "as_typed::text")]
    pub trigger: String,
    /// Self-described; optional.
    #[serde(deserialize_with = "as_typed::text")]
    pub gender: String,
    /// How many persons it is about; 0 when unsaid.
    #[serde(deserialize_with = "as_typed::number")]
    pub persons: u32,
    /// The status of the person it is about.
    #[serde(deserialize_with = "as_typed::text")]
    pub person_status: String,
    /// Whatever else they want to say.
    #[serde(deserialize_with = "as_typed::text")]
    pub anything: String,
}

/// 7: what happens if nothing is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IfNothing {
    /// Within a day.
    #[serde(rename = "24h")]
    #[serde(deserialize_with = "as_typed::text")]
    pub day: String,
    /// Within a week.
    #[serde(rename = "7d")]
    #[serde(deserialize_with = "as_typed::text")]
    pub week: String,
    /// Within a month.
    #[serde(rename = "30d")]
    #[serde(deserialize_with = "as_typed::text")]
    pub month: String,
}

/// Consent per purpose: "agreed", "refused", "cannot be asked" or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consents {
    /// To be helped.
    #[serde(deserialize_with = "as_typed::text")]
    pub help: String,
    /// To have facts checked.
    #[serde(deserialize_with = "as_typed::text")]
    pub checking: String,
    /// To be referred.
    #[serde(deserialize_with = "as_typed::text")]
    pub referral: String,
    /// To be named to a donor.
    #[serde(deserialize_with = "as_typed::text")]
    pub donor: String,
    /// To be named in public.
    #[serde(deserialize_with = "as_typed::text")]
    pub public: String,
    /// Why it cannot be asked, and who decided.
    #[serde(deserialize_with = "as_typed::text")]
    pub why: String,
    /// When to ask again.
    #[serde(deserialize_with = "as_typed::text")]
    pub ask_again: String,
}

/// 11: who else was asked or helps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// Which organisation.
    #[serde(deserialize_with = "as_typed::text")]
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
    #[serde(deserialize_with = "as_typed::text")]
    pub who: String,
    /// How to reach them safely.
    #[serde(default, deserialize_with = "as_typed::text")]
    pub contact: String,
    /// Whether the requester may be named to them.
    #[serde(default)]
    pub may_name: bool,
}

impl Form {
    /// Reads a form from JSON, in UTF-8 or in UTF-16 with its mark. A number counts for the text that it is written as.
    pub fn parse(json: &[u8]) -> Result<Self, FormError> {
        let fault = |rule| FormError(vec![Fault { field: "form".to_owned(), rule }]);
        let text = decode(json).map_err(fault)?;
        serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            fault(if error.is_data() {
                Rule::NotAForm { line, column }
            } else {
                Rule::NotJson { line, column }
            })
        })
    }

    /// The answers that are not empty, by the name they are sealed under, as they were typed. Only a required answer in
    /// which nothing can be seen, and one that is too long, are refused; for the rest see [`Form::check`].
    pub fn answers(&self) -> Result<Vec<(&'static str, String)>, FormError> {
        self.filled_in(true)
    }

    /// The same for a form that adds to a request that was sent: nothing is required, but something must be there, if only
    /// what is said of danger. A language and a kind are among them, for what is listed stays as it was.
    pub fn further_answers(&self) -> Result<Vec<(&'static str, String)>, FormError> {
        let answers = self.filled_in(false)?;
        if answers.is_empty() && !self.says_of_danger() {
            return Err(FormError(vec![Fault { field: "form".to_owned(), rule: Rule::Required }]));
        }
        Ok(answers)
    }

    fn filled_in(&self, whole: bool) -> Result<Vec<(&'static str, String)>, FormError> {
        let mut faults = Faults::default();
        let mut answers = Vec::new();
        for (name, field, answer) in self.all(whole) {
            let text = answer.sealed();
            if let Some(rule) = answer_rule(name) {
                let has = answer.characters();
                if has > rule.max_characters {
                    faults.add(field, Rule::TooLong { limit: rule.max_characters, has });
                }
                if answer.records() > rule.max_records.max(1) {
                    faults.add(field, Rule::TooMany { limit: rule.max_records, has: answer.records() });
                }
                if whole && rule.required && text.is_empty() {
                    faults.add(field, Rule::Required);
                }
            }
            if !text.is_empty() {
                answers.push((name, text));
            }
        }
        faults.none_or(answers)
    }

    /// Every answer with its name and the field of the form that it comes from. What a whole form lists need not be sealed
    /// as well.
    fn all(&self, whole: bool) -> Vec<(&'static str, &'static str, Answer)> {
        let text = |text: &str| Answer::Text(clean_text(text));
        let line = |text: &str| Answer::Text(clean_line(text));
        let amount =
            |amount: &str| Amount { amount: clean_line(amount), currency: clean_line(&self.currency) };
        let budget =
            self.budget.iter().map(|(what, sum)| BudgetLine { what: clean_line(what), amount: amount(sum) });
        let others =
            self.others.iter().map(|other| Others { name: clean_line(&other.name), ..other.clone() });
        let references = self.references.iter().map(|one| Reference {
            who: clean_line(&one.who),
            contact: clean_line(&one.contact),
            may_name: one.may_name,
        });
        let persons = if self.persons == 0 { String::new() } else { self.persons.to_string() };
        let who = Who {
            asks_for: clean_text(&self.asks_for),
            on_behalf: self.on_behalf,
            registered: self.registered,
        };
        let consent = ConsentWords {
            why: clean_text(&self.consent.why),
            ask_again: clean_text(&self.consent.ask_again),
        };
        let unlisted = |text: &str, is_listed: bool| {
            Answer::Text(if whole && is_listed { String::new() } else { clean_line(text) })
        };
        vec![
            (answers::WHO, "asks_for", Answer::Who(who)),
            (answers::CONTACT, "contact", text(&self.contact)),
            (answers::NEVER, "never", text(&self.never)),
            (answers::HAPPENED, "happened", text(&self.happened)),
            (answers::LANGUAGE, "language", unlisted(&self.language, self.listed_language().is_some())),
            (answers::KIND, "kind", unlisted(&self.kind, requester_kind(&self.kind).is_some())),
            (answers::IF_NOTHING_24H, "if_nothing.24h", text(&self.if_nothing.day)),
            (answers::IF_NOTHING_7D, "if_nothing.7d", text(&self.if_nothing.week)),
            (answers::IF_NOTHING_30D, "if_nothing.30d", text(&self.if_nothing.month)),
            (answers::COUNTRY_NOW, "country_now", line(&self.country_now)),
            (answers::COUNTRY_INCIDENT, "country_incident", line(&self.country_incident)),
            (answers::HAPPENED_ON, "happened_on", line(&self.happened_on)),
            (answers::NEEDS, "needs", line(&self.needs.join(", "))),
            (answers::AMOUNT, "amount", Answer::Amount(amount(&self.amount))),
            (answers::NEEDED_BY, "needed_by", line(&self.needed_by)),
            (answers::BUDGET, "budget", Answer::Budget(budget.collect())),
            (answers::PAYMENT, "payment", text(&self.payment)),
            (answers::ENDANGERING_MONEY, "endangering_money", text(&self.endangering_money)),
            (answers::OTHERS, "others", Answer::Others(others.collect())),
            (answers::REFERENCES, "references", Answer::References(references.collect())),
            (answers::CONSENT, "consent", Answer::Consent(consent)),
            (answers::GENDER, "gender", line(&self.gender)),
            (answers::PERSONS, "persons", Answer::Text(persons)),
            (answers::PERSON_STATUS, "person_status", text(&self.person_status)),
            (answers::ANYTHING, "anything", text(&self.anything)),
        ]
    }

    fn listed_language(&self) -> Option<String> {
        match language::read(&self.language) {
            Reading::One(language) => Some(language.to_string()),
            Reading::Two(..) | Reading::Unreadable(_) => None,
        }
    }

    /// What is said of danger; unspecified where it is none of the words for it.
    pub(crate) fn told_danger(&self) -> Danger {
        danger(&self.danger).unwrap_or_default()
    }

    /// Whether anything is said of danger.
    pub fn says_of_danger(&self) -> bool {
        self.told_danger() != Danger::Unspecified
    }

    /// The lane that the answers point to: until an officer confirms one, the request waits in it.
    pub fn lane(&self) -> Lane {
        let IfNothing { day, week, month } = &self.if_nothing;
        let hint = lane_hint(&clean_text(day), &clean_text(week), &clean_text(month));
        lane_in_danger(self.told_danger(), hint)
    }

    /// What is listed about the request. A word that is none of those that can be listed is as if it were not said.
    pub fn listing(&self) -> Result<Listing, FormError> {
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
        Ok(Listing {
            lane_hint: input::lane_out(self.lane()).into(),
            language: self.listed_language().unwrap_or_else(|| "und".to_owned()),
            kind: requester_kind(&self.kind).unwrap_or_default().into(),
            on_behalf: self.on_behalf,
            consents: consents.into_iter().flatten().collect(),
            mode: mode(&self.mode).unwrap_or_default().into(),
            trigger: trigger(&self.trigger).unwrap_or_default().into(),
            danger: self.told_danger().into(),
        })
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
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::Date;

    use super::*;

    fn form() -> Form {
        Form { contact: "Signal".to_owned(), happened: "They came.".to_owned(), ..Form::default() }
    }

    fn faults(form: &Form) -> Vec<String> {
        let today = Date::parse("2026-11-26").unwrap();
        let found = form.check(today).unwrap_err();
        found.0.into_iter().map(|fault| format!("{}: {}", fault.field, fault.rule)).collect()
    }

    #[test]
    fn two_answers_are_enough() {
        let names: Vec<_> = form().answers().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["request.contact", "request.happened"]);
        assert_eq!(form().listing().unwrap().lane_hint(), Lane::Urgent);
    }

    #[test]
    fn every_answer_that_a_request_may_have_can_be_given_in_a_form() {
        let given: Vec<_> = form().all(false).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(given, answers::ANSWERS.iter().map(|rule| rule.name).collect::<Vec<_>>());
    }

    /// The form of the field of this name.
    fn of_the_field(name: &str) -> Result<Form, FormError> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../typed/tests/field");
        Form::parse(&std::fs::read(format!("{folder}/{name}.json")).unwrap())
    }

    #[test]
    fn a_form_of_the_field_is_sent_as_it_was_typed() {
        for (name, field, expected) in [
            ("a01-form-utf8-bom", "request.contact", "Signal +1-202-555-0142, after 18:00"),
            ("a02-form-utf16", "request.contact", "Signal +1-202-555-0142, after 18:00"),
            ("a03-form-number-instead-of-text", "request.amount", r#"{"amount":"1200","currency":"EUR"}"#),
            ("b01-amount-250.000-IQD", "request.amount", r#"{"amount":"250.000","currency":"IQD"}"#),
            ("c05-needed-by-past-happened-future", "request.needed_by", "2026-11-01"),
            ("e02-text-with-direction-marks", "request.contact", "\u{202a}+964 770 555 0142\u{202c}"),
            ("e03-style-escape-left-open", "request.happened", "calm [31m[1mall that follows is red"),
        ] {
            let answers = of_the_field(name).unwrap().answers().unwrap();
            let found = answers.iter().find(|(known, _)| *known == field).map(|(_, text)| text.as_str());
            assert_eq!(found, Some(expected), "{name}");
        }
        let unseen = of_the_field("e01-contact-invisible-only").unwrap().answers().unwrap_err();
        assert_eq!(unseen.0, [Fault { field: "contact".to_owned(), rule: Rule::Required }]);
        let number = of_the_field("a03-form-number-instead-of-text").unwrap();
        assert_eq!(number.check(Date::parse("2026-11-26").unwrap()).unwrap(), []);
    }

    #[test]
    fn what_is_added_later_needs_none_of_them_but_cannot_be_nothing() {
        let added = Form { payment: "Cash.".to_owned(), ..Form::default() };
        assert_eq!(added.further_answers().unwrap(), [("request.payment", "Cash.".to_owned())]);
        assert_eq!(Form::default().further_answers().unwrap_err().0[0].field, "form");
    }

    #[test]
    fn two_answers_and_yes_are_critical_and_a_word_for_none_of_the_answers_is_at_fault() {
        let danger = |danger: &str| Form { danger: danger.to_owned(), ..form() };
        for (word, lane) in [
            ("yes", Lane::Critical),
            (" YES\u{200f}", Lane::Critical),
            ("no", Lane::Urgent),
            ("Not sure", Lane::Urgent),
        ] {
            let listing = danger(word).listing().unwrap();
            assert_eq!(listing.lane_hint(), lane, "{word}");
            assert_ne!(listing.danger(), Danger::Unspecified, "{word}");
            assert_eq!(faults(&Form { contact: String::new(), ..danger(word) }), ["contact: is required"]);
        }
        let month = IfNothing { month: "We close.".to_owned(), ..IfNothing::default() };
        let doubt = Form { if_nothing: month.clone(), ..danger("not sure") };
        assert_eq!(doubt.listing().unwrap().lane_hint(), Lane::Urgent);
        assert_eq!(Form { if_nothing: month, ..danger("no") }.listing().unwrap().lane_hint(), Lane::Standard);
        assert_eq!(danger("perhaps").listing().unwrap().danger(), Danger::Unspecified);
        assert_eq!(faults(&danger("perhaps")), ["danger: must be one of yes, no, not sure"]);
        assert_eq!(Form { danger: "no".to_owned(), ..Form::default() }.further_answers().unwrap(), []);
    }

    #[test]
    fn a_kind_and_a_language_that_come_later_are_sealed() {
        let later = Form { kind: "outlet".to_owned(), language: "fr".to_owned(), ..Form::default() };
        let sealed = [("request.language", "fr".to_owned()), ("request.kind", "outlet".to_owned())];
        assert_eq!(later.further_answers().unwrap(), sealed);
        let names =
            |form: &Form| form.answers().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            names(&Form { ..form() }).len(),
            names(&Form { kind: "outlet".to_owned(), ..form() }).len()
        );
        let odd = Form { kind: "a choir".to_owned(), ..form() };
        assert!(names(&odd).contains(&"request.kind"), "what cannot be listed");
    }

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        let bad = Form {
            contact: String::new(),
            country_now: "XX".to_owned(),
            happened_on: "2026-02-30".to_owned(),
            amount: "-5".to_owned(),
            currency: "EUR".to_owned(),
            budget: vec![("rent".to_owned(), "1.2345".to_owned())],
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
        let found = faults(&Form { happened: "ا".repeat(20_001), ..form() });
        assert_eq!(found, ["happened: must be at most 20000 characters; it has 20001"]);
    }

    #[test]
    fn a_form_that_is_not_text_or_has_unknown_fields_is_refused() {
        let rule = |json: &[u8]| Form::parse(json).unwrap_err().0.remove(0).rule;
        assert_eq!(rule(b"\xff{}"), Rule::NotText);
        assert_eq!(rule(b"{"), Rule::NotJson { line: 1, column: 1 });
        assert_eq!(rule(br#"{"hapened": "x"}"#), Rule::NotAForm { line: 1, column: 10 });
        assert_eq!(rule(br#"{"amount": true}"#).code(), "NOT_A_FORM");
    }
}
