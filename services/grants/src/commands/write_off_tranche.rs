//! One of two people writes a lost payment off.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{GrantState, WriteOffTrancheRequest},
    input,
};
use flare_kernel::TrancheId;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

pub(crate) struct WriteOffTranche {
    change: Change,
    tranche: TrancheId,
    reason: &'static str,
}

impl WriteOffTranche {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &WriteOffTrancheRequest,
    ) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            reason: input::code("reason", &request.reason, codes::WHY_WRITTEN_OFF)?,
        })
    }
}

impl Write for WriteOffTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, _| open.grant.write_off(by, self.tranche, self.reason)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::TrancheState;

    use crate::{
        domain::{
            TrancheState as Known,
            samples::{FINANCE, HEAD},
        },
        fixtures::{World, fields, refused},
    };
    on_both_engines!(two_people_write_a_loss_off, crate::SCHEMA);
    async fn two_people_write_a_loss_off(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        refused(world.write_off(HEAD, 1, "stolen").await, "WRONG_TRANCHE_STATE");
        world.settle(1, TrancheState::InDoubt, None).await.unwrap();
        assert_eq!(fields(&world.write_off(HEAD, 1, "gone").await.unwrap_err()), ["reason"]);
        world.write_off(HEAD, 1, "stolen").await.unwrap();
        refused(world.write_off(HEAD, 1, "stolen").await, "WRITE_OFF_BY_SAME_PERSON");
        world.write_off(FINANCE[1], 1, "other").await.unwrap();
        assert_eq!(
            world.grant().await.tranches[0].state,
            Known::InDoubt,
            "another reason is another proposal"
        );
        world.write_off(FINANCE[0], 1, "other").await.unwrap();
        let tranche = world.grant().await.tranches[0];
        assert_eq!((tranche.state, tranche.lost_by), (Known::Lost, Some(FINANCE[0])));
    }
}
