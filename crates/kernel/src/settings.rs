//! Settings as those see them who do not read files: what is wrong with them, and the organisation's policy, of which each
//! service reads and checks the part that is its own.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use crate::{Currency, Duration, Money};

/// The most hours that a target may be: a year.
pub const MOST_HOURS: u32 = 366 * 24;
/// The most days that a target may be: ten years.
pub const MOST_DAYS: u32 = 3_660;

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `server.listen`, or the name of a variable or file.
    pub key: String,
    /// The rule it breaks, as a sentence part: "must be an address and a port".
    pub rule: String,
    /// What was given, unless it may be secret.
    pub value: Option<String>,
}

/// Why no process may start with these settings: every problem there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSettings {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.rule)?;
        match &self.value {
            Some(value) => write!(f, ", not {value:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for BadSettings {}

/// `[policy]`, the organisation's targets and ceilings, as it was set. What its keys mean and their defaults stand in
/// `defaults.toml`, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PolicySection(BTreeMap<String, PolicyValue>);

/// A value by the kind of its default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum PolicyValue {
    Number(i64),
    Text(String),
}

impl PolicySection {
    /// Reads what one service needs of it, and lists every key whose value breaks its rule.
    pub fn read<T>(&self, read: impl FnOnce(&mut PolicyReader<'_>) -> T) -> Result<T, BadSettings> {
        let mut reader = PolicyReader { section: self, problems: Vec::new() };
        let policy = read(&mut reader);
        let problems = reader.problems;
        if problems.is_empty() { Ok(policy) } else { Err(BadSettings { problems }) }
    }

    /// Its keys, without the section's name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Reads the section key by key. A value that breaks its rule is noted and another stands for it, so that the next ones are
/// looked at too; nothing of what was read is used then.
#[derive(Debug)]
pub struct PolicyReader<'s> {
    section: &'s PolicySection,
    problems: Vec<Problem>,
}

impl PolicyReader<'_> {
    /// A whole number from `least` to `most`.
    pub fn number(&mut self, key: &str, least: u32, most: u32) -> u32 {
        let number = self.integer(key);
        let fits = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
        fits.unwrap_or_else(|| {
            self.note(key, format!("must be from {least} to {most}"), Some(number.to_string()));
            least
        })
    }

    /// So many hours, at least one.
    pub fn hours(&mut self, key: &str) -> Duration {
        Duration::from_hours(self.number(key, 1, MOST_HOURS).into())
    }

    /// So many days, at least one.
    pub fn days(&mut self, key: &str) -> Duration {
        Duration::from_days(self.number(key, 1, MOST_DAYS).into())
    }

    /// An amount in minor units of the policy's currency.
    pub fn amount(&mut self, key: &str) -> Money {
        let (currency, minor) = (self.currency(), self.integer(key));
        Money::new(currency, minor).unwrap_or_else(|error| {
            self.note(key, error.to_string(), Some(minor.to_string()));
            Money::zero(currency)
        })
    }

    /// The currency of every amount.
    fn currency(&mut self) -> Currency {
        let code = match self.section.0.get("currency") {
            Some(PolicyValue::Text(code)) => code.as_str(),
            Some(PolicyValue::Number(_)) | None => "",
        };
        Currency::parse(code).unwrap_or_else(|_| {
            self.note("currency", "must be an ISO 4217 code such as EUR".to_owned(), Some(code.to_owned()));
            Currency::EURO
        })
    }

    fn integer(&mut self, key: &str) -> i64 {
        match self.section.0.get(key) {
            Some(PolicyValue::Number(number)) => *number,
            Some(PolicyValue::Text(_)) | None => {
                self.note(key, "must be a whole number".to_owned(), None);
                1
            }
        }
    }

    fn note(&mut self, key: &str, rule: String, value: Option<String>) {
        let problem = Problem { key: format!("policy.{key}"), rule, value };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(numbers: &[(&str, i64)], currency: &str) -> PolicySection {
        let numbers = numbers.iter().map(|(key, number)| ((*key).to_owned(), PolicyValue::Number(*number)));
        let currency = ("currency".to_owned(), PolicyValue::Text(currency.to_owned()));
        PolicySection(numbers.chain([currency]).collect())
    }

    #[test]
    fn what_keeps_its_rules_is_read() {
        let section = section(&[("votes", 2), ("wait", 366 * 24), ("report", 30), ("light", 100_000)], "EUR");
        let read = section.read(|policy| {
            let (votes, wait) = (policy.number("votes", 2, 9), policy.hours("wait"));
            (votes, wait, policy.days("report"), policy.amount("light"))
        });
        let light = Money::parse("1000.00", "EUR").unwrap();
        assert_eq!(read, Ok((2, Duration::from_hours(366 * 24), Duration::from_days(30), light)));
        assert_eq!(section.keys().collect::<Vec<_>>(), ["currency", "light", "report", "votes", "wait"]);
    }

    #[test]
    fn every_problem_is_listed_once() {
        let section = section(&[("votes", 10), ("wait", 0), ("report", 3_661), ("light", -1)], "XYZ");
        let bad = section.read(|policy| {
            policy.number("votes", 2, 9);
            policy.hours("wait");
            policy.days("report");
            policy.amount("light");
            policy.amount("light");
            policy.hours("currency");
            policy.hours("nothing");
        });
        let said: Vec<_> = bad.unwrap_err().problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "policy.votes must be from 2 to 9, not \"10\"",
                "policy.wait must be from 1 to 8784, not \"0\"",
                "policy.report must be from 1 to 3660, not \"3661\"",
                "policy.currency must be an ISO 4217 code such as EUR, not \"XYZ\"",
                "policy.light must not be negative, not \"-1\"",
                "policy.currency must be a whole number",
                "policy.nothing must be a whole number",
            ]
        );
    }
}
