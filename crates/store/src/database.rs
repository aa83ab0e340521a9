//! The handle: connecting, migrating, reading, and the pools behind a write.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use flare_kernel::Timestamp;
use sqlx::{
    AnyPool, AssertSqlSafe, Execute as _, Executor as _,
    any::{AnyArguments, AnyConnectOptions, AnyPoolOptions},
    migrate::MigrateError,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{
    Error, Reads, Row, Schema, Sql, TimeSource, error::is_severed, tx::WRITES_GIVEN_UP, work::Hints,
};

/// How often migrations of a SQLite file are tried, and the pause between: together about a second.
const MIGRATION_LOOKS: u32 = 20;
const MIGRATION_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that returns to its pool may take to prove that it is sound.
const RETURN_WITHIN: Duration = Duration::from_secs(3);
/// How long a reader of a SQLite file that nobody needs is kept.
const READER_IDLES: Duration = Duration::from_secs(5);
/// How long the writes under way and the goodbyes may take at a close, at most.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// Where a service's tables live.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A folder that holds one SQLite file for each service.
    Sqlite(PathBuf),
    /// A PostgreSQL database, in which each service has a schema of its own.
    Postgres {
        /// `postgres://…`, with the password if there is one.
        url: String,
        /// Put before each schema's name, so that several installations (or tests) can share a database.
        schema_prefix: String,
    },
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseUrlError {
    /// A prefix that would need quoting.
    #[error("the schema prefix must be lower-case letters, digits and underscores, and begin with a letter")]
    Prefix,
    /// The server or file could not be opened.
    #[error("the database of {service} could not be opened: {source}")]
    Open {
        /// Whose database.
        service: &'static str,
        /// Why.
        source: sqlx::Error,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of {service} could not be brought up to date: {source}")]
    Migrate {
        /// Whose tables.
        service: &'static str,
        /// Why.
        source: MigrateError,
    },
}

impl fmt::Debug for DatabaseUrl {
    /// Never shows a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(folder) => write!(f, "Sqlite({})", folder.display()),
            Self::Postgres { schema_prefix, .. } => write!(f, "Postgres(schema prefix {schema_prefix:?})"),
        }
    }
}

/// What can be set about a handle.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// The clock of this handle's transactions.
    pub time: TimeSource,
    /// PostgreSQL connections, or SQLite readers beside the one writer.
    pub connections: u32,
    /// How long a caller may wait for a connection.
    pub acquire_timeout: Duration,
    /// How long one read, or one try of a write, may take in all. Longer than the server's own bound of 20 seconds, so
    /// that it ends only what no server answers.
    pub answer_within: Duration,
    /// How long PostgreSQL lets a statement wait for a lock.
    pub lock_timeout: Duration,
    /// Whether anybody listens to this service's events: those that nobody does are logged and not put to the outbox.
    pub has_listeners: bool,
    /// The W3C `traceparent` of whatever is running; logged with each event so that a trace crosses the broker.
    pub trace: fn() -> String,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            time: TimeSource::Database,
            connections: 8,
            acquire_timeout: Duration::from_secs(5),
            answer_within: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            has_listeners: true,
            trace: String::new,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A service's database. Cloning shares the pools.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) writer: AnyPool,
    pub(crate) reader: AnyPool,
    pub(crate) schema: Schema,
    pub(crate) time: TimeSource,
    pub(crate) has_listeners: bool,
    pub(crate) trace: fn() -> String,
    pub(crate) writes: TaskTracker,
    answer_within: Duration,
    pub(crate) hints: Hints,
}

impl Inner {
    /// How many connections a pool may hold.
    pub(crate) fn connections(&self) -> u32 {
        self.reader.options().get_max_connections()
    }

