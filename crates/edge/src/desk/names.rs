//! A case or a grant as people name it: by its codename, or by its id.

use std::{str::FromStr, time::Duration};

use flare_contracts::{
    Refusal,
    grants::v1::{GrantStage, GrantSummary, ListCaseGrantsRequest},
    triage::v1::FindCaseRequest,
};
use flare_kernel::{CaseId, Codename, CodenameError, GrantId};

use super::{Desk, PAGE, refusals::DeskRule};
use crate::{EdgeError, call::call, view::told_codename};

/// How often, and how long each time, it is waited for triage to name a case: 5 s in all.
const NEWS_TRAVELS: u32 = 20;
const WAIT: Duration = Duration::from_millis(250);

/// A case, as somebody names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseName {
    /// By its id.
    Id(CaseId),
    /// By its codename.
    Codename(Codename),
}

/// A grant, as somebody names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantName {
    /// By its id.
    Id(GrantId),
    /// By the codename of its case, which must have just one grant that has not ended, or just one.
    OfCase(Codename),
}

/// A text that names no case or grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has the form of neither.
    #[error("must be a codename such as amber-kestrel-27, or an id such as case_01k…")]
    Case,
    /// It has the form of neither.
    #[error("must be the codename of its case, such as amber-kestrel-27, or an id such as grant_01k…")]
    Grant,
}

impl FromStr for CaseName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.trim().parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => codename(text).map(Self::Codename).map_err(|_| NameError::Case),
        }
    }
}

impl FromStr for GrantName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.trim().parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => codename(text).map(Self::OfCase).map_err(|_| NameError::Grant),
        }
    }
}

fn codename(text: &str) -> Result<Codename, CodenameError> {
    flare_typed::codename::read(text)
}

impl Desk {
    /// The case that somebody names.
    pub async fn find_case(&self, name: &CaseName) -> Result<CaseId, EdgeError> {
        match name {
            CaseName::Id(id) => Ok(*id),
            CaseName::Codename(name) => self.case_named(name).await,
        }
    }

    async fn case_named(&self, name: &Codename) -> Result<CaseId, EdgeError> {
        let found = call!(self, triage.find_case(FindCaseRequest { codename: name.to_string() }))?;
        let case = found.case_id.parse().map_err(|_| EdgeError::Incomplete("a case id"))?;
        // A name is one of its case's candidates: a service cannot hand out just any case under it.
        if !Codename::candidates(case).any(|candidate| candidate == *name) {
            return Err(EdgeError::Misplaced(name.to_string()));
        }
        Ok(case)
    }

    /// The name that triage gave a case.
    pub async fn name_of(&self, case: CaseId) -> Result<String, EdgeError> {
        Ok(told_codename(self.read_case(case).await?.summary.unwrap_or_default().codename))
    }

    /// The name of a case that was just opened, once triage knows it, in a moment; none where that takes longer.
    pub async fn name_once_known(&self, case: CaseId) -> Option<String> {
        for _ in 0..NEWS_TRAVELS {
            match self.name_of(case).await {
                Ok(name) => return Some(name),
                Err(error) if error.is_not_found() => tokio::time::sleep(WAIT).await,
                Err(_) => return None,
            }
        }
        None
    }

    /// The grant that somebody names.
    pub async fn find_grant(&self, name: &GrantName) -> Result<GrantId, EdgeError> {
        let codename = match name {
            GrantName::Id(id) => return Ok(*id),
            GrantName::OfCase(codename) => codename,
        };
        let case_id = self.case_named(codename).await?.to_string();
        let mut grants = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListCaseGrantsRequest { case_id: case_id.clone(), page_size: PAGE, page_token };
            let page = call!(self, grants.list_case_grants(request))?;
            grants.extend(page.grants);
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        let id = only_one(&grants)?;
        id.parse().map_err(|_| EdgeError::Incomplete("a grant id"))
    }
}

/// The one of a case's grants that its codename means.
fn only_one(grants: &[GrantSummary]) -> Result<&str, Refusal> {
    let all: Vec<_> = grants.iter().collect();
    let open: Vec<_> = grants.iter().filter(|grant| !has_ended(grant.stage())).collect();
    match (open.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Ok(&one.grant_id),
        ([], []) => Err(Refusal::not_found("grant")),
        (several, all) => {
            let of = if several.is_empty() { all } else { several };
            let ids: Vec<_> = of.iter().map(|grant| grant.grant_id.as_str()).collect();
            Err(Refusal::invalid("GRANT", DeskRule::SeveralGrants { ids: ids.join(", ") }))
        }
    }
}

const fn has_ended(stage: GrantStage) -> bool {
    match stage {
        GrantStage::Closed | GrantStage::Rejected | GrantStage::Withdrawn | GrantStage::Terminated => true,
        GrantStage::Unspecified
        | GrantStage::Draft
        | GrantStage::InApproval
        | GrantStage::Returned
        | GrantStage::Approved
        | GrantStage::Active
        | GrantStage::Reporting
        | GrantStage::Closing => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(stages: &[GrantStage]) -> Vec<GrantSummary> {
        let grant = |(number, stage): (usize, &GrantStage)| {
            let mut grant = GrantSummary { grant_id: format!("grant_{number}"), ..GrantSummary::default() };
            grant.set_stage(*stage);
            grant
        };
        stages.iter().enumerate().map(grant).collect()
    }

    #[test]
    fn a_codename_means_the_one_grant_that_has_not_ended_or_the_only_one() {
        use GrantStage::{Active, Closed, Draft, Rejected};
        for (stages, meant) in [
            (&[][..], Err("NOT_FOUND")),
            (&[Draft], Ok("grant_0")),
            (&[Closed], Ok("grant_0")),
            (&[Rejected, Active], Ok("grant_1")),
            (&[Active, Draft], Err("INVALID_FIELD")),
            (&[Closed, Rejected], Err("INVALID_FIELD")),
        ] {
            let grants = grants(stages);
            assert_eq!(only_one(&grants).map_err(|refusal| refusal.reason), meant, "{stages:?}");
        }
    }

    #[test]
    fn a_case_is_named_by_id_or_codename() {
        let id = CaseId::from_bytes([1; 16]);
        assert_eq!(id.to_string().parse(), Ok(CaseName::Id(id)));
        let named: CaseName = "Amber Kestrel 27".parse().unwrap();
        assert_eq!(named, CaseName::Codename("amber-kestrel-27".parse().unwrap()));
        assert_eq!("the amber one".parse::<CaseName>(), Err(NameError::Case));
        assert_eq!("grant".parse::<GrantName>(), Err(NameError::Grant));
    }
}
