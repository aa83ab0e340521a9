//! The votes: distinct people, none of them the proposer or in conflict, each over exactly what was shown.

use flare_access::Roles;
use flare_contracts::{
    common::v1::{Role, SealedField},
    events::v1::{ConflictDeclared, GrantApproved, GrantRejected, GrantReturned, VoteCast},
    grants::v1::Decision,
    vote::{self, Ballot},
};
use flare_kernel::{StaffId, Timestamp};

use super::{Act, Events, Grant, Refused, Stage, terms::check_next};
use crate::refusals::GrantsRule;

/// Why somebody takes no part who has rewritten the terms.
pub(crate) const REVISER: &str = "reviser";

/// A person as identity told about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Voter {
    pub(crate) id: StaffId,
    pub(crate) roles: Roles,
    pub(crate) signing_key: Option<[u8; 32]>,
    pub(crate) active: bool,
}

/// A decision that an approver signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewVote {
    pub(crate) decision: Decision,
    pub(crate) shown_digest: [u8; 32],
    pub(crate) signature: [u8; 64],
    /// Conditions or reasons, sealed.
    pub(crate) words: Option<SealedField>,
}

/// A vote that was cast.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vote {
    pub(crate) voter: StaffId,
    pub(crate) round: u32,
    pub(crate) at: Timestamp,
    pub(crate) cast: NewVote,
}

/// Somebody who takes no part in a grant's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) who: StaffId,
    /// One of [`WHY_CONFLICTED`](flare_contracts::codes::WHY_CONFLICTED), or [`REVISER`].
    pub(crate) reason: &'static str,
    pub(crate) at: Timestamp,
}

impl Grant {
    /// Whether somebody takes no part.
    pub(crate) fn is_conflicted(&self, who: StaffId) -> bool {
        self.conflicts.iter().any(|conflict| conflict.who == who)
    }

    /// What is asked of the approvers now.
    pub(crate) const fn ballot(&self) -> Ballot {
        Ballot { round: self.round, votes_required: self.votes_required }
    }

