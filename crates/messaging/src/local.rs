//! The bus of a process that runs every service itself: publishing is taking in, with each listener.

use async_trait::async_trait;
use flare_contracts::Producer;
use futures::future::join_all;

use crate::{
    Bus, FollowTrace, Outgoing, PublishError, Role, bus::logged, parking::Parked, receiver::Receiver,
};

/// The same port as a broker's, without one: the outbox is the durable queue.
#[derive(Clone, Debug)]
pub struct LocalBus(Vec<Receiver>);

impl LocalBus {
    /// The bus between these roles.
    pub fn new(roles: &[Role], follow: FollowTrace) -> Self {
        Self(roles.iter().filter_map(|role| Receiver::of_role(role, follow)).collect())
    }
}

/// Hands a listener what it listens to.
async fn hand_over(listener: &Receiver, batch: &[Outgoing]) -> Result<(), PublishError> {
    let heard = batch.iter().filter(|outgoing| listener.listens_to(outgoing.producer));
    let events = heard.map(|outgoing| {
        Parked::new(outgoing.producer, &logged(&outgoing.event)).ok_or(PublishError::Refused)
    });
    let events = events.collect::<Result<Vec<_>, _>>()?;
    listener.receive(events).await.map_err(|error| PublishError::Away(error.to_string()))
}

#[async_trait]
impl Bus for LocalBus {
    async fn ready(&self, _: Producer) -> Result<(), PublishError> {
        Ok(())
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let outcomes = join_all(self.0.iter().map(|listener| hand_over(listener, batch))).await;
        let failed: Vec<_> =
            self.0.iter().zip(outcomes).filter_map(|(to, outcome)| Some((to, outcome.err()?))).collect();
        let outcome_of = |outgoing: &Outgoing| {
            let missing = failed.iter().find(|(to, _)| to.listens_to(outgoing.producer));
            missing.map_or(Ok(()), |(_, error)| Err(error.clone()))
        };
        batch.iter().map(outcome_of).collect()
    }
}
