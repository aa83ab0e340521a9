//! From the inbox to a consumer's tables.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use flare_contracts::{
    Service,
    events::v1::{LoggedEvent, StreamHead},
};
use flare_kernel::{Lane, random};
use tokio_util::sync::CancellationToken;

use super::{World, eventually, on_both_engines};
use crate::{
    EventSource, FetchError, Handler, HostedService, InboxWorker, LocalEventSource, Received, SourceError,
    Wiring, apply::RUN, cursor::TRIES, workers,
};

on_both_engines!(
    events_in_any_order_and_twice_have_their_effect_once_and_in_order,
    a_gap_is_fetched_after_a_second,
    a_gap_waits_while_its_producer_is_away,
    a_producer_that_hangs_holds_up_its_own_gaps_only,
    a_worker_that_starts_tries_again_what_a_version_could_not_read,
    an_event_that_its_producer_does_not_have_is_quarantined,
    a_failing_event_stops_its_own_stream_only,
    a_panic_counts_as_a_failure,
    an_unknown_event_is_quarantined_and_an_erased_one_passed_over,
    critical_streams_come_first_even_behind_standard_events,
    two_workers_on_one_stream_apply_each_event_once,
    a_worker_stops_when_it_is_told_to,
);

async fn drain(worker: &InboxWorker) {
    while worker.apply_once().await.unwrap() > 0 {}
}

async fn events_in_any_order_and_twice_have_their_effect_once_and_in_order(world: &World) {
    let long = usize::try_from(RUN).unwrap() * 2 + 7;
    let mut events = world.intake().log("case_1", Lane::Urgent, long).await;
    let worker = world.inbox_worker();
    events.reverse();
    for event in &events[..events.len() - 1] {
        world.insert(std::slice::from_ref(event)).await;
        assert_eq!(worker.apply_once().await.unwrap(), 0, "the first is not there yet");
    }
    world.insert(&events).await;
    drain(&worker).await;
    assert_eq!(world.effects("case_1").await, (1..=i64::try_from(long).unwrap()).collect::<Vec<_>>());

    world.insert(&events[..10]).await;
    drain(&worker).await;
    assert_eq!(world.inbox_rows().await, 0, "what came again is gone");
    assert_eq!(world.recorder.disorder(), 0);
    assert_eq!(world.recorder.calls.load(Ordering::SeqCst), long);
}

async fn a_gap_is_fetched_after_a_second(world: &World) {
    let events = world.intake().log("case_1", Lane::Urgent, 5).await;
    world.insert(&events[..1]).await;
    world.insert(&events[3..]).await;
    let (worker, gaps) = (world.inbox_worker(), world.gap_worker());
    drain(&worker).await;
    assert_eq!(world.effects("case_1").await, [1]);
    assert_eq!(gaps.fetch_once().await.unwrap(), 0, "most gaps close by themselves");
    world.advance_secs(1);
    assert_eq!(gaps.fetch_once().await.unwrap(), 4);
    drain(&worker).await;
    assert_eq!(world.effects("case_1").await, [1, 2, 3, 4, 5]);
    assert_eq!(gaps.fetch_once().await.unwrap(), 0);
    assert_eq!(world.recorder.disorder(), 0);
}

/// A producer that does not answer.
struct Away;

#[async_trait]
impl EventSource for Away {
    async fn events_after(
        &self,
        of: Service,
        _: &str,
        _: i64,
        _: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        Err(SourceError::Unknown(of))
    }
    async fn stream_heads(&self, of: Service, _: &str, _: i32) -> Result<Vec<StreamHead>, SourceError> {
        Err(SourceError::Unknown(of))
    }
}

async fn a_gap_waits_while_its_producer_is_away(world: &World) {
    let events = world.intake().log("case_1", Lane::Urgent, 2).await;
    world.insert(&events[1..]).await;
    let away = world.gap_worker_on(&(Arc::new(Away) as _));
    for _ in 0..=TRIES {
        world.advance_secs(60);
        assert!(matches!(away.fetch_once().await, Err(FetchError::Source(_))));
    }
    assert_eq!(world.quarantine("case_1").await, None, "that is no fault of the event");
    world.gap_worker().fetch_once().await.unwrap();
    drain(&world.inbox_worker()).await;
    assert_eq!(world.effects("case_1").await, [1, 2]);
}

/// Knows intake's log; grants never answers.
struct GrantsHangs(LocalEventSource);

#[async_trait]
impl EventSource for GrantsHangs {
    async fn events_after(
        &self,
        of: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        if of == Service::Grants {
            std::future::pending::<()>().await;
        }
        self.0.events_after(of, stream, seq, limit).await
    }
    async fn stream_heads(&self, _: Service, _: &str, _: i32) -> Result<Vec<StreamHead>, SourceError> {
        Ok(Vec::new())
    }
}

