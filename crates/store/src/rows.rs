//! Several rows with one statement: one way to the database instead of one for each row.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use crate::{Error, Row, Tx};

/// The most rows of one statement; SQLite takes 32,766 arguments, and no table has 32 columns.
const ROWS_AT_ONCE: usize = 1_000;

/// A column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A `TEXT`, or none.
    Text(Option<String>),
    /// A `BIGINT`, or none.
    Int(Option<i64>),
    /// A `BYTEA`, or none.
    Bytes(Option<Vec<u8>>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Some(int).into()
    }
}

impl From<Option<i64>> for Value {
    fn from(int: Option<i64>) -> Self {
        Self::Int(int)
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        i64::from(int).into()
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Some(bytes).into()
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Tx {
    /// Inserts rows; `into` names the table and its columns, such as `"consents (case_id, purpose, state)"`.
    pub async fn insert<const COLUMNS: usize>(
        &mut self,
        into: &'static str,
        rows: &[[Value; COLUMNS]],
    ) -> Result<(), Error> {
        self.insert_rows(into, rows, "").await
    }

    /// The same, without those that are there already.
    pub async fn insert_new<const COLUMNS: usize>(
        &mut self,
        into: &'static str,
        rows: &[[Value; COLUMNS]],
    ) -> Result<(), Error> {
        self.insert_rows(into, rows, " ON CONFLICT DO NOTHING").await
    }

    async fn insert_rows<const COLUMNS: usize>(
        &mut self,
        into: &'static str,
        rows: &[[Value; COLUMNS]],
        conflict: &'static str,
    ) -> Result<(), Error> {
        let before = format!("INSERT INTO {into} VALUES ");
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.run(&before, rows, conflict).await?;
        }
        Ok(())
    }

    /// Runs a statement with a list of rows between its two parts, and gives what it returns. For lists of any length:
    /// they take several statements, one after the other, so that nothing in either part may count on seeing all rows.
    pub async fn with_values<const COLUMNS: usize>(
        &mut self,
        before: &'static str,
        rows: &[[Value; COLUMNS]],
        after: &'static str,
    ) -> Result<Vec<Row>, Error> {
        let (mut answer, mut rows) = (Vec::new(), rows);
        while !rows.is_empty() {
            let (now, later) = rows.split_at(piece(rows.len()));
            answer.extend(self.run(before, now, after).await?);
            rows = later;
        }
        Ok(answer)
    }

    async fn run<const COLUMNS: usize>(
        &mut self,
        before: &str,
        rows: &[[Value; COLUMNS]],
        after: &str,
    ) -> Result<Vec<Row>, Error> {
        // Only literals and the numbers of placeholders become part of the statement.
        let statement = format!("{before}{}{after}", placeholders(COLUMNS, rows.len()));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in rows.iter().flatten().cloned() {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Int(int) => query.bind(int),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        self.fetch_all(query).await
    }
}

/// How many of so many rows go in the next statement: up to eight, a power of two, or the middle between two. Every
/// number of rows would be a statement of its own for the engine to prepare and to keep; so a few serve for all.
fn piece(rows: usize) -> usize {
    let rows = rows.min(ROWS_AT_ONCE);
    if rows <= 8 {
        return rows;
    }
    let power = 1 << rows.ilog2();
    if rows >= power + power / 2 { power + power / 2 } else { power }
}

fn placeholders(columns: usize, rows: usize) -> String {
    let mut list = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let before = match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // Writing to a string cannot fail.
            let _ = write!(list, "{before}${}", row * columns + column + 1);
        }
    }
    list + ")"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(placeholders(2, 1), "($1, $2)");
        assert_eq!(placeholders(2, 2), "($1, $2), ($3, $4)");
    }

    #[test]
    fn rows_go_in_few_sizes_and_few_statements() {
        let pieces = |mut rows: usize| {
            let mut pieces = Vec::new();
            while rows > 0 {
                pieces.push(piece(rows));
                rows -= piece(rows);
            }
            pieces
        };
        assert_eq!([pieces(1), pieces(7), pieces(24)], [vec![1], vec![7], vec![24]]);
        assert_eq!([pieces(19), pieces(5_000).split_off(6)], [vec![16, 3], vec![384, 8]]);
        assert!((1..=32).all(|rows| pieces(rows).len() <= 2));
    }
}
