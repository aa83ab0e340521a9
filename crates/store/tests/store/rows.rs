//! Several rows with one statement.

use flare_store::{Error, Value};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{notes, run};

on_both_engines!(many_rows_are_stored_or_none, crate::fixtures::SCHEMA);
on_both_engines!(what_is_there_already_stays, crate::fixtures::SCHEMA);
on_both_engines!(a_statement_with_a_list_gives_what_every_part_of_it_returns, crate::fixtures::SCHEMA);

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

async fn a_statement_with_a_list_gives_what_every_part_of_it_returns(sandbox: Sandbox) {
    let returned = run(&sandbox.database, |tx| {
        Box::pin(async move {
            let rows: Vec<_> = (0..2_000).map(|number| row("bridge", number)).collect();
            tx.insert(NOTES, &rows[..1_000]).await?;
            let wanted: Vec<[Value; 2]> =
                rows.iter().map(|[thing, author, _]| [thing.clone(), author.clone()]).collect();
            let found = tx
                .with_values("SELECT author FROM notes WHERE (thing, author) IN (VALUES ", &wanted, ")")
                .await?;
            let new = " ON CONFLICT (thing, author) DO NOTHING RETURNING author";
            let added =
                tx.with_values("INSERT INTO notes (thing, author, stars) VALUES ", &rows, new).await?;
            let gone = "DELETE FROM notes WHERE (thing, author) IN (VALUES ";
            tx.with_values(gone, &wanted[1..], ")").await?;
            Ok([found, added].map(|rows| rows.len()))
        })
    });
    assert_eq!(returned.await.unwrap(), [1_000, 1_000]);
    assert_eq!(notes(&sandbox.database).await, 1);
}
