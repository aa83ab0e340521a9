//! A transaction, and the writes that run in one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::Arc,
    time::Duration,
};

use flare_contracts::{Cause, InputRule, Refusal};
use flare_kernel::Timestamp;
use tracing::Instrument as _;

use crate::{
    Database, Error, Once, Row, Sql, Value, Work,
    database::{Engine, Inner},
    event_log::Pending,
    idempotency::{self, Earlier},
    work::HintsOfWrite,
};

/// Counter: writes that were given up because their turn did not come in time.
pub(crate) const WRITES_GIVEN_UP: &str = "flare_writes_given_up_total";
/// How often a write is tried when it collides with others.
const ATTEMPTS: u32 = 3;

/// A change: a value that says what to do, so that it can be done again when the engine gives up a transaction.
///
/// `apply` reads and writes through the transaction only: no network, no state of its own.
pub trait Write: Send + Sync + 'static {
    /// What the writer learns.
    type Output: Send + 'static;

    /// Does it. On an error nothing stays.
    fn apply(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// Whether it is given up at its first collision instead of being repeated: the caller has a better way.
    fn gives_way(&self) -> bool {
        false
    }

    /// How long one try may take, where that is less than for other writes.
    fn within(&self) -> Option<Duration> {
        None
    }
}

/// An open transaction. Dropping it undoes everything.
pub struct Tx {
    inner: sqlx::Transaction<'static, sqlx::Any>,
    database: Arc<Inner>,
    now: Timestamp,
    poisoned: bool,
    pub(crate) streams: BTreeMap<String, Head>,
    pub(crate) pending: Vec<Pending>,
    hints: BTreeSet<Work>,
}

/// A locked stream.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

impl Database {
    /// Runs a write in a task of its own, so that a caller who hangs up cannot stop it half-way, and repeats it when it
    /// collides with another. Each try has a bound in time: the server's own bounds do not hold when the server is
    /// silent.
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output, Error> {
        let database = self.clone();
        self.detached(async move {
            let mut attempt = 1;
            loop {
                match database.in_time(write.within(), database.attempt(&write)).await {
                    Err(error) if error.is_collision() && attempt < ATTEMPTS && !write.gives_way() => {
                        attempt += 1;
                    }
                    outcome => return outcome,
                }
            }
        })
        .await
    }

    /// Like [`write`](Self::write), once for each idempotency key: whoever repeats the call with the same content gets
    /// the first answer, and with other content a refusal.
    pub async fn once<W>(&self, once: Once, write: W) -> Result<W::Output, Error>
    where
        W: Write,
        W::Output: prost::Message + Default,
    {
        self.write(idempotency::OnceOnly { once, write }).await
    }

    async fn attempt<W: Write>(&self, write: &W) -> Result<W::Output, Error> {
        let mut tx = self.begin().await?;
        let output = write.apply(&mut tx).await?;
        tx.commit().await?;
        Ok(output)
    }

    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let task = self.inner().writes.spawn(work.in_current_span());
        task.await.map_err(|error| Error::Stopped(error.to_string()))?
    }

    async fn begin(&self) -> Result<Tx, Error> {
        let database = Arc::clone(self.inner());
        let begin = match database.engine {
            // The lock at once: a transaction that begins by reading could not become a writer later.
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        let inner = match database.begin(&database.writer, begin).await {
            // A file is never away: too many wanted its one writer, or a write hangs, which the figure tells. Who calls
            // PostgreSQL cannot tell a full pool from a server that is away or silent.
            Err(sqlx::Error::PoolTimedOut) if matches!(database.engine, Engine::Sqlite) => {
                metrics::counter!(WRITES_GIVEN_UP).increment(1);
                return Err(Error::Busy);
            }
            outcome => outcome.map_err(Error::Database)?,
        };
        let (streams, pending) = (BTreeMap::new(), Vec::new());
        let now = Timestamp::from_micros(0);
        let mut tx = Tx { inner, database, now, poisoned: false, streams, pending, hints: BTreeSet::new() };
        tx.now = self.inner().now(&mut tx).await?;
        Ok(tx)
    }
}

impl Tx {
    /// The instant of this transaction: the same however often it is asked once the histories are locked.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Hints that this write makes work. Whoever does it is told once the write stands.
    pub fn hint(&mut self, work: Work) {
        self.hints.insert(work);
    }

