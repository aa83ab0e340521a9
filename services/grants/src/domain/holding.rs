//! Holding, freeing and stopping all money of a case: what a pause, an inquiry or a withdrawal does to each grant.

use flare_contracts::events::v1::{GrantWithdrawn, MoneyFreed, MoneyHeld};
use flare_kernel::Timestamp;

use super::{Facts, Grant, Stage, code::codes};
use crate::GrantsPolicy;

codes! {
    /// Whether a grant's money may move.
    MoneyState {
        /// It may.
        Free = "free",
        /// Not until somebody frees it.
        Held = "held",
        /// Never again.
        Stopped = "stopped",
    }
}

/// What is asked about all money of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyAsk {
    /// Nothing is released or sent until it is freed.
    Hold,
    /// What was held moves again.
    Free,
    /// The requester withdrew: what was not sent never will be.
    Stop,
}

impl MoneyState {
    /// What a case's money is after this was asked. A withdrawal is lifted by reopening the case only.
    pub(crate) const fn after(self, hold: MoneyAsk) -> Self {
        match (self, hold) {
            (Self::Free | Self::Held, MoneyAsk::Hold) => Self::Held,
            (Self::Free | Self::Held, MoneyAsk::Free) => Self::Free,
            (_, MoneyAsk::Stop) | (Self::Stopped, MoneyAsk::Hold | MoneyAsk::Free) => Self::Stopped,
        }
    }
}

impl Grant {
    /// Holds, frees or stops the money. Asking again changes nothing.
    ///
    /// A stopped grant that has paid nothing is withdrawn. One that has paid ends now: staff settle what is under way,
    /// have the report given or waived, and close it.
    pub(crate) fn hold(&mut self, hold: MoneyAsk, now: Timestamp, policy: &GrantsPolicy) -> Facts {
        let after = self.money.after(hold);
        if self.stage.is_over() || after == self.money {
            return Facts::new();
        }
        let was = std::mem::replace(&mut self.money, after);
        let (case_id, grant_id) = self.ids();
        let mut facts = self.take_releases_back();
        match after {
            MoneyState::Free => facts.push(MoneyFreed { case_id, grant_id }.into()),
            MoneyState::Held => facts.push(MoneyHeld { case_id, grant_id }.into()),
            MoneyState::Stopped if !self.is_paid() => {
                self.stage = Stage::Withdrawn;
                facts.push(GrantWithdrawn { case_id, grant_id }.into());
            }
            MoneyState::Stopped => {
                if was == MoneyState::Free {
                    facts.push(MoneyHeld { case_id, grant_id }.into());
                }
                facts.extend(self.end_when_stopped(now, policy));
            }
        }
        facts
    }

    fn end_when_stopped(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Facts {
        match self.stage {
            Stage::Draft | Stage::InApproval | Stage::Returned | Stage::Approved | Stage::Active => {
                self.end(now, policy)
            }
            Stage::Reporting
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => Facts::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, NOW};

    fn hold(grant: &mut Grant, hold: MoneyAsk) -> Vec<&'static str> {
        samples::kinds(&grant.hold(hold, NOW, &GrantsPolicy::default()))
    }

    #[test]
    fn a_hold_is_lifted_and_repeating_either_changes_nothing() {
        let mut grant = samples::active();
        assert!(hold(&mut grant, MoneyAsk::Free).is_empty());
        assert_eq!(hold(&mut grant, MoneyAsk::Hold), ["MoneyHeld"]);
        assert!(hold(&mut grant, MoneyAsk::Hold).is_empty());
        assert_eq!(hold(&mut grant, MoneyAsk::Free), ["MoneyFreed"]);
        assert_eq!(grant.money, MoneyState::Free);
    }

    #[test]
    fn a_stop_withdraws_what_has_paid_nothing() {
        for mut grant in [samples::draft(), samples::in_approval(), samples::approved(), samples::active()] {
            assert_eq!(hold(&mut grant, MoneyAsk::Stop), ["GrantWithdrawn"]);
            assert_eq!(grant.stage, Stage::Withdrawn);
            assert!(hold(&mut grant, MoneyAsk::Stop).is_empty());
            assert!(hold(&mut grant, MoneyAsk::Free).is_empty(), "never again");
        }
    }

    #[test]
    fn a_stop_ends_what_has_paid_and_staff_settle_it() {
        let mut grant = samples::active();
        samples::send(&mut grant, 10_000);
        assert_eq!(hold(&mut grant, MoneyAsk::Stop), ["MoneyHeld", "GrantEnded"]);
        assert_eq!((grant.stage, grant.money, grant.under_way()), (Stage::Reporting, MoneyState::Stopped, 1));
        assert!(hold(&mut grant, MoneyAsk::Free).is_empty());
        assert!(hold(&mut grant, MoneyAsk::Stop).is_empty());
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        for stage in [Stage::Closed, Stage::Rejected, Stage::Withdrawn, Stage::Terminated] {
            let mut grant = samples::active();
            grant.stage = stage;
            for kind in [MoneyAsk::Hold, MoneyAsk::Free, MoneyAsk::Stop] {
                assert!(hold(&mut grant, kind).is_empty());
            }
            assert_eq!(grant.stage, stage);
        }
    }
}
