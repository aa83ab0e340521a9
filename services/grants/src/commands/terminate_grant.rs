//! Ends a grant for ethics, corruption or safeguarding.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{GrantState, TerminateGrantRequest},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

pub(crate) struct TerminateGrant {
    change: Change,
    reason: &'static str,
}

impl TerminateGrant {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &TerminateGrantRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, reason: input::code("reason", &request.reason, codes::WHY_TERMINATED)? })
    }
}

impl Write for TerminateGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.change.apply(tx, |open, _| open.grant.terminate(self.reason)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::GrantStage;

    use crate::{
        domain::{
            TimerKind,
            samples::{FINANCE, eur},
        },
        fixtures::{World, fields, refused},
    };
    on_both_engines!(a_termination_has_a_reason_and_stops_what_was_not_sent, crate::SCHEMA);
    async fn a_termination_has_a_reason_and_stops_what_was_not_sent(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.schedule(1, eur(100), false).await.unwrap();
        world.release(FINANCE[1], 1).await.unwrap();
        assert_eq!(fields(&world.terminate("").await.unwrap_err()), ["reason"]);
        assert_eq!(world.terminate("safeguarding").await.unwrap().stage(), GrantStage::Terminated);
        refused(world.send(1).await, "WRONG_STAGE");
        assert_eq!(world.timer(TimerKind::End).await, None);
    }
}
