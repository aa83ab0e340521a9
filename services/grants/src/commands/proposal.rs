//! A draft on its way to the votes: revised, shown to the requester, submitted.

use flare_access::Staff;
use flare_contracts::{
    Refusal, codes,
    grants::v1::{GrantState, ReviseGrantRequest, ShowProposalRequest, SubmitGrantRequest},
    input,
};
use flare_kernel::MessageId;
use flare_store::{Command, Error, Tx, Write};

use super::SeenGrant;
use crate::{Grants, domain::Terms, refusals::GrantsRule};

/// Changes the terms of a grant that is not approved yet.
pub(crate) struct ReviseGrant {
    seen: SeenGrant,
    terms: Terms,
}

impl Command for ReviseGrant {
    type Service = Grants;
    type By = Staff;
    type Request = ReviseGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: ReviseGrantRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, terms: Terms::parse(request.terms, &grants.policy)? })
    }
}

impl Write for ReviseGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let (SeenGrant { by, is_head, .. }, terms) = (self.seen, self.terms.clone());
        self.seen.change(tx, |locked, now| locked.grant.revise(by, is_head, terms, now)).await
    }
}

/// Notes that the proposal stands in the requester's thread, or how it was told otherwise.
pub(crate) struct ShowProposal {
    seen: SeenGrant,
    message: Option<MessageId>,
    told_by: Option<&'static str>,
}

impl Command for ShowProposal {
    type Service = Grants;
    type By = Staff;
    type Request = ShowProposalRequest;

    fn parse(grants: &Grants, by: &Staff, request: ShowProposalRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        let message = match request.message_id.as_str() {
            "" => None,
            text => Some(input::id("message_id", text)?),
        };
        let told_by = match request.told_by.as_str() {
            "" => None,
            text => Some(input::code("told_by", text, codes::TOLD_BY)?),
        };
        if message.is_none() && told_by.is_none() {
            return Err(Refusal::invalid("message_id", GrantsRule::NeitherMessageNorTold).into());
        }
        Ok(Self { seen, message, told_by })
    }
}

impl Write for ShowProposal {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.seen.change(tx, |locked, now| locked.grant.show_proposal(self.message, self.told_by, now)).await
    }
}

/// Asks for the votes.
pub(crate) struct SubmitGrant {
    seen: SeenGrant,
}

impl Command for SubmitGrant {
    type Service = Grants;
    type By = Staff;
    type Request = SubmitGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: SubmitGrantRequest) -> Result<Self, Error> {
        Ok(Self { seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)? })
    }
}

