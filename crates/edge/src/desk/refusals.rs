//! What is refused at the desk itself, before anything leaves the device: each with its code and its text.

use flare_contracts::{Kind, Reason, coded};

coded! {
    /// Why an act is refused here.
    pub(crate) enum DeskRefusal {
        NotAcknowledged = "NOT_ACKNOWLEDGED",
            "nobody has acknowledged the case yet; only an acknowledged one allows this";
        PlanClosed = "CONTACT_PLAN_CLOSED",
            "the contact plan before does not open for you: what it rules out cannot be compared";
        NeedHasEnded { outcome: String } = "NEED_HAS_ENDED",
            "the need is {outcome}; only an open one can be declined";
        ReceiptExists = "RECEIPT_EXISTS", "the case has a receipt; only a case without one is given one";
        OtherReceipt = "OTHER_RECEIPT", "the case has another receipt than this one";
        WrongStage { act: String, allowed: String, stage: String } = "WRONG_STAGE",
            "a grant can {act} while it is {allowed}; this one is {stage}. Nothing was sent";
        ProposalRefused = "PROPOSAL_REFUSED",
            "the requester said that the proposal is not right: revise it first. Nothing was sent";
        AlreadyAgreed = "ALREADY_AGREED", "it was agreed to already. Nothing was sent";
        NotEnrolled { name: String } = "NOT_ENROLLED", "{name} has not enrolled yet";
        NotInTriage = "NOT_IN_TRIAGE",
            "a payee is entered by somebody of the triage team: what tells it from a reference needs that team's key";
        NoPayee = "NO_PAYEE", "no payee has been entered yet";
        VotesDoNotVerify { approvals: usize, needed: usize } = "VOTES_DO_NOT_VERIFY",
            "{approvals} of {needed} votes for what is shown verify on this device: no money goes out on them";
        AdvanceNotAuthorised = "ADVANCE_NOT_AUTHORISED",
            "this payment goes out as an advance, which two people other than the proposer have not authorised";
        PayeeChanged = "PAYEE_CHANGED",
            "the payee is not the one that this digest was shown for; look at them again, and call them back";
        ProposalChanged = "VOTE_ON_CHANGED_CONTENT",
            "the grant is not what that digest was shown for; look at it again and vote on it as it is now";
    }
}

impl Reason for DeskRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::PayeeChanged | Self::ProposalChanged => Kind::Stale,
            Self::NotAcknowledged
            | Self::PlanClosed
            | Self::NeedHasEnded { .. }
            | Self::ReceiptExists
            | Self::OtherReceipt
            | Self::WrongStage { .. }
            | Self::ProposalRefused
            | Self::AlreadyAgreed
            | Self::NotEnrolled { .. }
            | Self::NotInTriage
            | Self::NoPayee
            | Self::VotesDoNotVerify { .. }
            | Self::AdvanceNotAuthorised => Kind::State,
        }
    }
}

coded! {
    /// Which rule a part of an act breaks.
    pub(crate) enum DeskRule {
        NotOfTheAnswers { count: usize } = "NOT_OF_THE_ANSWERS",
            "must be one of the {count} references that the request names";
        NoNeed = "NO_NEED", "must name a need";
        SeveralGrants { ids: String } = "SEVERAL_GRANTS", "must say which of the case's grants: {ids}";
    }
}
