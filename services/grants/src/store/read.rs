//! Reading in and out of a transaction, and columns into the domain's types.

use flare_kernel::{Currency, Id, IdKind, Money, Timestamp};
use flare_store::{Database, Error, Row, Sql, Tx};

/// What rows are read through: a transaction, or the database outside any.
pub(crate) trait Read: Send {
    fn rows(&mut self, query: Sql<'_>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;
    fn row(&mut self, query: Sql<'_>) -> impl Future<Output = Result<Option<Row>, Error>> + Send;
}

impl Read for Tx {
    async fn rows(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn row(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}

impl Read for Database {
    async fn rows(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn row(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}

pub(super) fn corrupt(column: &str) -> Error {
    Error::Corrupt(column.to_owned())
}

/// A number that fits.
pub(super) fn number(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| corrupt(column))
}

/// A protobuf enum by its number.
pub(super) fn choice<T: TryFrom<i32>>(row: &Row, column: &str) -> Result<T, Error> {
    let number = i32::try_from(row.int(column)?).map_err(|_| corrupt(column))?;
    T::try_from(number).map_err(|_| corrupt(column))
}

/// A text that is there: none when it is empty.
fn some(row: &Row, column: &str) -> Result<Option<String>, Error> {
    Ok(Some(row.text(column)?).filter(|text| !text.is_empty()))
}

/// What a text stands for; none when it is empty.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<Option<T>, Error> {
    some(row, column)?.map(|text| text.parse().map_err(|_| corrupt(column))).transpose()
}

/// An id; none when the column is empty.
pub(super) fn id<K: IdKind>(row: &Row, column: &str) -> Result<Option<Id<K>>, Error> {
    parsed(row, column)
}

/// One of a list of codes; none when the column is empty.
pub(super) fn code(row: &Row, column: &str, codes: &[&'static str]) -> Result<Option<&'static str>, Error> {
    let Some(text) = some(row, column)? else { return Ok(None) };
    let found = codes.iter().copied().find(|code| *code == text);
    found.map(Some).ok_or_else(|| corrupt(column))
}

/// An instant; none when it is 0.
pub(super) fn instant(row: &Row, column: &str) -> Result<Option<Timestamp>, Error> {
    Ok(Some(row.timestamp(column)?).filter(|at| at.as_micros() != 0))
}

/// Minor units of a currency.
pub(super) fn money(row: &Row, column: &str, currency: Currency) -> Result<Money, Error> {
    Money::new(currency, row.int(column)?).map_err(|_| corrupt(column))
}

/// What stands for nothing in a text column.
pub(super) fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// What stands for no instant.
pub(super) fn micros(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_micros)
}