impl Write for SubmitGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let SeenGrant { by, is_head, .. } = self.seen;
        self.seen
            .change(tx, |locked, now| {
                locked.case.must_ask_for(&locked.grant.terms)?;
                locked.grant.submit(by, is_head, now, &locked.policy)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::{Decision, GrantStage},
        input,
    };
    use flare_kernel::Duration;
    use flare_store::sql;
    use flare_testkit::{Sandbox, on_both_engines};
    use prost::Message;

    use crate::{
        domain::{
            Terms, TimerKind,
            samples::{APPROVERS, CASE, GRANT, HEAD, OFFICER, PROPOSER, message, need, next_terms},
        },
        fixtures::{World, fields, refused},
    };

    on_both_engines!(a_revision_voids_the_votes_and_keeps_them, crate::SCHEMA);
    async fn a_revision_voids_the_votes_and_keeps_them(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        let state = world.revise(PROPOSER).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Draft);
        let grant = world.grant().await;
        assert_eq!((grant.round, grant.votes.len(), grant.approvals()), (2, 1, 0));
        assert_eq!(grant.terms.sealed[0].version, 2);
        refused(world.submit(PROPOSER).await, "PROPOSAL_NOT_SEEN");
        world.show("", "visit").await.unwrap();
        world.submit(PROPOSER).await.unwrap();
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        assert_eq!(world.grant().await.approvals(), 1);
    }

    on_both_engines!(an_approved_grant_is_not_revised, crate::SCHEMA);
    async fn an_approved_grant_is_not_revised(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        let status = refused(world.revise(PROPOSER).await, "WRONG_STAGE");
        assert_eq!(
            status.message(),
            "a grant can be revised while it is draft, in approval or returned; this one is approved"
        );
    }

    on_both_engines!(another_officer_does_not_revise, crate::SCHEMA);
    async fn another_officer_does_not_revise(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        refused(world.revise(OFFICER).await, "NOT_PROPOSER_OR_HEAD");
        world.revise(HEAD).await.unwrap();
        assert_eq!(world.history().await, ["GrantDrafted", "GrantRevised", "ConflictDeclared"]);
    }

    on_both_engines!(a_proposal_is_shown_and_answered_in_the_thread, crate::SCHEMA);
    async fn a_proposal_is_shown_and_answered_in_the_thread(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        world.show(&message(1).to_string(), "").await.unwrap();
        refused(world.submit(PROPOSER).await, "PROPOSAL_NOT_SEEN");
        world.proposal_answered(true).await;
        world.proposal_answered(true).await;
        assert_eq!(world.history().await, ["GrantDrafted", "ProposalShown", "ProposalAccepted"]);
        assert_eq!(world.last_event().await.actor.as_deref(), Some("requester"));
        world.submit(PROPOSER).await.unwrap();
    }

    on_both_engines!(an_objection_waits_for_a_revision, crate::SCHEMA);
    async fn an_objection_waits_for_a_revision(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        world.show(&message(1).to_string(), "phone").await.unwrap();
        world.proposal_answered(false).await;
        refused(world.submit(PROPOSER).await, "PROPOSAL_REFUSED");
        world.revise(PROPOSER).await.unwrap();
        world.show("", "phone").await.unwrap();
        world.submit(PROPOSER).await.unwrap();
    }

    on_both_engines!(how_it_was_shown_is_said, crate::SCHEMA);
    async fn how_it_was_shown_is_said(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        assert_eq!(fields(&world.show("", "").await.unwrap_err()), ["message_id"]);
        assert_eq!(fields(&world.show("", "letter").await.unwrap_err()), ["told_by"]);
        assert_eq!(fields(&world.show("message", "").await.unwrap_err()), ["message_id"]);
    }

    on_both_engines!(a_submission_says_who_may_not_vote_and_until_when, crate::SCHEMA);
    async fn a_submission_says_who_may_not_vote_and_until_when(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        world.show("", "phone").await.unwrap();
        world.conflict(APPROVERS[2], "financial").await.unwrap();
        let state = world.submit(PROPOSER).await.unwrap();
        assert_eq!(state.stage(), GrantStage::InApproval);
        let event = GrantsEvent::decode(world.last_event().await.payload.unwrap().as_slice()).unwrap();
        let Some(Event::GrantSubmitted(submitted)) = event.event else { panic!("{event:?}") };
        assert_eq!(submitted.excluded, [PROPOSER.to_string(), APPROVERS[2].to_string()]);
        assert_eq!((submitted.round, submitted.votes_required), (1, 2));
        let due = world.now().plus(Duration::from_days(5));
        assert_eq!(submitted.due, Some(input::timestamp_out(due)));
        assert_eq!(world.timer(TimerKind::Vote).await, Some(due));
    }

    on_both_engines!(nobody_is_asked_to_vote_on_what_the_case_does_not_ask_for, crate::SCHEMA);
    async fn nobody_is_asked_to_vote_on_what_the_case_does_not_ask_for(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        world.show("", "phone").await.unwrap();
        world.closed().await;
        refused(world.submit(PROPOSER).await, "CASE_NOT_OPEN");
        world.reopened().await;
        let terms = Terms { needs: vec![need(1), need(9)], ..next_terms(&world.grant().await) };
        world.revise_to(PROPOSER, terms).await.unwrap();
        world.show("", "phone").await.unwrap();
        let status = refused(world.submit(PROPOSER).await, "NEED_NOT_RECOMMENDED");
        assert_eq!(fields(&status), ["terms.need_ids[1]"]);
        world.recommended(CASE, &[9]).await;
        world.submit(PROPOSER).await.unwrap();
    }

    on_both_engines!(what_a_round_is_about_is_kept_for_the_audit, crate::SCHEMA);
    async fn what_a_round_is_about_is_kept_for_the_audit(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let grant = world.grant().await;
        let row = world
            .sandbox
            .database
            .fetch_optional(sql("SELECT shown, submitted_by FROM submissions WHERE round = 1"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.bytes("shown").unwrap(), grant.terms.shown(GRANT, CASE, grant.ballot()));
        assert_eq!(row.text("submitted_by").unwrap(), PROPOSER.to_string());
    }

    on_both_engines!(an_end_that_has_passed_is_not_voted_on, crate::SCHEMA);
    async fn an_end_that_has_passed_is_not_voted_on(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        world.show("", "phone").await.unwrap();
        world.sandbox.advance(Duration::from_days(120));
        refused(world.submit(PROPOSER).await, "END_IN_PAST");
    }
}
