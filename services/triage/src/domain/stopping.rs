//! Pausing, holding, withdrawing, closing, and the ways back.

use flare_contracts::{
    Coded, Kind, Params, Reason, Refusal,
    codes::CHANNEL_COMPROMISED,
    events::v1::{CaseClosed, CaseReopened, CaseResumed, CaseStopped, MoneyStopped, TriageEvent},
};
use flare_kernel::{StaffId, Timestamp, codes};

use super::{Case, Ended, MoneyKind, MoneyState, Needs, Pauser, Stage, Work, WrongStage};
use crate::{
    TriagePolicy,
    refusals::{TriageRefusal, TriageRule},
};

/// The stages of a case that goes on or is held.
const MAY_BE_PAUSED: &[Stage] = &[
    Stage::Submitted,
    Stage::Acknowledged,
    Stage::Assessing,
    Stage::AwaitingRequester,
    Stage::Decided,
    Stage::Held,
];

/// The stages of a case that goes on.
const MAY_BE_HELD: &[Stage] =
    &[Stage::Submitted, Stage::Acknowledged, Stage::Assessing, Stage::AwaitingRequester, Stage::Decided];

codes! {
    /// What stops a case that has not ended.
    pub(crate) enum Stopped {
        /// For safety.
        Paused = "paused",
        /// For an inquiry.
        Held = "held",
    }
}

/// Who withdraws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawer {
    /// Staff, on the requester's behalf.
    Staff,
    /// The requester, who may do so at any time.
    Requester,
}

/// Why a stopped case cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResumeRefusal {
    #[error(transparent)]
    Stage(#[from] WrongStage),
    #[error("{}", TriageRefusal::SecondPersonNeeded)]
    SamePerson,
    #[error("an inquiry is ended by a head, as it was begun; this case is held for one")]
    HeadNeeded,
}

/// Why a case cannot be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CloseRefusal {
    #[error(transparent)]
    Stage(#[from] WrongStage),
    #[error("a case can be closed once every need has ended; {0} of this one's have not")]
    NeedsOpen(usize),
    #[error(
        "a case can be closed once its grants are closed, rejected, withdrawn or terminated; {0} are not"
    )]
    GrantsOpen(i64),
    #[error(
        "a withdrawn case can be closed once grants has stopped its money; it has been asked and is asked again"
    )]
    MoneyNotStopped,
    #[error("{}", TriageRule::WithdrawnOrNot)]
    Exit,
}

impl Coded for ResumeRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Stage(wrong) => wrong.code(),
            Self::SamePerson => TriageRefusal::SecondPersonNeeded.code(),
            Self::HeadNeeded => "HEAD_NEEDED",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Stage(wrong) => wrong.params(),
            Self::SamePerson | Self::HeadNeeded => Params::new(),
        }
    }
}

impl Reason for ResumeRefusal {
    fn kind(&self) -> Kind {
        Kind::State
    }
}

impl Coded for CloseRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Stage(wrong) => wrong.code(),
            Self::NeedsOpen(_) => "NEEDS_OPEN",
            Self::GrantsOpen(_) => "GRANTS_OPEN",
            Self::MoneyNotStopped => "MONEY_NOT_STOPPED",
            Self::Exit => TriageRule::WithdrawnOrNot.code(),
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Stage(wrong) => wrong.params(),
            Self::NeedsOpen(number) => vec![("number", number.to_string())],
            Self::GrantsOpen(number) => vec![("number", number.to_string())],
            Self::MoneyNotStopped | Self::Exit => Params::new(),
        }
    }
}

impl From<CloseRefusal> for Refusal {
    fn from(refusal: CloseRefusal) -> Self {
        match refusal {
            CloseRefusal::Exit => Self::invalid("exit", refusal),
            CloseRefusal::Stage(_)
            | CloseRefusal::NeedsOpen(_)
            | CloseRefusal::GrantsOpen(_)
            | CloseRefusal::MoneyNotStopped => Self::new(Kind::State, refusal),
        }
    }
}

