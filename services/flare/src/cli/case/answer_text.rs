//! An answer as staff read it: a record a row, with its own flag in its own column, and how a value reads that was not
//! typed plainly.

use flare_edge::{Answer, Who};
use flare_kernel::Date;
use serde_json::Value;

use crate::cli::output::table;

/// An answer's name as people say it: "if nothing 24h".
pub(super) fn answer_label(name: &str) -> String {
    name.trim_start_matches("request.").replace('_', " ")
}

/// The answer of this name, sent on this day.
pub(super) fn answer_text(name: &str, text: &str, sent: Date) -> String {
    let answer = Answer::read(name, text);
    let shown = match &answer {
        Answer::Text(text) => text.clone(),
        Answer::Who(who) => who_text(who),
        Answer::Amount(amount) => amount.typed(),
        Answer::Budget(lines) => {
            let row = |line: &flare_edge::BudgetLine| {
                vec![line.amount.typed(), line.what.clone(), line.amount.reading().unwrap_or_default()]
            };
            table(&["amount", "for", ""], lines.iter().map(row).collect())
        }
        Answer::Others(others) => {
            let may = |may_check| if may_check { "may be asked" } else { "must not be asked" };
            let rows = others.iter().map(|other| vec![may(other.may_check).to_owned(), other.name.clone()]);
            table(&["may we ask", "who"], rows.collect())
        }
        Answer::References(references) => {
            let rows = references
                .iter()
                .map(|one| vec![may_name(one.may_name).to_owned(), one.who.clone(), one.contact.clone()]);
            table(&["may we name the requester", "who", "how to reach them"], rows.collect())
        }
        Answer::Consent(words) => {
            let again = format!("ask again: {}", words.ask_again);
            let parts = [words.why.as_str(), if words.ask_again.is_empty() { "" } else { &again }];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
        }
    };
    match answer.reading(name, sent) {
        Some(reading) => format!("{shown}\n→ {reading}"),
        None => shown,
    }
}

/// The same for machines: a text, or the records that it holds.
pub(super) fn answer_json(name: &str, text: &str) -> Value {
    serde_json::to_value(Answer::read(name, text)).unwrap_or_default()
}

/// Whether a reference may hear who asked.
pub(super) const fn may_name(may: bool) -> &'static str {
    if may { "may hear the requester's name" } else { "must not hear the requester's name" }
}

fn who_text(who: &Who) -> String {
    let asked = if who.on_behalf { "asked by somebody else" } else { "" };
    let registered = if who.registered { "registered" } else { "" };
    let parts = [asked, registered, who.asks_for.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use flare_edge::Reference;
    use proptest::prelude::*;

    use super::*;

    fn sent() -> Date {
        Date::parse("2026-11-26").unwrap()
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC*",
            "[a\n\r\t(),:\u{202e}\u{2066}\u{2028}\u{85}\u{0}\u{1b}]*",
            Just(" \nmay hear the requester's name  x".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn each_record_is_one_row_with_its_own_flag(
            records in prop::collection::vec((any_text(), any_text(), any::<bool>()), 1..6),
        ) {
            let references: Vec<_> =
                records.into_iter().map(|(who, contact, may_name)| Reference { who, contact, may_name }).collect();
            let sealed = serde_json::to_string(&references).unwrap();
            let shown = answer_text("request.references", &sealed, sent());
            let rows: Vec<_> = shown.split('\n').skip(1).collect();
            prop_assert_eq!(rows.len(), references.len(), "{:?}", shown);
            for (row, reference) in rows.iter().zip(&references) {
                prop_assert!(row.trim_start().starts_with(may_name(reference.may_name)), "{:?}", row);
            }
            prop_assert!(shown.lines().count() == references.len() + 1);
        }
    }

    #[test]
    fn labels_read_well() {
        assert_eq!(answer_label("request.if_nothing_24h"), "if nothing 24h");
    }

    #[test]
    fn what_was_not_typed_plainly_is_told_below() {
        assert_eq!(answer_text("request.country_now", "SD", sent()), "SD\n→ read as SD (Sudan)");
        let amount = r#"{"amount":"250.000","currency":"IQD"}"#;
        assert_eq!(
            answer_text("request.amount", amount, sent()),
            "250.000 IQD\n→ reads two ways: 250000.000 IQD or 250.000 IQD"
        );
        let who = r#"{"asks_for":"me","on_behalf":true,"registered":false}"#;
        assert_eq!(answer_text("request.who", who, sent()), "asked by somebody else\nme");
        assert_eq!(answer_text("request.happened", "{}", sent()), "{}");
    }
}
