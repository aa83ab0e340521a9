//! The proposal on its way to the votes: revised, shown to the requester, answered, submitted.

use flare_contracts::{
    events::v1::{ConflictDeclared, GrantRevised, GrantSubmitted, ProposalAccepted, ProposalShown},
    input,
};
use flare_kernel::{Date, MessageId, StaffId, Timestamp};

use super::{Act, Conflict, Deadline, Events, Grant, REVISER, Refused, Stage, Terms};
use crate::GrantsPolicy;

/// What the requester saw of the proposal as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The message in the thread that shows it.
    pub(crate) message: Option<MessageId>,
    /// How it was told otherwise: one of [`TOLD_BY`](flare_contracts::codes::TOLD_BY).
    pub(crate) told_by: Option<&'static str>,
    /// When it was shown in the thread last.
    pub(crate) shown: Option<Timestamp>,
    /// Whether the requester says that it is right.
    pub(crate) agrees: Option<bool>,
}

impl Proposal {
    /// Whether the requester has seen it and did not object.
    pub(crate) fn is_seen(&self) -> bool {
        match self.agrees {
            Some(agrees) => agrees,
            None => self.told_by.is_some(),
        }
    }
}

impl Grant {
    /// Changes the terms. What the requester saw, what they agreed to and what was voted no longer counts.
    ///
    /// A head may revise somebody else's grant; then neither of the two votes on it.
    pub(crate) fn revise(
        &mut self,
        by: StaffId,
        is_head: bool,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::Revise)?;
        self.proposer_or_head(by, is_head, "revise it")?;
        let before =
            [&self.terms.sealed[0], &self.terms.sealed[1], &self.terms.sealed[2]].map(|field| field.version);
        terms.check_sealed(before, self.epochs.proposal)?;
        self.keep_money_covered(&terms)?;

