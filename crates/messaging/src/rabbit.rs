//! RabbitMQ: the bus between processes.
//!
//! Publishing and consuming have connections of their own, because an alarm on the broker blocks a connection that
//! publishes, its acknowledgements too. lapin recovers nothing by itself here: on any error a connection is given up and
//! everything, the whole topology included, is made anew. Every call has a bound in time.

mod approvals;
mod bus;
mod connection;
mod consumer;
mod declare;
mod names;
mod publisher;
mod signature;

pub use approvals::RabbitApproverQueues;
pub use bus::RabbitBus;
pub use connection::RabbitError;
pub use consumer::RabbitConsumer;
pub use names::RabbitSettings;
pub use signature::EventKeys;

#[cfg(test)]
mod tests;
