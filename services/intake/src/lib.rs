//! Intake: requests, receipts, the thread with the requester, and files.
//!
//! It promises that nothing a requester sent is lost, and that the requester always sees where things stand. What it
//! stores of people's words it cannot read: they are sealed before they come here. What it knows of the work on a case
//! and of its grants it hears from triage and grants, and keeps as a view for the requester ([`IntakeConsumer`]).
//!
//! A receipt opens its case's thread and status. Intake knows a receipt's lookup id and a hash of its proof; a receipt
//! that it does not know and a proof that is wrong are refused in the same words.
//!
//! Intake sets no timers: what is late is triage's and grants' to say.

mod admission;
mod api;
mod author;
mod commands;
mod consumers;
mod content;
mod domain;
mod files;
mod keys;
mod queries;
mod receipt;
mod refusals;
mod schema;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use flare_seal::ServiceKey;
use flare_store::Database;
use object_store::ObjectStore;

pub use api::IntakeApi;
pub use consumers::IntakeConsumer;
pub use files::{MAX_CASE_BYTES, MAX_FILE_BYTES, download::Download, sweep::SweepError};
pub use schema::SCHEMA;

/// The service: its tables, the key that wraps keys at rest, and where files lie.
pub struct Intake {
    database: Database,
    service_key: Arc<ServiceKey>,
    files: Arc<dyn ObjectStore>,
}

impl Intake {
    /// Puts the service together. `database` was opened with [`SCHEMA`]; `files` must be durable once a put answers.
    pub fn new(database: Database, service_key: Arc<ServiceKey>, files: Arc<dyn ObjectStore>) -> Self {
        Self { database, service_key, files }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("database", &self.database).finish_non_exhaustive()
    }
}
