//! Several rows with one statement.

use flare_store::{Error, Value};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{notes, run};

on_both_engines!(many_rows_are_stored_or_none, crate::fixtures::SCHEMA);
on_both_engines!(what_is_there_already_stays, crate::fixtures::SCHEMA);

const NOTES: &str = "notes (thing, author, stars)";

fn row(thing: &str, number: i64) -> [Value; 3] {
    [thing.into(), format!("author {number}").into(), (number % 5).into()]
}

async fn many_rows_are_stored_or_none(sandbox: Sandbox) {
    let database = &sandbox.database;
    run(database, |tx| Box::pin(tx.insert::<3>(NOTES, &[]))).await.unwrap();
    // More than one statement takes.
    let store = |from: i64| {
        run(database, move |tx| {
            Box::pin(async move {
                let rows: Vec<_> = (from..from + 2_500).map(|number| row("bridge", number)).collect();
                tx.insert(NOTES, &rows).await
            })
        })
    };
    store(0).await.unwrap();
    assert_eq!(notes(database).await, 2_500);
    match store(2_499).await {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.reason, "SECOND_NOTE"),
        other => panic!("{other:?}"),
    }
    assert_eq!(notes(database).await, 2_500);
}

async fn what_is_there_already_stays(sandbox: Sandbox) {
    let database = &sandbox.database;
    for _ in 0..2 {
        run(database, |tx| {
            Box::pin(async move { tx.insert_new(NOTES, &[row("bridge", 1), row("bridge", 2)]).await })
        })
        .await
        .unwrap();
    }
    assert_eq!(notes(database).await, 2);
}
