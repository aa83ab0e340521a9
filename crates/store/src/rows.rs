//! Several rows with one statement: few ways to the database instead of one for each row.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use crate::{Error, Record, Row, Tx, Value};

/// The most rows of one statement; SQLite takes 32,766 arguments, and nothing that comes in lists has 32 columns.
const ROWS_AT_ONCE: usize = 1_000;

impl Tx {
    /// Stores new rows, with few statements for each table.
    pub async fn insert(&mut self, records: Vec<Record>) -> Result<(), Error> {
        for alike in records.chunk_by(Record::is_like) {
            for now in pieces(alike) {
                self.insert_records(now, "").await?;
            }
        }
        Ok(())
    }

    /// Stores those rows whose keys are not there yet, and gives a column of each that it stored.
    pub async fn insert_new(
        &mut self,
        records: Vec<Record>,
        column: &'static str,
    ) -> Result<Vec<Row>, Error> {
        let mut stored = Vec::new();
        for alike in records.chunk_by(Record::is_like) {
            let after = format!(" ON CONFLICT ({}) DO NOTHING RETURNING {column}", alike[0].key_columns());
            for now in pieces(alike) {
                stored.extend(self.insert_records(now, &after).await?);
            }
        }
        Ok(stored)
    }

    /// Stores rows of one table and one set of columns.
    async fn insert_records(&mut self, records: &[Record], after: &str) -> Result<Vec<Row>, Error> {
        let Some(first) = records.first() else { return Ok(Vec::new()) };
        let before = format!("INSERT INTO {} VALUES ", first.table_and_columns());
        let values = records.iter().flat_map(|record| &record.columns).map(|column| column.value.clone());
        self.run(&before, (first.columns.len(), values.collect()), after).await
    }

    /// Runs a statement with a list of rows between its two parts, and gives what it returns. For lists of any length:
    /// they take several statements, one after the other, so that nothing in either part may count on seeing all rows.
    pub async fn with_values<const COLUMNS: usize>(
        &mut self,
        before: &'static str,
        rows: &[[Value; COLUMNS]],
        after: &'static str,
    ) -> Result<Vec<Row>, Error> {
        let mut answer = Vec::new();
        for now in pieces(rows) {
            let values = now.iter().flatten().cloned().collect();
            answer.extend(self.run(before, (COLUMNS, values), after).await?);
        }
        Ok(answer)
    }

    async fn run(
        &mut self,
        before: &str,
        (columns, values): (usize, Vec<Value>),
        after: &str,
    ) -> Result<Vec<Row>, Error> {
        // Only literals and the numbers of placeholders become part of the statement.
        let statement = format!("{before}{}{after}", placeholders(columns, values.len() / columns));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = value.bind(query);
        }
        self.fetch_all(query).await
    }
}

impl Record {
    /// Whether it has the same columns of the same table.
    fn is_like(&self, other: &Self) -> bool {
        let names = self.columns.iter().map(|column| column.name);
        self.table == other.table && names.eq(other.columns.iter().map(|column| column.name))
    }
}

/// Rows in the pieces that a statement each takes.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (now, later) = rows.split_at(piece(rows.len()));
        rows = later;
        (!now.is_empty()).then_some(now)
    })
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
        let pieces = |rows: usize| pieces(&vec![(); rows]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!([pieces(1), pieces(7), pieces(24)], [vec![1], vec![7], vec![24]]);
        assert_eq!([pieces(19), pieces(5_000).split_off(6)], [vec![16, 3], vec![384, 8]]);
        assert!((1..=32).all(|rows| pieces(rows).len() <= 2));
    }
}
