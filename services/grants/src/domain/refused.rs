//! Every way in which a rule about grants says no, and what the caller is told.

use flare_contracts::{Cause, Coded, Kind, Params, Refusal, Violation, input};
use flare_kernel::Money;
use flare_store::Error;

use super::{Act, Stage, TrancheState};
use crate::refusals::GrantsRule;

/// Why a decision was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("a grant can {} while it is {}; this one is {}", .act.as_str(), .act.stages(), .stage.words())]
    WrongStage { act: Act, stage: Stage },
    #[error("a payment can be {act} while it is {allowed}; this one is {}", .found.words())]
    WrongTrancheState { act: &'static str, allowed: &'static str, found: TrancheState },
    #[error("there is no such tranche")]
    NoSuchTranche,
    #[error("{}", Cause::InvalidField)]
    Field(Violation),
    #[error("{}", Cause::OldKeyEpoch)]
    OldEpoch { field: String, newest: u32 },
    #[error("a grant can have at most {most} {what}; this one has as many")]
    TooMany { what: &'static str, most: usize },

    #[error("nobody decides alone: whoever proposed the grant cannot {0}")]
    ByProposer(&'static str),
    #[error("only the grant's proposer or a head can {0}")]
    NotProposerOrHead(&'static str),
    #[error("the case was withdrawn; nothing can be granted in it unless it is reopened")]
    CaseWithdrawn,
    #[error(
        "the case is closed; a grant can be drafted and submitted while it is open, or once it is reopened"
    )]
    CaseClosed,
    #[error(
        "a grant is for needs that are recommended, and one of these is not; if it was recommended a moment ago, repeat \
         the call in a moment"
    )]
    NeedNotRecommended(usize),
    #[error(
        "money has been scheduled or authorised under the terms as they are; they can change as far as {0}"
    )]
    MoneyInUse(Money),
    #[error(
        "the requester sees the proposal before the votes; show it, and wait for their answer or note how it was told"
    )]
    ProposalNotSeen,
    #[error("the requester said that the proposal is not right; it can go on after it is revised")]
    RequesterObjects,
    #[error("the end date has passed; a grant can be submitted until its end date")]
    EndInPast,

    #[error(
        "your keys are not certified yet, or word of it has not reached this service; repeat the call in a moment"
    )]
    VoterNotKnownYet,
    #[error("only an active approver can vote")]
    NotAnApprover,
    #[error("whoever has a conflict of interest takes no part in this grant's decisions")]
    Conflicted,
    #[error("you have declared a conflict of interest already")]
    ConflictKnown,
    #[error("you have voted in this round already; a vote cannot be changed")]
    AlreadyVoted,
    #[error("the grant is not what you were shown; look at it again and vote on it as it is now")]
    VoteOnChangedContent,
    #[error("the signature is not one of your key over this digest and decision")]
    WrongSignature,
    #[error("the gate \"verified\" is open already")]
    AlreadyVerified,

    #[error("bank details are asked for after the votes only, or once two people have authorised an advance")]
    PayeeTooEarly,
    #[error("the payee is one of the case's references; a reference is never the payee")]
    PayeeIsReference,
    #[error("no payee has been entered yet")]
    NoPayee,
    #[error("the payee has been checked already; entering it again asks for another check")]
    AlreadyChecked,
    #[error("the payee was entered by you; somebody else has to {0}")]
    EnteredBySame(&'static str),
    #[error(
        "the payee is not the one that was called back; look at it again, and call back whoever it is now"
    )]
    PayeeChanged,
    #[error("the grant has no key for this compartment yet; send its first epoch along")]
    KeyMissing,
    #[error(
        "the grant has a key for this compartment already; leave the key out, or begin the next epoch first"
    )]
    KeyExists,
    #[error("the agreement has been accepted already")]
    AlreadyAgreed,

    #[error("an advance needs one independent check that confirms; the case has none yet")]
    NoIndependentCheck,
    #[error("you have authorised this advance already; it needs a second person")]
    AdvanceBySame,
    #[error("two people have authorised the advance already")]
    AdvanceComplete,
    #[error("no advance has been authorised by two people; until the votes, payments come out of one")]
    NoAdvance,
    #[error("this is more than the ceiling leaves; {0} is left")]
    OverCeiling(Money),
    #[error("this is more than the advance leaves; {0} is left")]
    OverAdvance(Money),
    #[error("this is more than the reserved funds leave; reserve more first")]
    Unfunded,
    #[error("you released this payment; somebody else has to {0}")]
    ReleasedBySame(&'static str),
    #[error("all money of this grant is held; nothing is released or sent until it is freed")]
    MoneyHeld,
    #[error("the pay-by date has passed; a payment can be released until then")]
    PayByPassed,
    #[error("money moves through five gates; closed are still: {0}")]
    GatesClosed(String),
    #[error("you proposed to write this payment off; somebody else has to confirm it")]
    WriteOffBySame,

    #[error("only a head can waive a report")]
    WaivedByHeadOnly,
    #[error("the report has been given or waived already")]
    AlreadyReported,
    #[error("a grant can be closed when its report was given or waived")]
    ReportMissing,
    #[error(
        "a grant can be closed when each payment that was released has arrived, come back or been written off"
    )]
    Unsettled,
    #[error("you proposed this close; above the light threshold somebody else has to confirm it")]
    CloseBySame,
}

