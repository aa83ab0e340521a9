//! Lets a payment go.

use flare_access::Staff;
use flare_contracts::{
    grants::v1::{GrantState, ReleaseTrancheRequest},
    input,
};
use flare_kernel::TrancheId;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

pub(crate) struct ReleaseTranche {
    change: Change,
    tranche: TrancheId,
}

impl ReleaseTranche {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &ReleaseTrancheRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, tranche: input::id("tranche_id", &request.tranche_id)? })
    }
}

impl Write for ReleaseTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, now| open.grant.release(by, self.tranche, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::{
        domain::{
            MoneyAsk, TrancheState,
            samples::{FINANCE, OFFICER, PROPOSER, eur},
        },
        fixtures::{World, reason, refused},
    };
    on_both_engines!(no_money_moves_before_the_gates_or_by_the_proposer, crate::SCHEMA);
    async fn no_money_moves_before_the_gates_or_by_the_proposer(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.schedule(1, eur(100), false).await.unwrap();
        let status = refused(world.release(FINANCE[1], 1).await, "GATES_CLOSED");
        assert!(
            status
                .message()
                .ends_with("references_missing, payee_unchecked, agreement_missing, funds_missing")
        );
        world.references(2).await;
        world.enter_payee(OFFICER).await.unwrap();
        world.check_payee(FINANCE[0]).await.unwrap();
        world.agreement("", "phone", true).await.unwrap();
        world.reserve(eur(940_000)).await.unwrap();
        refused(world.release(PROPOSER, 1).await, "BY_PROPOSER");
        world.release(FINANCE[1], 1).await.unwrap();
        refused(world.release(FINANCE[1], 1).await, "WRONG_TRANCHE_STATE");
        refused(world.release(FINANCE[1], 9).await, "NOT_FOUND");
    }

    on_both_engines!(a_hold_and_a_release_at_once_never_leave_money_released_and_held, crate::SCHEMA);
    async fn a_hold_and_a_release_at_once_never_leave_money_released_and_held(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.schedule(1, eur(100), false).await.unwrap();
        let (released, _) = tokio::join!(world.release(FINANCE[1], 1), world.hold(MoneyAsk::Hold));
        if let Err(status) = released {
            assert!(["MONEY_HELD", "STALE_VERSION"].contains(&reason(&status).as_str()), "{status:?}");
        }
        assert_eq!(world.grant().await.tranches[0].state, TrancheState::Scheduled);
    }
}
