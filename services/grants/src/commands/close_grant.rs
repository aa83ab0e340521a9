//! Closes a grant: at once when it is light, by two people otherwise.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{CloseGrantRequest, GrantState},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, GrantsPolicy, domain::NewClose};

pub(crate) struct CloseGrant {
    change: Change,
    close: NewClose,
    policy: GrantsPolicy,
}

impl CloseGrant {
    pub(crate) fn parse(grants: &Grants, staff: &Staff, request: &CloseGrantRequest) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            close: NewClose {
                outcome: input::code("outcome", &request.outcome, codes::OUTCOMES)?,
                unspent: input::money("unspent", request.unspent.as_ref())?,
            },
            policy: grants.policy,
        })
    }
}

impl Write for CloseGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, _| open.grant.close(by, self.close, &self.policy)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{GrantStage, TrancheState};

    use crate::{
        domain::{
            TimerKind,
            samples::{HEAD, OFFICER, eur},
        },
        fixtures::{World, fields, refused},
    };
    on_both_engines!(a_close_takes_two_and_everything_settled, crate::SCHEMA);
    async fn a_close_takes_two_and_everything_settled(sandbox: Sandbox) {
        let world = World::reporting(sandbox).await;
        refused(world.close(OFFICER, "achieved", eur(0)).await, "REPORT_MISSING");
        world.report(OFFICER, "oral", "", "").await.unwrap();
        refused(world.close(OFFICER, "achieved", eur(0)).await, "UNSETTLED");
        world.settle(1, TrancheState::Arrived, Some(eur(500_000))).await.unwrap();
        assert_eq!(fields(&world.close(OFFICER, "achieved", eur(440_001)).await.unwrap_err()), ["unspent"]);
        assert_eq!(fields(&world.close(OFFICER, "done", eur(0)).await.unwrap_err()), ["outcome"]);
        let state = world.close(OFFICER, "achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closing);
        refused(world.close(OFFICER, "achieved", eur(440_000)).await, "CLOSE_BY_SAME_PERSON");
        let state = world.close(HEAD, "not_achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closing, "another close is another proposal");
        let state = world.close(OFFICER, "not_achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closed);
        assert_eq!(world.timer(TimerKind::Close).await, None);
        let status = refused(world.close(HEAD, "achieved", eur(0)).await, "WRONG_STAGE");
        assert!(
            status.message().contains("reporting or closing; this one is closed"),
            "{}",
            status.message()
        );
    }
}
