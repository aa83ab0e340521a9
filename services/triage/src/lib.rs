//! Triage: cases, and which of them a human looks at next.
//!
//! It owns cases and where each stands, persons, needs, lanes, clocks, contact plans, references, fingerprints,
//! referrals and recommendations, and staff's sealed words about them; and the codename of each case, which no other case
//! has. It promises that the queue's order can be explained (whose act comes next, then lane, then the time that is left),
//! that silence never closes a case, that whoever lets a stopped case go on is another person than the one who stopped it,
//! and that every need ends with somebody's decision.
//!
//! A case begins with intake's event. Money is grants' business: when a case is paused, held or withdrawn, grants is
//! asked at once through [`MoneyStop`], and again by [`TriageWorkers`] until it answers. Whether a caller may call at
//! all is decided in front of [`TriageApi`], by the rules beside the RPCs in `proto/`.

mod api;
mod commands;
mod consumers;
mod domain;
#[cfg(test)]
mod fixtures;
mod money_stop;
mod policy;
mod queries;
mod refusals;
mod schema;
mod store;
mod timers;
mod workers;

use std::{fmt, sync::Arc, time::Duration};

use flare_seal::ServiceKey;
use flare_store::Database;

pub use api::TriageApi;
pub use consumers::TriageConsumer;
pub use money_stop::MoneyStop;
pub use policy::TriagePolicy;
pub use schema::SCHEMA;
pub use timers::TriageTimers;
pub use workers::TriageWorkers;

/// How long a caller waits for grants to stop money before they are told that it was asked to.
const MONEY_TIMEOUT: Duration = Duration::from_secs(2);

/// What every part of the service stands on. Cloning shares it.
#[derive(Clone)]
pub struct Triage(Arc<Inner>);

struct Inner {
    database: Database,
    policy: TriagePolicy,
    service_key: Arc<ServiceKey>,
    money: Arc<dyn MoneyStop>,
    money_timeout: Duration,
}

impl Triage {
    /// The service over its tables, with its targets, the key it wraps stored keys under, and the way to grants.
    pub fn new(
        database: Database,
        policy: TriagePolicy,
        service_key: Arc<ServiceKey>,
        money: Arc<dyn MoneyStop>,
    ) -> Self {
        Self::with_money_timeout(database, policy, service_key, money, MONEY_TIMEOUT)
    }

    fn with_money_timeout(
        database: Database,
        policy: TriagePolicy,
        service_key: Arc<ServiceKey>,
        money: Arc<dyn MoneyStop>,
        money_timeout: Duration,
    ) -> Self {
        Self(Arc::new(Inner { database, policy, service_key, money, money_timeout }))
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn policy(&self) -> TriagePolicy {
        self.0.policy
    }

    pub(crate) fn service_key(&self) -> &ServiceKey {
        &self.0.service_key
    }
}

impl fmt::Debug for Triage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Triage").field("database", &self.0.database).finish_non_exhaustive()
    }
}
