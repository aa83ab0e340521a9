//! A grant, as the requester is shown it, and what the requester may say about it.

use flare_contracts::{Cause, InputRule, Refusal};
use flare_kernel::{GrantId, MessageId, Money, NeedId, Timestamp, codes};

codes! {
    /// How far a grant has come. One that was sent back to its proposer is a draft again.
    pub(crate) enum Stage {
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

codes! {
    /// Where the requester stands to the proposal.
    pub(crate) enum Proposal {
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

codes! {
    /// Where the requester stands to the agreement.
    pub(crate) enum Agreement {
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
    /// When it came to an end, whichever.
    pub(crate) over_at: Option<Timestamp>,
}

/// What a requester may still say to a grant, by how far it has come.
enum Phase {
    /// The terms may change.
    Draft,
    /// The terms stand; no money moves yet.
    BeforeMoney,
    /// Money may move, or has and is to be reported.
    Running,
    /// Nothing more is asked.
    Over,
}

impl Stage {
    const fn phase(self) -> Phase {
        match self {
            Self::Draft => Phase::Draft,
            Self::InApproval | Self::Approved => Phase::BeforeMoney,
            Self::Active | Self::Reporting => Phase::Running,
            Self::Closing | Self::Closed | Self::Rejected | Self::Withdrawn | Self::Terminated => Phase::Over,
        }
    }
}

impl Grant {
    /// The requester says whether the proposal is right; they may change their mind until the votes begin.
    pub(crate) fn answer_proposal(&mut self, shown: &str, agrees: bool) -> Result<(), Refusal> {
        match (self.stage.phase(), self.proposal) {
            (Phase::Draft, Proposal::NotShown) => return Err(Cause::ProposalNotShown.into()),
            (Phase::Draft, Proposal::Shown | Proposal::Agreed | Proposal::Disagreed) => {}
            (Phase::BeforeMoney | Phase::Running | Phase::Over, _) => {
                return Err(Cause::ProposalNotOpen { stage: self.stage.as_str().to_owned() }.into());
            }
        }
        if self.proposal_message != shown {
            return Err(Refusal::invalid("shown_message_id", InputRule::OtherProposal));
        }
        self.proposal = if agrees { Proposal::Agreed } else { Proposal::Disagreed };
        Ok(())
    }

    /// The requester answers the agreement; they may change their mind until the grant is active.
    pub(crate) fn answer_agreement(&mut self, message: MessageId, accepts: bool) -> Result<(), Refusal> {
        match (self.stage.phase(), self.agreement) {
            (_, Agreement::NotShown) => return Err(Cause::AgreementNotShown.into()),
            (
                Phase::Draft | Phase::BeforeMoney,
                Agreement::Shown | Agreement::Accepted | Agreement::Refused,
            ) => {}
            (Phase::Running | Phase::Over, _) => {
                return Err(Cause::AgreementNotOpen { stage: self.stage.as_str().to_owned() }.into());
            }
        }
        if self.agreement_message != message.to_string() {
            return Err(Refusal::invalid("message_id", InputRule::OtherAgreement));
        }
        self.agreement = if accepts { Agreement::Accepted } else { Agreement::Refused };
        Ok(())
    }

    /// A report may be given from when money may move until the close. A grant that was active is an approved one again
    /// while a gate is closed, and what its requester has to say is not refused for that.
    pub(crate) fn may_report(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Approved | Stage::Active | Stage::Reporting => Ok(()),
            Stage::Draft
            | Stage::InApproval
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => Err(Cause::ReportNotOpen { stage: self.stage.as_str().to_owned() }.into()),
        }
    }

    /// Whether the grant waits for a word of the requester.
    pub(crate) const fn waits_for_requester(&self) -> bool {
        let proposal = matches!(self.proposal, Proposal::Shown) && !self.proposal_message.is_empty();
        let agreement = matches!(self.agreement, Agreement::Shown) && !self.agreement_message.is_empty();
        match self.stage.phase() {
            Phase::Draft => proposal || agreement,
            Phase::BeforeMoney => agreement,
            Phase::Running | Phase::Over => false,
        }
    }

    /// The terms changed: what the requester said was about others.
    pub(crate) fn revised(&mut self, ceiling: Money, starts: String, ends: String) {
        (self.ceiling, self.starts, self.ends) = (ceiling, starts, ends);
        self.stage = Stage::Draft;
        self.vote_due = None;
        self.proposal = Proposal::NotShown;
        self.proposal_message = String::new();
        self.forget_agreement();
    }

    /// A gate closed. Money moves only while all are open, so an active grant is an approved one again; when it was theirs,
    /// what they were shown does not hold any more.
    pub(crate) fn gate_closed(&mut self, was_theirs: bool) {
        if self.stage == Stage::Active {
            self.stage = Stage::Approved;
        }
        if was_theirs {
            self.forget_agreement();
        }
    }

    fn forget_agreement(&mut self) {
        self.agreement = Agreement::NotShown;
        self.agreement_message = String::new();
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
            over_at: None,
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
                    match grant.answer_proposal("", agrees) {
                        Ok(()) => assert!(open && grant.proposal == becomes, "{before:?}"),
                        Err(refusal) => {
                            assert!(!open && grant == before, "{before:?}");
                            let reason = if *stage == Stage::Draft {
                                "PROPOSAL_NOT_SHOWN"
                            } else {
                                "PROPOSAL_NOT_OPEN"
                            };
                            assert_eq!(refusal.reason, reason);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_proposal_is_answered_as_it_was_shown() {
        let shown = MESSAGE.to_string();
        let mut grant = Grant { proposal: Proposal::Shown, proposal_message: shown.clone(), ..grant() };
        for other in ["", "message_1"] {
            let refusal = Refusal::invalid("shown_message_id", InputRule::OtherProposal);
            assert_eq!(grant.answer_proposal(other, true), Err(refusal));
        }
        assert_eq!(grant.answer_proposal(&shown, true), Ok(()));
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
                            assert_eq!(refusal.reason, reason);
                        }
                    }
                }
            }
        }
        let mut grant =
            Grant { agreement: Agreement::Shown, agreement_message: MESSAGE.to_string(), ..grant() };
        let other = MessageId::from_bytes([6; 16]);
        let refusal = Refusal::invalid("message_id", InputRule::OtherAgreement);
        assert_eq!(grant.answer_agreement(other, true), Err(refusal));
    }

    #[test]
    fn reports_are_given_from_the_approval_to_the_close() {
        for stage in Stage::ALL {
            let may = Grant { stage: *stage, ..grant() }.may_report();
            let open = matches!(stage, Stage::Approved | Stage::Active | Stage::Reporting);
            assert_eq!(may.is_ok(), open, "{stage:?}");
            if let Err(refusal) = may {
                assert_eq!(refusal.reason, "REPORT_NOT_OPEN");
                assert!(refusal.message.ends_with(stage.as_str()));
            }
        }
    }

    #[test]
    fn a_revision_forgets_what_was_said_of_other_terms() {
        let mut grant = Grant {
            stage: Stage::InApproval,
            proposal: Proposal::Agreed,
            proposal_message: MESSAGE.to_string(),
            agreement: Agreement::Shown,
            agreement_message: MESSAGE.to_string(),
            vote_due: Some(Timestamp::from_micros(5)),
            ..grant()
        };
        grant.revised(money("USD", 7), "2027-01-01".to_owned(), "2027-02-01".to_owned());
        assert_eq!((grant.stage, grant.proposal, grant.vote_due), (Stage::Draft, Proposal::NotShown, None));
        assert!(grant.proposal_message.is_empty() && grant.ceiling == money("USD", 7));
        assert_eq!(grant.answer_agreement(MESSAGE, true), Err(Cause::AgreementNotShown.into()));
    }

    #[test]
    fn a_closed_gate_takes_an_active_grant_back_and_theirs_the_agreement_too() {
        for stage in Stage::ALL {
            for was_theirs in [true, false] {
                let mut grant = Grant {
                    stage: *stage,
                    agreement: Agreement::Accepted,
                    agreement_message: MESSAGE.to_string(),
                    ..grant()
                };
                grant.gate_closed(was_theirs);
                let expected = if *stage == Stage::Active { Stage::Approved } else { *stage };
                assert_eq!(grant.stage, expected);
                assert_eq!(grant.agreement == Agreement::NotShown, was_theirs);
                assert_eq!(grant.agreement_message.is_empty(), was_theirs);
            }
        }
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
