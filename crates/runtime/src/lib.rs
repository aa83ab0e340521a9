//! What every process of Flare stands on: configuration, telemetry, supervised tasks, shutdown, server and client
//! defaults, and what is shared through Redis.
//!
//! Nothing here knows a case or a grant. The environment, the machine's clock and the signals are read here and
//! nowhere else.

pub mod client;
mod clock;
pub mod config;
mod connections;
#[cfg(test)]
mod fixtures;
mod frames;
mod guard;
mod health;
mod observe;
mod prometheus;
mod redis_limits;
mod redis_link;
mod redis_sessions;
mod server;
mod service_key;
pub mod shutdown;
mod tasks;
mod telemetry;
mod tls;
pub mod trace_context;

pub use client::PeerChannel;
pub use clock::SystemClock;
pub use config::Settings;
pub use health::Health;
pub use redis_limits::RedisRateLimits;
pub use redis_link::RedisLink;
pub use redis_sessions::RedisSessionCache;
pub use server::{Drained, GrpcServer, ServerError};
pub use service_key::{ServiceKeyError, read_or_make_service_key, read_service_key};
pub use tasks::{Ending, OnFailure, TaskError, Tasks};
pub use telemetry::{Telemetry, TelemetryError};
pub use tls::{Tls, TlsError};
