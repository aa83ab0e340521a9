//! A set of roles.

use std::fmt;

use flare_contracts::{Coded, Params, common::v1::Role};

/// The roles one person holds, or a rule asks for. `ROLE_UNSPECIFIED` is never in it.
///
/// In a database it is one number, [`Roles::bits`]: bit *n* is the role whose number in `proto/` is *n*.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(i64);

/// A number that stands for no role, or a set that has such a number in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be known roles")]
pub struct UnknownRole;

impl Coded for UnknownRole {
    fn code(&self) -> &'static str {
        "UNKNOWN_ROLE"
    }

    fn params(&self) -> Params {
        Params::new()
    }
}

/// Every role, in the order of their numbers.
const ALL: [Role; 6] = [Role::Officer, Role::Head, Role::Approver, Role::Finance, Role::Auditor, Role::Admin];

const fn bit(role: Role) -> i64 {
    match role {
        Role::Unspecified => 0,
        Role::Officer | Role::Head | Role::Approver | Role::Finance | Role::Auditor | Role::Admin => {
            1 << role as i64
        }
    }
}

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// The set as one number.
    pub const fn bits(self) -> i64 {
        self.0
    }

    /// The set that [`Roles::bits`] gave.
    pub fn from_bits(bits: i64) -> Result<Self, UnknownRole> {
        let known: Self = ALL.into_iter().collect();
        if bits & !known.0 == 0 { Ok(Self(bits)) } else { Err(UnknownRole) }
    }

    /// The set of the roles with these numbers in `proto/`, as a message carries them.
    pub fn from_codes(codes: &[i32]) -> Result<Self, UnknownRole> {
        codes
            .iter()
            .map(|code| match Role::try_from(*code) {
                Ok(Role::Unspecified) | Err(_) => Err(UnknownRole),
                Ok(role) => Ok(role),
            })
            .collect()
    }

    /// The numbers of these roles in `proto/`, as a message carries them.
    pub fn codes(self) -> Vec<i32> {
        self.iter().map(|role| role as i32).collect()
    }

    /// The role is one of them.
    pub const fn holds(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// At least one role is in both sets.
    pub const fn any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// No role is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        ALL.into_iter().filter(move |role| self.holds(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | bit(role)))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_the_contract_is_in_the_list() {
        let by_number: Vec<Role> = (0..64)
            .filter_map(|code| Role::try_from(code).ok())
            .filter(|role| *role != Role::Unspecified)
            .collect();
        assert_eq!(by_number, ALL);
    }

    #[test]
    fn every_set_is_read_back_from_its_number_and_its_codes() {
        for pattern in 0..(1_i64 << ALL.len()) {
            let roles: Roles = ALL
                .into_iter()
                .enumerate()
                .filter(|(at, _)| pattern & (1 << at) != 0)
                .map(|(_, role)| role)
                .collect();
            assert_eq!(Roles::from_bits(roles.bits()), Ok(roles));
            assert_eq!(Roles::from_codes(&roles.codes()), Ok(roles));
            assert_eq!(roles.iter().collect::<Roles>(), roles);
            assert_eq!(roles.is_empty(), pattern == 0);
            for other in ALL {
                assert_eq!(roles.holds(other), roles.iter().any(|role| role == other));
                assert_eq!(roles.any_of([other].into_iter().collect()), roles.holds(other));
            }
        }
    }

    #[test]
    fn the_number_of_a_role_is_its_bit() {
        assert_eq!(Roles::from_iter([Role::Officer]).bits(), 2);
        assert_eq!(Roles::from_iter([Role::Officer, Role::Admin]).bits(), 66);
    }

    #[test]
    fn the_unspecified_role_is_never_held_and_unknown_ones_are_refused() {
        assert!(Roles::from_iter([Role::Unspecified]).is_empty());
        assert!(!Roles::from_iter(ALL).holds(Role::Unspecified));
        for bits in [1, 128, -1, i64::MIN] {
            assert_eq!(Roles::from_bits(bits), Err(UnknownRole));
        }
        for code in [0, 7, -1] {
            assert_eq!(Roles::from_codes(&[1, code]), Err(UnknownRole));
        }
    }
}
