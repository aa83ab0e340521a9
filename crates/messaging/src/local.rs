//! The bus of a process that runs every service itself: publishing is taking in, with each listener.

use async_trait::async_trait;
use flare_contracts::Service;
use futures::future::join_all;

use crate::{
    Bus, FollowTrace, HostedService, Outgoing, PublishError, event_sink::EventSink, inbox_event::InboxEvent,
};

/// The same port as a broker's, without one: the outbox is the durable queue.
#[derive(Clone, Debug)]
pub struct LocalBus(Vec<EventSink>);

impl LocalBus {
    /// The bus between these services.
    pub fn new(roles: &[HostedService], follow: FollowTrace) -> Self {
        Self(roles.iter().filter_map(|role| EventSink::of_role(role, follow)).collect())
    }
}

/// Hands a listener what it listens to.
async fn hand_over(listener: &EventSink, batch: &[InboxEvent]) -> Result<(), PublishError> {
    let events = batch.iter().filter(|event| listener.listens_to(event.key.producer)).cloned().collect();
    listener.receive(events).await.map_err(|error| PublishError::Away(error.to_string()))
}

#[async_trait]
impl Bus for LocalBus {
    async fn ready(&self, _: Service) -> Result<(), PublishError> {
        Ok(())
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let read = |outgoing: &Outgoing| InboxEvent::of_record(outgoing.producer, outgoing.event.clone());
        let events: Vec<_> = batch.iter().map(read).collect();
        let outcomes = join_all(self.0.iter().map(|listener| hand_over(listener, &events))).await;
        let failed: Vec<_> =
            self.0.iter().zip(outcomes).filter_map(|(to, outcome)| Some((to, outcome.err()?))).collect();
        let outcome_of = |outgoing: &Outgoing| {
            let missing = failed.iter().find(|(to, _)| to.listens_to(outgoing.producer));
            missing.map_or(Ok(()), |(_, error)| Err(error.clone()))
        };
        batch.iter().map(outcome_of).collect()
    }
}
