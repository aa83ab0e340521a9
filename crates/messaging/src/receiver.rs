//! Where what a bus brings comes in.
//!
//! An event that is next in its stream has its effect at once, and never lies in the inbox. What came before its turn is
//! kept there in the same transaction. Where anything at all goes wrong, everything is kept as it came, and the inbox's
//! worker finds out, stream by stream, what it was.

use std::{collections::BTreeMap, fmt, sync::Arc};

use flare_contracts::Producer;
use flare_kernel::Lane;
use flare_store::{Database, Error, Work};

use crate::{
    Consumer, FollowTrace, Role,
    apply::{Apply, reason_of},
    figures,
    parking::{Parked, park},
};

/// How many streams are taken in by one transaction: enough to share the cost of its commit.
const STREAMS: usize = 32;

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
        for group in together(events) {
            self.receive_together(group).await?;
        }
        Ok(())
    }

    async fn receive_together(&self, events: Vec<Parked>) -> Result<(), Error> {
        let Err(error) = self.apply(&events).await else { return Ok(()) };
        tracing::debug!(service = %self.service, reason = reason_of(&error), "events could not be applied as they came");
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
        if applied.gone > 0 {
            // What waited behind these may be more than one turn takes.
            self.database.hint(Work::Inbox);
        }
        Ok(())
    }
}

/// Which events share a transaction, in the order of their turns: the most pressing first, and none with those of
/// another lane. What several producers tell of one case goes together: apart, they would wait for its lock.
fn together(events: Vec<Parked>) -> Vec<Vec<Parked>> {
    let mut lanes: BTreeMap<String, Lane> = BTreeMap::new();
    for event in &events {
        let lane = lanes.entry(event.key.stream.clone()).or_insert(event.lane);
        *lane = event.lane.min(*lane);
    }
    let mut cases: BTreeMap<(Lane, String), Vec<Parked>> = BTreeMap::new();
    for event in events {
        let lane = lanes.get(&event.key.stream).copied().unwrap_or(event.lane);
        cases.entry((lane, event.key.stream.clone())).or_default().push(event);
    }
    let cases: Vec<_> = cases.into_iter().collect();
    let of_lane = cases.chunk_by(|((left, _), _), ((right, _), _)| left == right);
    let groups = of_lane.flat_map(|of_lane| of_lane.chunks(STREAMS));
    groups.map(|group| group.iter().flat_map(|(_, events)| events.clone()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use flare_contracts::events::v1::LoggedEvent;
    use flare_contracts::input::lane_out;

    use super::*;

    fn event(stream: &str, seq: i64, lane: Lane) -> Parked {
        let lane = lane_out(lane).into();
        let logged = LoggedEvent { stream: stream.to_owned(), seq, lane, ..LoggedEvent::default() };
        Parked::new(Producer::Intake, &logged).unwrap()
    }

    #[test]
    fn the_most_pressing_go_first_and_by_themselves() {
        let mut events: Vec<_> =
            (10..50).map(|case| event(&format!("case_{case}"), 1, Lane::Standard)).collect();
        events.push(event("case_99", 1, Lane::Standard));
        events.push(event("case_99", 2, Lane::Critical));
        let groups = together(events);
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 32, 8]);
        assert!(groups[0].iter().all(|event| event.key.stream == "case_99"));
    }
}
