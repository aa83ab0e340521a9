//! What a service does with the events of others.

use async_trait::async_trait;
use flare_contracts::{Event, Producer, UnknownEvent, common, events::v1::LoggedEvent, input};
use flare_kernel::{Lane, Timestamp};
use flare_store::Tx;

/// A service's answer to the events of others.
///
/// The events of one stream are applied in their order, each once: whatever `apply` writes commits together with
/// the mark that the event was applied.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Whose streams to receive: what [`listens_to`](crate::listens_to) says of this service.
    fn listens_to(&self) -> &'static [Producer];

    /// Writes the event's effect. A consumer receives every kind of event of a producer; one it has no use for is left
    /// without effect. An error undoes everything, and the event is tried again until it is quarantined.
    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), flare_store::Error>;
}

/// An event of another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Whose event it is.
    pub producer: Producer,
    /// Whose history it is part of, such as `case_…`.
    pub stream: String,
    /// Its number there, from 1.
    pub seq: i64,
    /// Its id.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: a staff id, `requester`, or `system:<what>`.
    pub actor: String,
    /// How soon it matters.
    pub lane: Lane,
    /// What happened.
    pub event: Event,
}

impl Received {
    /// Reads an event off the wire.
    pub fn decode(producer: Producer, logged: LoggedEvent) -> Result<Self, UnknownEvent> {
        let event = Event::decode(producer, &logged.payload)?;
        let lane = lane_of(&logged).ok_or(UnknownEvent(producer))?;
        Ok(Self {
            producer,
            seq: logged.seq,
            at: logged.at.as_ref().map(input::timestamp_in).ok_or(UnknownEvent(producer))?,
            stream: logged.stream,
            event_id: logged.event_id,
            actor: logged.actor,
            lane,
            event,
        })
    }
}

/// The lane an event travels in, if it names one.
pub(crate) fn lane_of(logged: &LoggedEvent) -> Option<Lane> {
    match logged.lane() {
        common::v1::Lane::Unspecified => None,
        common::v1::Lane::Critical => Some(Lane::Critical),
        common::v1::Lane::Urgent => Some(Lane::Urgent),
        common::v1::Lane::Standard => Some(Lane::Standard),
    }
}
