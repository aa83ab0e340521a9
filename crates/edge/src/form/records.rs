//! Answers of several parts travel as records inside their seal: JSON, in which nothing that a person types can end one
//! part and begin another, or change a flag that stands beside it.

use flare_contracts::answers;
use flare_kernel::Date;
use flare_typed::{
    Reading, currency,
    date::{self, Expected},
    language, money, place,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Others, Reference};

/// 1: for whom help is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// In the requester's words.
    pub asks_for: String,
    /// Asked by somebody else.
    pub on_behalf: bool,
    /// An outlet or organisation that is registered.
    pub registered: bool,
}

/// 9: how much money, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// The amount.
    pub amount: String,
    /// Its currency, unless it stands beside the amount.
    pub currency: String,
}

/// 9: what for, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    /// What for.
    pub what: String,
    /// How much, as typed.
    pub amount: Amount,
}

/// What is said about consent beside the states that are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentWords {
    /// Why it cannot be asked, and who decided.
    pub why: String,
    /// When to ask again.
    pub ask_again: String,
}

/// An answer, opened and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Words.
    Text(String),
    /// For whom.
    Who(Who),
    /// How much.
    Amount(Amount),
    /// What for.
    Budget(Vec<BudgetLine>),
    /// Who else was asked.
    Others(Vec<Others>),
    /// Who can vouch.
    References(Vec<Reference>),
    /// About consent.
    Consent(ConsentWords),
}

