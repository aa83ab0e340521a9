//! What a command writes: tables and lines for people, or exactly one JSON document for machines.
//!
//! Texts come from strangers. Nothing they wrote may steer a terminal: control characters are made visible, what they
//! open they cannot leave open, and honest writing from right to left is shown whole, apart from what stands around it.

use std::{
    fmt::{Display, Write as _},
    io::{self, IsTerminal as _, Write as _},
};

use comfy_table::{ContentArrangement, Table, presets};
use flare_contracts::input;
use flare_kernel::Timestamp;
use flare_typed::text::{is_direction_mark, is_right_to_left};
use serde::Serialize;

use super::{CliError, when};

/// The styles of this module, as they stand in a text until it is written, and what the terminal is sent for them. The
/// marks are code points that Unicode gives no character and no width. An escape of a terminal that stands in a text is
/// never one of ours.
const STYLES: [(char, &str); 4] =
    [(RESET, "\x1b[0m"), ('\u{fff1}', "\x1b[1m"), ('\u{fff2}', "\x1b[2m"), ('\u{fff3}', "\x1b[31m")];
const RESET: char = '\u{fff0}';
/// How far the columns of a table stand apart.
const GAP: u16 = 2;

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
            write_out(&written(&text.to_string(), self.styled));
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

    /// The same of rows that must not be wider than the terminal: they go without those of the `dispensable` columns, the
    /// first of them first, that there is no room for. Whoever reads elsewhere than on a terminal gets all columns.
    pub(crate) fn table_that_fits(&self, headers: &[&str], rows: &[Vec<String>], dispensable: &[&str]) {
        if !self.json {
            self.line(table_that_fits(headers, rows, dispensable, self.width()));
        }
    }

    /// How many columns the terminal has; none where nothing is written to one.
    fn width(&self) -> Option<usize> {
        let width = if self.styled { Table::new().width() } else { None };
        width.filter(|width| *width > 0).map(usize::from)
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
        self.style(STYLES[1].0, text)
    }

    /// Dim on a terminal.
    pub(crate) fn dim(&self, text: impl Display) -> String {
        self.style(STYLES[2].0, text)
    }

    /// Red on a terminal.
    pub(crate) fn red(&self, text: impl Display) -> String {
        self.style(STYLES[3].0, text)
    }

    fn style(&self, style: char, text: impl Display) -> String {
        if self.styled { format!("{style}{text}{RESET}") } else { text.to_string() }
    }

    /// A deadline, if there is one: in UTC, and "in 3 h" or "2 d late".
    pub(crate) fn due(&self, at: Option<Timestamp>) -> String {
        when::told(at, |at| self.due_at(at))
    }

    /// The same for an instant that is there.
    pub(crate) fn due_at(&self, at: Timestamp) -> String {
        when::due(at, self.now)
    }

    /// The time that is left until a deadline: "in 3 h" or "2 d late".
    pub(crate) fn left(&self, at: Option<Timestamp>) -> String {
        when::told(at, |at| when::left(at, self.now))
    }

    /// Something that happened, if it is known when: in UTC, and "5 min ago".
    pub(crate) fn happened_at(&self, at: Option<Timestamp>) -> String {
        when::told(at, |at| when::happened(at, self.now))
    }

    /// The same of an instant as it stands in messages.
    pub(crate) fn happened(&self, at: Option<&prost_types::Timestamp>) -> String {
        self.happened_at(at.map(input::timestamp_in))
    }

    /// How long ago something happened: "5 min ago".
    pub(crate) fn ago(&self, at: Option<Timestamp>) -> String {
        when::told(at, |at| when::ago(at, self.now))
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

/// The text without anything that steers a terminal or turns the order of reading round.
pub(crate) fn harmless(text: &str) -> String {
    written(text, false)
}

/// The text as it is written: each line harmless, and its styles, which end with it.
fn written(text: &str, styled: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // A style of ours may go over several lines; it is begun again on each.
    let mut style = None;
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let ansi = |mark: char| STYLES.iter().find(|(known, _)| *known == mark).map(|(_, ansi)| *ansi);
        out.push_str(style.filter(|_| styled).and_then(ansi).unwrap_or_default());
        for c in balanced(line).chars() {
            match ansi(c) {
                None => out.push(c),
                Some(ansi) => {
                    style = Some(c).filter(|c| *c != RESET);
                    out.push_str(if styled { ansi } else { "" });
                }
            }
        }
        out.push_str(if styled && style.is_some() { STYLES[0].1 } else { "" });
    }
    out
}

