//! The events of each service: their kind on the wire, and what a consumer receives.

use prost::Message;

use crate::{
    Service,
    events::v1::{GrantsEvent, IdentityEvent, IntakeEvent, NotificationEvent, TriageEvent},
};

/// A service's event message.
pub trait DomainEvent: Message {
    /// The full name of the event inside, such as `flare.events.v1.RequestSubmitted`; empty when there is none.
    fn kind(&self) -> &'static str;
}

/// An event of any service, as a consumer receives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of identity.
    Identity(crate::events::v1::identity_event::Event),
    /// Of intake.
    Intake(crate::events::v1::intake_event::Event),
    /// Of triage.
    Triage(crate::events::v1::triage_event::Event),
    /// Of grants.
    Grants(crate::events::v1::grants_event::Event),
    /// Of notification.
    Notification(crate::events::v1::notification_event::Event),
}

/// A payload that is no event of its producer, or of a kind newer than this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is no event of {0} that this version knows")]
pub struct UnknownEvent(pub Service);

impl Event {
    /// Reads a producer's payload.
    pub fn decode(producer: Service, payload: &[u8]) -> Result<Self, UnknownEvent> {
        let unknown = |_| UnknownEvent(producer);
        let event = match producer {
            Service::Identity => IdentityEvent::decode(payload).map_err(unknown)?.event.map(Self::Identity),
            Service::Intake => IntakeEvent::decode(payload).map_err(unknown)?.event.map(Self::Intake),
            Service::Triage => TriageEvent::decode(payload).map_err(unknown)?.event.map(Self::Triage),
            Service::Grants => GrantsEvent::decode(payload).map_err(unknown)?.event.map(Self::Grants),
            Service::Notification => {
                NotificationEvent::decode(payload).map_err(unknown)?.event.map(Self::Notification)
            }
        };
        event.ok_or(UnknownEvent(producer))
    }
}

macro_rules! events {
    ($($message:ident in $module:ident { $($event:ident),* $(,)? })*) => {$(
        impl DomainEvent for $message {
            fn kind(&self) -> &'static str {
                match &self.event {
                    None => "",
                    $(Some(crate::events::v1::$module::Event::$event(_)) => concat!("flare.events.v1.", stringify!($event)),)*
                }
            }
        }
        $(impl From<crate::events::v1::$event> for $message {
            fn from(event: crate::events::v1::$event) -> Self {
                Self { event: Some(crate::events::v1::$module::Event::$event(event)) }
            }
        })*
    )*};
}

events! {
    IdentityEvent in identity_event {
        OrganisationFounded, StaffInvited, StaffEnrolled, RolesSet, StaffDisabled, AdmittedToTeam,
        StaffCertified,
    }
    IntakeEvent in intake_event {
        RequestSubmitted, AnswersAdded, ReceiptIssued, ReceiptFrozen, MessagePosted, FileAttached,
        ProposalAnswered, AgreementAnswered, ArrivalReported, ReportSubmitted, WithdrawalRequested, CaseKeyBegun,
    }
    TriageEvent in triage_event {
        CaseOpened, CaseAcknowledged, CaseAssigned, ContactPlanSet, CaseAssessed, PersonAdded, PersonStatusSet,
        NeedAdded, NoteAdded, ContactLogged, QuestionAsked, RequesterAnswered, ReferenceAdded, ReferenceChecked,
        NeedEnded, GrantRecommended, NeedReferred, ReferralAnswered, ReferralUnanswered, CaseStopped, MoneyStopped,
        CaseResumed, CaseClosed, CaseReopened, CaseOverdue, WelfareCheckDue, NotesKeyBegun,
        LaneRaised,
    }
    GrantsEvent in grants_event {
        GrantDrafted, GrantRevised, ProposalShown, ProposalAccepted, GrantSubmitted, VoteCast, ConflictDeclared,
        GrantReturned, GrantRejected, GrantApproved, GateOpened, GateClosed, PayeeEntered, AgreementPosted,
        FundsReserved, AdvanceAuthorised, GrantActivated, TrancheMoved, GrantEnded, ReportRecorded, CloseProposed,
        GrantClosed, MoneyHeld, MoneyFreed, GrantWithdrawn, GrantTerminated, GrantOverdue, GrantKeyBegun,
        VoteHastened, ReportDueSet,
    }
    NotificationEvent in notification_event {
        NoticeRaised, NoticeRead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::v1::RequestSubmitted;

    #[test]
    fn the_contract_names_kinds_as_they_are_sent() {
        let kind = IntakeEvent::from(RequestSubmitted::default()).kind();
        assert_eq!(kind, "flare.events.v1.RequestSubmitted");
        let contract = include_str!("../../../proto/flare/events/v1/event_log.proto");
        assert!(contract.contains(&format!("{kind:?}")));
    }
}
