//! A write that the engine gives up for the sake of another is repeated.

use std::{
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flare_store::{Error, Tx, Write, sql};
use flare_testkit::Sandbox;
use sqlx::{ConnectOptions as _, Executor as _, any::AnyConnectOptions};
use tokio::sync::Barrier;

use crate::fixtures::{SCHEMA, counter, run};

/// Two writers that take the same two rows in opposite order: PostgreSQL ends one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_repeated_until_both_are_through() {
    let Some(sandbox) = Sandbox::postgres(SCHEMA).await else { return };
    let cleaner = sandbox.cleaner();
    let (attempts, meet) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let writers = [["a", "b"], ["b", "a"]].map(|order| {
        let write = CountBoth { order, attempts: Arc::clone(&attempts), meet: Arc::clone(&meet) };
        let database = sandbox.database.clone();
        tokio::spawn(async move { database.write(write).await })
    });
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 3, "one of the two was repeated");
    assert_eq!(counter(&sandbox.database, "a").await, 2);
    assert_eq!(counter(&sandbox.database, "b").await, 2);
    sandbox.database.close().await;
    cleaner.clean().await;
}

/// A write that has a better way is given up at its first collision; the other goes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_gives_way_is_not_repeated() {
    let Some(sandbox) = Sandbox::postgres(SCHEMA).await else { return };
    let cleaner = sandbox.cleaner();
    let (attempts, meet) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let writers = [["a", "b"], ["b", "a"]].map(|order| {
        let write = CountBoth { order, attempts: Arc::clone(&attempts), meet: Arc::clone(&meet) };
        let database = sandbox.database.clone();
        tokio::spawn(async move { database.write(GivesWay(write)).await })
    });
    let mut through = 0;
    for writer in writers {
        through += usize::from(writer.await.unwrap().is_ok());
    }
    assert_eq!((attempts.load(Ordering::SeqCst), through), (2, 1));
    assert_eq!(counter(&sandbox.database, "a").await, 1);
    sandbox.database.close().await;
    cleaner.clean().await;
}

struct GivesWay(CountBoth);

impl Write for GivesWay {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.0.apply(tx).await
    }

    fn gives_way(&self) -> bool {
        true
    }
}

/// Counts up both, with a pause between them in which the other one has taken its first.
struct CountBoth {
    order: [&'static str; 2],
    attempts: Arc<AtomicUsize>,
    meet: Arc<Barrier>,
}

impl Write for CountBoth {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        add_one(tx, self.order[0]).await?;
        // Whoever is repeated has nobody left to meet.
        if attempt < 2 {
            self.meet.wait().await;
        }
        add_one(tx, self.order[1]).await
    }
}

async fn add_one(tx: &mut Tx, name: &'static str) -> Result<(), Error> {
    tx.execute(sql("UPDATE counters SET value = value + 1 WHERE name = $1").bind(name)).await.map(drop)
}

/// Another process holds the file, such as one that copies it: the write waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_file_is_waited_for() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let file = sandbox.folder().unwrap().join("notes.db");
    let other = AnyConnectOptions::from_str(&format!("sqlite://{}", file.display())).unwrap();
    let mut other = other.connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let writing = tokio::spawn({
        let database = sandbox.database.clone();
        async move { run(&database, |tx| Box::pin(add_one(tx, "a"))).await }
    });
    other.execute("UPDATE counters SET value = 41 WHERE name = 'a'").await.unwrap();
    other.execute("COMMIT").await.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(counter(&sandbox.database, "a").await, 42);
}
