//! What things are called on the broker, and where it is.

use std::fmt;

use flare_contracts::Service;
use flare_kernel::{Lane, StaffId};

use super::signature::EventKeys;

/// Where the broker is, and what events on it are signed with.
#[derive(Clone)]
pub struct RabbitSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS.
    pub url: String,
    /// Put before the name of every exchange and queue, so that several installations (or tests) can share a broker.
    pub prefix: String,
    /// What events are signed with: the same in every process of an installation.
    pub keys: EventKeys,
}

impl fmt::Debug for RabbitSettings {
    /// Never shows a password or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitSettings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl RabbitSettings {
    /// The topic exchange of all events.
    pub(crate) fn events(&self) -> String {
        format!("{}flare.events", self.prefix)
    }

    /// The direct exchange of the approvers' queues.
    pub(crate) fn approvals(&self) -> String {
        format!("{}flare.approvals", self.prefix)
    }

    /// Where a service receives the events of a lane.
    pub(crate) fn lane_queue(&self, service: Service, lane: Lane) -> String {
        format!("{}flare.{service}.{lane}", self.prefix)
    }

    /// Where messages go that a service cannot read.
    pub(crate) fn undecodable_queue(&self, service: Service) -> String {
        format!("{}flare.{service}.undecodable", self.prefix)
    }

    /// An approver's own queue.
    pub(crate) fn approver_queue(&self, staff: StaffId) -> String {
        format!("{}approver.{staff}", self.prefix)
    }
}

/// What an event is routed by.
pub(crate) fn routing_key(producer: Service, lane: Lane) -> String {
    format!("{producer}.{lane}")
}
