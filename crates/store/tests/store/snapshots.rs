//! A query of several statements sees one moment, and waits for nobody who writes.

use flare_kernel::Duration;
use flare_store::{Database, DatabaseOptions, Error, Reads, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{Held, SCHEMA, count_up, note, notes, run};

on_both_engines!(a_snapshot_stands_still_though_a_write_commits_meanwhile, crate::fixtures::SCHEMA);
on_both_engines!(a_snapshot_is_read_while_a_write_holds_the_writer, crate::fixtures::SCHEMA);
on_both_engines!(a_read_that_fails_leaves_its_connection_usable, crate::fixtures::SCHEMA);
on_both_engines!(the_clock_goes_on_beside_a_snapshot, crate::fixtures::SCHEMA);

async fn noted(reads: &mut impl Reads) -> Result<usize, Error> {
    Ok(reads.rows(sql("SELECT thing FROM notes")).await?.len())
}

async fn counted(reads: &mut impl Reads) -> Result<i64, Error> {
    let row = reads.row(sql("SELECT value FROM counters WHERE name = 'a'")).await?;
    row.ok_or_else(|| Error::Corrupt("counters".to_owned()))?.int("value")
}

/// Adds a note and counts it, in one write.
async fn add(database: &Database) -> Result<i64, Error> {
    run(database, |tx| {
        Box::pin(async move {
            note(tx, "bridge", "anna", 3).await?;
            count_up(tx, "a").await
        })
    })
    .await
}

async fn a_snapshot_stands_still_though_a_write_commits_meanwhile(sandbox: Sandbox) {
    let database = &sandbox.database;
    let seen = database
        .read(async |snapshot| {
            let counted = counted(snapshot).await?;
            add(database).await?;
            Ok((counted, noted(snapshot).await?))
        })
        .await;
    assert_eq!(seen.unwrap(), (0, 0), "nothing of the write");
    let seen = database.read(async |snapshot| Ok((counted(snapshot).await?, noted(snapshot).await?))).await;
    assert_eq!(seen.unwrap(), (1, 1), "all of it");
}

async fn a_snapshot_is_read_while_a_write_holds_the_writer(sandbox: Sandbox) {
    let held = Held::begin(&sandbox.database).await;
    // In a task, as the calls to a server are.
    let reading = tokio::spawn({
        let database = sandbox.database.clone();
        async move { database.read(async |snapshot| noted(snapshot).await).await }
    });
    assert_eq!(reading.await.unwrap().unwrap(), 0);
    held.end().await;
    assert_eq!(notes(&sandbox.database).await, 1);
}

/// More often than there are connections.
async fn a_read_that_fails_leaves_its_connection_usable(sandbox: Sandbox) {
    let database = &sandbox.database;
    for _ in 0..10 {
        let failed =
            database.read(async |snapshot| snapshot.rows(sql("SELECT one FROM nowhere")).await).await;
        assert!(matches!(failed, Err(Error::Database(_))));
    }
    add(database).await.unwrap();
    assert_eq!(database.read(async |snapshot| noted(snapshot).await).await.unwrap(), 1);
}

async fn the_clock_goes_on_beside_a_snapshot(sandbox: Sandbox) {
    let seen = sandbox.database.read(async |snapshot| {
        let begun = snapshot.now().await?;
        sandbox.advance(Duration::from_hours(1));
        Ok((begun, snapshot.now().await?))
    });
    let (begun, ended) = seen.await.unwrap();
    assert_eq!(ended, begun.plus(Duration::from_hours(1)));
    let database = Database::open(&sandbox.url(), SCHEMA, DatabaseOptions::default()).await.unwrap();
    let before = database.now().await.unwrap();
    assert!(database.read(async |snapshot| snapshot.now().await).await.unwrap() >= before);
}