/// Listens to a second producer.
struct ListensToGrants(Arc<dyn Handler>);

#[async_trait]
impl Handler for ListensToGrants {
    fn listens_to(&self) -> &'static [Service] {
        &[Service::Grants, Service::Intake]
    }

    async fn apply(&self, tx: &mut flare_store::Tx, received: &Received) -> Result<(), flare_store::Error> {
        self.0.apply(tx, received).await
    }
}

async fn a_producer_that_hangs_holds_up_its_own_gaps_only(world: &World) {
    let intake = world.intake();
    let of_grants = intake.log("case_grants", Lane::Critical, 2).await;
    world.insert_as(Service::Grants, &of_grants[1..]).await;
    let gap = intake.log("case_gap", Lane::Urgent, 2).await;
    world.insert(&gap[1..]).await;
    world.advance_secs(1);
    let whole = intake.log("case_whole", Lane::Standard, 2).await;
    world.insert(&whole).await;

    let role = world.triage_role();
    let handler = Arc::new(ListensToGrants(role.handler.clone().unwrap()));
    let role = HostedService { handler: Some(handler), ..role };
    let source = Arc::new(GrantsHangs(LocalEventSource::new(&world.roles())));
    let bus = Arc::new(world.local_bus());
    let wiring = Wiring { bus, source, rabbit: None, follow: |_, _| {} };
    let token = CancellationToken::new();
    let running: Vec<_> =
        workers(&[role], &wiring).into_iter().map(|worker| tokio::spawn(worker.run(token.clone()))).collect();
    for stream in ["case_whole", "case_gap"] {
        eventually("everything else is applied", async || world.effects(stream).await == [1, 2]).await;
    }
    assert!(world.effects("case_grants").await.is_empty());
    token.cancel();
    for worker in running {
        worker.await.unwrap();
    }
}

/// What an older version could not read is read by the next.
async fn a_worker_that_starts_tries_again_what_a_version_could_not_read(world: &World) {
    let (intake, worker) = (world.intake(), world.inbox_worker());
    let readable = intake.log("case_newer", Lane::Urgent, 1).await;
    intake.spoil("case_newer", 1).await;
    let refused = intake.log("case_fails", Lane::Urgent, 4).await;
    world.recorder.refuses.lock().unwrap().insert(4);
    world.insert(&refused).await;
    world.reconciler().reconcile_once().await.unwrap();
    for _ in 0..TRIES {
        drain(&worker).await;
        world.advance_secs(60);
    }
    assert_eq!(world.quarantine("case_newer").await.as_deref(), Some("UNKNOWN_EVENT"));
    world.replace_inbox_row(&readable[0]).await;
    world.recorder.refuses.lock().unwrap().clear();

    let token = CancellationToken::new();
    let running = tokio::spawn({
        let token = token.clone();
        async move { worker.run(token).await }
    });
    eventually("it is applied", async || world.effects("case_newer").await == [1]).await;
    token.cancel();
    running.await.unwrap();
    assert_eq!(world.quarantine("case_newer").await, None);
    assert_eq!(
        world.quarantine("case_fails").await.as_deref(),
        Some("TOLD_TO_REFUSE"),
        "that is a person's to say"
    );
}

async fn an_event_that_its_producer_does_not_have_is_quarantined(world: &World) {
    /// A log that lost its beginning.
    struct Empty;
    #[async_trait]
    impl EventSource for Empty {
        async fn events_after(
            &self,
            _: Service,
            _: &str,
            _: i64,
            _: i32,
        ) -> Result<Vec<LoggedEvent>, SourceError> {
            Ok(Vec::new())
        }
        async fn stream_heads(&self, _: Service, _: &str, _: i32) -> Result<Vec<StreamHead>, SourceError> {
            Ok(Vec::new())
        }
    }

    let events = world.intake().log("case_1", Lane::Urgent, 2).await;
    world.insert(&events[1..]).await;
    let gaps = world.gap_worker_on(&(Arc::new(Empty) as _));
    for _ in 0..TRIES {
        assert_eq!(world.quarantine("case_1").await, None);
        world.advance_secs(60);
        assert_eq!(gaps.fetch_once().await.unwrap(), 0);
    }
    assert_eq!(world.quarantine("case_1").await.as_deref(), Some("MISSING_EVENT"));
}

