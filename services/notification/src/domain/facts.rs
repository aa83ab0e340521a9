//! What routing knows of a case and a grant, learned from the events.

use flare_kernel::{Codename, Lane, StaffId};

/// What is known when an event arrives. Events of different services come in any order, so any of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The case's name.
    pub(crate) codename: Option<Codename>,
    /// The case's lane.
    pub(crate) lane: Option<Lane>,
    /// The case's owner.
    pub(crate) owner: Option<StaffId>,
    /// The grant that the event is about.
    pub(crate) grant: Option<GrantFacts>,
}

/// What is known of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantFacts {
    /// Who drafted it.
    pub(crate) proposer: StaffId,
    /// Its money may be released.
    pub(crate) active: bool,
}
