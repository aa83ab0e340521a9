//! Notes that the proposal stands in the requester's thread, or how it was told otherwise.

use flare_access::Staff;
use flare_contracts::{
    Refusal, codes,
    grants::v1::{GrantState, ShowProposalRequest},
    input,
};
use flare_kernel::MessageId;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, refusals::GrantsRule};

pub(crate) struct ShowProposal {
    change: Change,
    message: Option<MessageId>,
    told_by: Option<&'static str>,
}

impl ShowProposal {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &ShowProposalRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
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
        Ok(Self { change, message, told_by })
    }
}

impl Write for ShowProposal {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.change.apply(tx, |open, now| open.grant.show_proposal(self.message, self.told_by, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::{
        domain::samples::{PROPOSER, message},
        fixtures::{World, fields, refused},
    };
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
}
