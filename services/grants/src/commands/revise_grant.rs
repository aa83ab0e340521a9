//! Changes the terms of a grant that is not approved yet.

use flare_access::Staff;
use flare_contracts::{
    common::v1::Role,
    grants::v1::{GrantState, ReviseGrantRequest},
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, domain::Terms};

pub(crate) struct ReviseGrant {
    change: Change,
    is_head: bool,
    terms: Terms,
}

impl ReviseGrant {
    pub(crate) fn parse(grants: &Grants, staff: &Staff, request: &ReviseGrantRequest) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            is_head: staff.roles.holds(Role::Head),
            terms: Terms::parse(request.terms.clone(), &grants.policy)?,
        })
    }
}

impl Write for ReviseGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let (by, terms) = (self.change.by, self.terms.clone());
        self.change.apply(tx, |open, now| open.grant.revise(by, self.is_head, terms, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{Decision, GrantStage};

    use crate::{
        domain::samples::{APPROVERS, HEAD, OFFICER, PROPOSER},
        fixtures::{World, refused},
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
}
