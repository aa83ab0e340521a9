//! From the outbox to the bus.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use flare_contracts::Service;
use flare_kernel::Lane;

use super::{World, on_both_engines};
use crate::{
    Bus, Outgoing, PublishError, Relay,
    relay::{BATCH, LEASE, Relayed},
};

on_both_engines!(
    everything_is_published_once_the_most_pressing_first,
    two_relays_at_once_lose_nothing,
    a_refused_event_waits_longer_each_time_and_others_go_on,
    a_bus_that_is_away_postpones_nothing,
    a_claim_ends_with_its_lease,
    an_answer_that_is_missing_is_no_confirmation,
    the_local_bus_hands_a_batch_to_each_listener,
);

/// Notes what it is given and answers as told.
#[derive(Default)]
struct Notebook {
    published: Mutex<Vec<(String, i64)>>,
    refuses: Mutex<HashSet<i64>>,
    away: Mutex<bool>,
    not_ready: Mutex<bool>,
    answers: Mutex<Option<usize>>,
}

impl Notebook {
    fn published(&self) -> Vec<(String, i64)> {
        self.published.lock().unwrap().clone()
    }
}

#[async_trait]
impl Bus for Notebook {
    async fn ready(&self, _: Service) -> Result<(), PublishError> {
        if *self.not_ready.lock().unwrap() { Err(PublishError::Away("not ready".into())) } else { Ok(()) }
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::new();
        for outgoing in batch {
            answers.push(if *self.away.lock().unwrap() {
                Err(PublishError::Away("told to".into()))
            } else if self.refuses.lock().unwrap().contains(&outgoing.event.seq) {
                Err(PublishError::Unroutable)
            } else {
                self.published.lock().unwrap().push((outgoing.event.stream.clone(), outgoing.event.seq));
                Ok(())
            });
        }
        answers.truncate(self.answers.lock().unwrap().unwrap_or(usize::MAX));
        answers
    }
}

fn relay(world: &World, bus: &Arc<Notebook>) -> Relay {
    Relay::new(&world.intake_role(), Arc::clone(bus) as Arc<dyn Bus>)
}

async fn everything_is_published_once_the_most_pressing_first(world: &World) {
    let (intake, bus) = (world.intake(), Arc::new(Notebook::default()));
    intake.log("case_standard", Lane::Standard, 2).await;
    intake.log("case_critical", Lane::Critical, 2).await;
    let relay = relay(world, &bus);
    assert_eq!(relay.relay_once().await.unwrap(), Relayed { published: 4, postponed: 0, away: None });
    let named = |stream: &str, seq| (stream.to_owned(), seq);
    let expected = [
        named("case_critical", 1),
        named("case_critical", 2),
        named("case_standard", 1),
        named("case_standard", 2),
    ];
    assert_eq!(bus.published(), expected);
    assert_eq!(world.outbox_rows().await, 0);
    assert_eq!(relay.relay_once().await.unwrap(), Relayed::default(), "nothing is left to do");
}

async fn two_relays_at_once_lose_nothing(world: &World) {
    let (intake, bus) = (world.intake(), Arc::new(Notebook::default()));
    let mut logged = HashSet::new();
    for case in 0..30 {
        let stream = format!("case_{case}");
        intake.log(&stream, Lane::Urgent, 20).await;
        logged.extend((1..=20).map(|seq| (stream.clone(), seq)));
    }
    let drain = |relay: Relay| async move { while relay.relay_once().await.unwrap().published > 0 {} };
    let (first, second) = (relay(world, &bus), relay(world, &bus));
    tokio::join!(tokio::spawn(drain(first)), tokio::spawn(drain(second))).0.unwrap();
    relay(world, &bus).relay_once().await.unwrap();

    let mut times = HashMap::<_, usize>::new();
    for event in bus.published() {
        *times.entry(event).or_default() += 1;
    }
    assert_eq!(times.keys().cloned().collect::<HashSet<_>>(), logged, "nothing is lost");
    assert!(times.values().all(|times| *times == 1), "two relays never claim the same event");
    assert_eq!(world.outbox_rows().await, 0);
}