    /// Runs a statement and counts the rows it changed.
    pub async fn execute(&mut self, query: Sql<'_>) -> Result<u64, Error> {
        match query.execute(&mut *self.inner).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// All rows of an answer.
    pub async fn fetch_all(&mut self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        match query.fetch_all(&mut *self.inner).await {
            Ok(rows) => Ok(rows.into_iter().map(Row::new).collect()),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The row of an answer, if there is one.
    pub async fn fetch_optional(&mut self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        match query.fetch_optional(&mut *self.inner).await {
            Ok(row) => Ok(row.map(Row::new)),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The row of an answer that always has one.
    pub async fn fetch_one(&mut self, query: Sql<'_>) -> Result<Row, Error> {
        match query.fetch_one(&mut *self.inner).await {
            Ok(row) => Ok(Row::new(row)),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Notes that the transaction saw an error: on PostgreSQL it is over, though a commit would answer Ok.
    fn fail(&mut self, error: sqlx::Error) -> Error {
        self.poisoned = true;
        match self.database.schema.refusal(&error) {
            Some(refusal) => Error::Refused(refusal),
            None => Error::Database(error),
        }
    }

    /// Locks the histories that this write changes, in one order for everybody. A history that does not exist yet
    /// begins. Must be called before anything is read that the decision rests on.
    ///
    /// The transaction's instant moves on to the histories' last events where the clock is behind them: it was read
    /// before the lock was waited for, or the clock was set back. So no history ever goes back in time.
    pub async fn lock(&mut self, streams: &[&(dyn Display + Sync)]) -> Result<(), Error> {
        let mut names: Vec<String> = streams.iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        names.retain(|name| !self.streams.contains_key(name));
        let now = self.now.as_micros();
        let begun: Vec<[Value; 4]> = names
            .into_iter()
            .map(|name| [name.into(), 0_i64.into(), Vec::<u8>::new().into(), now.into()])
            .collect();
        let rows = self
            .with_values(
                "INSERT INTO streams (stream, seq, head, at) VALUES ",
                &begun,
                " ON CONFLICT (stream) DO UPDATE SET seq = streams.seq RETURNING stream, seq, head, at",
            )
            .await?;
        rows.iter().try_for_each(|row| self.locked(row))
    }

    /// Locks a history that has an event, as [`lock`](Self::lock) does; says whether it has.
    pub async fn lock_begun(&mut self, stream: &(impl Display + Sync)) -> Result<bool, Error> {
        let name = stream.to_string();
        if self.streams.contains_key(&name) {
            return Ok(self.version(&name) > 0);
        }
        let lock =
            "UPDATE streams SET seq = seq WHERE stream = $1 AND seq > 0 RETURNING stream, seq, head, at";
        let found = self.fetch_optional(crate::sql(lock).bind(name)).await?;
        found.as_ref().map_or(Ok(()), |row| self.locked(row))?;
        Ok(found.is_some())
    }

    fn locked(&mut self, row: &Row) -> Result<(), Error> {
        self.now = self.now.max(row.timestamp("at")?);
        let head = Head { seq: row.int("seq")?, hash: row.bytes("head")? };
        self.streams.insert(row.text("stream")?, head);
        Ok(())
    }

    /// The version of a locked history: the number of its last event, those of this write included.
    pub fn version(&self, stream: impl Display) -> i64 {
        let stream = stream.to_string();
        let pending = self.pending.iter().filter(|event| event.stream == stream).count();
        self.streams.get(&stream).map_or(0, |head| head.seq) + i64::try_from(pending).unwrap_or(i64::MAX)
    }

    /// Refuses when a locked history has moved on since the caller looked.
    pub fn expect_version(&self, stream: impl Display, expected: i64) -> Result<(), Refusal> {
        let found = self.version(stream);
        if found == expected {
            return Ok(());
        }
        let rule = InputRule::NotTheNumber { number: found };
        Err(Refusal::from(Cause::StaleVersion { expected, found }).field("version", rule))
    }

    async fn commit(mut self) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        if self.has_listeners() && !self.pending.is_empty() {
            self.hint(Work::Outbox);
        }
        self.flush_events().await?;
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        // They are given whatever comes: the answer may be lost, and a bound in time may end this right here.
        let hints = HintsOfWrite::new(self.database, self.hints);
        self.inner.commit().await.map_err(Error::Database)?;
        hints.give_once();
        Ok(())
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.database.has_listeners
    }

    pub(crate) fn trace(&self) -> String {
        (self.database.trace)()
    }

    /// Whether this very call was answered before.
    pub(crate) async fn earlier(&mut self, once: &Once) -> Result<Earlier, Error> {
        idempotency::claim(self, once).await
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use tokio::time::timeout;

    use super::*;
    use crate::{DatabaseOptions, DatabaseUrl, Schema, sql};

    const SCHEMA: Schema = Schema { name: "cut_off", migrations: &[], refusals: &[] };

    /// Begins to commit a write that hints and waits for no answer; false where the answer was there at once.
    async fn cut_off(database: &Database) -> bool {
        let mut tx = database.begin().await.unwrap();
        let now = tx.now();
        tx.set_timer("case_1", "assess", now).await.unwrap();
        let mut committing = Box::pin(tx.commit());
        poll_fn(|context| Poll::Ready(committing.as_mut().poll(context).is_pending())).await
    }

    /// As where a write's time is over while the engine commits.
    #[tokio::test]
    async fn a_commit_that_nobody_waits_for_hints_at_once_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().to_owned());
        let database = Database::open(&url, SCHEMA, DatabaseOptions::default()).await.unwrap();
        let mut timers_set = database.listen(Work::Timers);
        while !cut_off(&database).await {
            assert!(timers_set.has_hint(), "it was answered");
        }
        assert!(timers_set.has_hint(), "it may stand");
        timeout(Duration::from_secs(20), timers_set.hint()).await.expect("it may be seen only now");
        let timers = database.fetch_all(sql("SELECT stream FROM timers")).await.unwrap();
        assert_eq!(timers.len(), 1, "it stands");
    }
}
