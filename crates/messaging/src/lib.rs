//! How services hear of each other.
//!
//! What a service does is logged and queued in its own database, in the transaction that did it. From there it goes, in
//! steps that can each be repeated: [`Relay`] publishes the outbox on a [`Bus`] ([`LocalBus`] within a process,
//! [`RabbitBus`] between processes) → each listener, directly or by [`RabbitSource`], where it is read once, and whose
//! [`Handler`] applies it, in order, effect and mark in one transaction. What comes before its turn, or fails, waits in the
//! listener's inbox, from which [`InboxWorker`] applies it. [`GapWorker`] and [`Reconciler`] fetch what the bus lost.
//! [`TimerWorker`] fires what a service set for later. [`workers`] makes all of them for the services of a process, each a
//! [`HostedService`].
//!
//! Whatever dies, and wherever, nothing is lost and nothing has its effect twice. A producer that is set back to a backup
//! tells another history than was applied: its streams wait for a person, and what they tell is kept.

mod apply;
mod approvals;
mod bus;
mod cursor;
mod depths;
mod event_log;
mod event_sink;
pub mod figures;
mod gaps;
mod handler;
mod history;
mod hosted_service;
mod inbox;
mod inbox_event;
mod local;
mod pause;
mod rabbit;
mod reconciler;
mod relay;
mod remote;
mod run_loop;
mod source;
#[cfg(test)]
mod tests;
mod timer;
mod timers;
mod topology;
mod workers;

pub use apply::FollowTrace;
pub use approvals::{ApproverQueues, NoApproverQueues};
pub use bus::{Bus, Outgoing, PublishError};
pub use cursor::{applied, has_quarantined};
pub use depths::Depths;
pub use event_log::EventLogService;
pub use gaps::GapWorker;
pub use handler::{Handler, Received};
pub use hosted_service::HostedService;
pub use inbox::InboxWorker;
pub use local::LocalBus;
pub use rabbit::{EventKeys, RabbitApproverQueues, RabbitBus, RabbitError, RabbitSettings, RabbitSource};
pub use reconciler::Reconciler;
pub use relay::Relay;
pub use remote::RemoteEventSource;
pub use run_loop::{Round, Rounds, RunLoop, SOON};
pub use source::{EventSource, FetchError, LocalEventSource, SourceError};
pub use timer::{DueTimer, TimerHandler};
pub use timers::TimerWorker;
pub use topology::{listeners_of, listens_to};
pub use workers::{Wiring, Worker, workers};
