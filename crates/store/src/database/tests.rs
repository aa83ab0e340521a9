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
        let insert = crate::sql("INSERT INTO streams (stream, seq, head) VALUES ($1, 1, $2)");
        insert.bind(format!("case_{round}")).bind(Vec::new()).execute(pool).await.unwrap();
    }
    // Whatever was left open would be undone by now, as at the end of a process.
    crate::sql("SELECT 1").execute(pool).await.unwrap();
    pool.acquire().await.unwrap().close().await.unwrap();
    let rows = database.fetch_all(crate::sql("SELECT stream FROM streams")).await.unwrap();
    assert_eq!(rows.len(), usize::try_from(ROUNDS).unwrap(), "every acknowledged write is there");
}
