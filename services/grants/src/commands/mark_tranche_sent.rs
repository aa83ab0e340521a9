//! Marks a payment as sent, before it is.

use flare_access::Staff;
use flare_contracts::{
    grants::v1::{GrantState, MarkTrancheSentRequest},
    input,
};
use flare_kernel::TrancheId;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, GrantsPolicy};

pub(crate) struct MarkTrancheSent {
    change: Change,
    tranche: TrancheId,
    policy: GrantsPolicy,
}

impl MarkTrancheSent {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &MarkTrancheSentRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, tranche: input::id("tranche_id", &request.tranche_id)?, policy: grants.policy })
    }
}

impl Write for MarkTrancheSent {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.change.apply(tx, |open, now| open.grant.send(self.tranche, now, &self.policy)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_kernel::Duration;

    use crate::{
        domain::{
            TimerKind,
            samples::{FINANCE, eur},
        },
        fixtures::{World, refused},
    };
    on_both_engines!(a_payment_is_marked_before_it_is_sent, crate::SCHEMA);
    async fn a_payment_is_marked_before_it_is_sent(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.schedule(1, eur(100), false).await.unwrap();
        refused(world.send(1).await, "WRONG_TRANCHE_STATE");
        world.release(FINANCE[1], 1).await.unwrap();
        world.send(1).await.unwrap();
        assert_eq!(world.timer(TimerKind::Arrival).await, Some(world.now().plus(Duration::from_days(7))));
        assert_eq!(world.grant().await.tranches[0].sent, Some(world.now()));
    }
}
