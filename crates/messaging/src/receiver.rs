//! Where what a bus brings comes in.
//!
//! An event that is next in its stream has its effect at once, and never lies in the inbox. What came before its turn is
//! kept there in the same transaction. Where anything at all goes wrong, everything is kept as it came, and the inbox's
//! worker finds out, stream by stream, what it was.

use std::{fmt, sync::Arc};

use flare_contracts::Producer;
use flare_store::{Database, Error};

use crate::{
    Consumer, FollowTrace, Role,
    apply::Apply,
    figures,
    parking::{Parked, park},
};

/// How many events are taken in by one transaction: enough to share the cost of its commit.
const AT_ONCE: usize = 64;

/// Takes in what a bus brings to a service.
#[derive(Clone)]
pub(crate) struct Receiver {
    service: Producer,
    database: Database,
    consumer: Arc<dyn Consumer>,
    follow: FollowTrace,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Receiver {
    /// The receiver of a role; none when the role listens to nobody.
    pub(crate) fn of_role(role: &Role, follow: FollowTrace) -> Option<Self> {
        let consumer = Arc::clone(role.consumer.as_ref()?);
        Some(Self { service: role.producer, database: role.database.clone(), consumer, follow })
    }

    /// Whose events it takes.
    pub(crate) fn listens_to(&self, producer: Producer) -> bool {
        self.consumer.listens_to().contains(&producer)
    }

    /// Takes events in. Once this is done each of them is durable here: applied, or kept in the inbox.
    pub(crate) async fn receive(&self, events: Vec<Parked>) -> Result<(), Error> {
        for some in events.chunks(AT_ONCE) {
            if let Err(error) = self.apply(some).await {
                tracing::debug!(service = %self.service, %error, "events could not be applied as they came");
                park(&self.database, some.to_vec()).await?;
            }
        }
        Ok(())
    }

    async fn apply(&self, events: &[Parked]) -> Result<(), Error> {
        let mut streams: Vec<_> = events.iter().map(|event| event.key.clone()).collect();
        streams.sort();
        streams.dedup();
        let write = Apply {
            consumer: Arc::clone(&self.consumer),
            streams,
            came: events.into(),
            most: i64::MAX,
            progress: Arc::default(),
            follow: self.follow,
        };
        let applied = self.database.write(write).await?;
        figures::count(figures::APPLIED, self.service, applied.events);
        Ok(())
    }
}
