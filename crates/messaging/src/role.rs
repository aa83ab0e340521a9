//! A service as the workers see it.

use std::{fmt, sync::Arc};

use flare_contracts::Producer;
use flare_store::Database;

use crate::{Consumer, TimerHandler};

/// One service in this process.
#[derive(Clone)]
pub struct Role {
    /// Which service it is.
    pub producer: Producer,
    /// Its tables.
    pub database: Database,
    /// What it does with the events of others, if it listens to any.
    pub consumer: Option<Arc<dyn Consumer>>,
    /// What it does when a time has come, if it sets timers.
    pub timers: Option<Arc<dyn TimerHandler>>,
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role").field("producer", &self.producer).finish_non_exhaustive()
    }
}
