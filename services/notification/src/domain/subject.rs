//! Which case and grant an event is about.

use flare_contracts::{
    Event,
    events::v1::{grants_event, intake_event, notification_event, triage_event},
};
use flare_kernel::{CaseId, GrantId};

use super::Malformed;

/// The case, and the grant if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) case: CaseId,
    pub(crate) grant: Option<GrantId>,
}

/// The ids in an event. Every kind is named, so that a new one does not compile until it stands here.
macro_rules! ids {
    ($event:expr, $module:ident, case: [$($case:ident)*], grant: [$($grant:ident)*]) => {
        match $event {
            $($module::Event::$case(event) => (event.case_id.as_str(), ""),)*
            $($module::Event::$grant(event) => (event.case_id.as_str(), event.grant_id.as_str()),)*
        }
    };
}

/// What an event is about; nothing when it is about a member of staff or a notice.
pub(crate) fn subject(event: &Event) -> Result<Option<Subject>, Malformed> {
    let (case, grant) = match event {
        Event::Identity(_) => return Ok(None),
        Event::Intake(event) => ids!(event, intake_event,
            case: [RequestSubmitted AnswersAdded ReceiptIssued ReceiptFrozen CaseKeyBegun MessagePosted FileAttached
                WithdrawalRequested],
            grant: [ProposalAnswered AgreementAnswered ArrivalReported ReportSubmitted]),
        Event::Triage(event) => ids!(event, triage_event,
            case: [CaseOpened CaseAcknowledged CaseAssigned ContactPlanSet CaseAssessed PersonAdded PersonStatusSet
                NeedAdded NoteAdded ContactLogged QuestionAsked RequesterAnswered ReferenceAdded ReferenceChecked
                NeedEnded GrantRecommended NeedReferred ReferralAnswered ReferralUnanswered CaseStopped MoneyStopped
                CaseResumed CaseClosed CaseReopened CaseOverdue WelfareCheckDue NotesKeyBegun LaneRaised],
            grant: []),
        Event::Grants(event) => ids!(event, grants_event,
            case: [],
            grant: [GrantDrafted GrantRevised ProposalShown ProposalAccepted GrantSubmitted VoteCast ConflictDeclared
                GrantReturned GrantRejected GrantApproved GateOpened GateClosed PayeeEntered AgreementPosted
                FundsReserved AdvanceAuthorised GrantActivated TrancheMoved GrantEnded ReportRecorded CloseProposed
                GrantClosed MoneyHeld MoneyFreed GrantWithdrawn GrantTerminated GrantOverdue GrantKeyBegun
                VoteHastened ReportDueSet]),
        Event::Notification(
            notification_event::Event::NoticeRaised(_) | notification_event::Event::NoticeRead(_),
        ) => {
            return Ok(None);
        }
    };
    let grant = (!grant.is_empty()).then(|| grant.parse().map_err(|_| Malformed("grant_id"))).transpose()?;
    Ok(Some(Subject { case: case.parse().map_err(|_| Malformed("case_id"))?, grant }))
}
