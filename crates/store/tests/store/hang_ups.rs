//! A caller that goes away at any moment loses nothing that was acknowledged and spoils nothing for others.

use std::{collections::HashSet, sync::Arc};

use flare_kernel::random;
use flare_store::{Database, Reads as _, sql};
use flare_testkit::{Sandbox, on_both_engines};

use tokio::sync::Notify;

use crate::fixtures::{note, notes, run};

on_both_engines!(a_write_is_finished_though_its_caller_is_gone, crate::fixtures::SCHEMA);

on_both_engines!(every_acknowledged_write_is_there_though_600_callers_hang_up, crate::fixtures::SCHEMA);

async fn every_acknowledged_write_is_there_though_600_callers_hang_up(sandbox: Sandbox) {
    const ROUNDS: usize = 600;
    let database = &sandbox.database;
    let mut acknowledged = HashSet::new();
    let (mut gone, mut round) = (0, 0);
    while gone < ROUNDS {
        round += 1;
        let leaving = tokio::spawn(write(database.clone(), format!("leaving_{round}")));
        let reading = tokio::spawn(read(database.clone()));
        let staying = write(database.clone(), format!("staying_{round}"));
        let [turns] = random::<1>().unwrap();
        let leave = async {
            for _ in 0..turns % 24 {
                tokio::task::yield_now().await;
            }
            leaving.abort();
            reading.abort();
        };
        let (stayed, ()) = tokio::join!(staying, leave);
        acknowledged.insert(stayed);
        match leaving.await {
            Ok(thing) => drop(acknowledged.insert(thing)),
            Err(_) => gone += 1,
        }
        assert!(round < ROUNDS * 100, "callers must hang up in time for the test to mean anything");
    }
    // Writes whose callers hung up may still be under way; they go on, and the ones acknowledged are there for everyone.
    let rows = database.fetch_all(sql("SELECT thing FROM notes")).await.unwrap();
    let stored: HashSet<_> = rows.iter().map(|row| row.text("thing").unwrap()).collect();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost", lost.len(), acknowledged.len());
}

/// The write goes on by itself.
async fn a_write_is_finished_though_its_caller_is_gone(sandbox: Sandbox) {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
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
    writing.abort();
    assert!(writing.await.unwrap_err().is_cancelled());
    go.notify_one();
    let seen = async {
        while notes(&sandbox.database).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), seen).await.expect("the write is there");
}

async fn write(database: Database, thing: String) -> String {
    let written = thing.clone();
    run(&database, move |tx| {
        let thing = thing.clone();
        Box::pin(async move { note(tx, &thing, "anna", 1).await })
    })
    .await
    .unwrap();
    written
}

async fn read(database: Database) {
    const NOTES: &str = "SELECT thing FROM notes LIMIT 10";
    database.fetch_all(sql(NOTES)).await.unwrap();
    database.read(async |snapshot| snapshot.rows(sql(NOTES)).await).await.unwrap();
}
