//! How soon each step is due, and what counts as light.

use flare_kernel::{
    Duration, Lane, Money,
    settings::{BadSettings, PolicySection},
};

/// A span for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByLane {
    critical: Duration,
    urgent: Duration,
    standard: Duration,
}

/// The targets of triage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriagePolicy {
    /// From submission until somebody owns the case.
    pub(crate) acknowledge: ByLane,
    /// From then until the assessment begins.
    pub(crate) assess: ByLane,
    /// From then until every need has an outcome.
    pub(crate) outcome: Duration,
    /// From a recommendation until the grant is drafted.
    pub(crate) draft: Duration,
    /// How long another organisation may take to answer a referral.
    pub(crate) referral: Duration,
    /// How often somebody looks after a critical case whose requester does not answer.
    pub(crate) welfare_check: Duration,
    /// The longest wait between two reminders of the same overdue step.
    pub(crate) longest_reminder: Duration,
    /// Up to this amount a recommendation needs no scores. An amount in another currency always needs them.
    pub(crate) light_threshold: Money,
}

impl TriagePolicy {
    /// Reads what the settings say about cases. What the product alone decides stands here.
    pub fn read(section: &PolicySection) -> Result<Self, BadSettings> {
        section.read(|policy| {
            let assess_other = policy.hours("assess_other_hours");
            Self {
                acknowledge: ByLane {
                    critical: policy.hours("acknowledge_critical_hours"),
                    urgent: policy.hours("acknowledge_urgent_hours"),
                    standard: policy.hours("acknowledge_standard_hours"),
                },
                assess: ByLane {
                    critical: policy.hours("assess_critical_hours"),
                    urgent: assess_other,
                    standard: assess_other,
                },
                outcome: policy.hours("outcome_hours"),
                draft: policy.hours("draft_hours"),
                referral: policy.hours("referral_hours"),
                welfare_check: Duration::from_hours(12),
                longest_reminder: Duration::from_days(7),
                light_threshold: policy.amount("light_threshold_minor"),
            }
        })
    }
}

impl ByLane {
    /// The span of one lane.
    pub(crate) const fn of(self, lane: Lane) -> Duration {
        match lane {
            Lane::Critical => self.critical,
            Lane::Urgent => self.urgent,
            Lane::Standard => self.standard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Default for TriagePolicy {
        /// As an installation has it that sets nothing.
        fn default() -> Self {
            Self::read(&flare_testkit::policy()).unwrap()
        }
    }

    #[test]
    fn light_is_what_the_product_calls_light() {
        assert_eq!(TriagePolicy::default().light_threshold.to_string(), "1000.00 EUR");
    }
}
