//! The stages of a grant, and which acts each allows: the transition table.

use flare_contracts::grants::v1::GrantStage;
use flare_kernel::codes;

codes! {
    /// Where a grant stands.
    pub(crate) enum Stage {
        /// Being written.
        Draft = "draft",
        /// The approvers have it.
        InApproval = "in_approval",
        /// An approver sent it back to be changed.
        Returned = "returned",
        /// Enough votes; a gate is still closed.
        Approved = "approved",
        /// Every gate is open.
        Active = "active",
        /// It has ended; the report is due.
        Reporting = "reporting",
        /// The first of two has proposed to close it.
        Closing = "closing",
        /// Done.
        Closed = "closed",
        /// Voted down.
        Rejected = "rejected",
        /// The requester withdrew, or it was abandoned, before any money went.
        Withdrawn = "withdrawn",
        /// Ended for ethics, corruption or safeguarding.
        Terminated = "terminated",
    }
}

codes! {
    /// What a person may do with a grant where its stage allows it. The name completes "a grant can …".
    pub(crate) enum Act {
        Revise = "be revised",
        ShowProposal = "have its proposal shown",
        Submit = "be submitted",
        Vote = "be voted on",
        DeclareConflict = "have a conflict of interest declared",
        OverrideVerification = "have its verification overridden",
        EnterPayee = "have its payee entered",
        CheckPayee = "have its payee checked",
        RecordAgreement = "have its agreement recorded",
        ReserveFunds = "have funds reserved",
        AuthoriseAdvance = "have an advance authorised",
        ScheduleTranche = "have a payment scheduled",
        ReleaseTranche = "have a payment released",
        SendTranche = "have a payment marked as sent",
        RecordReport = "have its report recorded",
        Close = "be closed",
        Abandon = "be abandoned",
        Terminate = "be terminated",
    }
}

impl Stage {
    /// Nothing but the settling of payments under way can happen any more.
    pub(crate) const fn is_over(self) -> bool {
        match self {
            Self::Closed | Self::Rejected | Self::Withdrawn | Self::Terminated => true,
            Self::Draft
            | Self::InApproval
            | Self::Returned
            | Self::Approved
            | Self::Active
            | Self::Reporting
            | Self::Closing => false,
        }
    }

    /// It helps with none of its needs: each is to be decided anew.
    pub(crate) const fn came_to_nothing(self) -> bool {
        match self {
            Self::Rejected | Self::Withdrawn | Self::Terminated => true,
            Self::Draft
            | Self::InApproval
            | Self::Returned
            | Self::Approved
            | Self::Active
            | Self::Reporting
            | Self::Closing
            | Self::Closed => false,
        }
    }

    /// The acts that a grant in this stage allows. What became of a payment that was sent can be told in every stage.
    pub(crate) const fn acts(self) -> &'static [Act] {
        use Act::{
            Abandon, AuthoriseAdvance, CheckPayee, Close, DeclareConflict, EnterPayee, OverrideVerification,
            RecordAgreement, RecordReport, ReleaseTranche, ReserveFunds, Revise, ScheduleTranche,
            SendTranche, ShowProposal, Submit, Terminate, Vote,
        };
        match self {
            Self::Draft | Self::Returned => {
                &[Revise, ShowProposal, Submit, DeclareConflict, OverrideVerification, Abandon, Terminate]
            }
            Self::InApproval => &[
                Revise,
                Vote,
                DeclareConflict,
                OverrideVerification,
                EnterPayee,
                CheckPayee,
                RecordAgreement,
                ReserveFunds,
                AuthoriseAdvance,
                ScheduleTranche,
                ReleaseTranche,
                SendTranche,
                Terminate,
            ],
            Self::Approved => &[
                OverrideVerification,
                EnterPayee,
                CheckPayee,
                RecordAgreement,
                ReserveFunds,
                AuthoriseAdvance,
                ScheduleTranche,
                ReleaseTranche,
                SendTranche,
                Terminate,
                RecordReport,
            ],
            Self::Active => &[
                EnterPayee,
                ReserveFunds,
                ScheduleTranche,
                ReleaseTranche,
                SendTranche,
                RecordReport,
                Terminate,
            ],
            Self::Reporting => &[
                OverrideVerification,
                EnterPayee,
                CheckPayee,
                RecordAgreement,
                ReserveFunds,
                ScheduleTranche,
                ReleaseTranche,
                SendTranche,
                RecordReport,
                Close,
                Terminate,
            ],
            Self::Closing => &[RecordReport, Close, Terminate],
            Self::Closed | Self::Rejected | Self::Withdrawn | Self::Terminated => &[],
        }
    }

    /// As a person reads it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::InApproval => "in approval",
            Self::Draft
            | Self::Returned
            | Self::Approved
            | Self::Active
            | Self::Reporting
            | Self::Closing
            | Self::Closed
            | Self::Rejected
            | Self::Withdrawn
            | Self::Terminated => self.as_str(),
        }
    }

    /// On the wire.
    pub(crate) const fn out(self) -> GrantStage {
        match self {
            Self::Draft => GrantStage::Draft,
            Self::InApproval => GrantStage::InApproval,
            Self::Returned => GrantStage::Returned,
            Self::Approved => GrantStage::Approved,
            Self::Active => GrantStage::Active,
            Self::Reporting => GrantStage::Reporting,
            Self::Closing => GrantStage::Closing,
            Self::Closed => GrantStage::Closed,
            Self::Rejected => GrantStage::Rejected,
            Self::Withdrawn => GrantStage::Withdrawn,
            Self::Terminated => GrantStage::Terminated,
        }
    }
}

