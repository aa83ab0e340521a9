//! The port through which events leave a service.

use async_trait::async_trait;
use flare_contracts::{Producer, events::v1::LoggedEvent, input};
use flare_store::EventRecord;

/// Carries events to whoever listens.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Waits until events of this producer can be published, or says that they cannot be now. Asked before events are
    /// claimed, so that a claim never runs out while a connection is made.
    async fn ready(&self, producer: Producer) -> Result<(), PublishError>;

    /// Publishes events; one answer for each, in their order. `Ok` means that every listener has the event durably or
    /// that a broker has it durably for them.
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>>;
}

/// An event on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Whose event it is.
    pub producer: Producer,
    /// The event as it is logged.
    pub event: EventRecord,
}

/// Why an event was not published. It will be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Nothing can be published now; no event is to blame.
    #[error("the bus is away: {0}")]
    Away(String),
    /// The broker has no queue for it.
    #[error("nobody's queue takes it")]
    Unroutable,
    /// The broker did not take it.
    #[error("the broker refused it")]
    Refused,
}

/// An event as it travels.
pub(crate) fn logged(event: &EventRecord) -> LoggedEvent {
    LoggedEvent {
        stream: event.stream.clone(),
        seq: event.seq,
        event_id: event.event_id.clone(),
        kind: event.kind.clone(),
        payload: event.payload.clone().unwrap_or_default(),
        actor: event.actor.clone().unwrap_or_default(),
        at: Some(input::timestamp_out(event.at)),
        lane: input::lane_out(event.lane).into(),
        salt: event.salt.clone().unwrap_or_default(),
        digest: event.digest.clone(),
        hash: event.hash.clone(),
        traceparent: event.trace.clone(),
    }
}
