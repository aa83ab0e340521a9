//! Gives a grant up that nobody votes on and nobody has decided.

use flare_access::Staff;
use flare_contracts::{
    codes,
    common::v1::Role,
    grants::v1::{AbandonGrantRequest, GrantState},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, GrantsPolicy};

pub(crate) struct AbandonGrant {
    change: Change,
    is_head: bool,
    reason: &'static str,
    policy: GrantsPolicy,
}

impl AbandonGrant {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &AbandonGrantRequest,
    ) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            is_head: staff.roles.holds(Role::Head),
            reason: input::code("reason", &request.reason, codes::WHY_ABANDONED)?,
            policy: grants.policy,
        })
    }
}

impl Write for AbandonGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        let abandon = |open: &mut super::Open, now| {
            open.grant.abandon(by, self.is_head, self.reason, now, &self.policy)
        };
        self.change.apply(tx, abandon).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::{Decision, GrantStage},
    };
    use prost::Message;

    use crate::{
        domain::{
            TIMERS,
            samples::{APPROVERS, HEAD, OFFICER, PROPOSER},
        },
        fixtures::{World, fields, refused},
    };

    on_both_engines!(a_draft_is_abandoned_by_its_proposer_or_a_head_and_says_why, crate::SCHEMA);
    async fn a_draft_is_abandoned_by_its_proposer_or_a_head_and_says_why(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        assert_eq!(fields(&world.abandon(PROPOSER, "").await.unwrap_err()), ["reason"]);
        refused(world.abandon(OFFICER, "mistake").await, "NOT_PROPOSER_OR_HEAD");
        let state = world.abandon(PROPOSER, "mistake").await.unwrap();
        assert_eq!(state.stage(), GrantStage::Withdrawn);
        let event = GrantsEvent::decode(world.last_event().await.payload.unwrap().as_slice()).unwrap();
        let Some(Event::GrantWithdrawn(withdrawn)) = event.event else { panic!("{event:?}") };
        assert_eq!(withdrawn.reason, "mistake");
        for kind in TIMERS {
            assert_eq!(world.timer(*kind).await, None, "nobody is reminded of {kind:?}");
        }
        refused(world.abandon(PROPOSER, "mistake").await, "WRONG_STAGE");
    }

    on_both_engines!(what_the_approvers_have_is_not_abandoned_but_what_they_returned_is, crate::SCHEMA);
    async fn what_the_approvers_have_is_not_abandoned_but_what_they_returned_is(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.abandon(HEAD, "not_needed").await, "WRONG_STAGE");
        world.vote(APPROVERS[0], Decision::Return).await.unwrap();
        let state = world.abandon(HEAD, "not_needed").await.unwrap();
        assert_eq!(state.stage(), GrantStage::Withdrawn);
    }
}
