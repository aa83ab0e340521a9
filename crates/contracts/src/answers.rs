//! The answers a request can hold: their names and how long each may be. Edge and intake check the same table.

/// One answer's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// The sealed field's name.
    pub name: &'static str,
    /// The longest text, in bytes of UTF-8.
    pub max_bytes: usize,
    /// A request cannot be sent without it.
    pub required: bool,
}

/// The most that the sealed answers of one request may take together, in bytes. Files are not counted.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// Every answer, in the order of the questions.
pub const ANSWERS: &[AnswerRule] = &[
    optional("request.who", 4_000),
    required("request.contact", 2_000),
    optional("request.never", 2_000),
    required("request.happened", 20_000),
    optional("request.if_nothing_24h", 4_000),
    optional("request.if_nothing_7d", 4_000),
    optional("request.if_nothing_30d", 4_000),
    optional("request.country_now", 100),
    optional("request.country_incident", 100),
    optional("request.happened_on", 40),
    optional("request.needs", 1_000),
    optional("request.amount", 100),
    optional("request.needed_by", 40),
    optional("request.budget", 10_000),
    optional("request.payment", 4_000),
    optional("request.endangering_money", 4_000),
    optional("request.others", 8_000),
    optional("request.references", 8_000),
    optional("request.consent", 4_000),
    optional("request.gender", 500),
    optional("request.links", 4_000),
    optional("request.persons", 4_000),
    optional("request.person_status", 1_000),
    optional("request.anything", 20_000),
];

const fn optional(name: &'static str, max_bytes: usize) -> AnswerRule {
    AnswerRule { name, max_bytes, required: false }
}

const fn required(name: &'static str, max_bytes: usize) -> AnswerRule {
    AnswerRule { name, max_bytes, required: true }
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
        let longest: usize = ANSWERS.iter().map(|rule| flare_seal::sealed_len(rule.max_bytes)).sum();
        assert!(longest <= MAX_REQUEST_BYTES, "{longest}");
    }
}
