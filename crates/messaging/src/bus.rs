//! The port through which events leave a service.

use async_trait::async_trait;
use flare_contracts::{
    Service, common,
    events::v1::{LoggedEvent, StreamHead},
    input,
};
use flare_kernel::Lane;
use flare_store::{EventRecord, LastEvent};

/// Carries events to whoever listens.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Waits until events of this producer can be published, or says that they cannot be now. Asked before events are
    /// claimed, so that a claim never runs out while a connection is made.
    async fn ready(&self, producer: Service) -> Result<(), PublishError>;

    /// Publishes events; one answer for each, in their order. `Ok` means that every listener has the event durably or
    /// that a broker has it durably for them.
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>>;
}

/// An event on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Whose event it is.
    pub producer: Service,
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

/// An event as it came, as its producer logged it; none when it is no event that could ever be put in order.
pub(crate) fn recorded(logged: LoggedEvent) -> Option<EventRecord> {
    let lane = lane_of(&logged)?;
    let at = input::timestamp_in(logged.at.as_ref()?);
    let erased = logged.payload.is_empty() && logged.salt.is_empty();
    let sound = logged.seq >= 1 && !logged.stream.is_empty();
    sound.then(|| EventRecord {
        stream: logged.stream,
        seq: logged.seq,
        event_id: logged.event_id,
        kind: logged.kind,
        payload: (!erased).then_some(logged.payload),
        actor: (!erased).then_some(logged.actor),
        at,
        lane,
        salt: (!erased).then_some(logged.salt),
        digest: logged.digest,
        hash: logged.hash,
        trace: logged.traceparent,
    })
}

/// The lane an event travels in, if it names one.
fn lane_of(logged: &LoggedEvent) -> Option<Lane> {
    match logged.lane() {
        common::v1::Lane::Unspecified => None,
        common::v1::Lane::Critical => Some(Lane::Critical),
        common::v1::Lane::Urgent => Some(Lane::Urgent),
        common::v1::Lane::Standard => Some(Lane::Standard),
    }
}

/// Where a history ends, as its producer tells it.
pub(crate) fn head_out(last: LastEvent) -> StreamHead {
    StreamHead { stream: last.stream, seq: last.seq, hash: last.hash }
}
