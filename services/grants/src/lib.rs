//! Grants: the approved, scoped, time-limited intervention, and the money that moves for it.
//!
//! It promises that no money moves without the votes and through five open gates, that nobody votes on what changed
//! under them, and that nobody decides alone. Each rule stands in `domain/` and, where a database can hold it, as a
//! constraint of the tables too.
//!
//! What grants knows of a case it hears from triage and intake, and of people from identity ([`GrantsConsumer`]).
//! Triage also calls when it decided to hold a case's money, because a person must be told at once whether it holds. The
//! call only hints: grants does what triage's history says.
//!
//! Every write locks the case first and the grant second. So a hold of a case meets each of its grants either before a
//! release or after it, and grants drafted later start held.

mod api;
mod commands;
mod consumers;
mod domain;
#[cfg(test)]
mod fixtures;
mod keys;
mod policy;
mod queries;
mod refusals;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod timers;

use std::{fmt, sync::Arc};

use flare_messaging::EventSource;
use flare_seal::ServiceKey;
use flare_store::Database;

pub use api::GrantsApi;
pub use consumers::GrantsConsumer;
pub use policy::GrantsPolicy;
pub use schema::SCHEMA;
pub use timers::GrantsTimers;

/// The service: its tables, the organisation's policy, the key that wraps keys at rest, and the logs of others.
pub struct Grants {
    database: Database,
    policy: GrantsPolicy,
    service_key: Arc<ServiceKey>,
    logs: Arc<dyn EventSource>,
}

impl Grants {
    /// Puts the service together. `database` was opened with [`SCHEMA`]; triage's history is read from `logs`.
    pub fn new(
        database: Database,
        policy: GrantsPolicy,
        service_key: Arc<ServiceKey>,
        logs: Arc<dyn EventSource>,
    ) -> Self {
        Self { database, policy, service_key, logs }
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("database", &self.database)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
