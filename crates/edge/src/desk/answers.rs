//! What was answered, and what was replaced since. Whoever holds a receipt can replace answers, and it may not be who sent
//! them: staff see that something changed, and can read every earlier word.

use std::collections::BTreeMap;

use flare_contracts::{
    answers::{ANSWERS, CONTACT, ENDANGERING_MONEY, NEVER, PAYMENT},
    common::v1::SealedField,
    fields, input,
    intake::v1::{ListAnswersRequest, WrittenAnswer},
};
use flare_kernel::{Date, Timestamp};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    CaseRecord, Desk, PAGE,
    case_record::{shown, written},
};
use crate::{Answer, CaseKeys, EdgeError, call::call, view::text_or_none};

/// The answers whose first words stand beside the newest: who changes these may lead staff, or money, to somebody else.
const SHOWN_BESIDE: [&str; 4] = [CONTACT, NEVER, PAYMENT, ENDANGERING_MONEY];

/// An answer as its reader's keys open it. In JSON it is what was answered, and null where it does not open.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenedAnswer {
    /// It opens.
    Open {
        /// What was answered.
        answer: Answer,
        /// What it says where that is not plain from what was typed.
        reading: Option<String>,
    },
    /// It does not, or nobody vouches for it: what is shown in its place.
    Closed(String),
}

/// An answer of a case as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseAnswer {
    /// Its name, such as `request.contact`.
    pub name: &'static str,
    /// What was answered.
    pub answer: OpenedAnswer,
    /// How it differs from what was sent first; none when it does not.
    pub change: Option<Change>,
}

/// The answers of a case, in the order of the questions. In JSON they are three objects by the answers' names: what was
/// answered, what that says where it is not plain, and what changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers(pub Vec<CaseAnswer>);

/// How an answer differs from what was sent first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Who wrote the newest writing: "requester" or a staff id.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// What was sent first; none when it was first answered later.
    pub first: Option<OpenedAnswer>,
}

/// One writing of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Writing {
    /// The answer's name.
    pub name: String,
    /// Which of its writings, counted from 1.
    pub version: u32,
    /// "requester" or a staff id.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// What was answered.
    #[serde(rename = "text")]
    pub answer: OpenedAnswer,
}

/// Every writing of a case's answers, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Writings(pub Vec<Writing>);

impl Desk {
    /// Every writing of a case's answers, oldest first.
    pub async fn writings(&self, record: &CaseRecord) -> Result<Writings, EdgeError> {
        let mut writings = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListAnswersRequest { case_id: record.id.to_string(), page_size: PAGE, page_token };
            let page = call!(self, intake.list_answers(request))?;
            writings.extend(page.answers.into_iter().map(|written| Writing::of(&record.keys, written)));
            if page.next_page_token.is_empty() {
                return Ok(Writings(writings));
            }
            page_token = page.next_page_token;
        }
    }
}

impl OpenedAnswer {
    /// An answer that was typed on this day.
    fn of(keys: &CaseKeys, field: &SealedField, day: Date) -> Self {
        let wanted = fields::answer_told(&field.name);
        match written(keys, &wanted, field) {
            Some(text) => {
                let answer = Answer::read(&field.name, &text);
                Self::Open { reading: answer.reading(&field.name, day), answer }
            }
            None => Self::Closed(shown(keys, &wanted, field)),
        }
    }

    /// What was answered; none where it does not open.
    pub const fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Open { answer, .. } => Some(answer),
            Self::Closed(_) => None,
        }
    }

    /// What it says where that is not plain from what was typed.
    pub fn reading(&self) -> Option<&str> {
        match self {
            Self::Open { reading, .. } => reading.as_deref(),
            Self::Closed(_) => None,
        }
    }
}

impl Serialize for OpenedAnswer {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.answer().serialize(out)
    }
}

impl CaseAnswer {
    /// Whether a change of it may lead staff, or money, to somebody else: then what it was first stands beside it.
    pub fn shows_what_was_first(&self) -> bool {
        SHOWN_BESIDE.contains(&self.name)
    }
}

impl Answers {
    /// Of a request that was sent on this day.
    pub(super) fn of(record: &CaseRecord, writings: &Writings, sent: Date) -> Self {
        let answer = |name: &'static str| {
            let field = record.sealed_answer(name)?;
            let answer = OpenedAnswer::of(&record.keys, field, sent);
            Some(CaseAnswer { name, answer, change: writings.change(name) })
        };
        Self(ANSWERS.iter().filter_map(|rule| answer(rule.name)).collect())
    }

    fn by_name<'a, T>(&'a self, part: impl Fn(&'a CaseAnswer) -> Option<T>) -> BTreeMap<&'a str, T> {
        self.0.iter().filter_map(|answer| Some((answer.name, part(answer)?))).collect()
    }
}

impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut answers = out.serialize_map(Some(3))?;
        answers.serialize_entry("answers", &self.by_name(|answer| Some(&answer.answer)))?;
        answers.serialize_entry("answers_read", &self.by_name(|answer| answer.answer.reading()))?;
        answers.serialize_entry("answers_changed", &self.by_name(|answer| answer.change.as_ref()))?;
        answers.end()
    }
}

impl Writing {
    fn of(keys: &CaseKeys, written: WrittenAnswer) -> Self {
        let field = written.answer.unwrap_or_default();
        let at = written.at.as_ref().map(input::timestamp_in);
        let answer = OpenedAnswer::of(keys, &field, day(at));
        Self { version: field.version, author: written.author, at, answer, name: field.name }
    }
}

impl Writings {
    /// How an answer changed after the first sending, if it did.
    fn change(&self, name: &str) -> Option<Change> {
        let sent = self.0.first()?.at;
        let mut writings = self.0.iter().filter(|written| written.name == name);
        let first = writings.next()?;
        let newest = writings.next_back().unwrap_or(first);
        let was_sent_first = first.at == sent;
        (!was_sent_first || newest.at != sent).then(|| Change {
            author: newest.author.clone(),
            at: newest.at,
            first: was_sent_first.then(|| first.answer.clone()),
        })
    }
}

/// The day in UTC that holds an instant.
pub(super) fn day(at: Option<Timestamp>) -> Date {
    Date::from_timestamp(at.unwrap_or(Timestamp::from_micros(0)))
}

#[cfg(test)]
mod tests {
    use flare_contracts::{answers, fields};
    use flare_kernel::CaseId;
    use flare_seal::Compartment;
    use flare_seal::CompartmentKey;
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> OpenedAnswer {
        OpenedAnswer::Open { answer: Answer::Text(text.to_owned()), reading: None }
    }

    fn writing(name: &str, version: u32, at: i64) -> Writing {
        Writing {
            name: name.to_owned(),
            version,
            author: format!("author of {version}"),
            at: Some(Timestamp::from_micros(at)),
            answer: text(&format!("{name} {version}")),
        }
    }

    #[test]
    fn what_differs_from_the_first_sending_is_a_change() {
        let writings = Writings(vec![
            writing("request.contact", 1, 5),
            writing("request.happened", 1, 5),
            writing("request.contact", 2, 6),
            writing("request.who", 1, 7),
            writing("request.contact", 3, 8),
        ]);
        let change = |version: u32, at: i64, first: Option<&str>| Change {
            author: format!("author of {version}"),
            at: Some(Timestamp::from_micros(at)),
            first: first.map(text),
        };
        for (name, expected) in [
            ("request.contact", Some(change(3, 8, Some("request.contact 1")))),
            // First answered later.
            ("request.who", Some(change(1, 7, None))),
            ("request.happened", None),
            ("request.amount", None),
        ] {
            assert_eq!(writings.change(name), expected, "{name}");
        }
        assert_eq!(Writings(Vec::new()).change("request.contact"), None);
    }

    #[test]
    fn a_writing_is_printed_as_it_always_was_and_one_that_does_not_open_holds_nothing() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        keys.insert(Compartment::Request, 1, CompartmentKey::generate().unwrap());
        let seal = |name, text: &str| keys.seal(&fields::answer(name), 2, text).unwrap();
        let amount = r#"{"amount":"250.000","currency":"IQD"}"#;
        let written = |answer: SealedField| WrittenAnswer {
            answer: Some(answer),
            author: "requester".to_owned(),
            at: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
        };
        let fields = [
            seal(answers::CONTACT, "Signal"),
            seal(answers::AMOUNT, amount),
            SealedField { epoch: 2, ..seal(answers::NEVER, "x") },
        ];
        let writings = Writings(fields.into_iter().map(|field| Writing::of(&keys, written(field))).collect());
        let printed = |name: &str, text: serde_json::Value| {
            json!({
                "name": name, "version": 2, "author": "requester", "at": "2026-11-21T22:26:40Z", "text": text,
            })
        };
        assert_eq!(
            serde_json::to_value(&writings).unwrap(),
            json!([
                printed("request.contact", json!("Signal")),
                printed("request.amount", json!({ "amount": "250.000", "currency": "IQD" })),
                printed("request.never", json!(null)),
            ])
        );
        let [_, amount, never] = &writings.0[..] else { panic!("three writings") };
        assert_eq!(amount.answer.reading(), Some("reads two ways: 250000.000 IQD or 250.000 IQD"));
        assert!(matches!(&never.answer, OpenedAnswer::Closed(shown) if shown.starts_with("(sealed:")));
    }
}
