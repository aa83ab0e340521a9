//! What a service does with the events of others.

use async_trait::async_trait;
use flare_contracts::{Event, Service, UnknownEvent, events::v1::LoggedEvent};
use flare_kernel::{Lane, Timestamp};
use flare_store::{EventRecord, Tx};

use crate::bus::recorded;

/// A service's answer to the events of others.
///
/// The events of one stream are applied in their order, each once: whatever `apply` writes commits together with
/// the mark that the event was applied.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Whose streams to receive: what [`listens_to`](crate::listens_to) says of this service.
    fn listens_to(&self) -> &'static [Service];

    /// Writes the event's effect. A consumer receives every kind of event of a producer; one it has no use for is left
    /// without effect. An error undoes everything, and the event is tried again until it is quarantined.
    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), flare_store::Error>;
}

/// An event of another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Whose event it is.
    pub producer: Service,
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
    pub fn decode(producer: Service, logged: LoggedEvent) -> Result<Self, UnknownEvent> {
        Self::of_record(producer, &recorded(logged).ok_or(UnknownEvent(producer))?)
    }

    /// Reads an event as its producer logged it. One that was erased is none that anybody knows.
    pub(crate) fn of_record(producer: Service, record: &EventRecord) -> Result<Self, UnknownEvent> {
        let event = Event::decode(producer, record.payload.as_deref().unwrap_or_default())?;
        Ok(Self {
            producer,
            stream: record.stream.clone(),
            seq: record.seq,
            event_id: record.event_id.clone(),
            at: record.at,
            actor: record.actor.clone().unwrap_or_default(),
            lane: record.lane,
            event,
        })
    }
}
