//! A person: invited, active, disabled, and what may happen to them in each state.

use flare_access::Roles;
use flare_contracts::{
    Coded, Kind, Params, Reason,
    common::v1::Role,
    events::v1::{AdmittedToTeam, RolesSet, StaffCertified, StaffDisabled, StaffEnrolled, StaffInvited},
};
use flare_kernel::{StaffId, codes};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{StaffName, Team};

codes! {
    /// Where a person stands. Nobody comes back from disabled: they are invited under a new name, with new keys.
    pub(crate) enum State {
        /// Has a one-time code and nothing else.
        Invited = "invited",
        /// Has a passphrase and keys.
        Active = "active",
        /// Has no access. What they did stays theirs.
        Disabled = "disabled",
    }
}

/// A person's public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKeys {
    /// X-Wing.
    pub(crate) encryption: Vec<u8>,
    /// Ed25519.
    pub(crate) signing: [u8; 32],
}

/// A person as the rules see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staff {
    pub(crate) id: StaffId,
    pub(crate) name: StaffName,
    pub(crate) roles: Roles,
    pub(crate) state: State,
    /// SHA-256 of the one-time code, while invited.
    pub(crate) code_hash: Option<[u8; 32]>,
    /// Once enrolled.
    pub(crate) keys: Option<PublicKeys>,
    /// The organisation's signature over id and keys, once it was given. Whether it fits is checked before it comes here.
    pub(crate) certificate: Option<[u8; 64]>,
}

/// What these roles allow whose holder may have no certificate: an administrator makes up people and gives out roles, and
/// would otherwise be as many approvers as they like.
pub(crate) fn effective(roles: Roles, is_certified: bool) -> Roles {
    let takes_effect = |role: &Role| match role {
        Role::Head | Role::Approver | Role::Finance => is_certified,
        Role::Unspecified | Role::Officer | Role::Auditor | Role::Admin => true,
    };
    roles.iter().filter(takes_effect).collect()
}

/// How often a person may be given the same generation of a team's key.
const MOST_ADMISSIONS: usize = 8;

/// Why nothing happened to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StaffError {
    /// Another code, or no invitation is open: the two look alike.
    #[error("this name and code open no enrolment: the code may be mistyped, or used already")]
    WrongCode,
    /// A step for people who have access, or will have.
    #[error("this can be done while a person is invited or active; this one is disabled")]
    Disabled,
    /// A step for people who have keys.
    #[error("a person can be certified and admitted to a team while they are active; this one is {0}")]
    NotActive(&'static str),
    /// A step for people whose keys the organisation vouches for.
    #[error("a person can be admitted to a team once the organisation has certified their keys")]
    NotCertified,
    /// Each wrap is kept, and somebody gives out more and more of them.
    #[error(
        "a person can be given the same team's key {MOST_ADMISSIONS} times; give the team a new key instead"
    )]
    AdmittedTooOften,
    /// Whoever gives out roles does not give them to themselves.
    #[error("nobody sets their own roles: another administrator can")]
    OwnRoles,
    /// Nobody would be left to run the organisation.
    #[error("this person is the last active administrator: make somebody else one first")]
    LastAdministrator,
}

impl Coded for StaffError {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongCode => "BAD_CODE",
            Self::Disabled => "STAFF_DISABLED",
            Self::NotActive(_) => "STAFF_NOT_ACTIVE",
            Self::NotCertified => "STAFF_NOT_CERTIFIED",
            Self::AdmittedTooOften => "ADMITTED_TOO_OFTEN",
            Self::OwnRoles => "OWN_ROLES",
            Self::LastAdministrator => "LAST_ADMINISTRATOR",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::NotActive(found) => vec![("found", (*found).to_owned())],
            Self::AdmittedTooOften => vec![("limit", MOST_ADMISSIONS.to_string())],
            Self::WrongCode
            | Self::Disabled
            | Self::NotCertified
            | Self::OwnRoles
            | Self::LastAdministrator => Params::new(),
        }
    }
}

impl Reason for StaffError {
    fn kind(&self) -> Kind {
        match self {
            Self::WrongCode => Kind::Unauthenticated,
            Self::Disabled | Self::NotActive(_) | Self::NotCertified | Self::LastAdministrator => Kind::State,
            Self::AdmittedTooOften => Kind::Exhausted,
            Self::OwnRoles => Kind::Forbidden,
        }
    }
}

impl Staff {
    /// A person who may enrol with the code whose hash this is.
    pub(crate) fn invite(
        id: StaffId,
        name: StaffName,
        roles: Roles,
        code_hash: [u8; 32],
    ) -> (Self, StaffInvited) {
        let event = StaffInvited { staff_id: id.to_string(), roles: roles.codes() };
        let (state, code_hash) = (State::Invited, Some(code_hash));
        (Self { id, name, roles, state, code_hash, keys: None, certificate: None }, event)
    }

    /// What they may do now.
    pub(crate) fn effective_roles(&self) -> Roles {
        effective(self.roles, self.certificate.is_some())
    }

    /// What they may do once they are certified.
    fn roles_held_back(&self) -> Roles {
        let now = self.effective_roles();
        self.roles.iter().filter(|role| !now.holds(*role)).collect()
    }

