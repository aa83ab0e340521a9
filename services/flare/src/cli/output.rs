//! What a command writes: tables and lines for people, or exactly one JSON document for machines.
//!
//! Texts come from strangers. Nothing they wrote may steer a terminal: control characters are made visible, and only
//! the few styles of this module pass.

use std::{
    fmt::{Display, Write as _},
    io::{self, IsTerminal as _, Write as _},
};

use comfy_table::{ContentArrangement, Table, presets};
use flare_contracts::input;
use flare_kernel::{Timestamp, is_direction_mark};
use serde::Serialize;

use super::{CliError, when};

const RESET: &str = "\x1b[0m";
const STYLES: [&str; 4] = [RESET, "\x1b[1m", "\x1b[2m", "\x1b[31m"];

/// Where a command writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    styled: bool,
    now: Timestamp,
}

impl Output {
    /// Standard output; one JSON document if `json`.
    pub(crate) fn new(json: bool, now: Timestamp) -> Self {
        Self { json, styled: !json && io::stdout().is_terminal(), now }
    }

    /// Whether a machine reads.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads on a terminal.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.styled
    }

    /// The one JSON document of a command; nothing when people read.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<(), CliError> {
        if self.json {
            let text = serde_json::to_string_pretty(document)
                .map_err(|error| CliError::unexpected(error.to_string()))?;
            write_out(&escaped(&text));
        }
        Ok(())
    }

    /// The document for machines, or what `human` writes for people.
    pub(crate) fn show(&self, document: &impl Serialize, human: impl FnOnce(&Self)) -> Result<(), CliError> {
        self.json(document)?;
        if !self.json {
            human(self);
        }
        Ok(())
    }

    /// A line, or several, for people.
    pub(crate) fn line(&self, text: impl Display) {
        if !self.json {
            write_out(&harmless(&text.to_string()));
        }
    }

    /// A heading with an empty line above it, for people.
    pub(crate) fn heading(&self, text: impl Display) {
        self.line(format!("\n{}", self.bold(text)));
    }

    /// A table for people.
    pub(crate) fn table(&self, headers: &[&str], rows: Vec<Vec<String>>) {
        if !self.json {
            self.line(table(headers, rows));
        }
    }

    /// Labels and values, one a line, for people. A value of several lines is indented; an empty one is left out.
    pub(crate) fn record(&self, fields: &[(&str, String)]) {
        if !self.json {
            self.line(record(fields));
        }
    }

    /// Something a person must not miss, on standard error, whoever reads the rest.
    pub(crate) fn warn(&self, text: impl Display) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "warning": text.to_string() }));
        } else {
            eprintln!("{}", harmless(&format!("warning: {text}")));
        }
    }

    /// Bold on a terminal.
    pub(crate) fn bold(&self, text: impl Display) -> String {
        self.style(STYLES[1], text)
    }

    /// Dim on a terminal.
    pub(crate) fn dim(&self, text: impl Display) -> String {
        self.style(STYLES[2], text)
    }

    /// Red on a terminal.
    pub(crate) fn red(&self, text: impl Display) -> String {
        self.style(STYLES[3], text)
    }

    fn style(&self, style: &str, text: impl Display) -> String {
        if self.styled { format!("{style}{text}{RESET}") } else { text.to_string() }
    }

    /// A deadline: in UTC, and "in 3 h" or "2 d late".
    pub(crate) fn due(&self, at: Option<&prost_types::Timestamp>) -> String {
        when::due(at, self.now)
    }

    /// The same for an instant that is there.
    pub(crate) fn due_at(&self, at: Timestamp) -> String {
        self.due(Some(&input::timestamp_out(at)))
    }

    /// Something that happened, if it is known when.
    pub(crate) fn happened_at(&self, at: Option<Timestamp>) -> String {
        self.happened(at.map(input::timestamp_out).as_ref())
    }

    /// Something that happened: in UTC, and "5 min ago".
    pub(crate) fn happened(&self, at: Option<&prost_types::Timestamp>) -> String {
        when::happened(at, self.now)
    }
}

/// Writes to standard output. A reader that has gone away (`flare … | head`) has seen enough.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("error: cannot write: {error}");
    }
}

/// The text without anything that steers a terminal or turns the order of reading round, but with this module's
/// styles.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(style) = STYLES.iter().find(|style| rest.starts_with(**style)) {
            out.push_str(style);
            rest = &rest[style.len()..];
            continue;
        }
        let breaks_a_line = c == '\n' || c == '\t';
        out.push(if steers(c) && !breaks_a_line { '\u{fffd}' } else { c });
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Steers a terminal, or turns the order round in which letters and figures are read: an amount read backwards is
/// another amount.
fn steers(c: char) -> bool {
    c.is_control() || is_direction_mark(c)
}

/// A JSON document with what steers written as escapes, which JSON itself does for the oldest control characters only.
/// In such a document the rest stands in strings alone, but for the line breaks between its parts.
fn escaped(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if steers(c) && c != '\n' {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// No cell is ever broken over lines: an id in pieces cannot be copied.
fn table(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers.iter().map(|header| header.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn record(fields: &[(&str, String)]) -> String {
    let shown: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = shown.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    let indent = format!("\n{}", " ".repeat(width + 2));
    let lines =
        shown.iter().map(|(label, value)| format!("{label:width$}  {}", value.replace('\n', &indent)));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_in_a_column_and_empty_values_are_left_out() {
        let fields =
            [("case", "amber".to_owned()), ("standing", "one\ntwo".to_owned()), ("empty", String::new())];
        assert_eq!(record(&fields), "case      amber\nstanding  one\n          two");
    }

    #[test]
    fn tables_have_headers_and_columns() {
        let rows = vec![vec!["amber-kestrel-27".to_owned(), "critical".to_owned()]];
        let shown = table(&["codename", "lane"], rows);
        let lines: Vec<_> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines, [vec!["CODENAME", "LANE"], vec!["amber-kestrel-27", "critical"]]);
    }

    #[test]
    fn what_a_stranger_wrote_cannot_steer_the_terminal() {
        assert_eq!(
            harmless("a\x1b]0;title\x07b\r\u{202e}c\n\td"),
            "a\u{fffd}]0;title\u{fffd}b\u{fffd}\u{fffd}c\n\td"
        );
        assert_eq!(harmless("\u{2067}1200\u{2069} \u{202b}EUR"), "\u{fffd}1200\u{fffd} \u{fffd}EUR");
        assert_eq!(harmless("\x1b[31mred\x1b[0m \x1b[2J"), "\x1b[31mred\x1b[0m \u{fffd}[2J");
        assert_eq!(harmless("قد يصلون"), "قد يصلون");
    }

    #[test]
    fn what_a_stranger_wrote_is_escaped_in_json_and_reads_back_as_it_was() {
        let document = serde_json::json!({ "scope": "a\u{9b}2J\u{202e}\u{2066}b\u{7f}\n\tقد" });
        let text = escaped(&serde_json::to_string_pretty(&document).unwrap());
        assert!(!text.chars().any(|c| steers(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }

    #[test]
    fn styles_are_for_terminals_only() {
        let plain = Output { json: false, styled: false, now: Timestamp::from_micros(0) };
        assert_eq!(plain.red("never"), "never");
        assert_eq!(Output { styled: true, ..plain }.red("never"), "\x1b[31mnever\x1b[0m");
    }
}
