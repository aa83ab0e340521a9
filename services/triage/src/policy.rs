//! How soon each step is due, and what counts as light.

use flare_kernel::{Currency, Duration, Lane, Money};

use crate::domain::Step;

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

impl TriagePolicy {
    /// How long a step may take.
    pub(crate) const fn span(&self, step: Step, lane: Lane) -> Duration {
        match step {
            Step::Acknowledge => self.acknowledge.of(lane),
            Step::Assess => self.assess.of(lane),
            Step::Outcome => self.outcome,
            Step::Draft => self.draft,
        }
    }

    /// How long after its `reminders`-th reminder (from 1) an overdue step comes up again: twice as long each time.
    pub(crate) fn until_next_reminder(&self, step: Step, lane: Lane, reminders: u32) -> Duration {
        let doublings = reminders.saturating_sub(1).min(30);
        let wait = self.span(step, lane).as_micros().saturating_mul(1_i64 << doublings);
        Duration::from_micros(wait.min(self.longest_reminder.as_micros()))
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
    fn the_targets_are_those_of_the_product() {
        let policy = TriagePolicy::default();
        let span = |step, lane| policy.span(step, lane).as_micros() / 3_600_000_000;
        let of = |step| Lane::ALL.map(|lane| span(step, lane));
        assert_eq!(of(Step::Acknowledge), [2, 24, 72]);
        assert_eq!(of(Step::Assess), [24, 72, 72]);
        assert_eq!(of(Step::Outcome), [48, 48, 48]);
        assert_eq!(of(Step::Draft), [48, 48, 48]);
        assert_eq!(policy.light_threshold.to_string(), "1000.00 EUR");
    }

    #[test]
    fn reminders_come_at_doubling_distance_up_to_a_week() {
        let policy = TriagePolicy::default();
        let hours = |reminders| {
            policy.until_next_reminder(Step::Acknowledge, Lane::Critical, reminders).as_micros()
                / 3_600_000_000
        };
        assert_eq!([1, 2, 3, 6, 7, 8, 60, u32::MAX].map(hours), [2, 4, 8, 64, 128, 168, 168, 168]);
    }
}
