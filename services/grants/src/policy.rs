//! What the organisation has decided about grants; data, never a constant in a rule.

use flare_contracts::limits::{FEWEST_VOTES, MOST_VOTES};
use flare_kernel::{
    Duration, Lane, Money,
    settings::{BadSettings, MOST_DAYS, PolicySection},
};

/// The organisation's rules about grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantsPolicy {
    /// The longest a grant may last, in days: from its start to its end.
    pub(crate) max_grant_days: i64,
    /// How many votes a grant needs unless its draft says otherwise.
    pub(crate) votes_required: u32,
    /// The most that may go in advance of the gates. Nothing goes in advance in another currency.
    pub(crate) advance_ceiling: Money,
    /// Up to this ceiling one person may close a grant. A grant in another currency always needs two.
    light_threshold: Money,
    /// Within which a grant is submitted after it was drafted, returned or taken back from the votes.
    pub(crate) draft: Duration,
    /// Within which a critical grant is voted on.
    approval_critical: Duration,
    /// Within which any other grant is voted on.
    approval_other: Duration,
    /// After the end, until the report is due.
    pub(crate) report: Duration,
    /// After a payment was sent, until its arrival is asked after.
    pub(crate) arrival_check: Duration,
    /// After the report, until the grant is to be closed.
    pub(crate) close: Duration,
}

impl GrantsPolicy {
    /// Reads what the settings say about grants.
    pub fn read(section: &PolicySection) -> Result<Self, BadSettings> {
        section.read(|policy| Self {
            max_grant_days: policy.number("max_grant_days", 1, MOST_DAYS).into(),
            votes_required: policy.number("votes_required", FEWEST_VOTES, MOST_VOTES),
            advance_ceiling: policy.amount("advance_ceiling_minor"),
            light_threshold: policy.amount("light_threshold_minor"),
            draft: policy.hours("draft_hours"),
            approval_critical: policy.hours("approval_critical_hours"),
            approval_other: policy.hours("approval_other_hours"),
            report: policy.days("report_days"),
            arrival_check: policy.days("arrival_check_days"),
            close: policy.days("close_days"),
        })
    }

    /// How long the approvers of a lane have.
    pub(crate) const fn approval_time(&self, lane: Lane) -> Duration {
        match lane {
            Lane::Critical => self.approval_critical,
            Lane::Urgent | Lane::Standard => self.approval_other,
        }
    }

    /// Whether a grant of this ceiling is light enough for one person to close it.
    pub(crate) fn is_light(&self, ceiling: Money) -> bool {
        ceiling.is_within(self.light_threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Default for GrantsPolicy {
        /// As an installation has it that sets nothing.
        fn default() -> Self {
            Self::read(&flare_testkit::policy()).unwrap()
        }
    }

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
