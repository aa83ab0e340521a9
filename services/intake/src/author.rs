//! Who writes: the requester or a member of staff.

use flare_kernel::StaffId;

/// The author of a message, a file or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// Whoever holds the case's receipt.
    Requester,
    /// A member of staff.
    Staff(StaffId),
}

/// How the requester is named where staff have an id.
pub(crate) const REQUESTER: &str = "requester";

impl Author {
    /// "requester" or the staff id: the author on the wire and the actor of the event.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Requester => REQUESTER.to_owned(),
            Self::Staff(id) => id.to_string(),
        }
    }

    pub(crate) const fn is_requester(&self) -> bool {
        matches!(self, Self::Requester)
    }
}
