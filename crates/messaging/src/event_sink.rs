//! Where what a bus brings comes in.
//!
//! An event that is next in its stream has its effect at once, and never lies in the inbox. What came before its turn is
//! kept there in the same transaction, and so is what is of another history. Where anything at all goes wrong, everything is kept as it came, and the inbox's
//! worker finds out, stream by stream, what it was.

use std::{collections::BTreeMap, fmt, sync::Arc};

use flare_contracts::Service;
use flare_kernel::Lane;
use flare_store::{Database, Error};

use crate::{
    FollowTrace, Handler, HostedService,
    apply::{Apply, reason_of},
    inbox_event::{InboxEvent, insert},
};

/// How many streams are taken in by one transaction: enough to share the cost of its commit.
const STREAMS: usize = 32;

/// Takes in what a bus brings to a service.
#[derive(Clone)]
pub(crate) struct EventSink {
    service: Service,
    database: Database,
    handler: Arc<dyn Handler>,
    follow: FollowTrace,
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSink").field("service", &self.service).finish_non_exhaustive()
    }
}

impl EventSink {
    /// The sink of a service; none when it listens to nobody.
    pub(crate) fn of_role(role: &HostedService, follow: FollowTrace) -> Option<Self> {
        let handler = Arc::clone(role.handler.as_ref()?);
        Some(Self { service: role.service, database: role.database.clone(), handler, follow })
    }

    /// Whose events it takes.
    pub(crate) fn listens_to(&self, producer: Service) -> bool {
        self.handler.listens_to().contains(&producer)
    }

    /// Takes events in. Once this is done each of them is durable here: applied, or kept in the inbox.
    pub(crate) async fn receive(&self, events: Vec<InboxEvent>) -> Result<(), Error> {
        for group in together(events) {
            self.receive_together(group.into()).await?;
        }
        Ok(())
    }

    async fn receive_together(&self, events: Arc<[InboxEvent]>) -> Result<(), Error> {
        let Err(error) = self.apply(Arc::clone(&events)).await else { return Ok(()) };
        tracing::debug!(service = %self.service, reason = reason_of(&error), "events could not be applied as they came");
        insert(&self.database, events).await
    }

    async fn apply(&self, came: Arc<[InboxEvent]>) -> Result<(), Error> {
        let mut streams: Vec<_> = came.iter().map(|event| event.key.clone()).collect();
        streams.sort();
        streams.dedup();
        let write = Apply {
            handler: Arc::clone(&self.handler),
            streams,
            came,
            most: i64::MAX,
            progress: Arc::default(),
            follow: self.follow,
        };
        self.database.write(write).await?.told_of(self.service);
        Ok(())
    }
}

/// Which events share a transaction, in the order of their turns: the most pressing first, and none with those of
/// another lane. What several producers tell of one case goes together: apart, they would wait for its lock.
fn together(events: Vec<InboxEvent>) -> Vec<Vec<InboxEvent>> {
    let mut lanes: BTreeMap<String, Lane> = BTreeMap::new();
    for event in &events {
        let lane = lanes.entry(event.key.stream.clone()).or_insert(event.record.lane);
        *lane = event.record.lane.min(*lane);
    }
    let mut cases: BTreeMap<(Lane, String), Vec<InboxEvent>> = BTreeMap::new();
    for event in events {
        let lane = lanes.get(&event.key.stream).copied().unwrap_or(event.record.lane);
        cases.entry((lane, event.key.stream.clone())).or_default().push(event);
    }
    let mut groups: Vec<(Lane, usize, Vec<InboxEvent>)> = Vec::new();
    for ((lane, _), events) in cases {
        match groups.last_mut().filter(|(of_lane, cases, _)| *of_lane == lane && *cases < STREAMS) {
            Some((_, cases, group)) => {
                *cases += 1;
                group.extend(events);
            }
            None => groups.push((lane, 1, events)),
        }
    }
    groups.into_iter().map(|(_, _, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        events::v1::LoggedEvent,
        input::{lane_out, timestamp_out},
    };
    use flare_kernel::Timestamp;

    use super::*;

    fn event(stream: &str, seq: i64, lane: Lane) -> InboxEvent {
        let (lane, at) = (lane_out(lane).into(), Some(timestamp_out(Timestamp::from_micros(0))));
        let logged = LoggedEvent { stream: stream.to_owned(), seq, at, lane, ..LoggedEvent::default() };
        InboxEvent::of_wire(Service::Intake, logged).unwrap()
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
