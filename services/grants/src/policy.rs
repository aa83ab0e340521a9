//! What the organisation has decided about grants; data, never a constant in a rule.

use flare_kernel::{Currency, Duration, Lane, Money};

/// The organisation's rules about grants. The wiring fills it from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantsPolicy {
    /// The longest a grant may last, in days: from its start to its end.
    pub max_grant_days: i64,
    /// How many votes a grant needs unless its draft says otherwise; 1 to 9.
    pub votes_required: u32,
    /// The most that may go in advance of the gates, in major units: 1000 means 1000.00 EUR, and as many whole units
    /// of any other currency. Rates change and a rule that everybody can compute does not.
    pub advance_ceiling: i64,
    /// Up to this ceiling, in major units of whatever currency, one person may close a grant.
    pub light_threshold: i64,
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
        Self {
            max_grant_days: 183,
            votes_required: 2,
            advance_ceiling: 1000,
            light_threshold: 1000,
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

    /// The most that may go in advance, in this currency.
    pub(crate) fn advance_ceiling_in(&self, currency: Currency) -> Money {
        major(self.advance_ceiling, currency)
    }

    /// Whether a grant of this ceiling is light enough for one person to close it.
    pub(crate) fn is_light(&self, ceiling: Money) -> bool {
        ceiling <= major(self.light_threshold, ceiling.currency())
    }
}

/// So many whole units of a currency; held at the largest amount there is.
fn major(units: i64, currency: Currency) -> Money {
    let scale = 10_i64.pow(u32::from(currency.decimals()));
    Money::new(currency, units.max(0).saturating_mul(scale)).unwrap_or(Money::zero(currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_whole_units_of_any_currency() {
        let policy = GrantsPolicy::default();
        for (currency, minor) in [("EUR", 100_000), ("XOF", 1000), ("TND", 1_000_000)] {
            let currency = Currency::parse(currency).unwrap();
            assert_eq!(policy.advance_ceiling_in(currency).minor(), minor);
            assert!(policy.is_light(Money::new(currency, minor).unwrap()));
            assert!(!policy.is_light(Money::new(currency, minor + 1).unwrap()));
        }
        let endless = GrantsPolicy { advance_ceiling: i64::MAX, ..policy };
        assert_eq!(endless.advance_ceiling_in(Currency::parse("EUR").unwrap()).minor(), i64::MAX);
    }

    #[test]
    fn critical_grants_have_less_time() {
        let policy = GrantsPolicy::default();
        assert_eq!(policy.approval_time(Lane::Critical), Duration::from_hours(24));
        assert_eq!(policy.approval_time(Lane::Urgent), Duration::from_days(5));
        assert_eq!(policy.approval_time(Lane::Standard), Duration::from_days(5));
    }
}
