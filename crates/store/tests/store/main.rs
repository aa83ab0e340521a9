//! What the store promises, on SQLite and, where `FLARE_TEST_POSTGRES` names a server, on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set up must stop")]

mod busy;
mod chains;
mod collisions;
mod commands;
mod constraints;
mod fixtures;
mod hang_ups;
mod idempotency;
mod keys;
mod migrations;
mod records;
mod rows;
mod silence;
mod snapshots;
mod sources;
mod streams;
mod timers;
mod transactions;
