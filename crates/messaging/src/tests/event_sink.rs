//! From a bus into a consumer's tables.

use std::sync::atomic::Ordering;

use flare_kernel::{Lane, random};
use flare_store::{EventRecord, Work};

use super::{World, on_both_engines};
use crate::cursor::TRIES;

on_both_engines!(
    what_is_next_has_its_effect_at_once_and_once,
    what_comes_before_its_turn_is_kept_until_then,
    two_receivers_leave_nothing_behind,
    an_event_that_fails_takes_no_other_with_it,
    a_stream_that_waits_for_a_person_keeps_what_comes,
    a_history_ahead_of_the_clock_gives_its_time_to_no_other,
);

async fn what_is_next_has_its_effect_at_once_and_once(world: &World) {
    let mut events = Vec::new();
    for case in 0..100 {
        events.extend(world.intake().log(&format!("case_{case}"), Lane::Urgent, 2).await);
    }
    for _ in 0..3 {
        world.receive(&events).await;
        for case in 0..100 {
            assert_eq!(world.effects(&format!("case_{case}")).await, [1, 2]);
        }
    }
    assert_eq!(world.recorder.calls.load(Ordering::SeqCst), events.len());
    assert_eq!((world.recorder.disorder(), world.inbox_rows().await), (0, 0));
}

async fn what_comes_before_its_turn_is_kept_until_then(world: &World) {
    let events = world.intake().log("case_1", Lane::Urgent, 5).await;
    world.receive(&[events[4].clone(), events[1].clone(), events[1].clone()]).await;
    assert_eq!((world.effects("case_1").await, world.inbox_rows().await), (vec![], 2));
    let mut in_the_inbox = world.inbox_database().listen(Work::Inbox);
    world.receive(&events[..1]).await;
    assert!(in_the_inbox.has_hint(), "more may wait behind what left it");
    assert_eq!((world.effects("case_1").await, world.inbox_rows().await), (vec![1, 2], 1));
    world.receive(&events[2..4]).await;
    assert_eq!((world.effects("case_1").await, world.inbox_rows().await), (vec![1, 2, 3, 4, 5], 0));
    assert_eq!(world.recorder.disorder(), 0);
}

/// Without the lock on the cursor an event that is kept while another replica applies the one before it waits for ever:
/// nobody looks into the inbox here.
async fn two_receivers_leave_nothing_behind(world: &World) {
    // As many as one turn takes out of the inbox.
    const EVENTS: usize = 50;
    let mut events = world.intake().log("case_1", Lane::Urgent, EVENTS).await;
    for at in 0..events.len() {
        let other = usize::from(u16::from_be_bytes(random().unwrap())) % events.len();
        events.swap(at, other);
    }
    let (left, right) = events.split_at(EVENTS / 2);
    let receive = async |events: &[EventRecord]| {
        for few in events.chunks(3) {
            world.receive(few).await;
        }
    };
    tokio::join!(receive(left), receive(right));
    assert_eq!(world.effects("case_1").await, (1..=i64::try_from(EVENTS).unwrap()).collect::<Vec<_>>());
    assert_eq!((world.recorder.disorder(), world.inbox_rows().await), (0, 0));
}

async fn an_event_that_fails_takes_no_other_with_it(world: &World) {
    let (intake, worker) = (world.intake(), world.inbox_worker());
    let failing = intake.log("case_fails", Lane::Critical, 4).await;
    let others = intake.log("case_works", Lane::Critical, 2).await;
    world.recorder.refuses.lock().unwrap().insert(4);
    world.receive(&[others, failing].concat()).await;
    assert_eq!(world.inbox_rows().await, 6, "all of them are durable, whatever failed");
    while worker.apply_once().await.unwrap() > 0 {}
    assert_eq!(world.effects("case_works").await, [1, 2]);
    assert_eq!(world.effects("case_fails").await, [1, 2, 3]);

    world.recorder.refuses.lock().unwrap().clear();
    world.recorder.panics.lock().unwrap().insert(1);
    world.receive(&intake.log("case_panics", Lane::Urgent, 1).await).await;
    assert_eq!((world.effects("case_panics").await, world.inbox_rows().await), (vec![], 2));
}

async fn a_stream_that_waits_for_a_person_keeps_what_comes(world: &World) {
    let (events, worker) = (world.intake().log("case_1", Lane::Urgent, 3).await, world.inbox_worker());
    world.recorder.refuses.lock().unwrap().insert(1);
    for _ in 0..TRIES {
        world.receive(&events[..1]).await;
        worker.apply_once().await.unwrap();
        world.advance_secs(60);
    }
    assert_eq!(world.quarantine("case_1").await.as_deref(), Some("TOLD_TO_REFUSE"));
    world.recorder.refuses.lock().unwrap().clear();
    world.receive(&events[1..]).await;
    assert_eq!((world.effects("case_1").await, world.inbox_rows().await), (vec![], 3));
}

/// The database's clock was wrong for a while, and one history keeps that time.
async fn a_history_ahead_of_the_clock_gives_its_time_to_no_other(world: &World) {
    world.advance_secs(86_400);
    world.log_in_triage("case_ahead").await;
    world.advance_secs(-86_400);
    let mut events = world.intake().log("case_ahead", Lane::Urgent, 1).await;
    events.extend(world.intake().log("case_of_today", Lane::Urgent, 1).await);
    world.receive(&events).await;
    assert_eq!(world.inbox_rows().await, 2, "not together");
    while world.inbox_worker().apply_once().await.unwrap() > 0 {}
    assert_eq!((world.effects("case_ahead").await, world.effects("case_of_today").await), (vec![1], vec![1]));
}
