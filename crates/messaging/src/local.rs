//! The bus of a process that runs every service itself: publishing is storing the inbox row of each listener.

use async_trait::async_trait;
use flare_contracts::Producer;
use flare_store::Database;
use futures::future::join_all;

use crate::{
    Bus, Outgoing, PublishError, Role,
    bus::logged,
    parking::{Parked, park},
};

/// The same port as a broker's, without one: the outbox is the durable queue.
#[derive(Clone, Debug)]
pub struct LocalBus(Vec<Listener>);

#[derive(Clone, Debug)]
struct Listener {
    listens_to: &'static [Producer],
    database: Database,
}

impl LocalBus {
    /// The bus between these roles.
    pub fn new(roles: &[Role]) -> Self {
        let listener = |role: &Role| {
            let listens_to = role.consumer.as_ref()?.listens_to();
            Some(Listener { listens_to, database: role.database.clone() })
        };
        Self(roles.iter().filter_map(listener).collect())
    }
}

impl Listener {
    /// Stores what it listens to in one transaction.
    async fn receive(&self, batch: &[Outgoing]) -> Result<(), PublishError> {
        let heard = batch.iter().filter(|outgoing| self.listens_to.contains(&outgoing.producer));
        let rows = heard.map(|outgoing| {
            Parked::new(outgoing.producer, &logged(&outgoing.event)).ok_or(PublishError::Refused)
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        park(&self.database, rows).await.map_err(|error| PublishError::Away(error.to_string()))
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn ready(&self, _: Producer) -> Result<(), PublishError> {
        Ok(())
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let outcomes = join_all(self.0.iter().map(|listener| listener.receive(batch))).await;
        let failed: Vec<_> =
            self.0.iter().zip(outcomes).filter_map(|(to, outcome)| Some((to, outcome.err()?))).collect();
        let outcome_of = |outgoing: &Outgoing| {
            let missing = failed.iter().find(|(to, _)| to.listens_to.contains(&outgoing.producer));
            missing.map_or(Ok(()), |(_, error)| Err(error.clone()))
        };
        batch.iter().map(outcome_of).collect()
    }
}
