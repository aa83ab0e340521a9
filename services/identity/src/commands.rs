//! What can be done. Commands of a few lines that belong together share a file.

mod access;
mod admit_to_team;
mod certify_staff;
mod enrol;
mod found_organisation;
mod invite_staff;
mod sessions;

pub(crate) use access::{DisableStaff, SetRoles};
pub(crate) use admit_to_team::AdmitToTeam;
pub(crate) use certify_staff::CertifyStaff;
pub(crate) use enrol::{Enrol, Enrolment, Newcomer};
pub(crate) use found_organisation::{FoundOrganisation, Founder};
pub(crate) use invite_staff::{Invitation, InviteStaff};
pub(crate) use sessions::{EndSession, StartSession};

use flare_access::Roles;
use flare_contracts::{InputRule, Refusal};
use flare_kernel::Lane;
use flare_seal::{RecipientPublic, WRAPPED_LEN};

use crate::refusals::IdentityRule;

/// Events about people travel with the most pressing: they are few, and every notice is routed by them.
const LANE: Lane = Lane::Critical;

/// Roles in the input: known ones, and at least one.
fn roles(field: &str, codes: &[i32]) -> Result<Roles, Refusal> {
    let roles = Roles::from_codes(codes).map_err(|error| Refusal::invalid(field, error))?;
    if roles.is_empty() {
        return Err(Refusal::invalid(field, IdentityRule::NoRole));
    }
    Ok(roles)
}

/// An X-Wing public key in the input.
fn recipient(field: &str, bytes: &[u8]) -> Result<RecipientPublic, Refusal> {
    RecipientPublic::from_bytes(bytes).map_err(|_| Refusal::invalid(field, InputRule::NotAnEncryptionKey))
}

/// A wrapped secret in the input.
fn wrapped(field: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if bytes.len() != WRAPPED_LEN {
        return Err(Refusal::invalid(field, IdentityRule::NotAWrap { bytes: WRAPPED_LEN }));
    }
    Ok(bytes)
}