    /// How many approvals of this round count.
    pub(crate) fn approvals(&self) -> u32 {
        let counts = |vote: &&Vote| {
            let approves = match vote.cast.decision {
                Decision::Approve | Decision::ApproveWithConditions => true,
                Decision::Unspecified | Decision::Return | Decision::Reject => false,
            };
            approves && vote.round == self.round && !self.is_conflicted(vote.voter)
        };
        u32::try_from(self.votes.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// An approver takes no part. A vote they cast before no longer counts.
    pub(crate) fn declare_conflict(
        &mut self,
        who: StaffId,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::DeclareConflict)?;
        if self.is_conflicted(who) {
            return Err(Refused::ConflictKnown);
        }
        self.conflicts.push(Conflict { who, reason, at: now });
        let (case_id, grant_id) = self.ids();
        Ok(vec![
            ConflictDeclared { case_id, grant_id, approver: who.to_string(), reason: reason.to_owned() }
                .into(),
        ])
    }

    /// Refuses whoever is not asked for a vote in this round. Gives the key that theirs is signed with.
    pub(crate) fn check_voter(&self, voter: &Voter) -> Result<[u8; 32], Refused> {
        self.allow(Act::Vote)?;
        let key = voter.signing_key.ok_or(Refused::VoterNotKnownYet)?;
        if !voter.active || !voter.roles.holds(Role::Approver) {
            return Err(Refused::NotAnApprover);
        }
        self.not_proposer(voter.id, "vote on it")?;
        if self.is_conflicted(voter.id) {
            return Err(Refused::Conflicted);
        }
        if self.votes.iter().any(|vote| vote.voter == voter.id && vote.round == self.round) {
            return Err(Refused::AlreadyVoted);
        }
        Ok(key)
    }

    /// Takes a vote, and what it decides. One rejection rejects, one return returns.
    pub(crate) fn cast_vote(
        &mut self,
        voter: &Voter,
        new: NewVote,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        let key = self.check_voter(voter)?;
        if new.shown_digest != self.terms.digest(self.id, self.case, self.ballot()) {
            return Err(Refused::VoteOnChangedContent);
        }
        self.check_words(voter.id, &new)?;
        let (words, id) = (new.words.as_ref(), voter.id.to_string());
        let message = vote::vote_message(&new.shown_digest, &id, new.decision, words);
        flare_seal::verify(vote::SIGNATURE_DOMAIN, &key, &message, &new.signature)
            .map_err(|_| Refused::WrongSignature)?;
        self.check_still_agreed(new.decision)?;

        let decision = new.decision;
        self.votes.push(Vote { voter: voter.id, round: self.round, at: now, cast: new });
        let (case_id, grant_id) = self.ids();
        let mut events = vec![
            VoteCast {
                case_id,
                grant_id,
                voter: voter.id.to_string(),
                decision: decision.into(),
                round: self.round,
                approvals: self.approvals(),
            }
            .into(),
        ];
        events.extend(self.decide(voter.id, decision));
        Ok(events)
    }

    fn decide(&mut self, by: StaffId, decision: Decision) -> Events {
        let ((case_id, grant_id), by, proposer) = (self.ids(), by.to_string(), self.proposer.to_string());
        match decision {
            Decision::Reject => {
                self.stage = Stage::Rejected;
                let mut events = self.take_releases_back();
                events.push(
                    GrantRejected { case_id, grant_id, by, proposer, need_ids: self.need_ids() }.into(),
                );
                events
            }
            Decision::Return => {
                self.stage = Stage::Returned;
                self.approval = None;
                vec![GrantReturned { case_id, grant_id, by, proposer }.into()]
            }
            Decision::Approve | Decision::ApproveWithConditions
                if self.approvals() >= self.votes_required =>
            {
                self.stage = Stage::Approved;
                self.approval = None;
                self.voted = true;
                vec![GrantApproved { case_id, grant_id, need_ids: self.need_ids(), proposer }.into()]
            }
            Decision::Approve | Decision::ApproveWithConditions | Decision::Unspecified => Events::new(),
        }
    }

    fn check_words(&self, voter: StaffId, vote: &NewVote) -> Result<(), Refused> {
        let Some(words) = &vote.words else {
            return match vote.decision {
                Decision::Approve => Ok(()),
                Decision::Unspecified
                | Decision::ApproveWithConditions
                | Decision::Return
                | Decision::Reject => Err(Refused::field("words", GrantsRule::WordsMissing)),
            };
        };
        let earlier = self.votes.iter().filter(|vote| vote.voter == voter);
        let before = earlier.filter_map(|vote| vote.cast.words.as_ref()).map(|words| words.version).max();
        check_next("words", words, before.unwrap_or(0), self.epochs.proposal)
    }

    /// Nobody approves what the requester has objected to in the meantime.
    fn check_still_agreed(&self, decision: Decision) -> Result<(), Refused> {
        match decision {
            Decision::Approve | Decision::ApproveWithConditions if self.proposal.agrees == Some(false) => {
                Err(Refused::RequesterObjects)
            }
            Decision::Approve
            | Decision::ApproveWithConditions
            | Decision::Return
            | Decision::Reject
            | Decision::Unspecified => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, APPROVERS, FINANCE, NOW, PROPOSER};

    fn cast(grant: &mut Grant, who: StaffId, decision: Decision) -> Result<Vec<&'static str>, Refused> {
        let (voter, vote) = samples::vote(grant, who, decision);
        samples::step(grant, |grant| grant.cast_vote(&voter, vote, NOW)).map(|events| samples::kinds(&events))
    }

    #[test]
    fn enough_distinct_approvals_approve() {
        let mut grant = samples::in_approval();
        assert_eq!(cast(&mut grant, APPROVERS[0], Decision::Approve), Ok(vec!["VoteCast"]));
        assert_eq!(cast(&mut grant, APPROVERS[0], Decision::Approve), Err(Refused::AlreadyVoted));
        let last = cast(&mut grant, APPROVERS[1], Decision::ApproveWithConditions).unwrap();
        assert_eq!(last, ["VoteCast", "GrantApproved", "GateOpened"]);
        assert_eq!((grant.stage, grant.voted), (Stage::Approved, true));
        assert!(matches!(cast(&mut grant, APPROVERS[2], Decision::Approve), Err(Refused::WrongStage { .. })));
    }

    #[test]
    fn one_rejection_rejects_and_one_return_returns() {
        let mut grant = samples::in_approval();
        cast(&mut grant, APPROVERS[0], Decision::Approve).unwrap();
        let mut returned = grant.clone();
        assert_eq!(cast(&mut grant, APPROVERS[1], Decision::Reject), Ok(vec!["VoteCast", "GrantRejected"]));
        assert_eq!(grant.stage, Stage::Rejected);
        assert_eq!(
            cast(&mut returned, APPROVERS[1], Decision::Return),
            Ok(vec!["VoteCast", "GrantReturned"])
        );
        assert_eq!((returned.stage, returned.approval), (Stage::Returned, None));
    }

    #[test]
    fn votes_of_an_earlier_round_count_no_more() {
        let mut grant = samples::in_approval();
        cast(&mut grant, APPROVERS[0], Decision::Approve).unwrap();
        let terms = samples::next_terms(&grant);
        grant.revise(PROPOSER, false, terms, NOW).unwrap();
        grant.show_proposal(None, Some("phone"), NOW).unwrap();
        grant.submit(PROPOSER, false, NOW, &crate::GrantsPolicy::default()).unwrap();
        assert_eq!(grant.approvals(), 0);
        assert_eq!(cast(&mut grant, APPROVERS[0], Decision::Approve), Ok(vec!["VoteCast"]), "may vote again");
        assert_eq!((grant.votes.len(), grant.approvals()), (2, 1), "the first stays for the audit");
    }

    #[test]
    fn a_vote_covers_exactly_what_was_shown() {
        let mut grant = samples::in_approval();
        let (voter, vote) = samples::vote(&grant, APPROVERS[0], Decision::ApproveWithConditions);
        let mut changed = grant.clone();
        changed.terms.sealed[0].commitment[0] ^= 1;
        assert_eq!(changed.cast_vote(&voter, vote.clone(), NOW), Err(Refused::VoteOnChangedContent));
        let mut later = grant.clone();
        later.round = 2;
        assert_eq!(later.cast_vote(&voter, vote.clone(), NOW), Err(Refused::VoteOnChangedContent));
        let mut fewer = grant.clone();
        fewer.votes_required = 1;
        assert_eq!(fewer.cast_vote(&voter, vote.clone(), NOW), Err(Refused::VoteOnChangedContent));
        let mut resealed = grant.clone();
        (resealed.terms.sealed[0].version, resealed.terms.sealed[0].ciphertext) = (2, vec![7; 100]);
        resealed.cast_vote(&voter, vote.clone(), NOW).unwrap();
        let other = NewVote { decision: Decision::Reject, ..vote };
        assert_eq!(
            grant.cast_vote(&voter, other, NOW),
            Err(Refused::WrongSignature),
            "signed for another decision"
        );
    }

    #[test]
    fn a_vote_covers_its_words_and_its_voter() {
        let mut grant = samples::in_approval();
        let (voter, vote) = samples::vote(&grant, APPROVERS[0], Decision::ApproveWithConditions);
        let mut other_words = vote.clone();
        other_words.words.as_mut().unwrap().commitment[5] ^= 1;
        assert_eq!(grant.cast_vote(&voter, other_words, NOW), Err(Refused::WrongSignature));
        let (voter_plain, plain) = samples::vote(&grant, APPROVERS[1], Decision::Approve);
        let added = NewVote { words: Some(samples::sealed("proposal.vote", 1, 1)), ..plain };
        assert_eq!(grant.cast_vote(&voter_plain, added, NOW), Err(Refused::WrongSignature));
        let somebody_else = Voter { id: APPROVERS[1], ..voter.clone() };
        assert_eq!(grant.cast_vote(&somebody_else, vote.clone(), NOW), Err(Refused::WrongSignature));
        grant.cast_vote(&voter, vote, NOW).unwrap();
    }

    #[test]
    fn only_an_active_approver_with_a_known_key_votes() {
        let mut grant = samples::in_approval();
        let (voter, vote) = samples::vote(&grant, APPROVERS[0], Decision::Approve);
        let cases = [
            (Voter { signing_key: None, ..voter.clone() }, Refused::VoterNotKnownYet),
            (Voter { active: false, ..voter.clone() }, Refused::NotAnApprover),
            (Voter { roles: [Role::Finance].into_iter().collect(), ..voter.clone() }, Refused::NotAnApprover),
            (samples::vote(&grant, PROPOSER, Decision::Approve).0, Refused::ByProposer("vote on it")),
            (samples::vote(&grant, FINANCE[0], Decision::Approve).0, Refused::WrongSignature),
        ];
        for (voter, refused) in cases {
            assert_eq!(grant.cast_vote(&voter, vote.clone(), NOW), Err(refused));
        }
    }

    #[test]
    fn a_conflict_of_interest_removes_the_vote() {
        let mut grant = samples::in_approval();
        cast(&mut grant, APPROVERS[0], Decision::Approve).unwrap();
        grant.declare_conflict(APPROVERS[0], "personal", NOW).unwrap();
        assert_eq!(grant.approvals(), 0, "the one cast before too");
        assert_eq!(grant.declare_conflict(APPROVERS[0], "other", NOW), Err(Refused::ConflictKnown));
        grant.declare_conflict(APPROVERS[1], "personal", NOW).unwrap();
        assert_eq!(cast(&mut grant, APPROVERS[1], Decision::Approve), Err(Refused::Conflicted));
        assert_eq!(
            cast(&mut grant, APPROVERS[2], Decision::Approve),
            Ok(vec!["VoteCast"]),
            "one of two counts"
        );
    }

    #[test]
    fn whoever_does_not_simply_approve_gives_words() {
        let grant = samples::in_approval();
        for decision in [Decision::ApproveWithConditions, Decision::Return, Decision::Reject] {
            let (voter, mut vote) = samples::vote(&grant, APPROVERS[0], decision);
            vote.words = None;
            assert!(
                matches!(grant.clone().cast_vote(&voter, vote, NOW), Err(Refused::Field(fault)) if fault.field == "words")
            );
        }
        let (voter, mut vote) = samples::vote(&grant, APPROVERS[0], Decision::Return);
        vote.words.as_mut().unwrap().epoch = 2;
        assert!(matches!(
            grant.clone().cast_vote(&voter, vote, NOW),
            Err(Refused::OldEpoch { newest: 1, .. })
        ));
    }

    #[test]
    fn nobody_approves_what_the_requester_has_objected_to_meanwhile() {
        let mut grant = samples::in_approval();
        grant.proposal.shown = Some(NOW);
        grant.answer_proposal(false, NOW);
        assert_eq!(cast(&mut grant, APPROVERS[0], Decision::Approve), Err(Refused::RequesterObjects));
        cast(&mut grant, APPROVERS[0], Decision::Return).unwrap();
    }
}
