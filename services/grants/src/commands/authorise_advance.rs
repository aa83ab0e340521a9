//! One of two people authorises an advance.

use flare_access::Staff;
use flare_contracts::{
    grants::v1::{AuthoriseAdvanceRequest, GrantState},
    input,
};
use flare_kernel::Money;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, GrantsPolicy};

pub(crate) struct AuthoriseAdvance {
    change: Change,
    amount: Money,
    policy: GrantsPolicy,
}

impl AuthoriseAdvance {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &AuthoriseAdvanceRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, amount: input::money("amount", request.amount.as_ref())?, policy: grants.policy })
    }
}

impl Write for AuthoriseAdvance {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        let decide = |open: &mut super::Open, _| {
            let confirmed = open.case.confirmed_for(open.grant.proposer);
            open.grant.authorise_advance(by, self.amount, confirmed, &self.policy)
        };
        self.change.apply(tx, decide).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::GrantStage;

    use crate::{
        domain::samples::{FINANCE, HEAD, OFFICER, eur},
        fixtures::{World, fields, refused},
    };
    on_both_engines!(an_advance_goes_before_the_gates, crate::SCHEMA);
    async fn an_advance_goes_before_the_gates(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.advance(HEAD, eur(50_000)).await, "NO_INDEPENDENT_CHECK");
        world.references(1).await;
        assert_eq!(fields(&world.advance(HEAD, eur(100_001)).await.unwrap_err()), ["amount"]);
        world.advance(HEAD, eur(50_000)).await.unwrap();
        refused(world.advance(HEAD, eur(50_000)).await, "ADVANCE_BY_SAME_PERSON");
        refused(world.schedule(1, eur(50_000), true).await, "NO_ADVANCE");
        world.advance(FINANCE[1], eur(50_000)).await.unwrap();
        world.schedule(1, eur(50_000), true).await.unwrap();
        refused(world.release(FINANCE[1], 1).await, "NO_PAYEE");
        world.enter_payee(OFFICER).await.unwrap();
        world.release(FINANCE[1], 1).await.unwrap();
        let state = world.send(1).await.unwrap();
        assert_eq!((state.stage(), state.open_gates.len()), (GrantStage::InApproval, 0));
        assert_eq!(world.grant().await.authorised_advance(), Some(eur(50_000)));
    }
}