    /// They set their keys, once, with their code.
    pub(crate) fn enrol(mut self, code: &str, keys: PublicKeys) -> Result<(Self, StaffEnrolled), StaffError> {
        let given: [u8; 32] = Sha256::digest(code).into();
        // Compared whatever the state, so that time does not tell who is invited.
        let same: bool = self.code_hash.unwrap_or_default().ct_eq(&given).into();
        match self.state {
            State::Invited if same => {}
            State::Invited | State::Active | State::Disabled => return Err(StaffError::WrongCode),
        }
        let event = StaffEnrolled {
            staff_id: self.id.to_string(),
            roles: self.effective_roles().codes(),
            roles_held_back: self.roles_held_back().codes(),
        };
        (self.state, self.code_hash, self.keys) = (State::Active, None, Some(keys));
        Ok((self, event))
    }

    /// The organisation vouches for their keys; no event when it did already.
    pub(crate) fn certify(
        mut self,
        certificate: [u8; 64],
    ) -> Result<(Self, Option<StaffCertified>), StaffError> {
        let signing_key = match (self.state, &self.keys) {
            (State::Active, Some(keys)) => keys.signing.to_vec(),
            (State::Active, None) | (State::Invited | State::Disabled, _) => {
                return Err(StaffError::NotActive(self.state.as_str()));
            }
        };
        if self.certificate.is_some() {
            return Ok((self, None));
        }
        self.certificate = Some(certificate);
        let (staff_id, roles) = (self.id.to_string(), self.effective_roles().codes());
        Ok((self, Some(StaffCertified { staff_id, roles, signing_key })))
    }

    /// Other roles from now on, given by somebody else; no event when they are the same.
    pub(crate) fn set_roles(
        mut self,
        by: StaffId,
        roles: Roles,
        other_administrators: bool,
    ) -> Result<(Self, Option<RolesSet>), StaffError> {
        if by == self.id {
            return Err(StaffError::OwnRoles);
        }
        match self.state {
            State::Active
                if self.is_last_administrator(other_administrators) && !roles.holds(Role::Admin) =>
            {
                return Err(StaffError::LastAdministrator);
            }
            State::Invited | State::Active => {}
            State::Disabled => return Err(StaffError::Disabled),
        }
        let is_new = roles != self.roles;
        self.roles = roles;
        let event = is_new.then(|| RolesSet {
            staff_id: self.id.to_string(),
            roles: self.effective_roles().codes(),
            roles_held_back: self.roles_held_back().codes(),
        });
        Ok((self, event))
    }

    /// They have no access any more.
    pub(crate) fn disable(
        mut self,
        reason: &str,
        other_administrators: bool,
    ) -> Result<(Self, StaffDisabled), StaffError> {
        match self.state {
            State::Active if self.is_last_administrator(other_administrators) => {
                return Err(StaffError::LastAdministrator);
            }
            State::Invited | State::Active => {}
            State::Disabled => return Err(StaffError::Disabled),
        }
        let event = StaffDisabled { staff_id: self.id.to_string(), reason: reason.to_owned() };
        (self.state, self.code_hash) = (State::Disabled, None);
        Ok((self, event))
    }

    /// They are given a team's key; `earlier` times they were given this one before. Nobody can tell here whether a wrap
    /// opens, so each is kept, up to a limit.
    pub(crate) fn admit(
        &self,
        team: Team,
        generation: u32,
        earlier: usize,
    ) -> Result<AdmittedToTeam, StaffError> {
        match self.state {
            State::Active => {}
            State::Invited | State::Disabled => return Err(StaffError::NotActive(self.state.as_str())),
        }
        if self.certificate.is_none() {
            return Err(StaffError::NotCertified);
        }
        if earlier >= MOST_ADMISSIONS {
            return Err(StaffError::AdmittedTooOften);
        }
        Ok(AdmittedToTeam { staff_id: self.id.to_string(), team: team.as_str().to_owned(), generation })
    }

