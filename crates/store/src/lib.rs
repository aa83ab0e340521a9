//! One database handle over SQLite and PostgreSQL: connect, migrate, transactions, time, idempotency, streams, events,
//! key epochs.
//!
//! Every query and every migration exists once, in the subset of SQL that both engines share: columns are `TEXT`,
//! `BIGINT`, `BYTEA` and `DOUBLE PRECISION`, placeholders are `$1`. A write is a [`Write`]: a value whose `apply` runs in
//! one transaction, detached from whoever asked for it, and is repeated as a whole when the engine says that it
//! collided with another. A transaction that saw an error can no longer commit. What an RPC asks for is a [`Command`], which
//! [`Database::run`] does once for each idempotency key. A query of more than one statement is a [`Snapshot`]; what only
//! reads takes whatever [`Reads`].
//!
//! A [`Row`] is read and a [`Record`] is written column by column; a list is shown in [`Page`]s. What is not there is
//! `NULL`, never an empty text or 0. An enum of the domain is stored under its word (`flare_kernel::codes!`), one of
//! protobuf under its name on the wire.

mod command;
mod database;
mod error;
mod event_log;
mod idempotency;
pub mod keys;
mod page;
mod reads;
mod record;
mod row;
mod rows;
mod schema;
mod snapshot;
mod time;
mod timers;
mod tx;
mod value;
mod work;

pub use command::{Call, Command, Reply, Replying};
pub use database::{Database, DatabaseOptions, DatabaseUrl, DatabaseUrlError};
pub use error::Error;
pub use event_log::{ChainBreak, EventRecord, LastEvent, events_after, page_of_stream_heads, verify_chain};
pub use idempotency::Once;
pub use page::{Page, Place, PlacePart};
pub use reads::Reads;
pub use record::Record;
pub use row::Row;
pub use schema::{ConstraintRefusal, Migration, Schema};
pub use snapshot::Snapshot;
pub use sqlx::{Any, any::AnyArguments, query::Query};
pub use time::TimeSource;
pub use tx::{Tx, Write};
pub use value::{Stored, Value};
pub use work::{Listener, Work};

/// A literal statement and its arguments.
pub type Sql<'q> = Query<'q, Any, AnyArguments>;

/// Begins a literal statement; bind its arguments with `.bind(…)`.
pub fn sql<'q>(statement: &'static str) -> Sql<'q> {
    sqlx::query(statement)
}
