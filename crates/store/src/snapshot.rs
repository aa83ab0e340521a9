//! A read of several statements.

use std::sync::Arc;

use flare_kernel::Timestamp;

use crate::{
    Database, Error, Reads, Row, Sql,
    database::{Engine, Inner},
};

/// An open read. All that is asked through it is answered from one moment, that of the first question: on both engines
/// the snapshot is taken then and not at the begin.
///
/// It has no way to change anything. PostgreSQL would refuse a change, too; SQLite has no such bound.
pub struct Snapshot {
    inner: sqlx::Transaction<'static, sqlx::Any>,
    database: Arc<Inner>,
}

impl Database {
    /// Answers a query of more than one statement from one moment, beside whatever is written. It has a bound in time,
    /// as every read has.
    ///
    /// It holds a reader until it ends, and what SQLite has in its write-ahead log stays there: `work` asks through the
    /// snapshot alone, and no network.
    pub async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Boxed: it holds all that `work` does, and would lie more than once in the future of whoever waits.
        let reading = Box::pin(async {
            let mut snapshot = self.snapshot().await?;
            let outcome = work(&mut snapshot).await;
            snapshot.end().await;
            outcome
        });
        self.in_time(None, reading).await
    }

    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let database = Arc::clone(self.inner());
        let begin = match database.engine {
            // Without a lock: it waits for nobody who writes, and nobody who writes for it.
            Engine::Sqlite => "BEGIN DEFERRED",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let inner = database.begin(&database.reader, begin).await.map_err(Error::Database)?;
        Ok(Snapshot { inner, database })
    }
}

impl Snapshot {
    /// What the clock says now: it goes on while the snapshot stands still.
    pub async fn now(&mut self) -> Result<Timestamp, Error> {
        Arc::clone(&self.database).now(self).await
    }

    /// Lets go of the moment before the caller goes on; there is nothing to commit. What was read stands though this
    /// should fail: the connection is looked at when it comes back to its pool.
    async fn end(self) {
        if let Err(error) = self.inner.rollback().await {
            tracing::debug!(%error, "a read could not be ended");
        }
    }
}

impl Reads for Snapshot {
    async fn rows(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        let rows = query.fetch_all(&mut *self.inner).await.map_err(Error::Database)?;
        Ok(rows.into_iter().map(Row::new).collect())
    }

    async fn row(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        let row = query.fetch_optional(&mut *self.inner).await.map_err(Error::Database)?;
        Ok(row.map(Row::new))
    }
}
