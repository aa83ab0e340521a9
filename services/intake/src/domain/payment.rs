//! A payment, as the requester is shown it, and what the requester may say about it.

use flare_contracts::{Cause, InputRule, Refusal, grants::v1::TrancheState};
use flare_kernel::{GrantId, Money, TrancheId, codes};

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tranche {
    pub(crate) id: TrancheId,
    pub(crate) grant: GrantId,
    pub(crate) amount: Money,
    pub(crate) state: Payment,
}

codes! {
    /// Where a payment is.
    pub(crate) enum Payment {
        /// Planned.
        Scheduled = "scheduled",
        /// Cleared to be sent.
        Released = "released",
        /// Under way.
        Sent = "sent",
        /// It should have arrived.
        InDoubt = "in_doubt",
        /// It arrived.
        Arrived = "arrived",
        /// It came back.
        Returned = "returned",
        /// It is gone.
        Lost = "lost",
    }
}

impl Payment {
    /// The state of grants' events; nothing for one that grants never sends.
    pub(crate) const fn from_wire(state: TrancheState) -> Option<Self> {
        match state {
            TrancheState::Unspecified => None,
            TrancheState::Scheduled => Some(Self::Scheduled),
            TrancheState::Released => Some(Self::Released),
            TrancheState::Sent => Some(Self::Sent),
            TrancheState::InDoubt => Some(Self::InDoubt),
            TrancheState::Arrived => Some(Self::Arrived),
            TrancheState::Returned => Some(Self::Returned),
            TrancheState::Lost => Some(Self::Lost),
        }
    }
}

impl Tranche {
    /// Refuses a report of arrival that cannot be: nothing is under way, or more arrived than was sent. What staff say
    /// came back may be told to have arrived: that it contradicts them is why they must hear it.
    pub(crate) fn may_arrive(&self, arrived: Money) -> Result<(), Refusal> {
        match self.state {
            Payment::Sent | Payment::InDoubt | Payment::Returned => {}
            Payment::Scheduled | Payment::Released | Payment::Arrived | Payment::Lost => {
                return Err(Cause::TrancheNotUnderWay { state: self.state.as_str().to_owned() }.into());
            }
        }
        if arrived.currency() != self.amount.currency() || arrived.minor() > self.amount.minor() {
            let currency = self.amount.currency().to_string();
            return Err(Refusal::invalid("arrived", InputRule::MoreThanSent { currency }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grant::tests::{grant, money};

    #[test]
    fn what_arrives_was_under_way_and_is_no_more_than_that() {
        for state in Payment::ALL {
            let tranche = Tranche {
                id: TrancheId::from_bytes([1; 16]),
                grant: grant().id,
                amount: money("EUR", 500),
                state: *state,
            };
            let under_way = matches!(state, Payment::Sent | Payment::InDoubt | Payment::Returned);
            for (arrived, fits) in [
                (money("EUR", 0), true),
                (money("EUR", 500), true),
                (money("EUR", 501), false),
                (money("USD", 1), false),
            ] {
                let currency = "EUR".to_owned();
                let expected = match (under_way, fits) {
                    (true, true) => Ok(()),
                    (true, false) => Err(Refusal::invalid("arrived", InputRule::MoreThanSent { currency })),
                    (false, _) => Err(Cause::TrancheNotUnderWay { state: state.as_str().to_owned() }.into()),
                };
                assert_eq!(tranche.may_arrive(arrived), expected);
            }
        }
    }
}