    /// Begins a transaction. Nothing has been done on a connection that cannot begin: where it died while it lay idle,
    /// as each does when the server restarts, the next is taken, and at last a new one.
    pub(crate) async fn begin(
        &self,
        pool: &AnyPool,
        statement: &'static str,
    ) -> Result<sqlx::Transaction<'static, sqlx::Any>, sqlx::Error> {
        let mut dead = 0;
        loop {
            match pool.begin_with(statement).await {
                Err(error) if is_severed(&error) && dead < self.connections() => dead += 1,
                outcome => return outcome,
            }
        }
    }

    /// What the clock says; where it is the database's, `reads` asks it.
    pub(crate) async fn now(&self, reads: &mut impl Reads) -> Result<Timestamp, Error> {
        match self.time.ask(self.engine) {
            Ok(now) => Ok(now),
            Err(statement) => {
                let row = reads.row(crate::sql(statement)).await?;
                row.ok_or_else(|| Error::Corrupt("the clock".to_owned()))?.timestamp("now")
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({}, {:?})", self.0.schema.name, self.0.engine)
    }
}

impl Database {
    /// Connects and brings the tables up to date. Several replicas may do so at once.
    pub async fn open(
        url: &DatabaseUrl,
        schema: Schema,
        options: DatabaseOptions,
    ) -> Result<Self, DatabaseUrlError> {
        sqlx::any::install_default_drivers();
        // An alarm notices the first only where it saw none before.
        metrics::counter!(WRITES_GIVEN_UP).increment(0);
        let open = |source| DatabaseUrlError::Open { service: schema.name, source };
        let migrated = |source| DatabaseUrlError::Migrate { service: schema.name, source };
        let (engine, writer, reader) = match url {
            DatabaseUrl::Sqlite(folder) => {
                let (writer, reader) = sqlite_pools(folder, schema.name, &options).await.map_err(open)?;
                migrate_file(&schema, &writer).await.map_err(migrated)?;
                (Engine::Sqlite, writer, reader)
            }
            DatabaseUrl::Postgres { url, schema_prefix } => {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                let letter_first = schema_prefix.chars().next().is_none_or(|c| c.is_ascii_lowercase());
                if !letter_first || !schema_prefix.chars().all(plain) {
                    return Err(DatabaseUrlError::Prefix);
                }
                let namespace = format!("{schema_prefix}{}", schema.name);
                let once = namespace_of(url, &namespace).await.map_err(open)?;
                schema.migrator().run(&once).await.map_err(migrated)?;
                once.close().await;
                let pool = postgres_pool(url, &namespace, &options).await.map_err(open)?;
                (Engine::Postgres, pool.clone(), pool)
            }
        };
        Ok(Self(Arc::new(Inner {
            engine,
            writer,
            reader,
            schema,
            time: options.time,
            has_listeners: options.has_listeners,
            trace: options.trace,
            writes: TaskTracker::new(),
            answer_within: options.answer_within,
            hints: Hints::default(),
        })))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// The service whose tables these are.
    pub fn name(&self) -> &'static str {
        self.0.schema.name
    }

    /// How many writes can run beside each other: one on SQLite, as many as there are connections on PostgreSQL.
    pub fn writes_at_once(&self) -> u32 {
        self.0.writer.options().get_max_connections()
    }

    /// The rows of a read of one statement.
    pub async fn fetch_all(&self, query: Sql<'_>) -> Result<Vec<Row>, Error> {
        self.in_time(None, self.fetch(query, false)).await
    }

    /// The row of a read of one statement, if there is one. Whoever needs several calls [`read`](Self::read).
    pub async fn fetch_optional(&self, query: Sql<'_>) -> Result<Option<Row>, Error> {
        Ok(self.in_time(None, self.fetch(query, true)).await?.pop())
    }

    /// A read changes nothing: where a connection died while it lay idle it is done again on the next.
    async fn fetch(&self, mut query: Sql<'_>, one: bool) -> Result<Vec<Row>, Error> {
        let arguments =
            query.take_arguments().map_err(|error| Error::Database(sqlx::Error::Encode(error)))?;
        let (statement, arguments) = (query.sql(), arguments.unwrap_or_default());
        let mut dead = 0;
        loop {
            // sqlx hands a query over to whoever runs it, its arguments included.
            let mut copy = AnyArguments::default();
            copy.values.0.clone_from(&arguments.values.0);
            let query = sqlx::query_with(statement.clone(), copy);
            let fetched = if one {
                query.fetch_optional(&self.0.reader).await.map(|row| row.into_iter().collect())
            } else {
                query.fetch_all(&self.0.reader).await
            };
            match fetched {
                Err(error) if is_severed(&error) && dead < self.0.connections() => dead += 1,
                fetched => {
                    let rows: Vec<_> = fetched.map_err(Error::Database)?;
                    return Ok(rows.into_iter().map(Row::new).collect());
                }
            }
        }
    }

    /// Ends what no server answers. The connection that it waited on is closed.
    pub(crate) async fn in_time<T>(
        &self,
        within: Option<Duration>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let within = within.map_or(self.0.answer_within, |within| within.min(self.0.answer_within));
        timeout(within, work).await.unwrap_or(Err(Error::Late))
    }

    /// What the clock says outside any transaction: for workers that look for what is due. A decision asks
    /// [`Tx::now`](crate::Tx::now).
    pub async fn now(&self) -> Result<Timestamp, Error> {
        self.0.now(&mut self.clone()).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.fetch_optional(crate::sql("SELECT 1 AS one")).await.map(drop)
    }

    /// Waits for the writes under way, then closes every connection. Both are bounded: a server that is silent holds
    /// nobody up, and what it was asked ends with the process, as it would with a kill.
    pub async fn close(&self) {
        self.0.writes.close();
        let closing = async {
            self.0.writes.wait().await;
            self.0.writer.close().await;
            self.0.reader.close().await;
        };
        if timeout(self.0.answer_within.min(CLOSE_WITHIN), closing).await.is_err() {
            tracing::warn!(database = self.name(), "the database did not let go in time and was left");
        }
    }
}

/// Brings a file's tables up to date. Nothing lets only one do so at a time: of two, one fails and changes nothing, and
/// finds the work done when it looks again.
async fn migrate_file(schema: &Schema, pool: &AnyPool) -> Result<(), MigrateError> {
    let mut looks = 1;
    loop {
        match schema.migrator().run(pool).await {
            Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) if looks < MIGRATION_LOOKS => {
                looks += 1;
                tokio::time::sleep(MIGRATION_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// One writer and a few readers on one file: several writers starve each other, one does not.
async fn sqlite_pools(
    folder: &std::path::Path,
    service: &str,
    options: &DatabaseOptions,
) -> Result<(AnyPool, AnyPool), sqlx::Error> {
    let file = folder.join(format!("{service}.db"));
    let url = AnyConnectOptions::from_str(&format!("sqlite://{}?mode=rwc", file.display()))?;
    let pool = |connections, idle_timeout| {
        AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.acquire_timeout)
            .max_lifetime(None)
            .idle_timeout(idle_timeout)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection
                        .execute(
                            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                             PRAGMA foreign_keys = ON;",
                        )
                        .await
                        .map(drop)
                })
            })
            .after_release(roll_back)
    };
    let writer = pool(1, None).connect_with(url.clone()).await?;
    // Each has a thread of its own.
    let reader = pool(options.connections, Some(READER_IDLES)).connect_lazy_with(url);
    Ok((writer, reader))
}

