//! The administrator's acts: who is on the staff, what they may do, and which teams' keys they hold.

use data_encoding::HEXLOWER;
use flare_contracts::{
    Refusal,
    common::v1::Role,
    identity::v1::{
        DisableStaffRequest, Invitation, InviteStaffRequest, ListStaffRequest, SetRolesRequest, Staff,
        StaffState,
    },
    words::Worded,
};
use flare_seal::{OrganisationSeed, PersonKeys};
use serde::Serialize;

use super::{Desk, PAGE, refusals::DeskRefusal};
use crate::{
    EdgeError, Team,
    call::{call, retrying},
    organisation::{admission, admit, certify_staff, code_hash, person_keys},
    view::word,
};

/// A member of staff.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Their id.
    pub staff_id: String,
    /// What they log in with.
    pub name: String,
    /// The words of what they may do.
    pub roles: Vec<&'static str>,
    /// Whether they are one now.
    #[serde(serialize_with = "word")]
    pub state: StaffState,
    /// The teams whose keys they hold.
    pub teams: Vec<String>,
    /// Whether the organisation vouches for their keys, as far as this device can tell.
    pub certified: bool,
    #[serde(skip)]
    staff: Staff,
}

impl Member {
    /// Whether a certificate came with their keys, good or not.
    pub const fn has_certificate(&self) -> bool {
        !self.staff.certificate.is_empty()
    }

    /// Their keys, as the server shows them. Whether they are theirs, the certificate shows, or the fingerprint that they
    /// read out.
    pub fn keys(&self) -> Result<PersonKeys, EdgeError> {
        if self.staff.encryption_key.is_empty() {
            return Err(EdgeError::Refused(DeskRefusal::NotEnrolled { name: self.name.clone() }.into()));
        }
        person_keys(&self.staff.staff_id, &self.staff.encryption_key, &self.staff.signing_key)
    }
}

impl Desk {
    /// Everyone on the staff, as identity lists them.
    pub(super) async fn all_staff(&self) -> Result<Vec<Staff>, EdgeError> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListStaffRequest { page_size: PAGE, page_token };
            let page = call!(self, identity.list_staff(request))?;
            all.extend(page.staff);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            page_token = page.next_page_token;
        }
    }

    /// Everyone on the staff.
    pub async fn members(&self) -> Result<Vec<Member>, EdgeError> {
        Ok(self.all_staff().await?.into_iter().map(|staff| self.member_of(staff)).collect())
    }

    /// The member of this name or id.
    pub async fn member(&self, name_or_id: &str) -> Result<Member, EdgeError> {
        let all = self.all_staff().await?;
        let found = all.into_iter().find(|staff| staff.name == name_or_id || staff.staff_id == name_or_id);
        found.map(|staff| self.member_of(staff)).ok_or_else(|| Refusal::not_found("member of staff").into())
    }

    fn member_of(&self, staff: Staff) -> Member {
        Member {
            staff_id: staff.staff_id.clone(),
            name: staff.name.clone(),
            roles: staff.roles().map(Worded::word).collect(),
            state: staff.state(),
            teams: staff.teams.clone(),
            certified: self.session.bundle().certified(&staff).is_ok(),
            staff,
        }
    }

    /// Invites somebody with a one-time code; gives their id. The call's key follows from the code, so that inviting once
    /// more with the same one is answered as the first time was.
    pub async fn invite(&self, name: &str, roles: &[Role], code: &str) -> Result<String, EdgeError> {
        let code_hash = code_hash(code);
        let roles = roles.iter().map(|role| (*role).into()).collect();
        let (key, _) = code_hash.split_at(16);
        let request = InviteStaffRequest {
            request_id: HEXLOWER.encode(key),
            invitation: Some(Invitation { name: name.to_owned(), roles, code_hash }),
        };
        Ok(call!(self, identity.invite_staff(request))?.staff_id)
    }

    /// Vouches for a member's keys, whose fingerprint they have read out.
    pub async fn certify(&self, member: &mut Member, seed: &OrganisationSeed) -> Result<(), EdgeError> {
        let (keys, key) = (member.keys()?, self.key.use_for("certify"));
        member.staff.certificate = retrying(|| certify_staff(&self.session, &keys, seed, &key)).await?;
        member.certified = true;
        Ok(())
    }

    /// Whether this person can let others into a team by themselves, as a member of it.
    pub fn can_admit_to(&self, team: Team) -> Result<bool, EdgeError> {
        let generation = self.session.bundle().team(team)?.generation;
        Ok(self.session.team_secret(team, generation).is_some())
    }

    /// Refuses a member whose certificate is not the organisation's.
    pub fn check_certified(&self, member: &Member) -> Result<(), EdgeError> {
        self.session.bundle().certified(&member.staff).map(drop)
    }

    /// Lets somebody whose keys are certified into a team. Doing it twice is doing it once: no key is needed to do it again
    /// after a lost answer.
    pub async fn admit(
        &self,
        member: &Member,
        team: Team,
        seed: Option<&OrganisationSeed>,
    ) -> Result<(), EdgeError> {
        let key = self.key.text();
        let admission = retrying(|| admission(&self.session, &member.staff, team, seed, key)).await?;
        retrying(|| admit(&self.session, admission.clone())).await
    }

    /// Sets what a member may do.
    pub async fn set_roles(&self, staff: &str, roles: &[Role]) -> Result<(), EdgeError> {
        let request = SetRolesRequest {
            request_id: self.key.use_it(),
            staff_id: staff.to_owned(),
            roles: roles.iter().map(|role| (*role).into()).collect(),
        };
        call!(self, identity.set_roles(request)).map(drop)
    }

    /// Ends a member's access and sessions.
    pub async fn disable(&self, staff: &str, reason: &str) -> Result<(), EdgeError> {
        let request = DisableStaffRequest {
            request_id: self.key.use_it(),
            staff_id: staff.to_owned(),
            reason: reason.to_owned(),
        };
        call!(self, identity.disable_staff(request)).map(drop)
    }
}
