//! Where a case or a grant stands: what an act left behind, and what somebody needs who decided on an older version.

use flare_contracts::{
    common::v1::Lane,
    grants::v1::{GetGrantRequest, Grant, GrantStage, GrantState},
    triage::v1::{CaseState, Stage},
    words::Worded,
};
use flare_kernel::{CaseId, GrantId};
use serde::Serialize;

use super::Desk;
use crate::{
    EdgeError,
    call::call,
    view::{told_codename, word},
};

/// What an act on a case left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseStanding {
    /// The case.
    pub case_id: String,
    /// Its name on screens that others may see.
    pub codename: String,
    /// The number of its last change.
    pub version: i64,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub stage: Stage,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
}

/// What an act on a grant left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantStanding {
    /// The grant.
    pub grant_id: String,
    /// The number of its last change.
    pub version: i64,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub stage: GrantStage,
    /// The words of the gates that are open.
    pub open_gates: Vec<&'static str>,
}

/// How something stands now that changed since somebody decided on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A case.
    Case {
        /// How it stands.
        now: CaseStanding,
        /// The name of its owner; none when it has none.
        owner: Option<String>,
    },
    /// A grant.
    Grant {
        /// How it stands.
        now: GrantStanding,
        /// Which round of votes.
        round: u32,
        /// How many gates it has.
        gates: usize,
    },
}

impl From<CaseState> for CaseStanding {
    fn from(state: CaseState) -> Self {
        Self {
            stage: state.stage(),
            lane: state.lane(),
            version: state.version,
            case_id: state.case_id,
            codename: told_codename(state.codename),
        }
    }
}

impl From<GrantState> for GrantStanding {
    fn from(state: GrantState) -> Self {
        Self {
            stage: state.stage(),
            open_gates: state.open_gates().map(Worded::word).collect(),
            version: state.version,
            grant_id: state.grant_id,
        }
    }
}

impl Standing {
    /// How a grant stands.
    pub(crate) fn of_grant(grant: &Grant) -> Self {
        let open = grant.gates.iter().filter(|gate| gate.open).map(|gate| gate.gate().word());
        let now = GrantStanding {
            grant_id: grant.grant_id.clone(),
            version: grant.version,
            stage: grant.stage(),
            open_gates: open.collect(),
        };
        Self::Grant { now, round: grant.round, gates: grant.gates.len() }
    }
}

impl Desk {
    /// Passes the answer to a change of a case on; when the case had changed meanwhile, says where it stands now.
    pub(crate) async fn case_changed<T>(
        &self,
        case: CaseId,
        answer: Result<T, EdgeError>,
    ) -> Result<T, EdgeError> {
        match answer {
            Err(error) if error.is_stale() => Err(self.case_now(case).await.unwrap_or(error)),
            answer => answer,
        }
    }

    /// The refusal of a change to an older version than the case's newest; none where nobody can say how it stands.
    pub(crate) async fn case_now(&self, case: CaseId) -> Option<EdgeError> {
        let now = self.read_case(case).await.ok()?;
        let summary = now.summary?;
        let owner = match self.people().await {
            Ok(people) => people.name(&summary.owner),
            Err(_) => summary.owner.clone(),
        };
        let (stage, lane) = (summary.stage(), summary.lane());
        let now = CaseStanding {
            case_id: case.to_string(),
            codename: told_codename(summary.codename),
            version: now.version,
            stage,
            lane,
        };
        Some(EdgeError::Changed(Box::new(Standing::Case {
            now,
            owner: Some(owner).filter(|name| !name.is_empty()),
        })))
    }

    /// The same for a grant.
    pub(crate) async fn grant_changed(
        &self,
        grant: GrantId,
        answer: Result<GrantState, EdgeError>,
    ) -> Result<GrantStanding, EdgeError> {
        match answer {
            Ok(state) => Ok(state.into()),
            Err(error) if error.is_stale() => {
                let request = GetGrantRequest { grant_id: grant.to_string() };
                match call!(self, grants.get_grant(request)).ok().and_then(|answer| answer.grant) {
                    Some(grant) => Err(EdgeError::Changed(Box::new(Standing::of_grant(&grant)))),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{Gate, GateView};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grant_tells_its_stage_and_its_open_gates() {
        for (open_gates, told) in [
            (vec![], json!([])),
            (vec![Gate::Verified, Gate::PayeeChecked], json!(["verified", "payee-checked"])),
        ] {
            let state = GrantState {
                grant_id: "grant_1".to_owned(),
                version: 7,
                stage: GrantStage::InApproval.into(),
                open_gates: open_gates.into_iter().map(Into::into).collect(),
            };
            let document =
                json!({"grant_id": "grant_1", "version": 7, "stage": "in-approval", "open_gates": told});
            assert_eq!(serde_json::to_value(GrantStanding::from(state)).unwrap(), document);
        }
    }

    #[test]
    fn a_grant_that_changed_tells_its_newest_state() {
        let gates = [(Gate::Verified, true), (Gate::Voted, false)];
        let gates = gates.map(|(gate, open)| GateView { gate: gate.into(), open, how: String::new() });
        let grant = Grant {
            grant_id: "grant_1".to_owned(),
            version: 9,
            round: 2,
            stage: GrantStage::Draft.into(),
            gates: gates.to_vec(),
            ..Grant::default()
        };
        let now = GrantStanding {
            grant_id: "grant_1".to_owned(),
            version: 9,
            stage: GrantStage::Draft,
            open_gates: vec!["verified"],
        };
        assert_eq!(Standing::of_grant(&grant), Standing::Grant { now, round: 2, gates: 2 });
    }
}
