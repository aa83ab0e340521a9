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
mod queries;
mod receipt;
mod refusals;
mod schema;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use flare_seal::ServiceKey;
use flare_store::{Database, Error, Tx, Write};
use object_store::ObjectStore;

use crate::files::under_way::UnderWay;

pub use api::IntakeApi;
pub use consumers::IntakeConsumer;
pub use files::{
    MAX_CASE_BYTES, MAX_FILE_BYTES, download::Download, sweep::SweepError, under_way::FreeBytes,
};
pub use schema::SCHEMA;

/// The service: its tables, the key that wraps keys at rest, and where files lie.
pub struct Intake {
    database: Database,
    service_key: Arc<ServiceKey>,
    files: Arc<dyn ObjectStore>,
    under_way: UnderWay,
}

impl Intake {
    /// Puts the service together. `database` was opened with [`SCHEMA`]; `files` must be durable once a put answers.
    pub fn new(database: Database, service_key: Arc<ServiceKey>, files: Arc<dyn ObjectStore>) -> Self {
        Self { database, service_key, files, under_way: UnderWay::default() }
    }

    /// The same, refusing files when less than `bytes` would stay free where they lie. `free` says how much is.
    #[must_use]
    pub fn keeping_free(mut self, bytes: u64, free: Arc<FreeBytes>) -> Self {
        self.under_way = UnderWay::keeping_free(bytes, free);
        self
    }
}

impl Intake {
    /// The mark of the folder in which all replicas keep their files; none before the first of them started.
    pub async fn files_mark(&self) -> Result<Option<String>, Error> {
        store::files::mark(&mut self.database.clone()).await
    }

    /// Keeps the mark of a folder if there is none yet, and returns the one that is kept.
    pub async fn keep_files_mark(&self, mark: &str) -> Result<String, Error> {
        self.database.write(KeepMark { mark: mark.to_owned() }).await
    }
}

struct KeepMark {
    mark: String,
}

impl Write for KeepMark {
    type Output = String;

    async fn apply(&self, tx: &mut Tx) -> Result<String, Error> {
        store::files::keep_mark(tx, &self.mark).await?;
        store::files::mark(tx).await?.ok_or_else(|| Error::Corrupt("files_folder.mark".to_owned()))
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("database", &self.database).finish_non_exhaustive()
    }
}
