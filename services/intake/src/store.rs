//! The only SQL. Reads take anything that can read: a transaction, or the database outside one.

pub(crate) mod answers;
pub(crate) mod files;
pub(crate) mod grants;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod receipts;
pub(crate) mod requests;
pub(crate) mod view;

use flare_contracts::common::v1::SealedField;
use flare_kernel::Timestamp;
use flare_store::{Database, Error, Row, Sql, Tx};

/// Something that answers queries.
pub(crate) trait Reads: Send {
    /// All rows of an answer.
    fn all(&mut self, query: Sql<'static>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The row of an answer, if there is one.
    fn one(&mut self, query: Sql<'static>) -> impl Future<Output = Result<Option<Row>, Error>> + Send;
}

impl Reads for Tx {
    async fn all(&mut self, query: Sql<'static>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn one(&mut self, query: Sql<'static>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}

impl Reads for Database {
    async fn all(&mut self, query: Sql<'static>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn one(&mut self, query: Sql<'static>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}

/// A number that the table's rules keep within `u32`.
pub(crate) fn small(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| Error::Corrupt(column.to_owned()))
}

/// The sealed field in a row's columns `epoch`, `ciphertext`, `tag` and `commitment`.
pub(crate) fn sealed(row: &Row, name: String, version: u32) -> Result<SealedField, Error> {
    Ok(SealedField {
        name,
        version,
        epoch: small(row, "epoch")?,
        ciphertext: row.bytes("ciphertext")?,
        tag: row.bytes("tag")?,
        commitment: row.bytes("commitment")?,
    })
}

/// A value stored under a word of its own.
pub(crate) fn word<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, Error> {
    row.parse(column)
}

/// A protobuf enum stored under its name on the wire.
pub(crate) fn wire<T>(row: &Row, column: &str, read: fn(&str) -> Option<T>) -> Result<T, Error> {
    read(&row.text(column)?).ok_or_else(|| Error::Corrupt(column.to_owned()))
}

/// An instant that may be unset, as a value to bind.
pub(crate) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}
