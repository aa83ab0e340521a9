//! An answer as staff read it: a record a row, with its own flag in its own column, and how a value reads that was not
//! typed plainly.

use flare_edge::{
    Answer, Who,
    desk::{OpenedAnswer, may_name},
};

use crate::cli::output::table;

/// An answer's name as people say it: "if nothing 24h".
pub(super) fn answer_label(name: &str) -> String {
    name.trim_start_matches("request.").replace('_', " ")
}

/// An answer, and below it what it says where that is not plain; or what stands in its place.
pub(super) fn answer_text(answer: &OpenedAnswer) -> String {
    match answer {
        OpenedAnswer::Open { answer, reading: Some(reading) } => format!("{}\n→ {reading}", typed(answer)),
        OpenedAnswer::Open { answer, reading: None } => typed(answer),
        OpenedAnswer::Closed(shown) => shown.clone(),
    }
}

/// An answer as it was typed.
fn typed(answer: &Answer) -> String {
    match answer {
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
    }
}

fn who_text(who: &Who) -> String {
    let asked = if who.on_behalf { "asked by somebody else" } else { "" };
    let registered = if who.registered { "registered" } else { "" };
    let parts = [asked, registered, who.asks_for.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use flare_edge::{Amount, Reference};
    use proptest::prelude::*;

    use super::*;

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
            let shown = typed(&Answer::References(references.clone()));
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
        let text = |text: &str| Answer::Text(text.to_owned());
        let who = Who { asks_for: "me".to_owned(), on_behalf: true, registered: false };
        let amount = Amount { amount: "250.000".to_owned(), currency: "IQD".to_owned() };
        for (answer, reading, shown) in [
            (text("SD"), Some("read as SD (Sudan)"), "SD\n→ read as SD (Sudan)"),
            (Answer::Amount(amount), Some("reads two ways"), "250.000 IQD\n→ reads two ways"),
            (Answer::Who(who), None, "asked by somebody else\nme"),
            (text("{}"), None, "{}"),
        ] {
            let opened = OpenedAnswer::Open { answer, reading: reading.map(str::to_owned) };
            assert_eq!(answer_text(&opened), shown);
        }
        assert_eq!(answer_text(&OpenedAnswer::Closed("(sealed)".to_owned())), "(sealed)");
    }
}
