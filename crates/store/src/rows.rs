//! Several rows with one statement: one way to the database instead of one for each row.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use crate::{Error, Tx};

/// The most rows of one statement; SQLite takes 32,766 arguments, and no table has 32 columns.
const ROWS_AT_ONCE: usize = 1_000;

/// A column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A `TEXT`.
    Text(String),
    /// A `BIGINT`.
    Int(i64),
    /// A `BYTEA`.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Int(int.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
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
        self.insert_rows(into, "", rows).await
    }

    /// The same, without those that are there already.
    pub async fn insert_new<const COLUMNS: usize>(
        &mut self,
        into: &'static str,
        rows: &[[Value; COLUMNS]],
    ) -> Result<(), Error> {
        self.insert_rows(into, " ON CONFLICT DO NOTHING", rows).await
    }

    async fn insert_rows<const COLUMNS: usize>(
        &mut self,
        into: &'static str,
        conflict: &'static str,
        rows: &[[Value; COLUMNS]],
    ) -> Result<(), Error> {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            // Only literals and the numbers of placeholders become part of the statement.
            let statement = statement(into, COLUMNS, rows.len()) + conflict;
            let mut query = sqlx::query(AssertSqlSafe(statement));
            for value in rows.iter().flatten().cloned() {
                query = match value {
                    Value::Text(text) => query.bind(text),
                    Value::Int(int) => query.bind(int),
                    Value::Bytes(bytes) => query.bind(bytes),
                };
            }
            self.execute(query).await?;
        }
        Ok(())
    }
}

fn statement(into: &str, columns: usize, rows: usize) -> String {
    let mut statement = format!("INSERT INTO {into} VALUES ");
    for row in 0..rows {
        for column in 0..columns {
            let before = match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // Writing to a string cannot fail.
            let _ = write!(statement, "{before}${}", row * columns + column + 1);
        }
    }
    statement + ")"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(statement("t (a, b)", 2, 1), "INSERT INTO t (a, b) VALUES ($1, $2)");
        assert_eq!(statement("t (a, b)", 2, 2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }
}
