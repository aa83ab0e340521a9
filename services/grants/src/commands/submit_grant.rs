//! Asks for the votes.

use flare_access::Staff;
use flare_contracts::{
    common::v1::Role,
    grants::v1::{GrantState, SubmitGrantRequest},
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, GrantsPolicy};

pub(crate) struct SubmitGrant {
    change: Change,
    is_head: bool,
    policy: GrantsPolicy,
}

impl SubmitGrant {
    pub(crate) fn parse(grants: &Grants, staff: &Staff, request: &SubmitGrantRequest) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, is_head: staff.roles.holds(Role::Head), policy: grants.policy })
    }
}

impl Write for SubmitGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change
            .apply(tx, |open, now| {
                open.case.must_ask_for(&open.grant.terms)?;
                open.grant.submit(by, self.is_head, now, &self.policy)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::GrantStage,
        input,
    };
    use flare_kernel::Duration;
    use flare_store::sql;
    use prost::Message;

    use crate::{
        domain::{
            Terms, TimerKind,
            samples::{APPROVERS, CASE, GRANT, PROPOSER, need, next_terms},
        },
        fixtures::{World, fields, refused},
    };
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
