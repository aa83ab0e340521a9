//! Plans a payment.

use flare_access::Staff;
use flare_contracts::{
    grants::v1::{GrantState, ScheduleTrancheRequest},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, domain::NewTranche};

pub(crate) struct ScheduleTranche {
    change: Change,
    tranche: NewTranche,
}

impl ScheduleTranche {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &ScheduleTrancheRequest,
    ) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            tranche: NewTranche {
                id: input::id("tranche_id", &request.tranche_id)?,
                amount: input::money("amount", request.amount.as_ref())?,
                due: input::date("due", &request.due)?,
                advance: request.advance,
            },
        })
    }
}

impl Write for ScheduleTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.change.apply(tx, |open, _| open.grant.schedule(self.tranche)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::TrancheState;

    use crate::{
        domain::samples::{FINANCE, eur},
        fixtures::{World, refused},
    };
    on_both_engines!(payments_stay_within_the_ceiling, crate::SCHEMA);
    async fn payments_stay_within_the_ceiling(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.schedule(1, eur(940_000), false).await.unwrap();
        let status = refused(world.schedule(2, eur(1), false).await, "OVER_CEILING");
        assert!(status.message().contains("0.00 EUR"), "{}", status.message());
        world.release(FINANCE[1], 1).await.unwrap();
        world.send(1).await.unwrap();
        world.settle(1, TrancheState::Returned, None).await.unwrap();
        refused(world.schedule(1, eur(1), false).await, "TRANCHE_ID_REUSED");
        world.schedule(2, eur(940_000), false).await.unwrap();
    }
}