/// Makes a service's namespace, and gives the one connection to migrate it over. sqlx lets one migration at a time run in
/// a whole database, so this waits for those of all services and replicas, however long they take: the bounds that hold
/// for callers do not hold here.
async fn namespace_of(url: &str, namespace: &str) -> Result<AnyPool, sqlx::Error> {
    let session: Arc<str> = format!(
        "SET search_path TO {namespace}; SET statement_timeout = 0; SET lock_timeout = 0; \
         SET client_min_messages = error;"
    )
    .into();
    let once = AnyPoolOptions::new()
        .max_connections(1)
        .after_connect(move |connection, _| {
            let session = session.to_string();
            Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
        })
        .connect_with(AnyConnectOptions::from_str(url)?)
        .await?;
    // It may be made by two replicas at once, and PostgreSQL's IF NOT EXISTS then still fails in one of them.
    let mut tx = once.begin().await?;
    tx.execute("SELECT pg_advisory_xact_lock(7420)").await?;
    tx.execute(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {namespace}"))).await?;
    tx.commit().await?;
    Ok(once)
}

async fn postgres_pool(
    url: &str,
    namespace: &str,
    options: &DatabaseOptions,
) -> Result<AnyPool, sqlx::Error> {
    let url = AnyConnectOptions::from_str(url)?;
    let lock_timeout = options.lock_timeout.as_millis();
    let session: Arc<str> = format!(
        "SET search_path TO {namespace}; SET statement_timeout = '20s'; SET lock_timeout = '{lock_timeout}ms'; \
         SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = error;"
    )
    .into();
    AnyPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let session = session.to_string();
            Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
        })
        .after_release(roll_back)
        .connect_with(url)
        .await
}

/// Ends whatever transaction a cancelled `begin` left open on a connection that returns to its pool. Without this, later
/// writes on the connection are acknowledged and lost. SQLite reports an error when there is nothing to roll back; that
/// is no reason to close the connection. A connection on which nobody answers is closed, or it would keep its place in
/// the pool for ever.
fn roll_back(
    connection: &mut sqlx::AnyConnection,
    _: sqlx::pool::PoolConnectionMetadata,
) -> std::pin::Pin<Box<dyn Future<Output = Result<bool, sqlx::Error>> + Send + '_>> {
    Box::pin(async move {
        let rolled_back = timeout(RETURN_WITHIN, connection.execute("ROLLBACK")).await;
        match rolled_back.map_err(|late| sqlx::Error::Io(late.into())).flatten() {
            Err(error) if is_severed(&error) => Err(error),
            Ok(_) | Err(sqlx::Error::Database(_)) => Ok(true),
            Err(error) => Err(error),
        }
    })
}

#[cfg(test)]
mod tests;
