//! What triage and grants tell becomes what the requester is shown.
//!
//! A case begins here, so an event of a case that is not here is none of ours (the database was begun anew, or the
//! event is another installation's): it is left without effect. Only what a requester may know becomes a step: votes,
//! checks, notes and who works on the case do not.

mod grants;
mod triage;

use async_trait::async_trait;
use flare_contracts::{Event, Service, StepCode};
use flare_kernel::CaseId;
use flare_messaging::{Handler, Received};
use flare_store::{Error, Tx};

use crate::{domain::case_view::CaseView, store};

/// Listens to triage and grants.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntakeConsumer;

#[async_trait]
impl Handler for IntakeConsumer {
    fn listens_to(&self) -> &'static [Service] {
        flare_messaging::listens_to(Service::Intake)
    }

    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), Error> {
        match &received.event {
            Event::Triage(event) => triage::apply(tx, received, event).await,
            Event::Grants(event) => grants::apply(tx, received, event).await,
            // Intake does not listen to these.
            Event::Identity(_) | Event::Intake(_) | Event::Notification(_) => Ok(()),
        }
    }
}

/// Locks a case and reads it, if it is here.
async fn locked(tx: &mut Tx, case: CaseId) -> Result<Option<CaseView>, Error> {
    if tx.lock_begun(&case).await? { store::view::find(tx, case).await } else { Ok(None) }
}

/// Shows an event as a step.
async fn show(
    tx: &mut Tx,
    received: &Received,
    case: CaseId,
    what: StepCode,
    about: impl Into<String>,
) -> Result<(), Error> {
    store::view::add_step(tx, case, received.event_id.clone(), received.at, (what, about.into())).await
}

/// An id in an event of ours; the producer has checked it.
fn id<K: flare_kernel::IdKind>(text: &str, field: &str) -> Result<flare_kernel::Id<K>, Error> {
    text.parse().map_err(|_| Error::Corrupt(field.to_owned()))
}
