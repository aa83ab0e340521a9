//! A `begin` whose caller goes away leaves nothing open. Writes are detached from their callers and never come here;
//! this holds the second line of defence in place.

use std::{future::poll_fn, task::Poll};

use flare_kernel::random;

use super::*;

const SCHEMA: Schema = Schema { name: "cancelled", migrations: &[], refusals: &[] };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_loses_no_later_write_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().to_owned());
    cancel_many(&Database::open(&url, SCHEMA, DatabaseOptions::default()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where the servers are")]
async fn a_cancelled_begin_loses_no_later_write_on_postgres() {
    let Some(url) = std::env::var("FLARE_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
        assert!(std::env::var_os("FLARE_TEST_ALL").is_none(), "FLARE_TEST_POSTGRES is not set");
        println!("left out: FLARE_TEST_POSTGRES is not set (`cargo xtask test` sets it)");
        return;
    };
    let schema_prefix = format!("t{:032x}_", u128::from_be_bytes(random().unwrap()));
    let url = DatabaseUrl::Postgres { url, schema_prefix: schema_prefix.clone() };
    // One connection, so that the write after a cancelled begin gets the very same.
    let options = DatabaseOptions { connections: 1, ..DatabaseOptions::default() };
    let database = Database::open(&url, SCHEMA, options).await.unwrap();
    cancel_many(&database).await;
    let drop_schema = AssertSqlSafe(format!("DROP SCHEMA {schema_prefix}cancelled CASCADE"));
    database.inner().writer.execute(drop_schema).await.unwrap();
}

/// Lets a future go on once; true when that was its end.
async fn poll_once(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())).await
}

async fn cancel_many(database: &Database) {
    const ROUNDS: i64 = 600;
    let pool = &database.inner().writer;
    let begin = if database.inner().engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
    for round in 0..ROUNDS {
        let mut beginning = Box::pin(pool.begin_with(begin));
        let [polls, pause] = random().unwrap();
        for _ in 0..=polls % 6 {
            if poll_once(&mut beginning).await {
                break;
            }
            // Time for the engine to begin before the caller learns of it.
            for _ in 0..u32::from(pause) * 40 {
                std::hint::spin_loop();
            }
        }
        drop(beginning);
        let insert = crate::sql("INSERT INTO streams (stream, seq, head, at) VALUES ($1, 1, $2, 0)");
        insert.bind(format!("case_{round}")).bind(Vec::new()).execute(pool).await.unwrap();
    }
    // Whatever was left open would be undone by now, as at the end of a process.
    crate::sql("SELECT 1").execute(pool).await.unwrap();
    pool.acquire().await.unwrap().close().await.unwrap();
    let rows = database.fetch_all(crate::sql("SELECT stream FROM streams")).await.unwrap();
    assert_eq!(rows.len(), usize::try_from(ROUNDS).unwrap(), "every acknowledged write is there");
}

/// What one connection says of itself.
async fn settings_of(connection: &mut sqlx::AnyConnection) -> Vec<String> {
    let statement = "SELECT CAST((SELECT journal_mode FROM pragma_journal_mode) AS TEXT) AS journal_mode, \
                     CAST((SELECT synchronous FROM pragma_synchronous) AS TEXT) AS synchronous, \
                     CAST((SELECT timeout FROM pragma_busy_timeout) AS TEXT) AS busy_timeout, \
                     CAST((SELECT foreign_keys FROM pragma_foreign_keys) AS TEXT) AS foreign_keys";
    let row = Row::new(crate::sql(statement).fetch_one(connection).await.unwrap());
    ["journal_mode", "synchronous", "busy_timeout", "foreign_keys"]
        .map(|name| row.text(name).unwrap())
        .to_vec()
}

/// Each connection, the readers' too: a setting holds for the one that it was made on.
#[tokio::test]
async fn every_connection_to_a_file_is_durable_patient_and_strict_and_only_one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().to_owned());
    let options = DatabaseOptions { connections: 3, ..DatabaseOptions::default() };
    let database = Database::open(&url, SCHEMA, options).await.unwrap();
    assert_eq!(database.writes_at_once(), 1, "several writers would starve each other");
    let mut connections = vec![database.inner().writer.acquire().await.unwrap()];
    for _ in 0..3 {
        connections.push(database.inner().reader.acquire().await.unwrap());
    }
    for connection in &mut connections {
        // `synchronous` 2 is FULL.
        assert_eq!(settings_of(connection).await, ["wal", "2", "5000", "1"]);
    }
}

/// SQLite answers the rollback of a connection that comes back with an error when there is nothing to roll back.
#[tokio::test]
async fn the_writer_of_a_file_stays_the_same_connection() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().to_owned());
    let database = Database::open(&url, SCHEMA, DatabaseOptions::default()).await.unwrap();
    let writer = &database.inner().writer;
    // A temporary table is its connection's own.
    crate::sql("CREATE TEMP TABLE mark (one BIGINT)").execute(writer).await.unwrap();
    for _ in 0..3 {
        crate::sql("INSERT INTO mark (one) VALUES (1)").execute(writer).await.unwrap();
    }
}
