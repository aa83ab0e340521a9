//! Locking a history puts its writers in order.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flare_contracts::{
    Kind,
    events::v1::{IntakeEvent, ReceiptIssued},
};
use flare_kernel::{Duration, Lane};
use flare_store::{Database, DatabaseOptions, Error, Work, events_after, page_of_stream_heads, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{count_up, counter, log, run};

on_both_engines!(a_stale_version_is_refused, crate::fixtures::SCHEMA);
on_both_engines!(writers_of_one_history_wait_for_each_other, crate::fixtures::SCHEMA);
on_both_engines!(histories_are_locked_in_one_order_whatever_order_is_asked_for, crate::fixtures::SCHEMA);
on_both_engines!(only_a_locked_history_takes_events, crate::fixtures::SCHEMA);
on_both_engines!(a_history_is_read_in_pages, crate::fixtures::SCHEMA);
on_both_engines!(an_event_wakes_the_relay, crate::fixtures::SCHEMA);
on_both_engines!(what_nobody_listens_to_is_logged_and_not_queued, crate::fixtures::SCHEMA);
on_both_engines!(a_history_is_locked_only_if_it_has_begun, crate::fixtures::SCHEMA);
on_both_engines!(a_history_never_goes_back_in_time, crate::fixtures::SCHEMA);

/// A clock that was set back, or that was read before the lock was waited for.
async fn a_history_never_goes_back_in_time(sandbox: Sandbox) {
    let database = &sandbox.database;
    log(database, "case_1", 1).await;
    let before = database.now().await.unwrap();
    sandbox.advance(Duration::from_secs(-60));
    log(database, "case_1", 2).await;
    log(database, "case_2", 1).await;
    let times = async |stream| -> Vec<_> {
        events_after(database, stream, 0, 10).await.unwrap().into_iter().map(|event| event.at).collect()
    };
    assert_eq!(times("case_1").await, [before; 3]);
    assert_eq!(
        times("case_2").await,
        [before.plus(Duration::from_secs(-60))],
        "another history has its own time"
    );
    sandbox.advance(Duration::from_secs(61));
    log(database, "case_1", 1).await;
    assert_eq!(times("case_1").await[3], before.plus(Duration::from_secs(1)));
}

async fn a_stale_version_is_refused(sandbox: Sandbox) {
    let database = &sandbox.database;
    assert_eq!(log(database, "case_1", 2).await, 2, "events of the write itself count");
    let expecting = |expected| {
        run(database, move |tx| {
            Box::pin(async move {
                tx.lock(&[&"case_1"]).await?;
                tx.expect_version("case_1", expected)?;
                Ok(())
            })
        })
    };
    expecting(2).await.unwrap();
    for stale in [1, 3, 0] {
        match expecting(stale).await {
            Err(Error::Refused(refusal)) => {
                assert_eq!((refusal.kind, refusal.reason), (Kind::Stale, "STALE_VERSION"));
                assert_eq!(refusal.violations[0].rule, "must be 2");
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn writers_of_one_history_wait_for_each_other(sandbox: Sandbox) {
    let writers: Vec<_> = (0..60)
        .map(|_| {
            let database = sandbox.database.clone();
            tokio::spawn(async move {
                run(&database, |tx| {
                    Box::pin(async move {
                        tx.lock(&[&"fund_1"]).await?;
                        count_up(tx, "a").await
                    })
                })
                .await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(counter(&sandbox.database, "a").await, 60, "no update is lost");
}

async fn histories_are_locked_in_one_order_whatever_order_is_asked_for(sandbox: Sandbox) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let (database, attempts) = (sandbox.database.clone(), Arc::clone(&attempts));
            tokio::spawn(async move {
                run(&database, move |tx| {
                    attempts.fetch_add(1, Ordering::SeqCst);
                    Box::pin(async move {
                        if number % 2 == 0 {
                            tx.lock(&[&"case_1", &"grant_1"]).await?;
                        } else {
                            tx.lock(&[&"grant_1", &"case_1"]).await?;
                        }
                        count_up(tx, "a").await
                    })
                })
                .await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 60, "none was given up for a deadlock and repeated");
    assert_eq!(counter(&sandbox.database, "a").await, 60);
}

async fn only_a_locked_history_takes_events(sandbox: Sandbox) {
    let outcome = run(&sandbox.database, |tx| {
        Box::pin(async move {
            tx.lock(&[&"case_1"]).await?;
            let event =
                IntakeEvent::from(ReceiptIssued { case_id: "case_2".into(), ..ReceiptIssued::default() });
            tx.append("case_2", Lane::Urgent, "requester", &event)
        })
    })
    .await;
    assert!(matches!(outcome, Err(Error::Corrupt(_))), "{outcome:?}");
}

async fn a_history_is_read_in_pages(sandbox: Sandbox) {
    let database = &sandbox.database;
    for (stream, events) in [("case_1", 5), ("case_2", 1), ("case_3", 2)] {
        log(database, stream, events).await;
    }
    // Locked and never written: it has no history.
    run(database, |tx| Box::pin(async move { tx.lock(&[&"case_4"]).await })).await.unwrap();

    let page = events_after(database, "case_1", 1, 3).await.unwrap();
    assert_eq!(page.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(page[0].kind, "flare.events.v1.ReceiptIssued");
    assert_eq!(page[0].at, database.now().await.unwrap());
    let heads = async |after, limit| {
        let heads = page_of_stream_heads(database, after, limit).await.unwrap();
        let last = heads.into_iter().map(|head| (head.stream, head.seq, head.hash));
        last.collect::<Vec<_>>()
    };
    let mut expected = Vec::new();
    for (stream, last) in [("case_1", 5), ("case_2", 1), ("case_3", 2)] {
        let event = events_after(database, stream, last - 1, 1).await.unwrap().pop().unwrap();
        expected.push((stream.to_owned(), last, event.hash));
    }
    assert_eq!(heads("", 2).await, expected[..2]);
    assert_eq!(heads("case_2", 9).await, expected[2..]);
}

async fn an_event_wakes_the_relay(sandbox: Sandbox) {
    let (mut first, mut second) =
        (sandbox.database.listen(Work::Outbox), sandbox.database.listen(Work::Outbox));
    log(&sandbox.database, "case_1", 1).await;
    first.hint().await;
    second.hint().await;
    assert!(!first.has_hint());
}

async fn what_nobody_listens_to_is_logged_and_not_queued(sandbox: Sandbox) {
    let options = DatabaseOptions { has_listeners: false, ..DatabaseOptions::default() };
    let unheard = Database::open(&sandbox.url(), crate::fixtures::SCHEMA, options).await.unwrap();
    let mut queued = unheard.listen(Work::Outbox);
    log(&unheard, "case_1", 3).await;
    assert_eq!(events_after(&unheard, "case_1", 0, 9).await.unwrap().len(), 3);
    assert!(unheard.fetch_all(sql("SELECT seq FROM outbox")).await.unwrap().is_empty());
    assert!(!queued.has_hint(), "there is nothing for the relay to do");
    log(&sandbox.database, "case_1", 1).await;
    assert_eq!(unheard.fetch_all(sql("SELECT seq FROM outbox")).await.unwrap().len(), 1);
    unheard.close().await;
}

async fn a_history_is_locked_only_if_it_has_begun(sandbox: Sandbox) {
    log(&sandbox.database, "case_1", 2).await;
    let locked = run(&sandbox.database, |tx| {
        Box::pin(async move {
            let unknown = tx.lock_begun(&"case_2").await?;
            let begun = tx.lock_begun(&"case_1").await?;
            tx.lock(&[&"case_1", &"case_3"]).await?;
            let empty = tx.lock_begun(&"case_3").await?;
            Ok((unknown, begun, empty, tx.version("case_1")))
        })
    });
    assert_eq!(locked.await.unwrap(), (false, true, false, 2));
    let rows = sandbox.database.fetch_all(sql("SELECT stream FROM streams")).await.unwrap();
    assert_eq!(rows.len(), 2, "asking begins none");
}
