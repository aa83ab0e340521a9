//! Setting, replacing and clearing timers.

use flare_kernel::{Duration, Timestamp};
use flare_store::{Database, Work, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::run;

on_both_engines!(a_timer_set_again_replaces_the_one_before, crate::fixtures::SCHEMA);
on_both_engines!(a_timer_that_is_cleared_is_gone, crate::fixtures::SCHEMA);

async fn set(database: &Database, kind: &'static str, due: Timestamp) {
    run(database, move |tx| Box::pin(tx.set_timer("case_1", kind, due))).await.unwrap();
}

async fn timers(database: &Database) -> Vec<(String, i64, i64)> {
    let query = sql("SELECT kind, generation, due FROM timers WHERE stream = 'case_1' ORDER BY kind");
    let rows = database.fetch_all(query).await.unwrap();
    let read = |row: &flare_store::Row| {
        (row.text("kind").unwrap(), row.int("generation").unwrap(), row.int("due").unwrap())
    };
    rows.iter().map(read).collect()
}

async fn a_timer_set_again_replaces_the_one_before(sandbox: Sandbox) {
    let database = &sandbox.database;
    let now = database.now().await.unwrap();
    let later = now.plus(Duration::from_hours(2));
    let mut timers_set = database.listen(Work::Timers);
    set(database, "assess", now).await;
    timers_set.hint().await;
    set(database, "assess", later).await;
    set(database, "outcome", now).await;
    let expected = [("assess".to_owned(), 2, later.as_micros()), ("outcome".to_owned(), 1, now.as_micros())];
    assert_eq!(timers(database).await, expected);
}

async fn a_timer_that_is_cleared_is_gone(sandbox: Sandbox) {
    let database = &sandbox.database;
    set(database, "assess", database.now().await.unwrap()).await;
    for _ in 0..2 {
        run(database, |tx| Box::pin(tx.clear_timer("case_1", "assess"))).await.unwrap();
        assert_eq!(timers(database).await, []);
    }
}
