//! A grant, as the requester is shown it, and what the requester may say about it.

use flare_contracts::{Kind, Refusal, grants::v1::TrancheState};
use flare_kernel::{GrantId, MessageId, Money, NeedId, Timestamp, TrancheId};

use crate::domain::words::words;

words! {
    /// How far a grant has come. One that was sent back to its proposer is a draft again.
    Stage {
        /// Being written.
        Draft = "draft",
        /// Being voted on.
        InApproval = "in_approval",
        /// Voted for; gates may still be closed.
        Approved = "approved",
        /// Money may move.
        Active = "active",
        /// Ended; a report is due.
        Reporting = "reporting",
        /// A second person looks at the close.
        Closing = "closing",
        /// Over.
        Closed = "closed",
        /// Voted down.
        Rejected = "rejected",
        /// Withdrawn with its case.
        Withdrawn = "withdrawn",
        /// Ended early by the head.
        Terminated = "terminated",
    }
}

words! {
    /// Where the requester stands to the proposal.
    Proposal {
        /// They have not seen it, or it changed since.
        NotShown = "not_shown",
        /// A message shows it, or somebody told them.
        Shown = "shown",
        /// They said it is right.
        Agreed = "agreed",
        /// They said it is not.
        Disagreed = "disagreed",
    }
}

words! {
    /// Where the requester stands to the agreement.
    Agreement {
        /// They have not seen it.
        NotShown = "not_shown",
        /// A message shows it.
        Shown = "shown",
        /// They accepted, in the thread or by voice.
        Accepted = "accepted",
        /// They refused it, or its donor.
        Refused = "refused",
    }
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) drafted_at: Timestamp,
    pub(crate) needs: Vec<NeedId>,
    pub(crate) stage: Stage,
    pub(crate) proposal: Proposal,
    /// The message that shows the proposal; empty when none does.
    pub(crate) proposal_message: String,
    pub(crate) agreement: Agreement,
    /// The message that shows the agreement; empty when none does.
    pub(crate) agreement_message: String,
    pub(crate) ceiling: Money,
    pub(crate) starts: String,
    pub(crate) ends: String,
    pub(crate) vote_due: Option<Timestamp>,
    pub(crate) report_due: Option<Timestamp>,
    /// When it was rejected or withdrawn.
    pub(crate) undone_at: Option<Timestamp>,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tranche {
    pub(crate) id: TrancheId,
    pub(crate) grant: GrantId,
    pub(crate) amount: Money,
    pub(crate) state: Payment,
}

words! {
    /// Where a payment is.
    Payment {
        /// Planned.
        Scheduled = "scheduled",
        /// Cleared to be sent.
        Released = "released",
        /// Under way.
        Sent = "sent",
        /// It should have arrived.
        InDoubt = "in_doubt",
        /// It arrived.
        Arrived = "arrived",
        /// It came back.
        Returned = "returned",
        /// It is gone.
        Lost = "lost",
    }
}

impl Payment {
    /// The state of grants' events; nothing for one that grants never sends.
    pub(crate) const fn from_wire(state: TrancheState) -> Option<Self> {
        match state {
            TrancheState::Unspecified => None,
            TrancheState::Scheduled => Some(Self::Scheduled),
            TrancheState::Released => Some(Self::Released),
            TrancheState::Sent => Some(Self::Sent),
            TrancheState::InDoubt => Some(Self::InDoubt),
            TrancheState::Arrived => Some(Self::Arrived),
            TrancheState::Returned => Some(Self::Returned),
            TrancheState::Lost => Some(Self::Lost),
        }
    }
}

/// Why the requester cannot do this with a grant now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// The votes have begun, or the proposal was not shown.
    Proposal(Stage, Proposal),
    /// There is no agreement to answer, or money moves already.
    Agreement(Stage, Agreement),
    /// The message is not the one that shows the agreement.
    OtherAgreement,
    /// The payment is not under way.
    Arrival(Payment),
    /// Another currency, or more than was sent.
    Amount(Money),
    /// No report is asked for.
    Report(Stage),
}

