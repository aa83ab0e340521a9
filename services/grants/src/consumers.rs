//! What other services' events mean to grants: cases and references from triage, answers from intake, people from
//! identity.
//!
//! An event may speak of a case, a grant or a payment that grants does not know, or that has moved on since. Then it
//! changes nothing here: what it told stays in its producer's log, and the people who decide see it there.

mod identity;
mod intake;
mod triage;

use std::sync::Arc;

use async_trait::async_trait;
use flare_contracts::{Event, Refusal, Service};
use flare_kernel::{CaseId, GrantId, Id, IdKind, Timestamp};
use flare_messaging::{Handler, Received};
use flare_store::{Error, Tx};

use crate::{
    Grants, GrantsPolicy,
    commands::LockedGrant,
    domain::{Events, Grant},
    store,
};

/// Grants' side of the queue.
#[derive(Debug)]
pub struct GrantsConsumer(Arc<Grants>);

/// Whom grants listens to.
const LISTENS_TO: &[Service] = &[Service::Identity, Service::Intake, Service::Triage];

impl GrantsConsumer {
    /// The consumer of this service.
    pub fn new(grants: Arc<Grants>) -> Self {
        Self(grants)
    }
}

#[async_trait]
impl Handler for GrantsConsumer {
    fn listens_to(&self) -> &'static [Service] {
        LISTENS_TO
    }

    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), Error> {
        match &received.event {
            Event::Identity(event) => identity::apply(tx, event).await,
            Event::Intake(event) => intake::apply(tx, event, received, &self.0.policy).await,
            Event::Triage(event) => triage::apply(tx, event, received, &self.0.policy).await,
            // Nobody delivers these: grants does not listen to them.
            Event::Grants(_) | Event::Notification(_) => Ok(()),
        }
    }
}

/// An id in an event. The producer checked it, so one that is none is a fault worth a quarantine.
fn id<K: IdKind>(field: &'static str, text: &str) -> Result<Id<K>, Refusal> {
    flare_contracts::input::id(field, text)
}

/// Does something to one grant of a case; nothing when grants knows no such grant there.
async fn to_grant(
    tx: &mut Tx,
    (case, grant): (&str, &str),
    by: &str,
    policy: &GrantsPolicy,
    decide: impl FnOnce(&mut Grant, Timestamp) -> Events + Send,
) -> Result<(), Error> {
    let (case, grant): (CaseId, GrantId) = (id("case_id", case)?, id("grant_id", grant)?);
    if store::grants::case_of(tx, grant).await? != Some(case) {
        return Ok(());
    }
    let mut locked = LockedGrant::load(tx, grant, policy).await?;
    let events = decide(&mut locked.grant, tx.now());
    locked.save(tx, by, events).await.map(drop)
}

/// Does something to each grant of a case that is not over; the case's lock is held.
async fn to_each_grant(
    tx: &mut Tx,
    case: CaseId,
    by: &str,
    policy: &GrantsPolicy,
    decide: impl Fn(&mut LockedGrant) -> Events + Send + Sync,
) -> Result<(), Error> {
    for grant in store::grants::open_of_case(tx, case).await? {
        let mut locked = LockedGrant::load(tx, grant, policy).await?;
        let events = decide(&mut locked);
        locked.save(tx, by, events).await?;
    }
    Ok(())
}
