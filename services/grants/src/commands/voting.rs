//! An approver's signed vote, and the conflict of interest that takes it away.

use flare_access::Staff;
use flare_contracts::{
    Refusal, codes, fields,
    grants::v1::{CastVoteRequest, Decision, DeclareConflictRequest, GrantState},
    input,
};
use flare_store::{Command, Error, Tx, Write};

use super::SeenGrant;
use crate::{Grants, domain::NewVote, refusals::GrantsRule, store};

/// Takes one approver's signed vote.
pub(crate) struct CastVote {
    seen: SeenGrant,
    vote: NewVote,
}

impl Command for CastVote {
    type Service = Grants;
    type By = Staff;
    type Request = CastVoteRequest;

    /// Without a version: the digest says what was seen, and another's vote meanwhile changes nothing of that.
    fn parse(grants: &Grants, by: &Staff, request: CastVoteRequest) -> Result<Self, Error> {
        let meant = fields::vote(by.id);
        let words = request.words.map(|words| input::sealed("words", Some(words), &meant)).transpose()?;
        if words.as_ref().is_some_and(|words| words.commitment.is_empty()) {
            return Err(Refusal::invalid("words.commitment", GrantsRule::NotCommitted { bytes: 32 }).into());
        }
        Ok(Self {
            seen: SeenGrant::at_any_version(grants, by, &request.grant_id)?,
            vote: NewVote {
                decision: input::choice::<Decision>("decision", request.decision)?,
                shown_digest: input::array("shown_digest", &request.shown_digest)?,
                signature: input::array("signature", &request.signature)?,
                words,
            },
        })
    }
}

impl Write for CastVote {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let mut locked = self.seen.lock(tx).await?;
        let voter = store::cases::voter(tx, self.seen.by).await?;
        let events = locked.grant.cast_vote(&voter, self.vote.clone(), tx.now())?;
        locked.save(tx, &self.seen.by.to_string(), events).await
    }
}

/// Removes the caller from those who may vote.
pub(crate) struct DeclareConflict {
    seen: SeenGrant,
    reason: &'static str,
}

impl Command for DeclareConflict {
    type Service = Grants;
    type By = Staff;
    type Request = DeclareConflictRequest;

    fn parse(grants: &Grants, by: &Staff, request: DeclareConflictRequest) -> Result<Self, Error> {
        let seen = SeenGrant::at_any_version(grants, by, &request.grant_id)?;
        Ok(Self { seen, reason: input::code("reason", &request.reason, codes::WHY_CONFLICTED)? })
    }
}

impl Write for DeclareConflict {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, now| locked.grant.declare_conflict(by, self.reason, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        Event,
        common::v1::{Role, SealedField},
        events::v1::{RolesSet, StaffCertified, StaffDisabled, StaffEnrolled, identity_event},
        grants::v1::{Decision, Gate, GrantStage, grants_server::Grants as _},
    };
    use flare_kernel::StaffId;
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::{
        domain::{
            TimerKind,
            samples::{APPROVERS, PROPOSER, signing_key},
        },
        fixtures::{World, by, fields, refused},
    };

    on_both_engines!(enough_votes_approve, crate::SCHEMA);
    async fn enough_votes_approve(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let first = world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        assert_eq!(first.stage(), GrantStage::InApproval);
        let second = world.vote(APPROVERS[1], Decision::ApproveWithConditions).await.unwrap();
        assert_eq!((second.stage(), second.open_gates), (GrantStage::Approved, vec![i32::from(Gate::Voted)]));
        assert_eq!(world.history().await[3..], ["VoteCast", "VoteCast", "GrantApproved", "GateOpened"]);
        assert_eq!(world.timer(TimerKind::Vote).await, None);
        assert!(world.timer(TimerKind::End).await.is_some());
        let grant = world.grant().await;
        assert_eq!(
            grant.votes[1].cast.words.as_ref().unwrap().name,
            format!("proposal.vote.{}", APPROVERS[1])
        );
    }

