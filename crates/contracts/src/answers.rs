//! The answers a request can hold: their names and how long each may be. Edge and intake check the same table.

use crate::text_limits::most_bytes;

/// One answer's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// The sealed field's name.
    pub name: &'static str,
    /// The most characters that a person may type for it.
    pub max_characters: usize,
    /// How many records it may hold; 0 for a plain text.
    pub max_records: usize,
    /// A request cannot be sent without it.
    pub required: bool,
}

impl AnswerRule {
    /// The longest text that is sealed, in bytes, for whoever sees sealed sizes only: a character takes at most four bytes
    /// of UTF-8, and fewer where it is escaped; the names, flags and signs of a record take less than [`RECORD_BYTES`].
    pub const fn max_bytes(&self) -> usize {
        most_bytes(self.max_characters) + RECORD_BYTES * self.max_records
    }
}

/// The most records of one answer.
pub const MAX_RECORDS: usize = 40;

/// More than a record takes beside what was typed.
const RECORD_BYTES: usize = 64;

/// The most that the sealed answers of one request may take together, in bytes. Files are not counted.
pub const MAX_REQUEST_BYTES: usize = 640 * 1024;

macro_rules! answers {
    ($($answer:ident = $name:literal, $rule:ident($($limit:expr),+);)+) => {
        $(
            #[doc = concat!("The name of the answer `", $name, "`.")]
            pub const $answer: &str = $name;
        )+

        /// Every answer, in the order of the questions.
        pub const ANSWERS: &[AnswerRule] = &[$($rule($answer, $($limit),+)),+];
    };
}

answers! {
    WHO = "request.who", record(4_000, 1);
    CONTACT = "request.contact", required(2_000);
    NEVER = "request.never", optional(2_000);
    HAPPENED = "request.happened", required(20_000);
    LANGUAGE = "request.language", optional(200);
    KIND = "request.kind", optional(200);
    IF_NOTHING_24H = "request.if_nothing_24h", optional(4_000);
    IF_NOTHING_7D = "request.if_nothing_7d", optional(4_000);
    IF_NOTHING_30D = "request.if_nothing_30d", optional(4_000);
    COUNTRY_NOW = "request.country_now", optional(100);
    COUNTRY_INCIDENT = "request.country_incident", optional(100);
    HAPPENED_ON = "request.happened_on", optional(40);
    NEEDS = "request.needs", optional(1_000);
    AMOUNT = "request.amount", record(100, 1);
    NEEDED_BY = "request.needed_by", optional(40);
    BUDGET = "request.budget", record(10_000, MAX_RECORDS);
    PAYMENT = "request.payment", optional(4_000);
    ENDANGERING_MONEY = "request.endangering_money", optional(4_000);
    OTHERS = "request.others", record(8_000, MAX_RECORDS);
    REFERENCES = "request.references", record(8_000, MAX_RECORDS);
    CONSENT = "request.consent", record(4_000, 1);
    GENDER = "request.gender", optional(500);
    PERSONS = "request.persons", optional(4_000);
    PERSON_STATUS = "request.person_status", optional(1_000);
    ANYTHING = "request.anything", optional(20_000);
}

const fn optional(name: &'static str, max_characters: usize) -> AnswerRule {
    AnswerRule { name, max_characters, max_records: 0, required: false }
}

const fn record(name: &'static str, max_characters: usize, max_records: usize) -> AnswerRule {
    AnswerRule { max_records, ..optional(name, max_characters) }
}

const fn required(name: &'static str, max_characters: usize) -> AnswerRule {
    AnswerRule { required: true, ..optional(name, max_characters) }
}

/// The rule of the answer of this name, if there is such an answer.
pub fn answer_rule(name: &str) -> Option<&'static AnswerRule> {
    ANSWERS.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_stands_once_and_two_are_required() {
        for (index, rule) in ANSWERS.iter().enumerate() {
            assert_eq!(answer_rule(rule.name), Some(rule));
            assert!(ANSWERS[..index].iter().all(|earlier| earlier.name != rule.name));
            assert!(rule.name.starts_with("request."));
        }
        let required: Vec<_> = ANSWERS.iter().filter(|rule| rule.required).map(|rule| rule.name).collect();
        assert_eq!(required, ["request.contact", "request.happened"]);
        assert_eq!(answer_rule("request.password"), None);
    }

    #[test]
    fn every_answer_at_its_longest_fits_a_request() {
        let longest: usize = ANSWERS.iter().map(|rule| flare_seal::sealed_len(rule.max_bytes())).sum();
        assert!(longest <= MAX_REQUEST_BYTES, "{longest}");
    }
}