impl Act {
    /// "draft or returned": the stages that allow it.
    pub(crate) fn stages(self) -> String {
        let stages: Vec<_> = Stage::ALL
            .iter()
            .filter(|stage| stage.acts().contains(&self))
            .map(|stage| stage.words())
            .collect();
        match stages.as_slice() {
            [] => "in no stage".to_owned(),
            [only] => (*only).to_owned(),
            [most @ .., last] => format!("{} or {last}", most.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::Decision;
    use flare_kernel::{Date, UnknownCode};

    use super::*;
    use crate::{
        GrantsPolicy,
        domain::{
            Events, Grant, NewClose, Refused, Reported,
            samples::{self, APPROVERS, FINANCE, HEAD, NOW, OFFICER, PROPOSER, eur},
        },
    };

    #[test]
    fn names_are_read_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(*stage));
        }
        assert_eq!("".parse::<Stage>(), Err(UnknownCode));
    }

    fn act(grant: &mut Grant, act: Act) -> Result<Events, Refused> {
        let policy = GrantsPolicy::default();
        let tranche = samples::tranche_id(1);
        match act {
            Act::Revise => grant.revise(PROPOSER, false, samples::next_terms(grant), NOW),
            Act::ShowProposal => grant.show_proposal(None, Some("phone"), NOW),
            Act::Submit => grant.submit(PROPOSER, false, NOW, &policy),
            Act::Vote => {
                let (voter, vote) = samples::vote(grant, APPROVERS[2], Decision::Approve);
                grant.cast_vote(&voter, vote, NOW)
            }
            Act::DeclareConflict => grant.declare_conflict(APPROVERS[2], "other", NOW),
            Act::OverrideVerification => grant.override_verification(HEAD, "other"),
            Act::EnterPayee => grant.enter_payee(samples::payee(OFFICER, 2, false), &[]),
            Act::CheckPayee => {
                grant.check_payee(FINANCE[1], samples::payee_digest(grant), Date::from_timestamp(NOW), NOW)
            }
            Act::RecordAgreement => grant.record_agreement(samples::by_voice(HEAD), OFFICER, NOW),
            Act::ReserveFunds => grant.reserve(FINANCE[0], "A".into(), eur(1), NOW),
            Act::AuthoriseAdvance => grant.authorise_advance(HEAD, eur(1), 1, &policy),
            Act::ScheduleTranche => grant.schedule(samples::new_tranche(2, 1)),
            Act::ReleaseTranche => grant.release(FINANCE[1], tranche, NOW),
            Act::SendTranche => grant.send(tranche, NOW, &policy),
            Act::RecordReport => grant.record_report(false, Reported::Oral, NOW, &policy),
            Act::Close => grant.close(OFFICER, NewClose { outcome: "achieved", unspent: eur(0) }, &policy),
            Act::Abandon => grant.abandon(PROPOSER, false, "mistake", NOW, &policy),
            Act::Terminate => grant.terminate("ethics"),
        }
    }

    /// Where each act is allowed, written down a second time and by act.
    const fn allowed(act: Act) -> &'static [Stage] {
        use Stage::{Active, Approved, Closing, Draft, InApproval, Reporting, Returned};
        match act {
            Act::Revise | Act::DeclareConflict => &[Draft, InApproval, Returned],
            Act::ShowProposal | Act::Submit | Act::Abandon => &[Draft, Returned],
            Act::Vote => &[InApproval],
            Act::OverrideVerification => &[Draft, InApproval, Returned, Approved, Reporting],
            Act::EnterPayee | Act::ReserveFunds => &[InApproval, Approved, Active, Reporting],
            Act::ScheduleTranche | Act::ReleaseTranche | Act::SendTranche => {
                &[InApproval, Approved, Active, Reporting]
            }
            Act::CheckPayee | Act::RecordAgreement => &[InApproval, Approved, Reporting],
            Act::AuthoriseAdvance => &[InApproval, Approved],
            Act::RecordReport => &[Approved, Active, Reporting, Closing],
            Act::Close => &[Reporting, Closing],
            Act::Terminate => &[Draft, InApproval, Returned, Approved, Active, Reporting, Closing],
        }
    }

    #[test]
    fn every_stage_and_every_act() {
        for stage in Stage::ALL.iter().copied() {
            for which in Act::ALL.iter().copied() {
                let mut grant = samples::active();
                samples::release(&mut grant, 100);
                grant.stage = stage;
                let before = grant.clone();
                let outcome = act(&mut grant, which);
                let wrong_stage = outcome == Err(Refused::WrongStage { act: which, stage });
                assert_eq!(
                    wrong_stage,
                    !allowed(which).contains(&stage),
                    "{which:?} in {stage:?}: {outcome:?}"
                );
                if wrong_stage {
                    assert_eq!(grant, before, "a refusal changes nothing");
                }
            }
        }
    }

    #[test]
    fn the_refusal_names_where_it_is_allowed() {
        for act in Act::ALL {
            assert_ne!(act.stages(), "in no stage", "{act:?}");
        }
        let refused = Refused::WrongStage { act: Act::Submit, stage: Stage::Active };
        assert_eq!(
            refused.to_string(),
            "a grant can be submitted while it is draft or returned; this one is active"
        );
        assert_eq!(Act::RecordReport.stages(), "approved, active, reporting or closing");
    }

    #[test]
    fn nothing_moves_a_grant_that_is_over() {
        for stage in Stage::ALL {
            assert_eq!(stage.is_over(), stage.acts().is_empty(), "{stage:?}");
        }
    }
}
