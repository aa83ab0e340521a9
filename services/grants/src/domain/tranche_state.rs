//! Where a payment stands.

use flare_contracts::grants::v1;
use flare_kernel::codes;

codes! {
    /// Where a payment stands.
    pub(crate) enum TrancheState {
        /// Planned.
        Scheduled = "scheduled",
        /// Finance may send it.
        Released = "released",
        /// On its way.
        Sent = "sent",
        /// Nobody knows where it is.
        InDoubt = "in_doubt",
        /// There, in full or in part.
        Arrived = "arrived",
        /// Came back, or never left.
        Returned = "returned",
        /// Written off by two people.
        Lost = "lost",
    }
}

impl TrancheState {
    /// As a person reads it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::InDoubt => "in doubt",
            Self::Scheduled | Self::Released | Self::Sent | Self::Arrived | Self::Returned | Self::Lost => {
                self.as_str()
            }
        }
    }

    /// Its money is spoken for: it did not come back. What was lost is gone, and to pay it again takes new votes.
    pub(super) const fn is_committed(self) -> bool {
        match self {
            Self::Scheduled | Self::Released | Self::Sent | Self::InDoubt | Self::Arrived | Self::Lost => {
                true
            }
            Self::Returned => false,
        }
    }

    /// Its money has left, or may leave at any moment, and did not come back.
    pub(super) const fn is_out(self) -> bool {
        match self {
            Self::Released | Self::Sent | Self::InDoubt | Self::Arrived | Self::Lost => true,
            Self::Scheduled | Self::Returned => false,
        }
    }

    /// Its money has left and did not come back.
    pub(super) const fn is_paid(self) -> bool {
        match self {
            Self::Sent | Self::InDoubt | Self::Arrived | Self::Lost => true,
            Self::Scheduled | Self::Released | Self::Returned => false,
        }
    }

    /// It was released, and nobody knows yet how it ends.
    pub(crate) const fn is_unsettled(self) -> bool {
        match self {
            Self::Released | Self::Sent | Self::InDoubt => true,
            Self::Scheduled | Self::Arrived | Self::Returned | Self::Lost => false,
        }
    }

    /// It was sent, and nobody knows yet how it ends.
    pub(crate) const fn is_under_way(self) -> bool {
        match self {
            Self::Sent | Self::InDoubt => true,
            Self::Scheduled | Self::Released | Self::Arrived | Self::Returned | Self::Lost => false,
        }
    }

    /// On the wire.
    pub(crate) const fn out(self) -> v1::TrancheState {
        match self {
            Self::Scheduled => v1::TrancheState::Scheduled,
            Self::Released => v1::TrancheState::Released,
            Self::Sent => v1::TrancheState::Sent,
            Self::InDoubt => v1::TrancheState::InDoubt,
            Self::Arrived => v1::TrancheState::Arrived,
            Self::Returned => v1::TrancheState::Returned,
            Self::Lost => v1::TrancheState::Lost,
        }
    }
}
