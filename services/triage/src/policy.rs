//! How soon each step is due, and what counts as light.

use flare_kernel::{Currency, Duration, Lane, Money};

/// A span for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByLane {
    /// Of a critical case.
    pub critical: Duration,
    /// Of an urgent case.
    pub urgent: Duration,
    /// Of a standard case.
    pub standard: Duration,
}

/// The targets of triage. Read from configuration by whoever puts the service together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriagePolicy {
    /// From submission until somebody owns the case.
    pub acknowledge: ByLane,
    /// From then until the assessment begins.
    pub assess: ByLane,
    /// From then until every need has an outcome.
    pub outcome: Duration,
    /// From a recommendation until the grant is drafted.
    pub draft: Duration,
    /// How long another organisation may take to answer a referral.
    pub referral: Duration,
    /// How often somebody looks after a critical case whose requester does not answer.
    pub welfare_check: Duration,
    /// The longest wait between two reminders of the same overdue step.
    pub longest_reminder: Duration,
    /// Up to this amount a recommendation needs no scores. An amount in another currency always needs them.
    pub light_threshold: Money,
}

impl ByLane {
    /// The span of one lane.
    pub const fn of(self, lane: Lane) -> Duration {
        match lane {
            Lane::Critical => self.critical,
            Lane::Urgent => self.urgent,
            Lane::Standard => self.standard,
        }
    }
}

impl Default for TriagePolicy {
    /// The targets that the product names.
    fn default() -> Self {
        let hours = Duration::from_hours;
        #[allow(clippy::expect_used, reason = "a constant; the test below reads it")]
        let euro = Currency::parse("EUR").expect("EUR is a currency of ISO 4217");
        #[allow(clippy::expect_used, reason = "a constant; the test below reads it")]
        let light_threshold = Money::new(euro, 100_000).expect("1000.00 is not negative");
        Self {
            acknowledge: ByLane { critical: hours(2), urgent: hours(24), standard: hours(72) },
            assess: ByLane { critical: hours(24), urgent: hours(72), standard: hours(72) },
            outcome: hours(48),
            draft: hours(48),
            referral: hours(48),
            welfare_check: hours(12),
            longest_reminder: Duration::from_days(7),
            light_threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_what_the_product_calls_light() {
        assert_eq!(TriagePolicy::default().light_threshold.to_string(), "1000.00 EUR");
    }
}
