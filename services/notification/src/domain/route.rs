//! The routing table: what each kind of event means to whom. Every kind is decided on purpose; a new one does not
//! compile until it is.

mod grants;
mod intake;
mod triage;

use flare_contracts::{Event, input};
use flare_kernel::{CaseId, Codename, GrantId, Lane, StaffId, Timestamp};

use super::{Audience, Facts, Routed};
use crate::NotificationPolicy;

/// An event as routing sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) case: CaseId,
    pub(crate) grant: Option<GrantId>,
    pub(crate) at: Timestamp,
    pub(crate) actor: &'a str,
    /// The lane it travelled in.
    pub(crate) lane: Lane,
    pub(crate) policy: &'a NotificationPolicy,
}

/// An id in an event is none. Names the field, never its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event's {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// What an event about a case leads to.
pub(crate) fn route(event: &Event, heard: &Heard<'_>, facts: Facts) -> Result<Routed, Malformed> {
    let lane = facts.lane.unwrap_or(heard.lane);
    let mut routed = Routed { facts, lane, settle: Vec::new(), plans: Vec::new() };
    match event {
        Event::Intake(event) => intake::route(event, heard, &mut routed),
        Event::Triage(event) => triage::route(event, heard, &mut routed)?,
        Event::Grants(event) => grants::route(event, heard, &mut routed)?,
        // About people, or about notices themselves: they change who is told, and tell nobody.
        Event::Identity(_) | Event::Notification(_) => {}
    }
    Ok(routed)
}

impl Heard<'_> {
    /// The member of staff who did it, if one did.
    fn staff(&self) -> Option<StaffId> {
        self.actor.parse().ok()
    }

    fn case_id(&self) -> String {
        self.case.to_string()
    }

    fn grant_id(&self) -> String {
        self.grant.map(|grant| grant.to_string()).unwrap_or_default()
    }
}

/// Whoever proposed the grant; the owner while that is not known.
fn proposer(routed: &Routed) -> Audience {
    routed.facts.grant.map_or(Audience::Owner, |grant| Audience::Staff(grant.proposer))
}

fn staff(field: &'static str, text: &str) -> Result<StaffId, Malformed> {
    text.parse().map_err(|_| Malformed(field))
}

fn codename(text: &str) -> Option<Codename> {
    text.parse().ok()
}

fn lane(number: i32) -> Option<Lane> {
    input::lane("lane", number).ok()
}

fn time(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.map(input::timestamp_in)
}

#[cfg(test)]
mod tests;
