//! Whatever answers queries.

use crate::{Database, Error, Row, Sql, Tx};

/// What a function that only reads reads through: a transaction, a [`Snapshot`](crate::Snapshot), or the [`Database`]
/// for a read of one statement.
///
/// The one way to write such a function. Code that has a [`Tx`] or a [`Database`] of its own calls their methods.
pub trait Reads: Send {
    /// All rows of an answer.
    fn rows(&mut self, query: Sql<'_>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The row of an answer, if there is one.
    fn row(&mut self, query: Sql<'_>) -> impl Future<Output = Result<Option<Row>, Error>> + Send;
}

impl Reads for Tx {
    async fn rows(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn row(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}

impl Reads for Database {
    async fn rows(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        self.fetch_all(query).await
    }

    async fn row(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        self.fetch_optional(query).await
    }
}