impl Refused {
    /// A field of the request and the rule it breaks.
    pub(crate) fn field(field: impl Into<String>, rule: impl Coded) -> Self {
        Self::Field(Violation::new(field, rule))
    }

    fn kind_and_reason(&self) -> (Kind, &'static str) {
        match self {
            Self::WrongStage { .. } => (Kind::State, "WRONG_STAGE"),
            Self::WrongTrancheState { .. } => (Kind::State, "WRONG_TRANCHE_STATE"),
            Self::NoSuchTranche => (Kind::NotFound, "NOT_FOUND"),
            Self::Field(_) => (Kind::Invalid, Cause::InvalidField.code()),
            Self::OldEpoch { .. } => (Kind::Stale, Cause::OldKeyEpoch.code()),
            Self::TooMany { .. } => (Kind::State, "TOO_MANY"),
            Self::ByProposer(_) => (Kind::State, "BY_PROPOSER"),
            Self::NotProposerOrHead(_) => (Kind::Forbidden, "NOT_PROPOSER_OR_HEAD"),
            Self::CaseWithdrawn => (Kind::State, "CASE_WITHDRAWN"),
            Self::CaseClosed => (Kind::State, "CASE_NOT_OPEN"),
            Self::NeedNotRecommended(_) => (Kind::State, "NEED_NOT_RECOMMENDED"),
            Self::MoneyInUse(_) => (Kind::State, "MONEY_IN_USE"),
            Self::ProposalNotSeen => (Kind::State, "PROPOSAL_NOT_SEEN"),
            Self::RequesterObjects => (Kind::State, "PROPOSAL_REFUSED"),
            Self::EndInPast => (Kind::State, "END_IN_PAST"),
            Self::VoterNotKnownYet => (Kind::State, "VOTER_NOT_KNOWN_YET"),
            Self::NotAnApprover => (Kind::Forbidden, "NOT_AN_APPROVER"),
            Self::Conflicted => (Kind::State, "CONFLICT_OF_INTEREST"),
            Self::ConflictKnown => (Kind::State, "CONFLICT_KNOWN"),
            Self::AlreadyVoted => (Kind::State, "ALREADY_VOTED"),
            Self::VoteOnChangedContent => (Kind::Stale, "VOTE_ON_CHANGED_CONTENT"),
            Self::WrongSignature => (Kind::Invalid, "WRONG_SIGNATURE"),
            Self::AlreadyVerified => (Kind::State, "ALREADY_VERIFIED"),
            Self::PayeeTooEarly => (Kind::State, "PAYEE_TOO_EARLY"),
            Self::PayeeIsReference => (Kind::State, "PAYEE_IS_REFERENCE"),
            Self::NoPayee => (Kind::State, "NO_PAYEE"),
            Self::AlreadyChecked => (Kind::State, "ALREADY_CHECKED"),
            Self::EnteredBySame(_) => (Kind::State, "ENTERED_BY_SAME_PERSON"),
            Self::PayeeChanged => (Kind::Stale, "PAYEE_CHANGED"),
            Self::KeyMissing => (Kind::State, "KEY_MISSING"),
            Self::KeyExists => (Kind::State, "KEY_EXISTS"),
            Self::AlreadyAgreed => (Kind::State, "ALREADY_AGREED"),
            Self::NoIndependentCheck => (Kind::State, "NO_INDEPENDENT_CHECK"),
            Self::AdvanceBySame => (Kind::State, "ADVANCE_BY_SAME_PERSON"),
            Self::AdvanceComplete => (Kind::State, "ADVANCE_COMPLETE"),
            Self::NoAdvance => (Kind::State, "NO_ADVANCE"),
            Self::OverCeiling(_) => (Kind::State, "OVER_CEILING"),
            Self::OverAdvance(_) => (Kind::State, "OVER_ADVANCE"),
            Self::Unfunded => (Kind::State, "UNFUNDED"),
            Self::ReleasedBySame(_) => (Kind::State, "RELEASED_BY_SAME_PERSON"),
            Self::MoneyHeld => (Kind::State, "MONEY_HELD"),
            Self::PayByPassed => (Kind::State, "PAY_BY_PASSED"),
            Self::GatesClosed(_) => (Kind::State, "GATES_CLOSED"),
            Self::WriteOffBySame => (Kind::State, "WRITE_OFF_BY_SAME_PERSON"),
            Self::WaivedByHeadOnly => (Kind::Forbidden, "WAIVED_BY_HEAD_ONLY"),
            Self::AlreadyReported => (Kind::State, "ALREADY_REPORTED"),
            Self::ReportMissing => (Kind::State, "REPORT_MISSING"),
            Self::Unsettled => (Kind::State, "UNSETTLED"),
            Self::CloseBySame => (Kind::State, "CLOSE_BY_SAME_PERSON"),
        }
    }
}

