//! The targets that notices name.

use flare_kernel::{
    Duration, Lane,
    settings::{BadSettings, PolicySection},
};

/// How long there is to do what a notice asks, where the event does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationPolicy {
    /// Until somebody must own a critical request.
    critical: Duration,
    /// Until somebody must own an urgent one.
    urgent: Duration,
    /// Until somebody must own a standard one.
    standard: Duration,
}

impl NotificationPolicy {
    /// Reads what the settings say about it.
    pub fn read(section: &PolicySection) -> Result<Self, BadSettings> {
        section.read(|policy| Self {
            critical: policy.hours("acknowledge_critical_hours"),
            urgent: policy.hours("acknowledge_urgent_hours"),
            standard: policy.hours("acknowledge_standard_hours"),
        })
    }

    pub(crate) const fn acknowledge(&self, lane: Lane) -> Duration {
        match lane {
            Lane::Critical => self.critical,
            Lane::Urgent => self.urgent,
            Lane::Standard => self.standard,
        }
    }
}

#[cfg(test)]
impl Default for NotificationPolicy {
    /// As an installation has it that sets nothing.
    fn default() -> Self {
        Self::read(&flare_testkit::policy()).unwrap()
    }
}
