//! Gaps are looked for at leisure, whatever comes meanwhile, and one that stays open counts as a failure.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use flare_contracts::{
    Service,
    events::v1::{LoggedEvent, StreamHead},
};
use flare_kernel::Lane;
use flare_store::Work;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{World, eventually, on_both_engines};
use crate::{EventSource, LocalEventSource, Round, Rounds as _, SourceError, cursor::TRIES};

on_both_engines!(
    a_look_rests_whatever_is_hinted,
    more_gaps_than_a_look_covers_are_fetched_look_by_look,
    a_gap_whose_event_cannot_be_put_in_order_stays_open_and_is_quarantined,
);

/// Events that came before their turn, each of a stream of its own.
async fn insert_gaps(world: &World, streams: usize) {
    let mut came = Vec::new();
    for stream in 0..streams {
        came.extend(world.intake().log(&format!("case_{stream}"), Lane::Urgent, 2).await.split_off(1));
    }
    world.insert(&came).await;
}

async fn a_look_rests_whatever_is_hinted(world: &World) {
    let (mut gaps, token) = (world.gap_worker(), CancellationToken::new());
    assert_eq!(gaps.round(&token).await.unwrap(), Round::Idle, "nothing waits");
    insert_gaps(world, 1).await;
    let (begun, database) = (Instant::now(), world.inbox_database());
    let hints = async {
        while !token.is_cancelled() {
            database.hint(Work::Inbox);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        round = gaps.round(&token) => assert_eq!(round.unwrap(), Round::Worked(Duration::ZERO)),
        () = hints => unreachable!("nobody cancelled it"),
    }
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let begun = Instant::now();
    let (stopped, ()) = tokio::join!(gaps.round(&token), async { token.cancel() });
    assert_eq!(stopped.unwrap(), Round::Idle);
    assert!(begun.elapsed() < Duration::from_secs(1), "a stop ends the rest");
}

/// Counts what it is asked for.
struct Counts {
    log: LocalEventSource,
    asked: AtomicUsize,
}

#[async_trait]
impl EventSource for Counts {
    async fn events_after(
        &self,
        of: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.log.events_after(of, stream, seq, limit).await
    }

    async fn stream_heads(
        &self,
        of: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError> {
        self.log.stream_heads(of, after, limit).await
    }
}

/// What the worker fetches hints at the inbox, and so at itself.
async fn more_gaps_than_a_look_covers_are_fetched_look_by_look(world: &World) {
    insert_gaps(world, 101).await;
    world.advance_secs(1);
    let source = Arc::new(Counts { log: LocalEventSource::new(&world.roles()), asked: AtomicUsize::new(0) });
    let gaps = world.gap_worker_on(&(Arc::clone(&source) as Arc<dyn EventSource>));
    let (begun, token) = (Instant::now(), CancellationToken::new());
    let running = tokio::spawn({
        let token = token.clone();
        async move { gaps.run(token).await }
    });
    eventually("all are there", async || world.inbox_rows().await == 202).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "three looks, and a rest between them");
    token.cancel();
    running.await.unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 101, "each once");
}

/// The next event has no lane that this version knows; the one behind it is sound.
struct WithoutLane(LocalEventSource);

#[async_trait]
impl EventSource for WithoutLane {
    async fn events_after(
        &self,
        of: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        let mut events = self.0.events_after(of, stream, seq, limit).await?;
        if let Some(next) = events.first_mut() {
            next.lane = i32::MAX;
        }
        Ok(events)
    }

    async fn stream_heads(
        &self,
        of: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError> {
        self.0.stream_heads(of, after, limit).await
    }
}

async fn a_gap_whose_event_cannot_be_put_in_order_stays_open_and_is_quarantined(world: &World) {
    insert_gaps(world, 1).await;
    let source = Arc::new(WithoutLane(LocalEventSource::new(&world.roles())));
    let gaps = world.gap_worker_on(&(source as Arc<dyn EventSource>));
    for _ in 0..TRIES {
        assert_eq!(world.quarantine("case_0").await, None);
        world.advance_secs(60);
        gaps.fetch_once().await.unwrap();
    }
    assert_eq!(world.quarantine("case_0").await.as_deref(), Some("MISSING_EVENT"));
}
