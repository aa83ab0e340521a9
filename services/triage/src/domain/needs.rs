//! Needs: each ends given directly, granted, covered, referred or declined.

use flare_contracts::{
    Coded, Kind, Params, Reason,
    events::v1::{NeedEnded, NeedReferred, ReferralAnswered, ReferralUnanswered},
    triage::v1,
};
use flare_kernel::{CaseId, MessageId, NeedId, ReferralId, StaffId, Timestamp};

use super::{Case, NeedKind, Outcome, ReferralState, Stage, Work, WrongStage};
use crate::{TriagePolicy, refusals::TriageRefusal};

/// The stages in which the needs of a case are worked on.
const AT_WORK: &[Stage] = &[Stage::Acknowledged, Stage::Assessing, Stage::AwaitingRequester, Stage::Decided];

/// One thing somebody lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) id: NeedId,
    pub(crate) kind: NeedKind,
    pub(crate) outcome: Outcome,
    /// Of a decline: its code, and the message that says it to the requester.
    pub(crate) decline: Option<(String, MessageId)>,
    /// Who declined it last.
    pub(crate) declined_by: Option<StaffId>,
    /// Who had that decline decided anew.
    pub(crate) reviewed_by: Option<StaffId>,
    /// The referral it is or was last out on.
    pub(crate) referral: Option<ReferralId>,
    /// A grant that may still help is for it.
    pub(crate) has_grant: bool,
}

/// The needs of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs(pub(crate) Vec<Need>);

/// A need handed to another organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Referral {
    pub(crate) id: ReferralId,
    pub(crate) need: NeedId,
    pub(crate) state: ReferralState,
    pub(crate) sent: Timestamp,
    pub(crate) due: Timestamp,
}

/// Why a need cannot end that way, or a referral cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NeedRefusal {
    #[error(transparent)]
    Stage(#[from] WrongStage),
    #[error("there is no such need")]
    Unknown,
    #[error("a need can end while it is open; this one is {}", .0.as_str())]
    NotOpen(Outcome),
    #[error("a need can be opened again while it is recommended or declined; this one is {}", .0.as_str())]
    NotEndedByUs(Outcome),
    #[error("a recommendation can be taken back while no grant is drafted for it; this one has a grant")]
    HasGrant,
    #[error("{}", TriageRefusal::SecondPersonNeeded)]
    SamePerson,
    #[error("a referral can be answered while it is sent or unanswered; this one is {}", .0.as_str())]
    Answered(ReferralState),
    #[error("a referral can be accepted while its need is referred or open; this one's is {}", .0.as_str())]
    EndedOtherwise(Outcome),
}

impl Coded for NeedRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Stage(wrong) => wrong.code(),
            Self::Unknown => "NOT_FOUND",
            Self::NotOpen(_) => "NEED_NOT_OPEN",
            Self::NotEndedByUs(_) => "NEED_NOT_REOPENED",
            Self::HasGrant => "GRANT_DRAFTED",
            Self::SamePerson => TriageRefusal::SecondPersonNeeded.code(),
            Self::Answered(_) => "REFERRAL_ANSWERED",
            Self::EndedOtherwise(_) => "NEED_ENDED_OTHERWISE",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Stage(wrong) => wrong.params(),
            Self::Unknown => vec![("what", "need".to_owned())],
            Self::NotOpen(found) | Self::NotEndedByUs(found) | Self::EndedOtherwise(found) => {
                vec![("found", found.as_str().to_owned())]
            }
            Self::Answered(found) => vec![("found", found.as_str().to_owned())],
            Self::HasGrant | Self::SamePerson => Params::new(),
        }
    }
}

impl Reason for NeedRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Stage(_)
            | Self::NotOpen(_)
            | Self::NotEndedByUs(_)
            | Self::HasGrant
            | Self::SamePerson
            | Self::Answered(_)
            | Self::EndedOtherwise(_) => Kind::State,
        }
    }
}

impl Need {
    /// A need that nobody has answered yet.
    pub(crate) const fn open(id: NeedId, kind: NeedKind) -> Self {
        Self {
            id,
            kind,
            outcome: Outcome::Open,
            decline: None,
            declined_by: None,
            reviewed_by: None,
            referral: None,
            has_grant: false,
        }
    }