    on_both_engines!(whoever_may_not_vote_is_refused, crate::SCHEMA);
    async fn whoever_may_not_vote_is_refused(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.vote(PROPOSER, Decision::Approve).await, "NOT_AN_APPROVER");
        let both = RolesSet {
            staff_id: PROPOSER.to_string(),
            roles: vec![Role::Officer.into(), Role::Approver.into()],
            roles_held_back: Vec::new(),
        };
        world.handle(Event::Identity(identity_event::Event::RolesSet(both))).await;
        refused(world.vote(PROPOSER, Decision::Approve).await, "BY_PROPOSER");
        refused(world.vote(StaffId::from_bytes([99; 16]), Decision::Approve).await, "VOTER_NOT_KNOWN_YET");
        world.conflict(APPROVERS[0], "personal").await.unwrap();
        refused(world.vote(APPROVERS[0], Decision::Approve).await, "CONFLICT_OF_INTEREST");
        world.vote(APPROVERS[1], Decision::Approve).await.unwrap();
        refused(world.vote(APPROVERS[1], Decision::Approve).await, "ALREADY_VOTED");
        let gone = StaffDisabled { staff_id: APPROVERS[2].to_string(), reason: "left".into() };
        world.handle(Event::Identity(identity_event::Event::StaffDisabled(gone))).await;
        refused(world.vote(APPROVERS[2], Decision::Approve).await, "NOT_AN_APPROVER");
    }

    on_both_engines!(votes_count_under_a_certified_key_only, crate::SCHEMA);
    async fn votes_count_under_a_certified_key_only(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let newcomer = StaffId::from_bytes([77; 16]);
        let (staff_id, roles) = (newcomer.to_string(), vec![Role::Approver.into()]);
        let enrolled =
            StaffEnrolled { staff_id: staff_id.clone(), roles: roles.clone(), ..Default::default() };
        world.handle(Event::Identity(identity_event::Event::StaffEnrolled(enrolled))).await;
        refused(world.vote(newcomer, Decision::Approve).await, "VOTER_NOT_KNOWN_YET");
        let certified =
            StaffCertified { staff_id, roles, signing_key: signing_key(newcomer).public().to_vec() };
        let other =
            StaffCertified { signing_key: signing_key(PROPOSER).public().to_vec(), ..certified.clone() };
        world.handle(Event::Identity(identity_event::Event::StaffCertified(certified))).await;
        let changed = Event::Identity(identity_event::Event::StaffCertified(other));
        assert!(world.try_handle(changed, 1).await.is_err(), "a key that is known does not change");
        world.vote(newcomer, Decision::Approve).await.unwrap();
    }

    on_both_engines!(a_vote_on_what_has_changed_is_refused, crate::SCHEMA);
    async fn a_vote_on_what_has_changed_is_refused(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let request = world.vote_request(APPROVERS[0], Decision::Approve).await;
        world.revise(PROPOSER).await.unwrap();
        world.show("", "phone").await.unwrap();
        world.submit(PROPOSER).await.unwrap();
        refused(world.api.cast_vote(by(APPROVERS[0], request)).await, "VOTE_ON_CHANGED_CONTENT");
        let mut forged = world.vote_request(APPROVERS[0], Decision::Approve).await;
        forged.signature[10] ^= 1;
        refused(world.api.cast_vote(by(APPROVERS[0], forged)).await, "WRONG_SIGNATURE");
        let theirs = world.vote_request(APPROVERS[1], Decision::Approve).await;
        refused(world.api.cast_vote(by(APPROVERS[0], theirs)).await, "WRONG_SIGNATURE");
    }

    on_both_engines!(two_votes_at_once_both_count, crate::SCHEMA);
    async fn two_votes_at_once_both_count(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let first = by(APPROVERS[0], world.vote_request(APPROVERS[0], Decision::Approve).await);
        let second = by(APPROVERS[1], world.vote_request(APPROVERS[1], Decision::Approve).await);
        let (first, second) = tokio::join!(world.api.cast_vote(first), world.api.cast_vote(second));
        let stages = [first.unwrap().into_inner().stage(), second.unwrap().into_inner().stage()];
        assert!(
            stages.contains(&GrantStage::InApproval) && stages.contains(&GrantStage::Approved),
            "{stages:?}"
        );
    }

    on_both_engines!(a_return_and_a_rejection_give_words, crate::SCHEMA);
    async fn a_return_and_a_rejection_give_words(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let mut request = world.vote_request(APPROVERS[0], Decision::Return).await;
        let words = request.words.take();
        assert_eq!(
            fields(&world.api.cast_vote(by(APPROVERS[0], request.clone())).await.unwrap_err()),
            ["words"]
        );
        request.words = words.map(|words| SealedField { name: "proposal.vote.somebody".into(), ..words });
        assert_eq!(
            fields(&world.api.cast_vote(by(APPROVERS[0], request)).await.unwrap_err()),
            ["words.name"]
        );
        assert_eq!(world.vote(APPROVERS[0], Decision::Return).await.unwrap().stage(), GrantStage::Returned);
        world.submit(PROPOSER).await.unwrap();
        assert_eq!(world.vote(APPROVERS[0], Decision::Reject).await.unwrap().stage(), GrantStage::Rejected);
        assert_eq!(world.grant().await.votes[1].cast.words.as_ref().unwrap().version, 2);
    }

    on_both_engines!(a_conflict_removes_the_vote_that_was_cast, crate::SCHEMA);
    async fn a_conflict_removes_the_vote_that_was_cast(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        world.conflict(APPROVERS[0], "past_dispute").await.unwrap();
        refused(world.conflict(APPROVERS[0], "other").await, "CONFLICT_KNOWN");
        assert_eq!(
            world.vote(APPROVERS[1], Decision::Approve).await.unwrap().stage(),
            GrantStage::InApproval
        );
        assert_eq!(world.vote(APPROVERS[2], Decision::Approve).await.unwrap().stage(), GrantStage::Approved);
        refused(world.conflict(APPROVERS[2], "other").await, "WRONG_STAGE");
    }

    on_both_engines!(a_conflict_has_a_reason, crate::SCHEMA);
    async fn a_conflict_has_a_reason(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        assert_eq!(fields(&world.conflict(APPROVERS[0], "reviser").await.unwrap_err()), ["reason"]);
    }
}
