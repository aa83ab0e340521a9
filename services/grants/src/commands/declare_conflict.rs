//! Removes the caller from those who may vote.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{DeclareConflictRequest, GrantState},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

pub(crate) struct DeclareConflict {
    change: Change,
    reason: &'static str,
}

impl DeclareConflict {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &DeclareConflictRequest,
    ) -> Result<Self, Error> {
        let change = Change::unversioned(grants, staff, &request.grant_id)?;
        Ok(Self { change, reason: input::code("reason", &request.reason, codes::WHY_CONFLICTED)? })
    }
}

impl Write for DeclareConflict {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, now| open.grant.declare_conflict(by, self.reason, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{Decision, GrantStage};

    use crate::{
        domain::samples::APPROVERS,
        fixtures::{World, fields, refused},
    };
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
