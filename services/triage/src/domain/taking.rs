//! Taking a case, handing it on, and beginning its assessment.

use flare_contracts::{
    Coded, Kind, Params, Reason,
    events::v1::{CaseAcknowledged, CaseAssessed, CaseAssigned, ContactPlanSet},
    input::{lane_out, timestamp_out},
};
use flare_kernel::{Lane, StaffId, Timestamp};

use super::{Case, Needs, Stage, Work, WrongStage};
use crate::TriagePolicy;

/// The stages in which a case is somebody's and has not ended.
const OWNED: &[Stage] = &[
    Stage::Acknowledged,
    Stage::Assessing,
    Stage::AwaitingRequester,
    Stage::Decided,
    Stage::Paused,
    Stage::Held,
];

/// The stages of a case that has not ended.
const OPEN: &[Stage] = &[
    Stage::Submitted,
    Stage::Acknowledged,
    Stage::Assessing,
    Stage::AwaitingRequester,
    Stage::Decided,
    Stage::Paused,
    Stage::Held,
];

/// Why a case cannot be given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssignRefusal {
    #[error(transparent)]
    Stage(#[from] WrongStage),
    #[error("a case is given to somebody else; this one is theirs already")]
    AlreadyTheirs,
}

impl Coded for AssignRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Stage(wrong) => wrong.code(),
            Self::AlreadyTheirs => "ALREADY_OWNER",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Stage(wrong) => wrong.params(),
            Self::AlreadyTheirs => Params::new(),
        }
    }
}

impl Reason for AssignRefusal {
    fn kind(&self) -> Kind {
        Kind::State
    }
}

impl Case {
    /// Makes an officer the owner. A case that was stopped before anybody took it needs one no less.
    pub(crate) fn acknowledge(
        &mut self,
        officer: StaffId,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<CaseAcknowledged, WrongStage> {
        let allowed: &'static [Stage] = match self.work {
            Work::Submitted => &[Stage::Submitted, Stage::Paused, Stage::Held],
            Work::Acknowledged | Work::Assessing | Work::Decided => &[Stage::Submitted],
        };
        self.require("a case can be acknowledged", allowed)?;
        self.owner = Some(officer);
        self.work = Work::Acknowledged;
        self.settle(now, policy);
        Ok(CaseAcknowledged {
            case_id: self.id.to_string(),
            owner: officer.to_string(),
            assess_by: self.target.and_then(|target| target.due()).map(timestamp_out),
        })
    }

    /// Gives the case to another owner.
    pub(crate) fn assign(&mut self, owner: StaffId, reason: &str) -> Result<CaseAssigned, AssignRefusal> {
        self.require_owned("a case can be given to another owner")?;
        if self.owner == Some(owner) {
            return Err(AssignRefusal::AlreadyTheirs);
        }
        self.owner = Some(owner);
        Ok(CaseAssigned { case_id: self.id.to_string(), owner: owner.to_string(), reason: reason.to_owned() })
    }

    /// Replaces the contact plan.
    pub(crate) fn set_contact_plan(&self, version: u32) -> Result<ContactPlanSet, WrongStage> {
        self.require_owned("a contact plan can be replaced")?;
        Ok(ContactPlanSet { case_id: self.id.to_string(), version })
    }

    /// Begins the assessment and confirms the lane; again, it changes the lane, for danger does not wait for a decision
    /// or a pause to end.
    pub(crate) fn assess(
        &mut self,
        lane: Lane,
        needs: &Needs,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<CaseAssessed, WrongStage> {
        self.require_owned("a case can be assessed")?;
        self.lane = lane;
        if self.work == Work::Acknowledged {
            self.work = Work::Assessing;
        }
        self.recount(needs, now, policy);
        Ok(CaseAssessed {
            case_id: self.id.to_string(),
            lane: lane_out(lane).into(),
            outcome_by: self.target.and_then(|target| target.due()).map(timestamp_out),
        })
    }

    /// Whether what only somebody's case has may be written.
    pub(crate) fn require_owned(&self, act: &'static str) -> Result<(), WrongStage> {
        // A pause or an inquiry may come before anybody took it: then it is still only submitted.
        if self.ended.is_none() && self.owner.is_none() {
            return Err(WrongStage { act, allowed: OWNED, found: Stage::Submitted });
        }
        self.require(act, OWNED)
    }

    /// Whether what every case that has not ended may have can be written.
    pub(crate) fn require_open(&self, act: &'static str) -> Result<(), WrongStage> {
        self.require(act, OPEN)
    }
}