async fn a_failing_event_stops_its_own_stream_only(world: &World) {
    let (intake, worker) = (world.intake(), world.inbox_worker());
    let failing = intake.log("case_fails", Lane::Critical, 5).await;
    let others = intake.log("case_goes_on", Lane::Standard, 2).await;
    world.recorder.refuses.lock().unwrap().insert(4);
    world.insert(&failing).await;
    world.insert(&others).await;

    drain(&worker).await;
    assert_eq!(world.effects("case_fails").await, [1, 2, 3], "what came before it is applied");
    assert_eq!(world.effects("case_goes_on").await, [1, 2]);
    let calls = world.recorder.calls.load(Ordering::SeqCst);
    drain(&worker).await;
    assert_eq!(world.recorder.calls.load(Ordering::SeqCst), calls, "it waits before it is tried again");

    for _ in 1..TRIES {
        assert_eq!(world.quarantine("case_fails").await, None);
        world.advance_secs(60);
        drain(&worker).await;
    }
    assert_eq!(world.quarantine("case_fails").await.as_deref(), Some("TOLD_TO_REFUSE"));
    let calls = world.recorder.calls.load(Ordering::SeqCst);
    world.advance_secs(3600);
    drain(&worker).await;
    assert_eq!(world.recorder.calls.load(Ordering::SeqCst), calls, "a quarantined stream waits for a person");
    assert_eq!(world.effects("case_fails").await, [1, 2, 3], "nothing of the failed event stayed");
}

async fn a_panic_counts_as_a_failure(world: &World) {
    let events = world.intake().log("case_1", Lane::Urgent, 2).await;
    world.recorder.panics.lock().unwrap().insert(2);
    world.insert(&events).await;
    let worker = world.inbox_worker();
    for _ in 0..TRIES {
        drain(&worker).await;
        world.advance_secs(60);
    }
    assert_eq!(world.effects("case_1").await, [1]);
    assert_eq!(world.quarantine("case_1").await.as_deref(), Some("PANIC"));
}

async fn an_unknown_event_is_quarantined_and_an_erased_one_passed_over(world: &World) {
    let (intake, worker) = (world.intake(), world.inbox_worker());
    intake.log("case_newer", Lane::Urgent, 2).await;
    intake.spoil("case_newer", 2).await;
    intake.log("case_erased", Lane::Urgent, 3).await;
    intake.erase("case_erased", 1).await;
    world.reconciler().reconcile_once().await.unwrap();
    for _ in 0..TRIES {
        drain(&worker).await;
        world.advance_secs(60);
    }
    assert_eq!(world.quarantine("case_newer").await.as_deref(), Some("UNKNOWN_EVENT"));
    assert_eq!(world.effects("case_newer").await, [1]);
    assert_eq!(world.effects("case_erased").await, [2, 3], "there was nothing left to have an effect");
    assert_eq!(world.quarantine("case_erased").await, None);
}

async fn critical_streams_come_first_even_behind_standard_events(world: &World) {
    let intake = world.intake();
    for case in 0..200 {
        let events = intake.log(&format!("case_{case:03}"), Lane::Standard, 1).await;
        world.insert(&events).await;
    }
    world.advance_secs(1);
    let behind = intake.log("case_pressing", Lane::Standard, 1).await;
    let pressing = intake.log("case_pressing", Lane::Critical, 1).await;
    world.insert(&behind).await;
    world.insert(&pressing).await;
    let applied = world.inbox_worker().apply_once().await.unwrap();
    assert!(applied < 202, "one look must not cover everything here");
    assert_eq!(world.effects("case_pressing").await, [1, 2]);
}

/// Without the lock on the cursor two workers apply the same events, and an event that is kept while the one before
/// it is applied waits for ever.
async fn two_workers_on_one_stream_apply_each_event_once(world: &World) {
    const EVENTS: usize = 300;
    let mut events = world.intake().log("case_1", Lane::Urgent, EVENTS).await;
    for at in 0..events.len() {
        let other = usize::from(u16::from_be_bytes(random().unwrap())) % events.len();
        events.swap(at, other);
    }
    let token = CancellationToken::new();
    let workers = [world.inbox_worker(), world.inbox_worker()].map(|worker| {
        let token = token.clone();
        tokio::spawn(async move { worker.run(token).await })
    });
    let (left, right) = events.split_at(EVENTS / 2);
    let insert = async |events: &[flare_store::EventRecord]| {
        for few in events.chunks(3) {
            world.insert(few).await;
        }
    };
    tokio::join!(insert(left), insert(right));
    let all: Vec<_> = (1..=i64::try_from(EVENTS).unwrap()).collect();
    eventually("all events are applied", async || world.effects("case_1").await == all).await;
    token.cancel();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(world.recorder.disorder(), 0);
    assert_eq!(world.inbox_rows().await, 0);
    assert_eq!(world.quarantine("case_1").await, None);
}

async fn a_worker_stops_when_it_is_told_to(world: &World) {
    let stopped = AtomicUsize::new(0);
    let token = CancellationToken::new();
    token.cancel();
    world.inbox_worker().run(token.clone()).await;
    stopped.fetch_add(1, Ordering::SeqCst);
    world.reconciler().run(token).await;
    stopped.fetch_add(1, Ordering::SeqCst);
    assert_eq!(stopped.load(Ordering::SeqCst), 2);
}
