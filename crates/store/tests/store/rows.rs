//! Several rows with one statement.

use flare_store::{Error, Record, Value, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{notes, run};

on_both_engines!(many_rows_are_stored_or_none, crate::fixtures::SCHEMA);
on_both_engines!(what_is_there_already_stays, crate::fixtures::SCHEMA);
on_both_engines!(a_statement_with_a_list_gives_what_every_part_of_it_returns, crate::fixtures::SCHEMA);

fn row(thing: &str, number: i64) -> Record {
    Record::of("notes").key("thing", thing).key("author", author(number)).set("stars", number % 5)
}

fn author(number: i64) -> String {
    format!("author {number}")
}

async fn many_rows_are_stored_or_none(sandbox: Sandbox) {
    let database = &sandbox.database;
    run(database, |tx| Box::pin(tx.insert(Vec::new()))).await.unwrap();
    // More than one statement takes.
    let store = |from: i64| {
        run(database, move |tx| {
            Box::pin(tx.insert((from..from + 2_500).map(|number| row("bridge", number)).collect()))
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

/// PostgreSQL tells which statements a connection keeps; each takes its memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_every_length_take_few_statements() {
    let Some(sandbox) = Sandbox::postgres(crate::fixtures::SCHEMA).await else { return };
    let cleaner = sandbox.cleaner();
    let kept = run(&sandbox.database, |tx| {
        Box::pin(async move {
            let mut next = 0;
            for length in 1..=64 {
                tx.insert((next..next + length).map(|number| row("bridge", number)).collect()).await?;
                next += length;
            }
            let kept = "SELECT CAST(COUNT(*) AS BIGINT) AS kept FROM pg_prepared_statements \
                        WHERE statement LIKE 'INSERT INTO notes%'";
            tx.fetch_one(sql(kept)).await?.int("kept")
        })
    });
    // Those of one to eight rows, and of 12, 16, 24, 32, 48 and 64.
    assert_eq!(kept.await.unwrap(), 14);
    assert_eq!(notes(&sandbox.database).await, 64 * 65 / 2);
    drop(sandbox);
    cleaner.clean().await;
}

async fn what_is_there_already_stays(sandbox: Sandbox) {
    let database = &sandbox.database;
    for (number, new) in [(20, 20), (30, 10)] {
        let stored = run(database, move |tx| {
            Box::pin(async move {
                let rows = (0..number).map(|number| row("bridge", number)).collect();
                let stored = tx.insert_new(rows, "author").await?;
                stored.iter().map(|row| row.text("author")).collect::<Result<Vec<_>, _>>()
            })
        });
        let mut stored = stored.await.unwrap();
        stored.sort();
        let mut expected: Vec<_> = (number - new..number).map(author).collect();
        expected.sort();
        assert_eq!(stored, expected);
    }
    assert_eq!(notes(database).await, 30);
}

async fn a_statement_with_a_list_gives_what_every_part_of_it_returns(sandbox: Sandbox) {
    let returned = run(&sandbox.database, |tx| {
        Box::pin(async move {
            tx.insert((0..1_000).map(|number| row("bridge", number)).collect()).await?;
            let wanted: Vec<[Value; 2]> =
                (0..2_000).map(|number| ["bridge".into(), author(number).into()]).collect();
            let found = tx
                .with_values("SELECT author FROM notes WHERE (thing, author) IN (VALUES ", &wanted, ")")
                .await?;
            let gone = "DELETE FROM notes WHERE (thing, author) IN (VALUES ";
            tx.with_values(gone, &wanted[1..], ")").await?;
            Ok(found.len())
        })
    });
    assert_eq!(returned.await.unwrap(), 1_000);
    assert_eq!(notes(&sandbox.database).await, 1);
}
