//! Notes what became of a payment.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal,
    grants::v1::{GrantState, SettleTrancheRequest, TrancheState},
    input,
};
use flare_kernel::TrancheId;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, domain::Settlement, refusals::GrantsRule};

pub(crate) struct SettleTranche {
    change: Change,
    tranche: TrancheId,
    settlement: Settlement,
}

impl SettleTranche {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &SettleTrancheRequest,
    ) -> Result<Self, Error> {
        let settlement = match input::choice::<TrancheState>("state", request.state)? {
            TrancheState::Arrived => Settlement::Arrived(input::money("arrived", request.arrived.as_ref())?),
            state @ (TrancheState::InDoubt | TrancheState::Returned) => {
                if request.arrived.is_some() {
                    return Err(Refusal::invalid("arrived", GrantsRule::NotArrived).into());
                }
                if state == TrancheState::InDoubt { Settlement::InDoubt } else { Settlement::Returned }
            }
            TrancheState::Unspecified
            | TrancheState::Scheduled
            | TrancheState::Released
            | TrancheState::Sent
            | TrancheState::Lost => {
                let words = "arrived, in_doubt, returned".to_owned();
                return Err(Refusal::invalid("state", InputRule::OneOf { words }).into());
            }
        };
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            settlement,
        })
    }
}

impl Write for SettleTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, _| open.grant.settle(by, self.tranche, self.settlement)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{GrantStage, TrancheState};

    use crate::{
        domain::{
            TimerKind, TrancheState as Known,
            samples::{FINANCE, PROPOSER, eur},
        },
        fixtures::{World, fields, refused},
    };
    on_both_engines!(what_became_of_a_payment_is_noted, crate::SCHEMA);
    async fn what_became_of_a_payment_is_noted(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        assert_eq!(fields(&world.settle(1, TrancheState::Lost, None).await.unwrap_err()), ["state"]);
        assert_eq!(fields(&world.settle(1, TrancheState::Arrived, None).await.unwrap_err()), ["arrived"]);
        assert_eq!(
            fields(&world.settle(1, TrancheState::InDoubt, Some(eur(1))).await.unwrap_err()),
            ["arrived"]
        );
        let more = world.settle(1, TrancheState::Arrived, Some(eur(500_001))).await;
        assert_eq!(fields(&more.unwrap_err()), ["arrived"]);
        world.settle(1, TrancheState::InDoubt, None).await.unwrap();
        assert_eq!(world.timer(TimerKind::Arrival).await, None);
        world.settle(1, TrancheState::Arrived, Some(eur(400_000))).await.unwrap();
        assert_eq!(world.grant().await.tranches[0].arrived, Some(eur(400_000)));
    }

    on_both_engines!(a_payment_is_settled_even_when_the_grant_is_over, crate::SCHEMA);
    async fn a_payment_is_settled_even_when_the_grant_is_over(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        world.terminate("corruption").await.unwrap();
        let state = world.settle(1, TrancheState::Returned, None).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Terminated);
    }

    on_both_engines!(nobody_says_alone_that_money_came_back, crate::SCHEMA);
    async fn nobody_says_alone_that_money_came_back(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        let returned = |who| world.settle_by(who, 1, TrancheState::Returned, None);
        refused(returned(FINANCE[1]).await, "RELEASED_BY_SAME_PERSON");
        refused(returned(PROPOSER).await, "BY_PROPOSER");
        returned(FINANCE[0]).await.unwrap();
        assert_eq!(world.grant().await.tranches[0].returned_by, Some(FINANCE[0]));
        // It is paid again, and then the requester says that the first one arrived: both stand, and nothing more goes.
        world.schedule(2, eur(900_000), false).await.unwrap();
        world.arrival_reported(1, eur(500_000)).await;
        assert_eq!(world.last_event().await.kind, "flare.events.v1.TrancheMoved");
        let grant = world.grant().await;
        assert_eq!((grant.tranches[0].state, grant.contested()), (Known::InDoubt, eur(500_000)));
        refused(world.release(FINANCE[1], 2).await, "OVER_CEILING");
        returned(FINANCE[0]).await.unwrap();
        world.release(FINANCE[1], 2).await.unwrap();
    }

    on_both_engines!(the_requester_tells_what_arrived, crate::SCHEMA);
    async fn the_requester_tells_what_arrived(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        world.arrival_reported(1, eur(0)).await;
        assert_eq!(world.grant().await.tranches[0].state, Known::InDoubt);
        world.arrival_reported(1, eur(450_000)).await;
        world.arrival_reported(1, eur(1)).await;
        assert_eq!(world.grant().await.tranches[0].arrived, Some(eur(450_000)), "settled is settled");
        assert_eq!(world.last_event().await.actor.as_deref(), Some("requester"));
    }
}
