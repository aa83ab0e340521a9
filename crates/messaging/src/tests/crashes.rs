//! A process that dies between any two steps: nothing is lost and nothing has its effect twice.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use flare_contracts::Service;
use flare_kernel::Lane;
use tokio::sync::Notify;

use super::{World, on_both_engines};
use crate::{Bus, LocalBus, Outgoing, PublishError, Relay, relay::LEASE};

on_both_engines!(
    a_relay_that_dies_before_it_publishes,
    a_relay_that_dies_after_it_published,
    a_worker_that_dies_while_it_applies,
    a_caller_that_hangs_up_while_the_worker_applies,
    a_caller_that_hangs_up_while_events_are_taken_in,
);

/// A bus on which the process dies, before or after the events were taken in.
struct Dies {
    bus: LocalBus,
    after: bool,
    here: Notify,
}

#[async_trait]
impl Bus for Dies {
    async fn ready(&self, _: Service) -> Result<(), PublishError> {
        Ok(())
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        if self.after {
            assert!(self.bus.publish(batch).await.iter().all(Result::is_ok));
        }
        self.here.notify_one();
        std::future::pending().await
    }
}

async fn relay_dies(world: &World, after: bool) {
    world.intake().log("case_1", Lane::Critical, 20).await;
    let bus = Arc::new(Dies { bus: world.local_bus(), after, here: Notify::new() });
    let relay = Relay::new(&world.intake_role(), Arc::clone(&bus) as Arc<dyn Bus>);
    let dying = tokio::spawn(async move { relay.relay_once().await });
    bus.here.notified().await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(world.outbox_rows().await, 20, "nothing is deleted that was not confirmed");

    assert_eq!(world.effects("case_1").await.len(), if after { 20 } else { 0 });
    world.advance_secs(LEASE.as_micros() / 1_000_000);
    let next = Relay::new(&world.intake_role(), Arc::new(world.local_bus()));
    assert_eq!(next.relay_once().await.unwrap().published, 20);
    assert_eq!(world.effects("case_1").await, (1..=20).collect::<Vec<_>>());
    assert_eq!(world.recorder.calls.load(Ordering::SeqCst), 20, "each was applied once");
    assert_eq!((world.outbox_rows().await, world.inbox_rows().await), (0, 0));
}

async fn a_relay_that_dies_before_it_publishes(world: &World) {
    relay_dies(world, false).await;
}

async fn a_relay_that_dies_after_it_published(world: &World) {
    relay_dies(world, true).await;
}

/// A panic in the middle of the write stands for the death of the process: the effect was written, nothing committed.
async fn a_worker_that_dies_while_it_applies(world: &World) {
    let events = world.intake().log("case_1", Lane::Critical, 3).await;
    world.recorder.panics.lock().unwrap().insert(1);
    world.insert(&events).await;
    world.inbox_worker().apply_once().await.unwrap();
    assert_eq!(world.effects("case_1").await, [0; 0], "nothing of it stayed");
    assert_eq!(world.inbox_rows().await, 3);

    world.recorder.panics.lock().unwrap().clear();
    world.advance_secs(60);
    world.inbox_worker().apply_once().await.unwrap();
    assert_eq!(world.effects("case_1").await, [1, 2, 3]);
    assert_eq!(world.recorder.disorder(), 0);
}

/// Dropping the worker's future does not stop a write half-way, and the next worker finds what it did.
async fn a_caller_that_hangs_up_while_the_worker_applies(world: &World) {
    for round in 0..30 {
        let stream = format!("case_{round}");
        let events = world.intake().log(&stream, Lane::Critical, 3).await;
        world.insert(&events).await;
        let worker = world.inbox_worker();
        let dropped = tokio::spawn(async move { worker.apply_once().await });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        dropped.abort();
        let worker = world.inbox_worker();
        super::eventually("the stream is applied", async || {
            worker.apply_once().await.unwrap();
            world.effects(&stream).await == [1, 2, 3]
        })
        .await;
    }
    assert_eq!(world.recorder.disorder(), 0);
    super::eventually("the inbox is empty", async || world.inbox_rows().await == 0).await;
}

/// The same where a bus hands over: whatever was under way ends, and the bus comes again.
async fn a_caller_that_hangs_up_while_events_are_taken_in(world: &World) {
    for round in 0..30 {
        let stream = format!("case_{round}");
        let events = world.intake().log(&stream, Lane::Critical, 3).await;
        let dropped = tokio::spawn(world.receive(&events));
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        dropped.abort();
        world.receive(&events).await;
        assert_eq!(world.effects(&stream).await, [1, 2, 3]);
    }
    assert_eq!((world.recorder.disorder(), world.inbox_rows().await), (0, 0));
}
