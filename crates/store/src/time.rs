//! The one clock: the database's, or a fixed one in tests.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use flare_kernel::{Duration, Timestamp};

use crate::database::Engine;

/// Where `tx.now()` comes from.
#[derive(Clone, Debug, Default)]
pub enum TimeSource {
    /// The database's clock: one clock for all replicas.
    #[default]
    Database,
    /// A clock that stands still until it is moved; for tests, and shared by all who clone it.
    Fixed(Arc<AtomicI64>),
}

impl TimeSource {
    /// A clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.as_micros())))
    }

    /// What the clock says, or the statement that asks the database. No expression for the current time works on both
    /// engines.
    pub(crate) fn ask(&self, engine: Engine) -> Result<Timestamp, &'static str> {
        match (self, engine) {
            (Self::Fixed(micros), _) => Ok(Timestamp::from_micros(micros.load(Ordering::SeqCst))),
            (Self::Database, Engine::Sqlite) => {
                Err("SELECT CAST(unixepoch('subsec') * 1000000 AS BIGINT) AS now")
            }
            (Self::Database, Engine::Postgres) => {
                Err("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now")
            }
        }
    }

    /// Moves a fixed clock on; the database's cannot be moved.
    pub fn advance(&self, by: Duration) {
        match self {
            Self::Database => {}
            Self::Fixed(micros) => {
                micros.fetch_add(by.as_micros(), Ordering::SeqCst);
            }
        }
    }
}
