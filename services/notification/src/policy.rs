//! The targets that notices name.

use flare_kernel::{Duration, Lane};

/// How long there is to do what a notice asks, where the event does not say it. Built from configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationPolicy {
    /// Until a critical request must have an owner.
    pub acknowledge_critical: Duration,
    /// Until an urgent one must.
    pub acknowledge_urgent: Duration,
    /// Until a standard one must.
    pub acknowledge_standard: Duration,
}

impl Default for NotificationPolicy {
    fn default() -> Self {
        Self {
            acknowledge_critical: Duration::from_hours(2),
            acknowledge_urgent: Duration::from_hours(24),
            acknowledge_standard: Duration::from_hours(72),
        }
    }
}

impl NotificationPolicy {
    pub(crate) const fn acknowledge(&self, lane: Lane) -> Duration {
        match lane {
            Lane::Critical => self.acknowledge_critical,
            Lane::Urgent => self.acknowledge_urgent,
            Lane::Standard => self.acknowledge_standard,
        }
    }
}
