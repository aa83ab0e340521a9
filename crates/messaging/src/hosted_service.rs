//! A service of this process, as its workers see it.

use std::{fmt, sync::Arc};

use flare_contracts::Service;
use flare_store::Database;

use crate::{Handler, TimerHandler};

/// One service in this process.
#[derive(Clone)]
pub struct HostedService {
    /// Which service it is.
    pub service: Service,
    /// Its tables.
    pub database: Database,
    /// What it does with the events of others, if it listens to any.
    pub handler: Option<Arc<dyn Handler>>,
    /// What it does when a time has come, if it sets timers.
    pub timers: Option<Arc<dyn TimerHandler>>,
}

impl fmt::Debug for HostedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedService").field("service", &self.service).finish_non_exhaustive()
    }
}