impl From<NotNow> for Refusal {
    fn from(not_now: NotNow) -> Self {
        let not_now_because = |reason, message: String| Self::new(Kind::State, reason, message);
        match not_now {
            NotNow::Proposal(Stage::Draft, _) => not_now_because(
                "PROPOSAL_NOT_SHOWN",
                "a proposal can be answered once it was shown to you; this one was not yet".to_owned(),
            ),
            NotNow::Proposal(stage, _) => {
                let stage = stage.as_str();
                not_now_because(
                    "PROPOSAL_NOT_OPEN",
                    format!("a proposal can be answered while the grant is draft; this one is {stage}"),
                )
            }
            NotNow::Agreement(_, Agreement::NotShown) => not_now_because(
                "AGREEMENT_NOT_SHOWN",
                "an agreement can be answered once it was shown to you; this one was not yet".to_owned(),
            ),
            NotNow::Agreement(stage, _) => not_now_because(
                "AGREEMENT_NOT_OPEN",
                format!(
                    "an agreement can be answered while the grant is draft, in_approval or approved; this one is {}",
                    stage.as_str()
                ),
            ),
            NotNow::OtherAgreement => Self::invalid(
                "message_id",
                "must be the message that shows the grant's agreement as it is now",
            ),
            NotNow::Arrival(payment) => not_now_because(
                "TRANCHE_NOT_UNDER_WAY",
                format!(
                    "an arrival can be reported while the payment is sent or in_doubt; this one is {}",
                    payment.as_str()
                ),
            ),
            NotNow::Amount(sent) => {
                Self::invalid("arrived", format!("must be in {} and at most what was sent", sent.currency()))
            }
            NotNow::Report(stage) => not_now_because(
                "REPORT_NOT_OPEN",
                format!(
                    "a report can be given while the grant is active or reporting; this one is {}",
                    stage.as_str()
                ),
            ),
        }
    }
}

impl Grant {
    /// The requester says whether the proposal is right; they may change their mind until the votes begin.
    pub(crate) fn answer_proposal(&mut self, agrees: bool) -> Result<(), NotNow> {
        match (self.stage, self.proposal) {
            (Stage::Draft, Proposal::Shown | Proposal::Agreed | Proposal::Disagreed) => {
                self.proposal = if agrees { Proposal::Agreed } else { Proposal::Disagreed };
                Ok(())
            }
            (
                Stage::Draft
                | Stage::InApproval
                | Stage::Approved
                | Stage::Active
                | Stage::Reporting
                | Stage::Closing
                | Stage::Closed
                | Stage::Rejected
                | Stage::Withdrawn
                | Stage::Terminated,
                proposal,
            ) => Err(NotNow::Proposal(self.stage, proposal)),
        }
    }

    /// The requester answers the agreement; they may change their mind until the grant is active.
    pub(crate) fn answer_agreement(&mut self, message: MessageId, accepts: bool) -> Result<(), NotNow> {
        match (self.stage, self.agreement) {
            (
                Stage::Draft | Stage::InApproval | Stage::Approved,
                Agreement::Shown | Agreement::Accepted | Agreement::Refused,
            ) => {
                if self.agreement_message != message.to_string() {
                    return Err(NotNow::OtherAgreement);
                }
                self.agreement = if accepts { Agreement::Accepted } else { Agreement::Refused };
                Ok(())
            }
            (
                Stage::Draft
                | Stage::InApproval
                | Stage::Approved
                | Stage::Active
                | Stage::Reporting
                | Stage::Closing
                | Stage::Closed
                | Stage::Rejected
                | Stage::Withdrawn
                | Stage::Terminated,
                agreement,
            ) => Err(NotNow::Agreement(self.stage, agreement)),
        }
    }

    /// A report may be given from when money may move until the close.
    pub(crate) const fn may_report(&self) -> Result<(), NotNow> {
        match self.stage {
            Stage::Active | Stage::Reporting => Ok(()),
            Stage::Draft
            | Stage::InApproval
            | Stage::Approved
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => Err(NotNow::Report(self.stage)),
        }
    }

