//! Where what a bus brings comes in.
//!
//! An event that is next in its stream has its effect at once, and never lies in the inbox. What came before its turn is
//! kept there in the same transaction. Where anything at all goes wrong, everything is kept as it came, and the inbox's
//! worker finds out, stream by stream, what it was.

use std::{collections::BTreeMap, fmt, sync::Arc};

use flare_contracts::Producer;
use flare_store::{Database, Error};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Consumer, FollowTrace, Role,
    apply::Apply,
    figures,
    parking::{Parked, park},
};

/// How many streams are taken in by one transaction: enough to share the cost of its commit.
const STREAMS: usize = 32;
/// How many transactions run beside each other, where the database lets more than one write.
const AT_ONCE: u32 = 2;

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
        // What several producers tell of one case goes together: apart, they would wait for its lock.
        let mut of_cases: BTreeMap<String, Vec<Parked>> = BTreeMap::new();
        for event in events {
            of_cases.entry(event.key.stream.clone()).or_default().push(event);
        }
        let cases: Vec<_> = of_cases.into_values().collect();
        let groups: Vec<_> = cases.chunks(STREAMS).map(<[_]>::concat).collect();
        let at_once = self.database.writes_at_once().min(AT_ONCE);
        stream::iter(groups)
            .map(|group| self.receive_together(group))
            .buffer_unordered(usize::try_from(at_once).unwrap_or(1))
            .try_collect()
            .await
    }

    async fn receive_together(&self, events: Vec<Parked>) -> Result<(), Error> {
        let Err(error) = self.apply(&events).await else { return Ok(()) };
        tracing::debug!(service = %self.service, %error, "events could not be applied as they came");
        park(&self.database, events).await
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
