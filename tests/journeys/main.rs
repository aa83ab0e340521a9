//! The journeys: what people do with Flare from beginning to end, driven through the binary and looked at from outside,
//! embedded (one process, nothing installed) and distributed (processes of each role on PostgreSQL, RabbitMQ and Redis).
//!
//! The distributed ones run where `FLARE_TEST_POSTGRES`, `FLARE_TEST_RABBITMQ` and `FLARE_TEST_REDIS` name servers, which
//! `cargo xtask test` always sees to.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]
#![allow(
    clippy::needless_for_each,
    reason = "one act for each of a few people or processes reads best in one line"
)]

mod harness;

mod acts;
mod bad_input;
mod browser;
mod canary;
mod certificates;
mod demo;
mod ends_of_needs;
mod files;
mod form_again;
mod hang_ups;
mod idempotency;
mod junk_keys;
mod kills;
mod other_channels;
mod portal;
mod readme;
mod replay;
mod restored_alone;
mod servers_away;
mod silent_callers;
mod stops;
mod two_answers;
mod votes;
mod whole_case;