/// How long what was done in another service a moment ago may take to be known here.
const NEWS_TRAVELS: std::time::Duration = std::time::Duration::from_secs(2);

impl Coded for Refused {
    fn code(&self) -> &'static str {
        self.kind_and_reason().1
    }

    fn params(&self) -> Params {
        match self {
            Self::WrongStage { act, stage } => vec![
                ("act", act.as_str().to_owned()),
                ("allowed", act.stages()),
                ("found", stage.words().to_owned()),
            ],
            Self::WrongTrancheState { act, allowed, found } => vec![
                ("act", (*act).to_owned()),
                ("allowed", (*allowed).to_owned()),
                ("found", found.words().to_owned()),
            ],
            Self::NoSuchTranche => vec![("what", "tranche".to_owned())],
            Self::TooMany { what, most } => {
                vec![("what", (*what).to_owned()), ("limit", most.to_string())]
            }
            Self::ByProposer(act)
            | Self::NotProposerOrHead(act)
            | Self::EnteredBySame(act)
            | Self::ReleasedBySame(act) => vec![("act", (*act).to_owned())],
            Self::MoneyInUse(left) | Self::OverCeiling(left) | Self::OverAdvance(left) => {
                vec![("left", left.to_string())]
            }
            Self::GatesClosed(gates) => vec![("gates", gates.clone())],
            Self::Field(_)
            | Self::OldEpoch { .. }
            | Self::CaseWithdrawn
            | Self::CaseClosed
            | Self::NeedNotRecommended(_)
            | Self::ProposalNotSeen
            | Self::RequesterObjects
            | Self::EndInPast
            | Self::VoterNotKnownYet
            | Self::NotAnApprover
            | Self::Conflicted
            | Self::ConflictKnown
            | Self::AlreadyVoted
            | Self::VoteOnChangedContent
            | Self::WrongSignature
            | Self::AlreadyVerified
            | Self::PayeeTooEarly
            | Self::PayeeIsReference
            | Self::NoPayee
            | Self::AlreadyChecked
            | Self::PayeeChanged
            | Self::KeyMissing
            | Self::KeyExists
            | Self::AlreadyAgreed
            | Self::NoIndependentCheck
            | Self::AdvanceBySame
            | Self::AdvanceComplete
            | Self::NoAdvance
            | Self::Unfunded
            | Self::MoneyHeld
            | Self::PayByPassed
            | Self::WriteOffBySame
            | Self::WaivedByHeadOnly
            | Self::AlreadyReported
            | Self::ReportMissing
            | Self::Unsettled
            | Self::CloseBySame => Params::new(),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        if let Refused::OldEpoch { field, newest } = &refused {
            return input::old_epoch(field, *newest);
        }
        let mut refusal = Self::new(refused.kind_and_reason().0, &refused);
        if refused == Refused::VoterNotKnownYet {
            return refusal.retry_after(NEWS_TRAVELS);
        }
        if let Refused::NeedNotRecommended(index) = refused {
            let field = format!("terms.need_ids[{index}]");
            return refusal.field(field, GrantsRule::NotRecommended).retry_after(NEWS_TRAVELS);
        }
        if refused == Refused::WrongSignature {
            return refusal.field("signature", GrantsRule::NotYourVote);
        }
        if let Refused::Field(violation) = refused {
            refusal.violations.push(violation);
        }
        refusal
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.into())
    }
}