impl Answer {
    /// The answer that was sealed under this name. What holds no records where they are expected was not written by Flare:
    /// it is shown as the text it is, and no flag is read from it.
    pub fn read(name: &str, text: &str) -> Self {
        fn records<T: DeserializeOwned>(text: &str, answer: impl Fn(T) -> Answer) -> Option<Answer> {
            serde_json::from_str(text).ok().map(answer)
        }
        let read = match name {
            answers::WHO => records(text, Self::Who),
            answers::AMOUNT => records(text, Self::Amount),
            answers::BUDGET => records(text, Self::Budget),
            answers::OTHERS => records(text, Self::Others),
            answers::REFERENCES => records(text, Self::References),
            answers::CONSENT => records(text, Self::Consent),
            _ => None,
        };
        read.unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// The text that is sealed; empty when nothing was answered.
    pub(super) fn sealed(&self) -> String {
        if self.typed().all(|text| !flare_typed::text::has_visible(text)) && !self.has_flag() {
            return String::new();
        }
        if let Self::Text(text) = self {
            return text.clone();
        }
        // Strings and flags have a JSON form, whatever is in them.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How many characters a person typed for it.
    pub(super) fn characters(&self) -> usize {
        self.typed().map(flare_typed::text::characters).sum()
    }

    /// How many records it holds.
    pub(super) fn records(&self) -> usize {
        match self {
            Self::Budget(lines) => lines.len(),
            Self::Others(others) => others.len(),
            Self::References(references) => references.len(),
            Self::Text(_) | Self::Who(_) | Self::Amount(_) | Self::Consent(_) => 1,
        }
    }

    const fn has_flag(&self) -> bool {
        matches!(self, Self::Who(Who { on_behalf, registered, .. }) if *on_behalf || *registered)
    }

    fn typed(&self) -> impl Iterator<Item = &str> {
        let texts: Vec<&str> = match self {
            Self::Text(text) => vec![text],
            Self::Who(who) => vec![&who.asks_for],
            Self::Amount(amount) => vec![&amount.amount, &amount.currency],
            Self::Budget(lines) => lines
                .iter()
                .flat_map(|line| [line.what.as_str(), &line.amount.amount, &line.amount.currency])
                .collect(),
            Self::Others(others) => others.iter().map(|other| other.name.as_str()).collect(),
            Self::References(all) => {
                all.iter().flat_map(|one| [one.who.as_str(), one.contact.as_str()]).collect()
            }
            Self::Consent(words) => vec![&words.why, &words.ask_again],
        };
        texts.into_iter()
    }

    /// What the answer of this name says where that is not plain from what was typed: a day of another calendar, an
    /// amount that reads two ways, a country by another name. `sent` is the day on which it was typed.
    pub fn reading(&self, name: &str, sent: Date) -> Option<String> {
        match (name, self) {
            (answers::HAPPENED_ON, Self::Text(text)) => told_day(text, Expected::Behind, sent),
            (answers::NEEDED_BY, Self::Text(text)) => told_day(text, Expected::Ahead, sent),
            (answers::COUNTRY_NOW | answers::COUNTRY_INCIDENT, Self::Text(text)) => {
                told(place::read(text), text, |place| match place {
                    flare_kernel::Place::Country(country) => format!("{country} ({})", country.name()),
                    flare_kernel::Place::Withheld => place.to_string(),
                })
            }
            (answers::LANGUAGE, Self::Text(text)) => told(language::read(text), text, ToString::to_string),
            (_, Self::Amount(amount)) => amount.reading(),
            _ => None,
        }
    }
}

impl Amount {
    /// As typed, on one line.
    pub fn typed(&self) -> String {
        [self.amount.as_str(), &self.currency].join(" ").trim().to_owned()
    }

    /// What it says where that is not plain from what was typed.
    pub fn reading(&self) -> Option<String> {
        if self.amount.is_empty() {
            return told(currency::read(&self.currency), &self.currency, ToString::to_string);
        }
        told(money::read(&self.amount, &self.currency), &self.typed(), ToString::to_string)
    }
}

fn told_day(text: &str, expected: Expected, sent: Date) -> Option<String> {
    let said = |day: &date::Day| {
        let doubt = day.doubt(expected, sent).map(|rule| format!("; when it was sent, that {rule}"));
        let day = if day.calendar == date::Calendar::Gregorian { day.date.to_string() } else { day.told() };
        format!("{day}{}", doubt.unwrap_or_default())
    };
    told(date::read(text, expected, sent), text, said)
}

fn told<T>(reading: Reading<T>, typed: &str, said: impl Fn(&T) -> String) -> Option<String> {
    let told = match reading {
        Reading::One(value) => {
            let said = said(&value);
            return (said != typed).then(|| format!("read as {said}"));
        }
        Reading::Two(first, second) => format!("reads two ways: {} or {}", said(&first), said(&second)),
        Reading::Unreadable(rule) => format!("cannot be read: it {rule}"),
    };
    Some(told)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_text() -> impl Strategy<Value = String> {
        // What once split records and turned flags round, and everything else.
        prop_oneof![
            "\\PC*",
            "[a\n\r(),:\"\\\\\u{202e}\u{2028}\u{0}\u{7f}]*",
            Just(" (may hear the requester's name)\n".to_owned())
        ]
    }

    proptest! {
        #[test]
        fn any_texts_in_are_the_same_records_out(
            references in prop::collection::vec((any_text(), any_text(), any::<bool>()), 1..6),
        ) {
            let references: Vec<_> = references
                .into_iter()
                .map(|(who, contact, may_name)| Reference { who: format!("a{who}"), contact, may_name })
                .collect();
            let sealed = Answer::References(references.clone()).sealed();
            prop_assert_eq!(Answer::read("request.references", &sealed), Answer::References(references.clone()));
            let others: Vec<_> =
                references.iter().map(|one| Others { name: one.who.clone(), may_check: one.may_name }).collect();
            let sealed = Answer::Others(others.clone()).sealed();
            prop_assert_eq!(Answer::read("request.others", &sealed), Answer::Others(others));
            let budget: Vec<_> = references
                .into_iter()
                .map(|one| BudgetLine { what: one.who, amount: Amount { amount: one.contact, currency: String::new() } })
                .collect();
            let sealed = Answer::Budget(budget.clone()).sealed();
            prop_assert_eq!(Answer::read("request.budget", &sealed), Answer::Budget(budget));
        }
    }

    #[test]
    fn what_is_no_record_is_text_without_flags() {
        for text in ["", "not JSON", "[{\"who\": true}]", "[{\"who\": \"a\", \"more\": \"b\"}]"] {
            assert_eq!(Answer::read("request.references", text), Answer::Text(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_plain_is_told_to_staff() {
        let sent = Date::parse("2026-11-26").unwrap();
        let reading = |name: &str, text: &str| Answer::Text(text.to_owned()).reading(name, sent);
        let amount = |amount: &str, currency: &str| {
            Amount { amount: amount.to_owned(), currency: currency.to_owned() }.reading().unwrap_or_default()
        };
        assert_eq!(reading("request.happened_on", "2026-11-26"), None);
        assert!(
            reading("request.happened_on", "1447-06-05").unwrap().contains("2025-11-26 (from the Islamic")
        );
        assert!(
            reading("request.happened_on", "2019-03-17")
                .unwrap()
                .contains("reads two ways: 2026-11-26 (from")
        );
        assert!(reading("request.needed_by", "2026-11-01").unwrap().contains("lies in the past"));
        assert!(reading("request.needed_by", "tomorrow").unwrap().starts_with("cannot be read"));
        assert_eq!(
            reading("request.country_now", "UK").unwrap(),
            "read as GB (United Kingdom of Great Britain and Northern Ireland)"
        );
        assert_eq!(amount("250.000", "IQD"), "reads two ways: 250000.000 IQD or 250.000 IQD");
        assert_eq!(amount("1.200,50", "EUR"), "read as 1200.50 EUR");
        assert_eq!(amount("1200.50", "EUR"), "");
        assert!(amount("about 500", "EUR").starts_with("cannot be read"));
    }
}