/// A stranger's text, each line by itself: harmless, without styles, and isolated where it is written from right to left,
/// so that it neither moves what stands beside it nor is moved. Every text that somebody else wrote goes through this
/// before it meets a layout, and before a part of it gets a style.
pub(crate) fn isolated(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let line: String = line.chars().filter(|c| !is_style(*c)).collect();
        isolated_line(balanced(&line))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// [`isolated`], with styles of ours kept, around the whole text or parts of it. They end with their line.
fn isolated_but_styled(text: &str) -> String {
    let mut style = None;
    let lines = text.split('\n').map(|line| {
        let begun = style.map(String::from).unwrap_or_default();
        for mark in line.chars().filter(|c| is_style(*c)) {
            style = Some(mark).filter(|mark| *mark != RESET);
        }
        let closed = style.map(|_| RESET.to_string()).unwrap_or_default();
        isolated_line(format!("{begun}{}{closed}", balanced(line)))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_style(c: char) -> bool {
    STYLES.iter().any(|(mark, _)| *mark == c)
}

/// A line that closes what it opens, isolated if anything in it is written from right to left.
fn isolated_line(line: String) -> String {
    const FIRST_STRONG_ISOLATE: char = '\u{2068}';
    const POP_ISOLATE: char = '\u{2069}';
    // Whether one isolate goes from the first character to the last.
    let mut depth = 0_usize;
    let mut is_isolated = line.starts_with(FIRST_STRONG_ISOLATE);
    for (at, c) in line.char_indices() {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            POP_ISOLATE => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_isolated &= depth > 0 || at + c.len_utf8() == line.len();
    }
    if !is_isolated && line.chars().any(|c| is_right_to_left(c) || is_direction_mark(c)) {
        format!("{FIRST_STRONG_ISOLATE}{line}{POP_ISOLATE}")
    } else {
        line
    }
}

/// A text below a line about it: each line moved to the right, isolated if it is not yet.
pub(crate) fn indented(text: &str) -> String {
    let text = isolated_but_styled(text);
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// One line with what steers made visible, and every embedding and isolate that it opens closed in it. An override, which
/// turns figures round, is not honest writing: an amount read backwards is another amount.
fn balanced(line: &str) -> String {
    const POP_EMBEDDING: char = '\u{202c}';
    const POP_ISOLATE: char = '\u{2069}';
    let mut out = String::with_capacity(line.len());
    // What closes each that is open; none for an override, which was not let through.
    let mut open: Vec<Option<char>> = Vec::new();
    for c in line.chars() {
        match c {
            '\u{202a}' | '\u{202b}' => open.push(Some(POP_EMBEDDING)),
            '\u{2066}'..='\u{2068}' => open.push(Some(POP_ISOLATE)),
            '\u{202d}' | '\u{202e}' => open.push(None),
            POP_EMBEDDING => match open.last().copied() {
                Some(Some(POP_EMBEDDING)) => drop(open.pop()),
                Some(None) => {
                    open.pop();
                    continue;
                }
                Some(Some(_)) | None => continue,
            },
            POP_ISOLATE => {
                let Some(at) = open.iter().rposition(|closing| *closing == Some(POP_ISOLATE)) else {
                    continue;
                };
                out.extend(open.drain(at + 1..).rev().flatten());
                open.pop();
            }
            _ => {}
        }
        let is_override = matches!(c, '\u{202d}' | '\u{202e}');
        let breaks_a_line = c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
        out.push(if is_override || breaks_a_line { '\u{fffd}' } else { c });
    }
    out.extend(open.into_iter().rev().flatten());
    out
}

/// Steers a terminal, or tells the order in which letters and figures are read.
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

/// A row is a line: no cell is ever broken over lines, for an id in pieces cannot be copied, nor by a line break that
/// somebody wrote, for what follows it would look like another row.
pub(crate) fn table(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let table = laid_out(headers, rows);
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// [`table`] of the columns that there is room for; of all where `most`, the columns of the terminal, are not known.
pub(crate) fn table_that_fits(
    headers: &[&str],
    rows: &[Vec<String>],
    dispensable: &[&str],
    most: Option<usize>,
) -> String {
    let widths = laid_out(headers, rows.to_vec()).column_max_content_widths();
    let columns: Vec<_> = headers.iter().copied().zip(widths.into_iter().map(usize::from)).collect();
    let kept = columns_that_fit(&columns, dispensable, most.unwrap_or(usize::MAX));
    let headers: Vec<_> = kept.iter().map(|at| headers[*at]).collect();
    let rows = rows.iter().map(|row| kept.iter().map(|at| row[*at].clone()).collect::<Vec<_>>());
    table(&headers, rows.collect())
}

/// The places of the columns, each with its header and width, that stand in a table at most so wide: all but as many of the
/// `dispensable` ones as there is no room for, the first of them first.
fn columns_that_fit(columns: &[(&str, usize)], dispensable: &[&str], most: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    for header in dispensable {
        let text: usize = kept.iter().map(|at| columns[*at].1).sum();
        if text + usize::from(GAP) * kept.len().saturating_sub(1) <= most {
            break;
        }
        kept.retain(|at| columns[*at].0 != *header);
    }
    kept
}

fn laid_out(headers: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers.iter().map(|header| header.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| in_a_row(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table
}

/// A cell's text on one line.
fn in_a_row(cell: &str) -> String {
    isolated_but_styled(
        &cell.trim_end_matches(['\n', '\r']).replace(['\n', '\r', '\t', '\u{b}', '\u{c}'], " "),
    )
}

fn record(fields: &[(&str, String)]) -> String {
    let shown: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = shown.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    let indent = format!("\n{}", " ".repeat(width + 2));
    let lines = shown.iter().map(|(label, value)| {
        format!("{label:width$}  {}", isolated_but_styled(value).replace('\n', &indent))
    });
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
    fn a_table_goes_without_the_least_of_its_columns_until_it_fits() {
        let columns =
            [("case", 20), ("next", 15), ("due", 10), ("owner", 30), ("stage", 18), ("submitted", 33)];
        let dispensable = ["submitted", "stage", "owner"];
        for (most, kept) in [
            (usize::MAX, &[0, 1, 2, 3, 4, 5][..]),
            (140, &[0, 1, 2, 3, 4, 5]),
            (136, &[0, 1, 2, 3, 4, 5]),
            (135, &[0, 1, 2, 3, 4]),
            (100, &[0, 1, 2, 3]),
            (81, &[0, 1, 2, 3]),
            (80, &[0, 1, 2]),
            // What a row cannot do without stays, however narrow the terminal is.
            (20, &[0, 1, 2]),
        ] {
            assert_eq!(columns_that_fit(&columns, &dispensable, most), kept, "{most}");
        }
        assert!(columns_that_fit(&[], &[], 80).is_empty());
    }

    #[test]
    fn no_row_is_wider_than_the_terminal_in_any_script() {
        let cells = |one: &str, other: &str, last: &str| [one, other, last].map(str::to_owned).to_vec();
        let rows = [
            cells("amber-kestrel-27", &"\u{627}".repeat(50), "2026-11-22 03:20 UTC (in 3 h)"),
            cells("\u{fff3}late\u{fff0}", &"\u{4e2d}".repeat(30), "-"),
        ];
        for (most, headers) in [(80, "CASE  WHO"), (100, "CASE  WHO"), (140, "CASE  WHO  SUBMITTED")] {
            let shown = table_that_fits(&["case", "who", "submitted"], &rows, &["submitted"], Some(most));
            let first = shown.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join("  ");
            assert_eq!(first, headers, "{most}");
            // An ideograph takes two columns of a terminal; marks of direction and of style take none.
            let columns = |line: &str| -> usize {
                let width = |c: char| match c {
                    '\u{2068}' | '\u{2069}' | '\u{fff0}' | '\u{fff3}' => 0,
                    '\u{4e2d}' => 2,
                    _ => 1,
                };
                line.chars().map(width).sum()
            };
            assert!(shown.lines().all(|line| columns(line) <= most), "{most}\n{shown}");
        }
        let all = table_that_fits(&["case", "who", "submitted"], &rows, &["submitted"], None);
        assert_eq!(all, table(&["case", "who", "submitted"], rows.to_vec()));
    }

    #[test]
    fn what_a_stranger_wrote_cannot_steer_the_terminal() {
        assert_eq!(
            harmless("a\x1b]0;title\x07b\r\u{202e}c\n\td"),
            "a\u{fffd}]0;title\u{fffd}b\u{fffd}\u{fffd}c\n\td"
        );
        assert_eq!(harmless("\x1b[31mred\x1b[0m \x1b[2J"), "\u{fffd}[31mred\u{fffd}[0m \u{fffd}[2J");
        assert_eq!(isolated("\u{fff3}red"), "red");
    }

    #[test]
    fn the_form_of_the_field_that_leaves_a_style_open_colours_nothing() {
        let form = include_str!("../../../../crates/typed/tests/field/e03-style-escape-left-open.json");
        let text = serde_json::from_str::<serde_json::Value>(form).unwrap()["happened"].to_string();
        let text: String = serde_json::from_str(&text).unwrap();
        let shown = "calm \u{fffd}[31m\u{fffd}[1mall that follows is red";
        assert!(text.contains('\x1b'));
        assert_eq!(isolated(&text), shown);
        assert_eq!(indented(&text), format!("    {shown}"));
        assert_eq!(record(&[("happened", text.clone())]), format!("happened  {shown}"));
        assert_eq!(table(&["happened"], vec![vec![text.clone()]]), format!("HAPPENED\n{shown}"));
        let document =
            escaped(&serde_json::to_string_pretty(&serde_json::json!({ "happened": text })).unwrap());
        assert!(!document.contains('\x1b'), "{document}");
    }

    #[test]
    fn what_a_stranger_opens_is_closed_in_its_line() {
        assert_eq!(harmless("a\u{202b}b\u{2067}c\nd"), "a\u{202b}b\u{2067}c\u{2069}\u{202c}\nd");
        assert_eq!(harmless("a\u{2069}b\u{202c}c"), "abc");
        assert_eq!(harmless("\u{2067}\u{202a}a\u{2069}b"), "\u{2067}\u{202a}a\u{202c}\u{2069}b");
        assert_eq!(harmless("\u{202e}001\u{202c}2"), "\u{fffd}0012");
    }

    #[test]
    fn honest_writing_from_right_to_left_is_shown_whole() {
        let text = "قال المذيع \u{200f}(سالم)\u{200f} إن الشرطة جاءت";
        assert_eq!(isolated(text), format!("\u{2068}{text}\u{2069}"));
        assert_eq!(isolated(&isolated(text)), isolated(text));
        assert_eq!(isolated("\u{202a}+964 770\u{202c}"), "\u{2068}\u{202a}+964 770\u{202c}\u{2069}");
        assert_eq!(isolated("plain"), "plain");
        assert_eq!(
            isolated("\u{2068}ا\u{2069} \u{2068}ب\u{2069}"),
            "\u{2068}\u{2068}ا\u{2069} \u{2068}ب\u{2069}\u{2069}"
        );
        assert_eq!(indented("a\nب"), "    a\n    \u{2068}ب\u{2069}");
        let fields = [("how", text.to_owned()), ("why", format!("a\u{fff3}{text}\u{fff0}"))];
        let expected = format!("how  \u{2068}{text}\u{2069}\nwhy  \u{2068}a\u{fff3}{text}\u{fff0}\u{2069}");
        assert_eq!(record(&fields), expected);
        assert_eq!(table(&["who"], vec![vec![text.to_owned()]]), format!("WHO\n\u{2068}{text}\u{2069}"));
    }

    #[test]
    fn a_style_ends_with_its_line_and_goes_on_in_the_next() {
        assert_eq!(written("\u{fff3}a\nb\u{fff0}c", true), "\x1b[31ma\x1b[0m\n\x1b[31mb\x1b[0mc");
        assert_eq!(written("a\u{fff3}b", false), "ab");
    }

    #[test]
    fn a_line_break_makes_no_row() {
        let rows = vec![vec!["a\nforged  row".to_owned(), "x\r\n".to_owned()]];
        assert_eq!(
            table(&["one", "two"], rows),
            "ONE           TWO\na forged  row  x".replace("ONE           TWO", "ONE            TWO")
        );
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
        let styled = Output { styled: true, ..plain };
        assert_eq!(written(&styled.red("never"), styled.styled), "\x1b[31mnever\x1b[0m");
    }
}
