//! RabbitMQ: the bus between processes.
//!
//! Publishing and consuming have connections of their own, because an alarm on the broker blocks a connection that
//! publishes, its acknowledgements too. lapin recovers nothing by itself here: on any error a connection is given up and
//! everything, the whole topology included, is made anew. Every call has a bound in time.

mod approvals;
mod bus;
mod connection;
mod declare;
mod names;
mod publisher;
mod signature;
mod source;

pub use approvals::RabbitApproverQueues;
pub use bus::RabbitBus;
pub use connection::RabbitError;
pub use names::RabbitSettings;
pub use signature::EventKeys;
pub use source::RabbitSource;

#[cfg(test)]
mod tests;
