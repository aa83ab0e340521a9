//! What the organisation has decided about grants; data, never a constant in a rule.

use flare_kernel::{Currency, Duration, Lane, Money};

/// The organisation's rules about grants. The wiring fills it from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantsPolicy {
    /// The longest a grant may last, in days: from its start to its end.
    pub max_grant_days: i64,
    /// How many votes a grant needs unless its draft says otherwise; 1 to 9.
    pub votes_required: u32,
    /// The most that may go in advance of the gates. Nothing goes in advance in another currency.
    pub advance_ceiling: Money,
    /// Up to this ceiling one person may close a grant. A grant in another currency always needs two.
    pub light_threshold: Money,
    /// Within how many hours a grant is submitted after it was drafted, returned or taken back from the votes.
    pub draft_hours: i64,
    /// Within how many hours a critical grant is voted on.
    pub approval_hours_critical: i64,
    /// Within how many hours any other grant is voted on.
    pub approval_hours: i64,
    /// How many days after the end the report is due.
    pub report_days: i64,
    /// How many days after a payment was sent its arrival is asked after.
    pub arrival_check_days: i64,
    /// How many days after the report the grant is to be closed.
    pub close_days: i64,
}

impl Default for GrantsPolicy {
    fn default() -> Self {
        #[allow(clippy::expect_used, reason = "constants; the test below reads them")]
        let thousand =
            Currency::parse("EUR").and_then(|euro| Money::new(euro, 100_000)).expect("1000.00 EUR");
        Self {
            max_grant_days: 183,
            votes_required: 2,
            advance_ceiling: thousand,
            light_threshold: thousand,
            draft_hours: 48,
            approval_hours_critical: 24,
            approval_hours: 120,
            report_days: 30,
            arrival_check_days: 7,
            close_days: 14,
        }
    }
}

impl GrantsPolicy {
    /// How long the approvers of a lane have.
    pub(crate) const fn approval_time(&self, lane: Lane) -> Duration {
        Duration::from_hours(match lane {
            Lane::Critical => self.approval_hours_critical,
            Lane::Urgent | Lane::Standard => self.approval_hours,
        })
    }

    /// Whether a grant of this ceiling is light enough for one person to close it.
    pub(crate) fn is_light(&self, ceiling: Money) -> bool {
        ceiling.is_within(self.light_threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_light_in_one_currency_says_nothing_about_another() {
        let policy = GrantsPolicy::default();
        assert_eq!(policy.advance_ceiling.to_string(), "1000.00 EUR");
        let is_light = |amount, currency| policy.is_light(Money::parse(amount, currency).unwrap());
        assert!(is_light("1000.00", "EUR") && !is_light("1000.01", "EUR"));
        // Some 3000 EUR, and some 1.50 EUR: the same number is not the same money.
        assert!(!is_light("1000", "KWD") && !is_light("1000", "XOF"));
    }

    #[test]
    fn critical_grants_have_less_time() {
        let policy = GrantsPolicy::default();
        assert_eq!(policy.approval_time(Lane::Critical), Duration::from_hours(24));
        assert_eq!(policy.approval_time(Lane::Urgent), Duration::from_days(5));
        assert_eq!(policy.approval_time(Lane::Standard), Duration::from_days(5));
    }
}