        if self.stage != Stage::Draft {
            self.round += 1;
        }
        if terms.ceiling.currency() != self.terms.ceiling.currency() {
            self.release_reservations();
        }
        self.stage = Stage::Draft;
        self.terms = terms;
        self.proposal = Proposal::default();
        self.agreement = None;
        self.approval = None;
        let (case_id, grant_id) = self.ids();
        let mut events = vec![
            GrantRevised {
                case_id: case_id.clone(),
                grant_id: grant_id.clone(),
                ceiling: Some(input::money_out(self.terms.ceiling)),
                start: self.terms.start.to_string(),
                end: self.terms.end.to_string(),
            }
            .into(),
        ];
        if by != self.proposer && !self.is_conflicted(by) {
            self.conflicts.push(Conflict { who: by, reason: REVISER, at: now });
            events.push(
                ConflictDeclared { case_id, grant_id, approver: by.to_string(), reason: REVISER.to_owned() }
                    .into(),
            );
        }
        Ok(events)
    }

    /// Notes that the proposal stands in the thread, or how it was told otherwise.
    pub(crate) fn show_proposal(
        &mut self,
        message: Option<MessageId>,
        told_by: Option<&'static str>,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::ShowProposal)?;
        if self.proposal.agrees == Some(false) {
            return Err(Refused::RequesterObjects);
        }
        if message.is_some() {
            self.proposal.message = message;
            self.proposal.shown = Some(now);
        }
        if told_by.is_some() {
            self.proposal.told_by = told_by;
        }
        let (case_id, grant_id) = self.ids();
        Ok(vec![
            ProposalShown {
                case_id,
                grant_id,
                message_id: message.map(|message| message.to_string()).unwrap_or_default(),
                told_by: told_by.unwrap_or_default().to_owned(),
            }
            .into(),
        ])
    }

    /// The requester answered in the thread, at an instant. An answer to a proposal that has since been replaced, or to
    /// one that is decided, changes nothing.
    pub(crate) fn answer_proposal(&mut self, agrees: bool, at: Timestamp) -> Events {
        let open = match self.stage {
            Stage::Draft | Stage::Returned | Stage::InApproval => true,
            Stage::Approved
            | Stage::Active
            | Stage::Reporting
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => false,
        };
        if !open || self.proposal.shown.is_none_or(|shown| at < shown) || self.proposal.agrees == Some(agrees)
        {
            return Events::new();
        }
        self.proposal.agrees = Some(agrees);
        let (case_id, grant_id) = self.ids();
        vec![ProposalAccepted { case_id, grant_id, agrees }.into()]
    }

    /// Asks for the votes. Asking again after it was returned, unchanged, is another round.
    pub(crate) fn submit(
        &mut self,
        by: StaffId,
        is_head: bool,
        now: Timestamp,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        self.allow(Act::Submit)?;
        self.proposer_or_head(by, is_head, "submit it")?;
        if self.proposal.agrees == Some(false) {
            return Err(Refused::RequesterObjects);
        }
        if !self.proposal.is_seen() {
            return Err(Refused::ProposalNotSeen);
        }
        if self.terms.end < Date::from_timestamp(now) {
            return Err(Refused::EndInPast);
        }
        if self.stage == Stage::Returned {
            self.round += 1;
        }
        let due = now.plus(policy.approval_time(self.lane));
        self.approval = Some(Deadline::at(due));
        self.stage = Stage::InApproval;
        let (case_id, grant_id) = self.ids();
        Ok(vec![
            GrantSubmitted {
                case_id,
                grant_id,
                lane: input::lane_out(self.lane).into(),
                round: self.round,
                votes_required: self.votes_required,
                proposer: self.proposer.to_string(),
                excluded: self.excluded(),
                due: Some(input::timestamp_out(due)),
                ceiling: Some(input::money_out(self.terms.ceiling)),
            }
            .into(),
        ])
    }

    pub(super) fn proposer_or_head(
        &self,
        by: StaffId,
        is_head: bool,
        act: &'static str,
    ) -> Result<(), Refused> {
        if by == self.proposer || is_head { Ok(()) } else { Err(Refused::NotProposerOrHead(act)) }
    }

    /// Who may not vote: the proposer, whoever revised it, and whoever declared a conflict.
    pub(super) fn excluded(&self) -> Vec<String> {
        let conflicted =
            self.conflicts.iter().map(|conflict| conflict.who).filter(|who| *who != self.proposer);
        std::iter::once(self.proposer).chain(conflicted).map(|who| who.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use flare_kernel::Duration;

    use super::*;
    use crate::domain::samples::{self, APPROVERS, HEAD, NOW, OFFICER, PROPOSER};

    #[test]
    fn the_requester_sees_the_proposal_before_the_votes() {
        let policy = GrantsPolicy::default();
        let mut grant = samples::draft();
        assert_eq!(grant.submit(PROPOSER, false, NOW, &policy), Err(Refused::ProposalNotSeen));
        grant.show_proposal(Some(samples::message(1)), None, NOW).unwrap();
        assert_eq!(
            grant.submit(PROPOSER, false, NOW, &policy),
            Err(Refused::ProposalNotSeen),
            "posted, not answered"
        );
        assert!(
            grant.answer_proposal(true, NOW.plus(Duration::from_secs(-1))).is_empty(),
            "about an earlier one"
        );
        assert_eq!(samples::kinds(&grant.answer_proposal(true, NOW)), ["ProposalAccepted"]);
        assert!(grant.answer_proposal(true, NOW).is_empty(), "once");
        assert_eq!(samples::kinds(&grant.submit(PROPOSER, false, NOW, &policy).unwrap()), ["GrantSubmitted"]);

        let mut told = samples::draft();
        assert!(told.answer_proposal(true, NOW).is_empty(), "nothing was shown in the thread");
        told.show_proposal(None, Some("phone"), NOW).unwrap();
        told.submit(PROPOSER, false, NOW, &policy).unwrap();
    }

    #[test]
    fn a_requester_who_objects_stops_it_until_it_is_revised() {
        let policy = GrantsPolicy::default();
        let mut grant = samples::draft();
        grant.show_proposal(Some(samples::message(1)), Some("phone"), NOW).unwrap();
        grant.answer_proposal(false, NOW);
        assert_eq!(grant.submit(PROPOSER, false, NOW, &policy), Err(Refused::RequesterObjects));
        assert_eq!(grant.show_proposal(None, Some("visit"), NOW), Err(Refused::RequesterObjects));
        grant.revise(PROPOSER, false, samples::next_terms(&grant), NOW).unwrap();
        assert_eq!(grant.proposal, Proposal::default());
        grant.show_proposal(None, Some("visit"), NOW).unwrap();
        grant.submit(PROPOSER, false, NOW, &policy).unwrap();
    }

    #[test]
    fn a_change_after_the_submission_begins_the_next_round() {
        let mut grant = samples::draft();
        grant.revise(PROPOSER, false, samples::next_terms(&grant), NOW).unwrap();
        assert_eq!(grant.round, 1, "nobody was asked yet");
        let mut grant = samples::in_approval();
        grant.revise(PROPOSER, false, samples::next_terms(&grant), NOW).unwrap();
        assert_eq!((grant.round, grant.stage, grant.approval), (2, Stage::Draft, None));
    }

    #[test]
    fn asking_again_for_a_returned_grant_is_another_round() {
        let mut grant = samples::in_approval();
        grant.stage = Stage::Returned;
        grant.submit(HEAD, true, NOW, &GrantsPolicy::default()).unwrap();
        assert_eq!((grant.round, grant.stage), (2, Stage::InApproval));
    }

    #[test]
    fn only_proposer_or_head_move_it_and_a_head_who_revises_does_not_vote() {
        let mut grant = samples::draft();
        let terms = samples::next_terms(&grant);
        assert_eq!(
            grant.revise(OFFICER, false, terms.clone(), NOW),
            Err(Refused::NotProposerOrHead("revise it"))
        );
        let events = grant.revise(APPROVERS[0], true, terms, NOW).unwrap();
        assert_eq!(samples::kinds(&events), ["GrantRevised", "ConflictDeclared"]);
        assert!(grant.is_conflicted(APPROVERS[0]));
        grant.show_proposal(None, Some("phone"), NOW).unwrap();
        assert_eq!(
            grant.submit(OFFICER, false, NOW, &GrantsPolicy::default()),
            Err(Refused::NotProposerOrHead("submit it"))
        );
        grant.submit(HEAD, true, NOW, &GrantsPolicy::default()).unwrap();
        assert_eq!(grant.excluded(), [PROPOSER.to_string(), APPROVERS[0].to_string()]);
    }

    #[test]
    fn a_grant_whose_end_has_passed_is_not_submitted() {
        let mut grant = samples::draft();
        grant.show_proposal(None, Some("phone"), NOW).unwrap();
        let last = grant.terms.end.end_of_day();
        let policy = GrantsPolicy::default();
        grant.clone().submit(PROPOSER, false, last, &policy).unwrap();
        let next = last.plus(Duration::from_micros(1));
        assert_eq!(grant.submit(PROPOSER, false, next, &policy), Err(Refused::EndInPast));
    }

    #[test]
    fn terms_follow_their_version_and_epoch() {
        let mut grant = samples::draft();
        let same = grant.terms.clone();
        assert!(matches!(grant.revise(PROPOSER, false, same, NOW), Err(Refused::Field(_))));
        grant.epochs.proposal = 2;
        let terms = samples::next_terms(&grant);
        let mut old = terms.clone();
        old.sealed[0].epoch = 1;
        assert!(matches!(grant.revise(PROPOSER, false, old, NOW), Err(Refused::OldEpoch { newest: 2, .. })));
        grant.revise(PROPOSER, false, terms, NOW).unwrap();
    }

    #[test]
    fn money_that_is_scheduled_stays_covered_by_new_terms() {
        let mut grant = samples::with_advance_tranche(40_000);
        let mut terms = samples::next_terms(&grant);
        terms.ceiling = samples::eur(39_999);
        assert_eq!(grant.revise(PROPOSER, false, terms, NOW), Err(Refused::MoneyInUse(samples::eur(50_000))));
        let mut terms = samples::next_terms(&grant);
        terms.ceiling = samples::eur(50_000);
        grant.revise(PROPOSER, false, terms, NOW).unwrap();
    }
}