impl Case {
    /// Pauses for safety, or holds for an inquiry. A pause may come on top of an inquiry, for it stops more; an inquiry
    /// not on top of a pause: whoever listens would take the pause for ended.
    pub(crate) fn stop(
        &mut self,
        how: Stopped,
        by: StaffId,
        reason: &str,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<CaseStopped, WrongStage> {
        match how {
            Stopped::Paused => {
                self.require("a case can be paused", MAY_BE_PAUSED)?;
                self.paused_by = Some(Pauser::Staff(by));
            }
            Stopped::Held => {
                self.require("a case can be held", MAY_BE_HELD)?;
                self.held_by = Some(by);
            }
        }
        Ok(self.stopped(how.as_str(), reason, now, policy))
    }

    /// Others have seen the requester's code, who froze it: a case that goes on or is held is paused. One that is paused
    /// already, or has ended, is only shown as one with news.
    pub(crate) fn code_seen(&mut self, now: Timestamp, policy: &TriagePolicy) -> Option<CaseStopped> {
        self.has_news = true;
        self.require("a case can be paused", MAY_BE_PAUSED).ok()?;
        self.paused_by = Some(Pauser::Requester);
        Some(self.stopped(Stopped::Paused.as_str(), CHANNEL_COMPROMISED, now, policy))
    }

    /// Ends a pause or, when there is none, an inquiry. Says which. What a pause leaves held is told as held. An inquiry
    /// may be about the case's own officer, so only a head ends it.
    pub(crate) fn resume(
        &mut self,
        by: StaffId,
        is_head: bool,
        reason: &str,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<(Stopped, TriageEvent), ResumeRefusal> {
        self.require("a case can be resumed", &[Stage::Paused, Stage::Held])?;
        let (what, begun_by) = match self.paused_by {
            Some(Pauser::Staff(by)) => (Stopped::Paused, Some(by)),
            Some(Pauser::Requester) => (Stopped::Paused, None),
            None => (Stopped::Held, self.held_by),
        };
        if what == Stopped::Held && !is_head {
            return Err(ResumeRefusal::HeadNeeded);
        }
        if begun_by == Some(by) {
            return Err(ResumeRefusal::SamePerson);
        }
        match what {
            Stopped::Paused => self.paused_by = None,
            Stopped::Held => self.held_by = None,
        }
        if self.held_by.is_some() {
            return Ok((what, self.stopped(Stopped::Held.as_str(), reason, now, policy).into()));
        }
        self.ask_money();
        self.settle(now, policy);
        let event = CaseResumed { case_id: self.id.to_string(), reason: reason.to_owned() };
        Ok((what, event.into()))
    }

    /// Withdraws. A requester may do so even after the close, and twice without effect.
    pub(crate) fn withdraw(
        &mut self,
        who: Withdrawer,
        reason: &str,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<Option<CaseStopped>, WrongStage> {
        match who {
            Withdrawer::Requester if self.ended == Some(Ended::Withdrawn) => return Ok(None),
            Withdrawer::Requester => {}
            Withdrawer::Staff => self.require_open("a case can be withdrawn")?,
        }
        self.ended = Some(Ended::Withdrawn);
        self.exit = None;
        self.awaiting = false;
        Ok(Some(self.stopped("withdrawn", reason, now, policy)))
    }

    fn stopped(&mut self, how: &str, reason: &str, now: Timestamp, policy: &TriagePolicy) -> CaseStopped {
        self.ask_money();
        self.settle(now, policy);
        CaseStopped { case_id: self.id.to_string(), how: how.to_owned(), reason: reason.to_owned() }
    }

    /// Grants answered what this version of the case asked. What to tell of it; nothing when it is no news.
    pub(crate) fn money_answered(&mut self, version: i64) -> Option<Vec<TriageEvent>> {
        let ask = self.money.as_mut()?;
        if ask.state == MoneyState::Done || ask.version != Some(version) {
            return None;
        }
        ask.state = MoneyState::Done;
        match ask.kind {
            MoneyKind::Hold | MoneyKind::Stop => {
                Some(vec![MoneyStopped { case_id: self.id.to_string() }.into()])
            }
            MoneyKind::Free => Some(Vec::new()),
        }
    }

    /// Closes. Silence never does: only a person, and only when nothing is left open.
    pub(crate) fn close(
        &mut self,
        exit: &str,
        needs: &Needs,
        grants_open: i64,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<CaseClosed, CloseRefusal> {
        let allowed = &[
            Stage::Acknowledged,
            Stage::Assessing,
            Stage::AwaitingRequester,
            Stage::Decided,
            Stage::Withdrawn,
        ];
        self.require("a case can be closed", allowed)?;
        let withdrawn = self.ended == Some(Ended::Withdrawn);
        if withdrawn != (exit == "withdrawn") {
            return Err(CloseRefusal::Exit);
        }
        if grants_open > 0 {
            return Err(CloseRefusal::GrantsOpen(grants_open));
        }
        if withdrawn && self.money.as_ref().is_some_and(|ask| ask.state == MoneyState::Asked) {
            return Err(CloseRefusal::MoneyNotStopped);
        }
        // A withdrawal ends every need.
        if !withdrawn && needs.unfinished() > 0 {
            return Err(CloseRefusal::NeedsOpen(needs.unfinished()));
        }
        self.ended = Some(Ended::Closed);
        self.exit = Some(exit.to_owned());
        (self.awaiting, self.has_news) = (false, false);
        self.settle(now, policy);
        Ok(CaseClosed { case_id: self.id.to_string(), exit: exit.to_owned() })
    }

    /// A grant was drafted for it. A closed case is in sight again then, for nobody closes one that has a grant open:
    /// somebody reopens it, or has the grant abandoned.
    pub(crate) fn show_in_queue_again(&mut self) {
        self.has_news |= self.ended == Some(Ended::Closed);
    }

    /// Opens an ended case again, for somebody to assess anew. A pause or inquiry that it ended under still stands, and is told again.
    pub(crate) fn reopen(
        &mut self,
        reason: &str,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<Vec<TriageEvent>, WrongStage> {
        self.require("a case can be reopened", &[Stage::Withdrawn, Stage::Closed])?;
        self.ended = None;
        self.exit = None;
        if self.owner.is_some() {
            self.work = Work::Assessing;
        }
        if self.money.is_some() {
            self.ask_money();
        }
        self.settle(now, policy);
        let mut events =
            vec![CaseReopened { case_id: self.id.to_string(), reason: reason.to_owned() }.into()];
        let still = match (self.paused_by, self.held_by) {
            (Some(_), _) => Some(Stopped::Paused),
            (None, Some(_)) => Some(Stopped::Held),
            (None, None) => None,
        };
        if let Some(still) = still {
            let (how, reason) = (still.as_str().to_owned(), reason.to_owned());
            events.push(CaseStopped { case_id: self.id.to_string(), how, reason }.into());
        }
        Ok(events)
    }
}