    /// Gives an open need its outcome.
    pub(super) fn end(&mut self, outcome: Outcome) -> Result<(), NeedRefusal> {
        if self.outcome != Outcome::Open {
            return Err(NeedRefusal::NotOpen(self.outcome));
        }
        self.outcome = outcome;
        Ok(())
    }

    fn put_back(&mut self) {
        self.outcome = Outcome::Open;
    }

    /// What tells the outcome.
    fn ended(&self, case: CaseId) -> NeedEnded {
        NeedEnded {
            case_id: case.to_string(),
            need_id: self.id.to_string(),
            outcome: v1::Outcome::from(self.outcome).into(),
            reason: self.decline.as_ref().map(|(code, _)| code.clone()).unwrap_or_default(),
        }
    }
}

impl Needs {
    /// One of them, to be changed.
    pub(crate) fn get_mut(&mut self, id: NeedId) -> Result<&mut Need, NeedRefusal> {
        self.0.iter_mut().find(|need| need.id == id).ok_or(NeedRefusal::Unknown)
    }

    /// How many wait for us.
    pub(crate) fn open(&self) -> usize {
        self.0.iter().filter(|need| need.outcome == Outcome::Open).count()
    }

    /// Whether a grant must still be drafted for one of them.
    fn to_draft(&self) -> bool {
        self.0.iter().any(|need| need.outcome == Outcome::Recommended && !need.has_grant)
    }

    /// How many have not ended for good: those wait for us, for a grant or for another organisation.
    pub(crate) fn unfinished(&self) -> usize {
        let unfinished = |need: &&Need| match need.outcome {
            Outcome::Open | Outcome::Recommended | Outcome::Referred => true,
            Outcome::Given
            | Outcome::Covered
            | Outcome::ReferralAccepted
            | Outcome::Declined
            | Outcome::Granted => false,
        };
        self.0.iter().filter(unfinished).count()
    }

    /// A grant for these needs was approved. Those that ended otherwise stay as they are. The changed ones.
    pub(crate) fn granted(&mut self, ids: &[NeedId]) -> Vec<Need> {
        self.change(ids, |need| match need.outcome {
            Outcome::Open | Outcome::Recommended => {
                need.outcome = Outcome::Granted;
                true
            }
            Outcome::Given
            | Outcome::Covered
            | Outcome::Referred
            | Outcome::ReferralAccepted
            | Outcome::Declined
            | Outcome::Granted => false,
        })
    }

    /// The last grant for these needs came to nothing: what waited for it or had it is open again. The changed ones.
    pub(crate) fn open_again_after_grant(&mut self, ids: &[NeedId]) -> Vec<Need> {
        self.change(ids, |need| match need.outcome {
            Outcome::Recommended | Outcome::Granted => {
                need.put_back();
                true
            }
            Outcome::Open
            | Outcome::Given
            | Outcome::Covered
            | Outcome::Referred
            | Outcome::ReferralAccepted
            | Outcome::Declined => false,
        })
    }

    fn change(&mut self, ids: &[NeedId], change: impl Fn(&mut Need) -> bool) -> Vec<Need> {
        let named = self.0.iter_mut().filter(|need| ids.contains(&need.id));
        named.filter_map(|need| change(need).then(|| need.clone())).collect()
    }
}

impl Case {
    /// Whether needs may be added to this case and ended.
    pub(crate) fn require_at_work(&self) -> Result<(), WrongStage> {
        self.require("needs can be worked on", AT_WORK)
    }

    /// Sees whether anything is left for us to decide. Before the assessment begins, nothing is decided.
    pub(crate) fn recount(&mut self, needs: &Needs, now: Timestamp, policy: &TriagePolicy) {
        self.work = match self.work {
            Work::Submitted => Work::Submitted,
            Work::Acknowledged => Work::Acknowledged,
            Work::Assessing | Work::Decided if needs.0.is_empty() || needs.open() > 0 => Work::Assessing,
            Work::Assessing | Work::Decided => Work::Decided,
        };
        self.to_draft = needs.to_draft();
        self.settle(now, policy);
    }

