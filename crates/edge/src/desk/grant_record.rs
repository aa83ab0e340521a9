//! A grant as whoever works on it reads it, and the keys that open it.

use flare_contracts::{
    fields,
    grants::v1::{GetGrantRequest, Grant, GrantStage},
    words::Worded as _,
};
use flare_kernel::{CaseId, GrantId};
use flare_seal::Compartment;

use super::{Desk, Standing, case_record::shown, refusals::DeskRefusal};
use crate::{CaseKeys, EdgeError, VerifiedProposal, call::call};

/// The compartments that grants keeps.
const OF_GRANTS: [Compartment; 2] = [Compartment::Proposal, Compartment::Payment];

/// A grant and its keys, as somebody read it.
pub struct GrantRecord {
    pub(super) id: GrantId,
    pub(super) case: CaseId,
    pub(super) grant: Grant,
    /// Of the compartments proposal and payment, as far as the reader's teams reach.
    pub(super) keys: CaseKeys,
    /// What whoever acts says they saw; without it, this reading is what they saw.
    pub(super) seen: Option<i64>,
}

impl Desk {
    /// Reads a grant. `seen` is the version that whoever acts says they saw; without it, this reading is what they saw.
    pub async fn grant(&self, id: GrantId, seen: Option<i64>) -> Result<GrantRecord, EdgeError> {
        let answer = call!(self, grants.get_grant(GetGrantRequest { grant_id: id.to_string() }))?;
        // Another grant than the one that was asked for could have other votes.
        let grant = answer.grant.filter(|grant| grant.grant_id == id.to_string());
        let grant = grant.ok_or(EdgeError::Incomplete("the grant"))?;
        let case = grant.case_id.parse().map_err(|_| EdgeError::Incomplete("a case id"))?;
        let keys = self.session.case_keys(case, &OF_GRANTS, &grant.keys);
        Ok(GrantRecord { id, case, grant, keys, seen })
    }

    /// The version that a change names: what whoever acts says they saw, or as the grant is now.
    pub(crate) async fn grant_version(&self, grant: GrantId, seen: Option<i64>) -> Result<i64, EdgeError> {
        match seen {
            Some(seen) => Ok(seen),
            None => Ok(self.grant(grant, None).await?.grant.version),
        }
    }
}

impl GrantRecord {
    /// The grant.
    pub const fn id(&self) -> GrantId {
        self.id
    }

    /// Its case.
    pub const fn case(&self) -> CaseId {
        self.case
    }

    /// The version that a change names.
    pub fn version(&self) -> i64 {
        self.seen.unwrap_or(self.grant.version)
    }

    /// The currency of the ceiling; everything in the grant is paid in it.
    pub fn currency(&self) -> &str {
        let ceiling = self.grant.terms.as_ref().and_then(|terms| terms.ceiling.as_ref());
        ceiling.map(|ceiling| ceiling.currency.as_str()).unwrap_or_default()
    }

    /// The proposal, opened, every commitment recomputed. What does not fit its commitment is never shown.
    pub fn proposal(&self) -> Result<VerifiedProposal, EdgeError> {
        VerifiedProposal::open(&self.keys, &self.grant)
    }

    /// The payee, for those who may open it.
    pub fn payee(&self) -> Option<String> {
        self.grant.payee.as_ref().map(|payee| shown(&self.keys, &fields::PAYEE, payee))
    }

    /// Takes note that this act itself moved the grant on by one, to this version; whatever else moved it meanwhile is
    /// still noticed.
    pub(super) fn moved_on(&mut self, version: i64) {
        if self.grant.version == version - 1 {
            self.grant.version = version;
        }
        self.seen = self.seen.map(|seen| if seen == version - 1 { version } else { seen });
    }

    /// Refuses what grants would refuse: an act on another version than the newest, or at a stage that does not allow it.
    /// Whoever speaks to the requester first asks this before.
    pub(super) fn check_current(&self, act: &str, stages: &[GrantStage]) -> Result<(), EdgeError> {
        if self.version() != self.grant.version {
            return Err(EdgeError::Changed(Box::new(Standing::of_grant(&self.grant))));
        }
        if stages.contains(&self.grant.stage()) {
            return Ok(());
        }
        let allowed: Vec<_> = stages.iter().map(|stage| stage.word()).collect();
        let (act, allowed, stage) =
            (act.to_owned(), allowed.join(", "), self.grant.stage().word().to_owned());
        Err(EdgeError::Refused(DeskRefusal::WrongStage { act, allowed, stage }.into()))
    }
}
