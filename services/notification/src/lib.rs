//! Notices: the person who must act knows, once, in time.
//!
//! What this service promises:
//!
//! - Every event of the other services is decided on purpose (`domain::route`): who is told, what is asked of them, until
//!   when, and which earlier notices it settles.
//! - One notice for each event and person, however often the event arrives. A notice whose reason is gone leaves the
//!   inbox, also when the event that settles it arrives before the one that raises it.
//! - A notice holds a case's id and codename, what is asked, until when. Never a word of the case.
//! - Triage is asked at each telling whether the person may know of the case. While it cannot be asked, notices wait, but
//!   for a head's critical ones.
//! - A notice that asks for a vote also goes to the approver's queue on the broker, at least once: after a crash between
//!   publishing and noting it, the same `CloudEvent` comes again with the same `id`, and its reader drops the second.
//!
//! Notification sets no timer: overdue steps are told by the services that own them.

mod api;
mod can_see;
mod commands;
mod consumers;
mod deliveries;
mod domain;
mod policy;
mod queries;
mod store;
mod vote_event;

#[cfg(test)]
mod fixtures;

use std::{fmt, sync::Arc};

use flare_messaging::ApproverQueues;
use flare_store::{Database, Migration, Schema};

pub use api::NotificationApi;
pub use can_see::{CanSee, TriageAway};
pub use consumers::NotificationConsumer;
pub use deliveries::NotificationWorkers;
pub use policy::NotificationPolicy;

/// Notification's tables. No caller can run into a constraint: what could collide is settled in the statement.
pub const SCHEMA: Schema = Schema {
    name: "notification",
    migrations: &[Migration {
        version: 1000,
        name: "notification",
        sql: include_str!("../migrations/1000_notification.sql"),
    }],
    refusals: &[],
};

/// Notification, to be shared by everything that serves it.
pub struct Notification {
    database: Database,
    policy: NotificationPolicy,
    can_see: Arc<dyn CanSee>,
    queues: Arc<dyn ApproverQueues>,
}

impl Notification {
    /// Notification on its database.
    pub fn new(
        database: Database,
        policy: NotificationPolicy,
        can_see: Arc<dyn CanSee>,
        queues: Arc<dyn ApproverQueues>,
    ) -> Self {
        Self { database, policy, can_see, queues }
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification").field("database", &self.database).finish_non_exhaustive()
    }
}
