//! A server that says nothing, and one that was away for a moment.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use flare_kernel::random;
use flare_store::{Database, DatabaseOptions, DatabaseUrl, Error, Reads as _, Work, sql};
use flare_testkit::{Proxy, postgres_url};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::fixtures::{SCHEMA, log, run};

/// A database of its own through an address of the test's making.
struct Through {
    database: Database,
    schema: String,
}

impl Through {
    async fn open(url: String, options: DatabaseOptions) -> Self {
        let schema_prefix = format!("t{:032x}_", u128::from_be_bytes(random().unwrap()));
        let schema = format!("{schema_prefix}{}", SCHEMA.name);
        let database = Database::open(&DatabaseUrl::Postgres { url, schema_prefix }, SCHEMA, options).await;
        Self { database: database.unwrap(), schema }
    }

    async fn clean(self) {
        let mut connection = sqlx::AnyConnection::connect(&postgres_url().unwrap()).await.unwrap();
        connection.execute(AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.schema))).await.unwrap();
    }
}

/// The streams that a snapshot sees.
async fn snapshot(database: &Database) -> Result<usize, Error> {
    let rows = database.read(async |snapshot| snapshot.rows(sql("SELECT stream FROM streams")).await).await?;
    Ok(rows.len())
}

/// The server's own bounds do not hold when its machine lost power, or the network between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_holds_nobody_up_and_everything_goes_on_after_it() {
    let Some(url) = postgres_url() else { return };
    let proxy = Proxy::to(&url).await;
    let options = DatabaseOptions {
        connections: 2,
        answer_within: Duration::from_secs(1),
        acquire_timeout: Duration::from_secs(1),
        ..DatabaseOptions::default()
    };
    let through = Through::open(proxy.url.clone(), options.clone()).await;
    let database = &through.database;
    assert_eq!(log(database, "case_1", 1).await, 1);

    proxy.stall(true);
    let begun = Instant::now();
    // More than there are connections, reads and writes.
    for _ in 0..3 {
        let write = run(database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await })).await;
        assert!(write.as_ref().is_err_and(Error::is_transient), "{write:?}");
        let read = database.fetch_all(sql("SELECT stream FROM streams")).await.map(|rows| rows.len());
        assert!(read.as_ref().is_err_and(Error::is_transient), "{read:?}");
        let read = snapshot(database).await;
        assert!(read.as_ref().is_err_and(Error::is_transient), "{read:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "each is bounded");

    proxy.stall(false);
    let again = async {
        while run(database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await })).await.is_err() {}
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("it goes on by itself");
    assert_eq!(log(database, "case_1", 1).await, 2, "nothing was done half");

    proxy.stall(true);
    let late = run(database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await })).await;
    assert!(late.is_err());
    tokio::time::timeout(Duration::from_secs(10), database.close()).await.expect("a close is bounded, too");
    proxy.stall(false);
    through.clean().await;
}

/// Whether it stands nobody knows, and whoever waits for the work looks: at once, and again when it may be seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_not_answered_in_time_hints_all_the_same() {
    let Some(url) = postgres_url() else { return };
    let proxy = Arc::new(Proxy::to(&url).await);
    let options = DatabaseOptions { answer_within: Duration::from_secs(1), ..DatabaseOptions::default() };
    let through = Through::open(proxy.url.clone(), options).await;
    let database = &through.database;
    let mut timers_set = database.listen(Work::Timers);
    let way = Arc::clone(&proxy);
    let late = run(database, move |tx| {
        let way = Arc::clone(&way);
        Box::pin(async move {
            let now = tx.now();
            tx.set_timer("case_1", "assess", now).await?;
            // The commit comes next.
            way.stall(true);
            Ok(())
        })
    });
    let late = late.await;
    assert!(matches!(late, Err(Error::Late)), "{late:?}");
    assert!(timers_set.has_hint());
    proxy.stall(false);
    tokio::time::timeout(Duration::from_secs(20), timers_set.hint()).await.expect("a hint later");
    database.close().await;
    through.clean().await;
}

/// A restart of the server leaves every connection in the pool dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_while_idle_fail_nobody() {
    let Some(url) = postgres_url() else { return };
    let name = format!("flare_{:032x}", u128::from_be_bytes(random().unwrap()));
    let joint = if url.contains('?') { '&' } else { '?' };
    let options = DatabaseOptions { connections: 4, ..DatabaseOptions::default() };
    let through = Through::open(format!("{url}{joint}application_name={name}"), options).await;
    let database = &through.database;
    let mut operator = sqlx::AnyConnection::connect(&url).await.unwrap();
    for first in ["a write", "a read", "a snapshot"] {
        // Four at once need four connections.
        let busy = (0..4).map(|_| {
            let database = database.clone();
            tokio::spawn(async move { database.fetch_all(sql("SELECT 1 AS one FROM pg_sleep(0.1)")).await })
        });
        for read in busy.collect::<Vec<_>>() {
            read.await.unwrap().unwrap();
        }
        let ended = format!(
            "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) FROM pg_stat_activity WHERE application_name = '{name}'"
        );
        let ended: i64 = operator.fetch_one(AssertSqlSafe(ended)).await.unwrap().get(0);
        assert_eq!(ended, 4, "all lay idle");
        loop {
            let left = format!(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_stat_activity WHERE application_name = '{name}'"
            );
            let left: i64 = operator.fetch_one(AssertSqlSafe(left)).await.unwrap().get(0);
            if left == 0 {
                break;
            }
        }
        match first {
            "a read" => drop(database.fetch_all(sql("SELECT stream FROM streams")).await.unwrap()),
            "a snapshot" => assert_eq!(snapshot(database).await.unwrap(), 1),
            _ => {}
        }
        run(database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await })).await.unwrap();
    }
    through.database.close().await;
    through.clean().await;
}