async fn a_refused_event_waits_longer_each_time_and_others_go_on(world: &World) {
    let (intake, bus) = (world.intake(), Arc::new(Notebook::default()));
    intake.log("case_1", Lane::Critical, 3).await;
    bus.refuses.lock().unwrap().insert(2);
    let relay = relay(world, &bus);
    assert_eq!(relay.relay_once().await.unwrap(), Relayed { published: 2, postponed: 1, away: None });
    for _ in 0..12 {
        assert_eq!(relay.relay_once().await.unwrap(), Relayed::default(), "it waits");
        world.advance_secs(60);
        let again = Relayed { published: 0, postponed: 1, away: None };
        assert_eq!(relay.relay_once().await.unwrap(), again, "for ever, but never longer than a minute");
    }
    bus.refuses.lock().unwrap().clear();
    world.advance_secs(60);
    assert_eq!(relay.relay_once().await.unwrap().published, 1);
    assert_eq!(world.outbox_rows().await, 0);
}

async fn a_bus_that_is_away_postpones_nothing(world: &World) {
    let (intake, bus) = (world.intake(), Arc::new(Notebook::default()));
    intake.log("case_1", Lane::Standard, 3).await;
    let relay = relay(world, &bus);
    *bus.not_ready.lock().unwrap() = true;
    assert_eq!(relay.relay_once().await.unwrap().away.as_deref(), Some("the bus is away: not ready"));
    *bus.not_ready.lock().unwrap() = false;
    *bus.away.lock().unwrap() = true;
    assert_eq!(relay.relay_once().await.unwrap().postponed, 3);
    *bus.away.lock().unwrap() = false;
    assert_eq!(relay.relay_once().await.unwrap().published, 3, "at once, without any time passing");
}

async fn a_claim_ends_with_its_lease(world: &World) {
    struct Hangs;
    #[async_trait]
    impl Bus for Hangs {
        async fn ready(&self, _: Service) -> Result<(), PublishError> {
            Ok(())
        }
        async fn publish(&self, _: &[Outgoing]) -> Vec<Result<(), PublishError>> {
            std::future::pending().await
        }
    }

    world.intake().log("case_1", Lane::Critical, 2).await;
    let dies = tokio::spawn({
        let relay = Relay::new(&world.intake_role(), Arc::new(Hangs));
        async move { relay.relay_once().await }
    });
    let bus = Arc::new(Notebook::default());
    let other = relay(world, &bus);
    super::eventually("the events are claimed", async || {
        let query = flare_store::sql("SELECT seq FROM outbox WHERE claim <> '' LIMIT 1");
        world.intake_role().database.fetch_optional(query).await.unwrap().is_some()
    })
    .await;
    dies.abort();
    assert_eq!(other.relay_once().await.unwrap(), Relayed::default(), "the claim still holds");
    world.advance_secs(LEASE.as_micros() / 1_000_000);
    assert_eq!(other.relay_once().await.unwrap().published, 2);
}

async fn an_answer_that_is_missing_is_no_confirmation(world: &World) {
    let bus = Arc::new(Notebook::default());
    world.intake().log("case_1", Lane::Urgent, 3).await;
    *bus.answers.lock().unwrap() = Some(1);
    let relayed = relay(world, &bus).relay_once().await.unwrap();
    assert_eq!(relayed, Relayed { published: 1, postponed: 2, away: None });
    assert_eq!(world.outbox_rows().await, 2);
}

async fn the_local_bus_hands_a_batch_to_each_listener(world: &World) {
    let all = i64::try_from(BATCH).unwrap();
    world.intake().log("case_1", Lane::Urgent, BATCH + 1).await;
    let relay = Relay::new(&world.intake_role(), Arc::new(world.local_bus()));
    assert_eq!(relay.relay_once().await.unwrap().published, BATCH, "a whole batch at once");
    assert_eq!(world.effects("case_1").await, (1..=all).collect::<Vec<_>>());
    assert_eq!(relay.relay_once().await.unwrap().published, 1);
    assert_eq!(world.effects("case_1").await, (1..=all + 1).collect::<Vec<_>>());
    assert_eq!((world.recorder.disorder(), world.inbox_rows().await), (0, 0));
}
