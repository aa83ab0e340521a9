//! Which keys grants holds, and who reads and writes with them.

use flare_access::Roles;
use flare_contracts::common::v1::Role;
use flare_seal::Compartment;

/// Whether somebody of these roles knows whom money goes to. It is nothing that approvers need.
pub(crate) fn sees_payee(roles: Roles) -> bool {
    roles.any_of([Role::Officer, Role::Head, Role::Finance].into_iter().collect())
}

/// The compartments that somebody of these roles reads and writes.
pub(crate) fn held_for(roles: Roles) -> &'static [Compartment] {
    if sees_payee(roles) { &[Compartment::Proposal, Compartment::Payment] } else { &[Compartment::Proposal] }
}