    /// Whether the grant waits for a word of the requester.
    pub(crate) const fn waits_for_requester(&self) -> bool {
        let proposal = matches!(self.proposal, Proposal::Shown) && !self.proposal_message.is_empty();
        let agreement = matches!(self.agreement, Agreement::Shown) && !self.agreement_message.is_empty();
        match self.stage {
            Stage::Draft => proposal || agreement,
            Stage::InApproval | Stage::Approved => agreement,
            Stage::Active
            | Stage::Reporting
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => false,
        }
    }

    /// The terms changed: what the requester said was about others.
    pub(crate) fn revised(&mut self, ceiling: Money, starts: String, ends: String) {
        (self.ceiling, self.starts, self.ends) = (ceiling, starts, ends);
        self.stage = Stage::Draft;
        self.vote_due = None;
        self.proposal = Proposal::NotShown;
        self.proposal_message = String::new();
    }
}

impl Tranche {
    /// Refuses a report of arrival that cannot be: nothing is under way, or more arrived than was sent.
    pub(crate) fn may_arrive(&self, arrived: Money) -> Result<(), NotNow> {
        match self.state {
            Payment::Sent | Payment::InDoubt => {}
            Payment::Scheduled | Payment::Released | Payment::Arrived | Payment::Returned | Payment::Lost => {
                return Err(NotNow::Arrival(self.state));
            }
        }
        if arrived.currency() != self.amount.currency() || arrived.minor() > self.amount.minor() {
            return Err(NotNow::Amount(self.amount));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use flare_kernel::Currency;

    use super::*;

    pub(crate) fn money(code: &str, minor: i64) -> Money {
        Money::new(Currency::parse(code).unwrap(), minor).unwrap()
    }

    pub(crate) fn grant() -> Grant {
        Grant {
            id: GrantId::from_bytes([9; 16]),
            drafted_at: Timestamp::from_micros(1),
            needs: Vec::new(),
            stage: Stage::Draft,
            proposal: Proposal::NotShown,
            proposal_message: String::new(),
            agreement: Agreement::NotShown,
            agreement_message: String::new(),
            ceiling: money("EUR", 940_000),
            starts: "2026-12-01".to_owned(),
            ends: "2027-01-31".to_owned(),
            vote_due: None,
            report_due: None,
            undone_at: None,
        }
    }

    const MESSAGE: MessageId = MessageId::from_bytes([5; 16]);

    #[test]
    fn a_proposal_is_answered_while_it_is_a_shown_draft() {
        for stage in Stage::ALL {
            for proposal in Proposal::ALL {
                let mut grant = Grant { stage: *stage, proposal: *proposal, ..grant() };
                let before = grant.clone();
                let open = *stage == Stage::Draft && *proposal != Proposal::NotShown;
                for (agrees, becomes) in [(true, Proposal::Agreed), (false, Proposal::Disagreed)] {
                    match grant.answer_proposal(agrees) {
                        Ok(()) => assert!(open && grant.proposal == becomes, "{before:?}"),
                        Err(refusal) => {
                            assert!(!open && grant == before, "{before:?}");
                            let reason = if *stage == Stage::Draft {
                                "PROPOSAL_NOT_SHOWN"
                            } else {
                                "PROPOSAL_NOT_OPEN"
                            };
                            assert_eq!(Refusal::from(refusal).reason, reason);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_agreement_is_answered_when_shown_and_until_money_moves() {
        for stage in Stage::ALL {
            for agreement in Agreement::ALL {
                let shown = *agreement != Agreement::NotShown;
                let message = if shown { MESSAGE.to_string() } else { String::new() };
                let mut grant =
                    Grant { stage: *stage, agreement: *agreement, agreement_message: message, ..grant() };
                let open = shown && matches!(stage, Stage::Draft | Stage::InApproval | Stage::Approved);
                for (accepts, becomes) in [(true, Agreement::Accepted), (false, Agreement::Refused)] {
                    match grant.answer_agreement(MESSAGE, accepts) {
                        Ok(()) => assert!(open && grant.agreement == becomes),
                        Err(refusal) => {
                            assert!(!open);
                            let reason = if shown { "AGREEMENT_NOT_OPEN" } else { "AGREEMENT_NOT_SHOWN" };
                            assert_eq!(Refusal::from(refusal).reason, reason);
                        }
                    }
                }
            }
        }
        let mut grant =
            Grant { agreement: Agreement::Shown, agreement_message: MESSAGE.to_string(), ..grant() };
        let other = MessageId::from_bytes([6; 16]);
        assert_eq!(grant.answer_agreement(other, true), Err(NotNow::OtherAgreement));
        assert_eq!(Refusal::from(NotNow::OtherAgreement).violations[0].field, "message_id");
    }

    #[test]
    fn reports_are_given_while_active_or_reporting() {
        for stage in Stage::ALL {
            let may = Grant { stage: *stage, ..grant() }.may_report();
            assert_eq!(may.is_ok(), matches!(stage, Stage::Active | Stage::Reporting), "{stage:?}");
            if let Err(refusal) = may {
                let refusal = Refusal::from(refusal);
                assert_eq!(refusal.reason, "REPORT_NOT_OPEN");
                assert!(refusal.message.ends_with(stage.as_str()));
            }
        }
    }

    #[test]
    fn what_arrives_was_under_way_and_is_no_more_than_that() {
        for state in Payment::ALL {
            let tranche = Tranche {
                id: TrancheId::from_bytes([1; 16]),
                grant: grant().id,
                amount: money("EUR", 500),
                state: *state,
            };
            let under_way = matches!(state, Payment::Sent | Payment::InDoubt);
            for (arrived, fits) in [
                (money("EUR", 0), true),
                (money("EUR", 500), true),
                (money("EUR", 501), false),
                (money("USD", 1), false),
            ] {
                let expected = match (under_way, fits) {
                    (true, true) => Ok(()),
                    (true, false) => Err(NotNow::Amount(tranche.amount)),
                    (false, _) => Err(NotNow::Arrival(*state)),
                };
                assert_eq!(tranche.may_arrive(arrived), expected);
            }
        }
        assert_eq!(Refusal::from(NotNow::Amount(money("EUR", 5))).violations[0].field, "arrived");
        assert_eq!(Refusal::from(NotNow::Arrival(Payment::Lost)).reason, "TRANCHE_NOT_UNDER_WAY");
    }

    #[test]
    fn a_revision_forgets_what_was_said_of_other_terms() {
        let mut grant = Grant {
            stage: Stage::InApproval,
            proposal: Proposal::Agreed,
            proposal_message: MESSAGE.to_string(),
            vote_due: Some(Timestamp::from_micros(5)),
            ..grant()
        };
        grant.revised(money("USD", 7), "2027-01-01".to_owned(), "2027-02-01".to_owned());
        assert_eq!((grant.stage, grant.proposal, grant.vote_due), (Stage::Draft, Proposal::NotShown, None));
        assert!(grant.proposal_message.is_empty() && grant.ceiling == money("USD", 7));
    }

    #[test]
    fn a_shown_proposal_or_agreement_waits_for_the_requester_until_it_is_moot() {
        let shown = Grant { proposal: Proposal::Shown, proposal_message: MESSAGE.to_string(), ..grant() };
        let agreed = Grant { agreement: Agreement::Shown, agreement_message: MESSAGE.to_string(), ..grant() };
        for stage in Stage::ALL {
            let (shown, agreed) =
                (Grant { stage: *stage, ..shown.clone() }, Grant { stage: *stage, ..agreed.clone() });
            assert_eq!(shown.waits_for_requester(), *stage == Stage::Draft);
            let before_money = matches!(stage, Stage::Draft | Stage::InApproval | Stage::Approved);
            assert_eq!(agreed.waits_for_requester(), before_money);
        }
        let told = Grant { proposal_message: String::new(), ..shown };
        assert!(!told.waits_for_requester(), "what was told by voice was answered by voice");
    }
}
