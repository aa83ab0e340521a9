//! One database handle over SQLite and PostgreSQL: connect, migrate, transactions, time, idempotency, streams, events.
//!
//! Every query and every migration exists once, in the subset of SQL that both engines share: columns are `TEXT`,
//! `BIGINT`, `BYTEA` and `DOUBLE PRECISION`, placeholders are `$1`. A write is a [`Write`]: a value whose `apply` runs in
//! one transaction, detached from whoever asked for it, and is repeated as a whole when the engine says that it
//! collided with another. A transaction that saw an error can no longer commit.

mod database;
mod error;
mod event_log;
mod idempotency;
mod row;
mod rows;
mod schema;
mod time;
mod timers;
mod tx;

pub use database::{Database, DatabaseOptions, DatabaseUrl, DatabaseUrlError, Wakes};
pub use error::Error;
pub use event_log::{ChainBreak, EventRecord, events_after, page_of_stream_heads, verify_chain};
pub use idempotency::Once;
pub use row::Row;
pub use rows::Value;
pub use schema::{ConstraintRefusal, Migration, Schema};
pub use sqlx::{Any, any::AnyArguments, query::Query};
pub use time::TimeSource;
pub use tx::{Tx, Write};

/// A literal statement and its arguments.
pub type Sql<'q> = Query<'q, Any, AnyArguments>;

/// Begins a literal statement; bind its arguments with `.bind(…)`.
pub fn sql<'q>(statement: &'static str) -> Sql<'q> {
    sqlx::query(statement)
}