    fn is_last_administrator(&self, other_administrators: bool) -> bool {
        self.roles.holds(Role::Admin) && !other_administrators
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "violet otter 17";

    fn roles(held: &[Role]) -> Roles {
        held.iter().copied().collect()
    }

    fn keys() -> PublicKeys {
        PublicKeys { encryption: vec![1; 1216], signing: [2; 32] }
    }

    /// Another administrator.
    const OTHER: StaffId = StaffId::from_bytes([9; 16]);

    fn staff(state: State, held: Roles) -> Staff {
        let id = StaffId::from_bytes([1; 16]);
        let (invited, _) =
            Staff::invite(id, StaffName::new("amina").unwrap(), held, Sha256::digest(CODE).into());
        match state {
            State::Invited => invited,
            State::Active => invited.enrol(CODE, keys()).unwrap().0,
            State::Disabled => invited.enrol(CODE, keys()).unwrap().0.disable("left", true).unwrap().0,
        }
    }

    #[test]
    fn every_state_against_every_step() {
        use State::{Active, Disabled, Invited};
        let officer = roles(&[Role::Officer]);
        for (state, enrol, set_roles, disable, certify) in [
            (Invited, Ok(Active), Ok(Invited), Ok(Disabled), Err(StaffError::NotActive("invited"))),
            (Active, Err(StaffError::WrongCode), Ok(Active), Ok(Disabled), Ok(())),
            (
                Disabled,
                Err(StaffError::WrongCode),
                Err(StaffError::Disabled),
                Err(StaffError::Disabled),
                Err(StaffError::NotActive("disabled")),
            ),
        ] {
            let one = staff(state, officer);
            assert_eq!(one.clone().enrol(CODE, keys()).map(|done| done.0.state), enrol, "{state:?}");
            let heads = roles(&[Role::Head]);
            let set = one.clone().set_roles(OTHER, heads, true);
            assert_eq!(set.map(|done| done.0.state), set_roles, "{state:?}");
            assert_eq!(one.clone().disable("left", true).map(|done| done.0.state), disable, "{state:?}");
            assert_eq!(one.clone().certify([1; 64]).map(drop), certify, "{state:?}");
            let certified = Staff { certificate: Some([1; 64]), ..one };
            assert_eq!(certified.admit(Team::Triage, 1, 0).map(drop), certify, "{state:?}");
        }
    }

    #[test]
    fn roles_that_decide_take_effect_with_the_certificate() {
        let all = roles(&[Role::Officer, Role::Head, Role::Approver, Role::Finance, Role::Admin]);
        let one = staff(State::Active, all);
        assert_eq!(one.effective_roles(), roles(&[Role::Officer, Role::Admin]));
        assert_eq!(one.admit(Team::Finance, 1, 0).unwrap_err(), StaffError::NotCertified);
        let to = roles(&[Role::Officer, Role::Approver]);
        let set = one.clone().set_roles(OTHER, to, true).unwrap().1.unwrap();
        let codes = |held: &[Role]| roles(held).codes();
        assert_eq!((set.roles, set.roles_held_back), (codes(&[Role::Officer]), codes(&[Role::Approver])));
        let (certified, told) = one.certify([1; 64]).unwrap();
        assert_eq!(certified.effective_roles(), all);
        let told = told.unwrap();
        assert_eq!((told.roles, told.signing_key), (all.codes(), vec![2; 32]));
        assert!(certified.certify([1; 64]).unwrap().1.is_none(), "a second time tells nothing");
    }

    #[test]
    fn nobody_sets_their_own_roles() {
        let admin = staff(State::Active, roles(&[Role::Admin]));
        let (own, finance) = (admin.id, roles(&[Role::Admin, Role::Finance]));
        assert_eq!(admin.set_roles(own, finance, true).unwrap_err(), StaffError::OwnRoles);
    }

    #[test]
    fn the_last_active_administrator_stays_one() {
        let admin = staff(State::Active, roles(&[Role::Admin, Role::Head]));
        let last = Err(StaffError::LastAdministrator);
        assert_eq!(admin.clone().disable("left", false).map(drop), last);
        assert_eq!(admin.clone().set_roles(OTHER, roles(&[Role::Head]), false).map(drop), last);
        assert!(admin.clone().set_roles(OTHER, roles(&[Role::Admin]), false).is_ok());
        assert!(admin.clone().disable("left", true).is_ok());
        assert!(staff(State::Invited, roles(&[Role::Admin])).disable("left", false).is_ok());
        assert!(staff(State::Active, roles(&[Role::Head])).disable("left", false).is_ok());
    }

    #[test]
    fn roles_that_do_not_change_tell_nothing() {
        let held = roles(&[Role::Officer]);
        assert_eq!(staff(State::Active, held).set_roles(OTHER, held, true).unwrap().1, None);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Enrol(String),
        SetRoles(i64, bool),
        Disable(bool),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let code = prop_oneof![Just(CODE.to_owned()), ".{0,20}"];
        let step = prop_oneof![
            code.prop_map(Step::Enrol),
            (1_i64..64, any::<bool>()).prop_map(|(bits, others)| Step::SetRoles(bits << 1, others)),
            any::<bool>().prop_map(Step::Disable),
        ];
        prop::collection::vec(step, 0..12)
    }

    proptest! {
        #[test]
        fn whatever_happens_the_invariants_hold(steps in steps()) {
            let mut one = staff(State::Invited, roles(&[Role::Admin]));
            for step in steps {
                let before = one.clone();
                let after = match step {
                    Step::Enrol(code) => one.enrol(&code, keys()).map(|done| done.0),
                    Step::SetRoles(bits, others) => {
                        one.set_roles(OTHER, Roles::from_bits(bits).unwrap(), others).map(|done| done.0)
                    }
                    Step::Disable(others) => one.disable("other", others).map(|done| done.0),
                };
                one = after.unwrap_or_else(|_| before.clone());
                prop_assert_eq!(one.code_hash.is_some(), one.state == State::Invited);
                prop_assert!(one.state != State::Active || one.keys.is_some());
                prop_assert!(before.state != State::Disabled || one == before, "nobody comes back");
                prop_assert!(before.keys.is_none() || one.keys == before.keys, "keys are set once");
            }
        }
    }
}
