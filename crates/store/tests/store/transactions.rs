//! All of a write or nothing of it.

use std::sync::Arc;

use flare_kernel::Duration;
use flare_store::{Error, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{note, notes, run};

on_both_engines!(an_error_undoes_everything, crate::fixtures::SCHEMA);
on_both_engines!(a_write_that_swallowed_a_database_error_is_not_committed, crate::fixtures::SCHEMA);
on_both_engines!(a_panic_undoes_everything_and_leaves_the_connection_usable, crate::fixtures::SCHEMA);
on_both_engines!(time_stands_still_within_a_write, crate::fixtures::SCHEMA);
on_both_engines!(closing_waits_for_the_writes_under_way, crate::fixtures::SCHEMA);

async fn an_error_undoes_everything(sandbox: Sandbox) {
    let outcome: Result<(), _> = run(&sandbox.database, |tx| {
        Box::pin(async move {
            note(tx, "bridge", "anna", 3).await?;
            Err(Error::Corrupt("as told".into()))
        })
    })
    .await;
    assert!(matches!(outcome, Err(Error::Corrupt(_))));
    assert_eq!(notes(&sandbox.database).await, 0);
}

/// PostgreSQL would answer the commit with Ok and store nothing; SQLite would store the rest.
async fn a_write_that_swallowed_a_database_error_is_not_committed(sandbox: Sandbox) {
    let outcome = run(&sandbox.database, |tx| {
        Box::pin(async move {
            note(tx, "bridge", "anna", 3).await?;
            assert!(note(tx, "bridge", "anna", 4).await.is_err());
            Ok(())
        })
    })
    .await;
    assert!(matches!(outcome, Err(Error::Poisoned)), "{outcome:?}");
    assert_eq!(notes(&sandbox.database).await, 0);
}

async fn a_panic_undoes_everything_and_leaves_the_connection_usable(sandbox: Sandbox) {
    for _ in 0..10 {
        let outcome: Result<(), _> = run(&sandbox.database, |tx| {
            Box::pin(async move {
                note(tx, "bridge", "anna", 3).await?;
                panic!("as told");
            })
        })
        .await;
        assert!(matches!(outcome, Err(Error::Stopped(_))), "{outcome:?}");
    }
    run(&sandbox.database, |tx| Box::pin(note(tx, "bridge", "anna", 3))).await.unwrap();
    assert_eq!(notes(&sandbox.database).await, 1);
}

async fn time_stands_still_within_a_write(sandbox: Sandbox) {
    let before = sandbox.database.now().await.unwrap();
    let time = sandbox.time.clone();
    let (begun, ended) = run(&sandbox.database, move |tx| {
        let begun = tx.now();
        time.advance(Duration::from_hours(1));
        Box::pin(async move { Ok((begun, tx.now())) })
    })
    .await
    .unwrap();
    assert_eq!((begun, ended), (before, before));
    assert_eq!(sandbox.database.now().await.unwrap(), before.plus(Duration::from_hours(1)));
}

async fn closing_waits_for_the_writes_under_way(sandbox: Sandbox) {
    let (begun, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let writing = tokio::spawn({
        let (database, begun, go) = (sandbox.database.clone(), Arc::clone(&begun), Arc::clone(&go));
        async move {
            run(&database, move |tx| {
                let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
                Box::pin(async move {
                    begun.notify_one();
                    go.notified().await;
                    note(tx, "bridge", "anna", 3).await
                })
            })
            .await
        }
    });
    begun.notified().await;
    // Whoever waited for the write is gone; the write is not.
    writing.abort();
    let closing = tokio::spawn({
        let database = sandbox.database.clone();
        async move { database.close().await }
    });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished());
    go.notify_one();
    closing.await.unwrap();
    assert!(sandbox.database.fetch_all(sql("SELECT thing FROM notes")).await.is_err(), "it is closed");
}