    /// Ends a need that was given directly or that another organisation covers.
    pub(crate) fn end_need(&self, need: &mut Need, outcome: Outcome) -> Result<NeedEnded, NeedRefusal> {
        self.require_at_work()?;
        need.end(outcome)?;
        Ok(need.ended(self.id))
    }

    /// Declines a need, in words that the requester can read.
    pub(crate) fn decline_need(
        &self,
        need: &mut Need,
        by: StaffId,
        reason: &str,
        message: MessageId,
    ) -> Result<NeedEnded, NeedRefusal> {
        self.require_at_work()?;
        need.end(Outcome::Declined)?;
        need.decline = Some((reason.to_owned(), message));
        (need.declined_by, need.reviewed_by) = (Some(by), None);
        Ok(need.ended(self.id))
    }

    /// Opens a need again: takes back a recommendation that no grant was drafted for, or has a decline decided anew by
    /// somebody else.
    pub(crate) fn reopen_need(
        &self,
        need: &mut Need,
        by: StaffId,
        reason: &str,
    ) -> Result<NeedEnded, NeedRefusal> {
        self.require_at_work()?;
        match need.outcome {
            Outcome::Recommended if need.has_grant => return Err(NeedRefusal::HasGrant),
            Outcome::Recommended => {}
            Outcome::Declined if need.declined_by == Some(by) => return Err(NeedRefusal::SamePerson),
            Outcome::Declined => (need.decline, need.reviewed_by) = (None, Some(by)),
            Outcome::Open
            | Outcome::Given
            | Outcome::Covered
            | Outcome::Referred
            | Outcome::ReferralAccepted
            | Outcome::Granted => return Err(NeedRefusal::NotEndedByUs(need.outcome)),
        }
        need.put_back();
        Ok(NeedEnded { reason: reason.to_owned(), ..need.ended(self.id) })
    }

    /// Hands a need to another organisation.
    pub(crate) fn refer_need(
        &self,
        need: &mut Need,
        referral: ReferralId,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<(Referral, NeedReferred), NeedRefusal> {
        self.require_at_work()?;
        need.end(Outcome::Referred)?;
        need.referral = Some(referral);
        let sent = Referral {
            id: referral,
            need: need.id,
            state: ReferralState::Sent,
            sent: now,
            due: now.plus(policy.referral),
        };
        let event = NeedReferred {
            case_id: self.id.to_string(),
            need_id: need.id.to_string(),
            referral_id: referral.to_string(),
        };
        Ok((sent, event))
    }

    /// The other organisation answered, in time or late.
    pub(crate) fn answer_referral(
        &self,
        referral: &mut Referral,
        need: &mut Need,
        accepted: bool,
    ) -> Result<ReferralAnswered, NeedRefusal> {
        self.require_at_work()?;
        match referral.state {
            ReferralState::Sent | ReferralState::Unanswered => {}
            ReferralState::Accepted | ReferralState::Refused => {
                return Err(NeedRefusal::Answered(referral.state));
            }
        }
        let out_on_this = need.outcome == Outcome::Referred && need.referral == Some(referral.id);
        if accepted {
            if !out_on_this && need.outcome != Outcome::Open {
                return Err(NeedRefusal::EndedOtherwise(need.outcome));
            }
            need.outcome = Outcome::ReferralAccepted;
            need.referral = Some(referral.id);
            referral.state = ReferralState::Accepted;
        } else {
            referral.state = ReferralState::Refused;
            if out_on_this {
                need.put_back();
            }
        }
        Ok(ReferralAnswered {
            case_id: self.id.to_string(),
            need_id: need.id.to_string(),
            referral_id: referral.id.to_string(),
            accepted,
        })
    }

    /// Nobody answered in time: the need is ours again.
    pub(crate) fn referral_unanswered(&self, referral: &mut Referral, need: &mut Need) -> ReferralUnanswered {
        referral.state = ReferralState::Unanswered;
        if need.outcome == Outcome::Referred && need.referral == Some(referral.id) {
            need.put_back();
        }
        ReferralUnanswered {
            case_id: self.id.to_string(),
            need_id: need.id.to_string(),
            referral_id: referral.id.to_string(),
        }
    }
}
