//! What the events of intake and grants do to cases.
//!
//! Each event is applied once, in its stream's order, together with the mark that it was applied. The streams of intake
//! and of grants keep no order between each other, so grants may tell of a case that has not begun here: what it tells
//! is kept by case id, and the case finds it when it begins.

mod grants;
mod intake;

use async_trait::async_trait;
use flare_contracts::{Event, Service};
use flare_kernel::{Id, IdKind};
use flare_messaging::{Handler, Received, listens_to};
use flare_store::{Error, Tx};

use crate::Triage;

/// Listens to intake and grants.
#[derive(Clone, Debug)]
pub struct TriageConsumer(Triage);

impl TriageConsumer {
    /// Applies events to this service's cases.
    pub const fn new(triage: Triage) -> Self {
        Self(triage)
    }
}

#[async_trait]
impl Handler for TriageConsumer {
    fn listens_to(&self) -> &'static [Service] {
        listens_to(Service::Triage)
    }

    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), Error> {
        match &received.event {
            Event::Intake(event) => intake::apply(tx, &self.0.policy(), received, event).await,
            Event::Grants(event) => grants::apply(tx, &self.0.policy(), event).await,
            // Not listened to.
            Event::Identity(_) | Event::Triage(_) | Event::Notification(_) => Ok(()),
        }
    }
}

/// An id in an event. Producers check theirs before they log them, so another text is a fault, not a refusal.
fn id<K: IdKind>(field: &'static str, text: &str) -> Result<Id<K>, Error> {
    text.parse().map_err(|_| Error::Corrupt(format!("an event's {field}")))
}

#[cfg(test)]
mod tests;
