//! One service's database for one test.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set up must stop")]

use std::path::PathBuf;

use flare_kernel::{Duration, Timestamp, random};
use flare_store::{Database, DatabaseOptions, DatabaseUrl, Schema, TimeSource};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

/// A database of its own, and its clock, which stands at 2026-11-22T00:00:00Z until the test moves it.
#[derive(Debug)]
pub struct Sandbox {
    /// The database.
    pub database: Database,
    /// Its clock.
    pub time: TimeSource,
    url: DatabaseUrl,
    schema: Option<String>,
    folder: Option<TempDir>,
}

/// Removes what a sandbox left on a shared server.
#[derive(Debug)]
pub struct Cleaner(String);

/// Where tests find PostgreSQL, if anywhere.
pub fn postgres_url() -> Option<String> {
    variable("FLARE_TEST_POSTGRES")
}

/// Where tests find RabbitMQ, if anywhere.
pub fn rabbitmq_url() -> Option<String> {
    variable("FLARE_TEST_RABBITMQ")
}

/// Where tests find Redis, if anywhere.
pub fn redis_url() -> Option<String> {
    variable("FLARE_TEST_REDIS")
}

/// Where tests find a program or a file, if anywhere.
pub fn tool(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from)
}

/// Whether everything is to be tried at its full length, as `cargo xtask test --full` does.
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment how much is wanted")]
pub fn in_full() -> bool {
    std::env::var_os("FLARE_TEST_FULL").is_some()
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where the servers are")]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        let all = std::env::var_os("FLARE_TEST_ALL").is_some();
        assert!(!all, "FLARE_TEST_ALL is set, and {name} is not: a test that must run would be left out");
        println!("left out: {name} is not set (`cargo xtask test` sets it)");
    }
    value
}

impl Sandbox {
    /// On SQLite, in a folder that goes with the sandbox.
    pub async fn sqlite(schema: Schema) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().to_owned());
        let (database, time) = open(&url, schema).await;
        Self { database, time, url, schema: None, folder: Some(folder) }
    }

    /// On PostgreSQL, in a schema of its own, where a server is named.
    pub async fn postgres(schema: Schema) -> Option<Self> {
        let url = postgres_url()?;
        let schema_prefix = format!("t{:032x}_", u128::from_be_bytes(random().unwrap()));
        let name = format!("{schema_prefix}{}", schema.name);
        let url = DatabaseUrl::Postgres { url, schema_prefix };
        let (database, time) = open(&url, schema).await;
        Some(Self { database, time, url, schema: Some(name), folder: None })
    }

    /// Where the database is, for another handle on it.
    pub fn url(&self) -> DatabaseUrl {
        self.url.clone()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    /// The folder of the SQLite file, when it is SQLite.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// Whoever cleans up after this sandbox is gone.
    pub fn cleaner(&self) -> Cleaner {
        Cleaner(self.schema.clone().unwrap_or_default())
    }
}

impl Cleaner {
    /// Drops the schema.
    pub async fn clean(self) {
        let (Some(url), false) = (postgres_url(), self.0.is_empty()) else { return };
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.0))).await.unwrap();
    }
}

async fn open(url: &DatabaseUrl, schema: Schema) -> (Database, TimeSource) {
    let time = TimeSource::fixed(Timestamp::from_micros(1_795_305_600_000_000));
    let options = DatabaseOptions { time: time.clone(), connections: 4, ..DatabaseOptions::default() };
    (Database::open(url, schema, options).await.unwrap(), time)
}
