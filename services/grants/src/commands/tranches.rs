//! The payments of a grant: planned, let go, sent, and what became of them.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal, codes,
    grants::v1::{
        GrantState, MarkTrancheSentRequest, ReleaseTrancheRequest, ScheduleTrancheRequest,
        SettleTrancheRequest, TrancheState, WriteOffTrancheRequest,
    },
    input,
};
use flare_kernel::TrancheId;
use flare_store::{Command, Error, Tx, Write};

use super::SeenGrant;
use crate::{
    Grants,
    domain::{NewTranche, Settlement},
    refusals::GrantsRule,
};

/// Plans a payment.
pub(crate) struct ScheduleTranche {
    seen: SeenGrant,
    tranche: NewTranche,
}

impl Command for ScheduleTranche {
    type Service = Grants;
    type By = Staff;
    type Request = ScheduleTrancheRequest;

    fn parse(grants: &Grants, by: &Staff, request: ScheduleTrancheRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?,
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
        self.seen.change(tx, |locked, _| locked.grant.schedule(self.tranche)).await
    }
}

/// Lets a payment go.
pub(crate) struct ReleaseTranche {
    seen: SeenGrant,
    tranche: TrancheId,
}

impl Command for ReleaseTranche {
    type Service = Grants;
    type By = Staff;
    type Request = ReleaseTrancheRequest;

    fn parse(grants: &Grants, by: &Staff, request: ReleaseTrancheRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, tranche: input::id("tranche_id", &request.tranche_id)? })
    }
}

impl Write for ReleaseTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, now| locked.grant.release(by, self.tranche, now)).await
    }
}

/// Marks a payment as sent, before it is.
pub(crate) struct MarkTrancheSent {
    seen: SeenGrant,
    tranche: TrancheId,
}

impl Command for MarkTrancheSent {
    type Service = Grants;
    type By = Staff;
    type Request = MarkTrancheSentRequest;

    fn parse(grants: &Grants, by: &Staff, request: MarkTrancheSentRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, tranche: input::id("tranche_id", &request.tranche_id)? })
    }
}

impl Write for MarkTrancheSent {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.seen.change(tx, |locked, now| locked.grant.send(self.tranche, now, &locked.policy)).await
    }
}

/// Notes what became of a payment.
pub(crate) struct SettleTranche {
    seen: SeenGrant,
    tranche: TrancheId,
    settlement: Settlement,
}

impl Command for SettleTranche {
    type Service = Grants;
    type By = Staff;
    type Request = SettleTrancheRequest;

    fn parse(grants: &Grants, by: &Staff, request: SettleTrancheRequest) -> Result<Self, Error> {
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
            seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            settlement,
        })
    }
}

impl Write for SettleTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, _| locked.grant.settle(by, self.tranche, self.settlement)).await
    }
}

/// One of two people writes a lost payment off.
pub(crate) struct WriteOffTranche {
    seen: SeenGrant,
    tranche: TrancheId,
    reason: &'static str,
}

impl Command for WriteOffTranche {
    type Service = Grants;
    type By = Staff;
    type Request = WriteOffTrancheRequest;

    fn parse(grants: &Grants, by: &Staff, request: WriteOffTrancheRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            reason: input::code("reason", &request.reason, codes::WHY_WRITTEN_OFF)?,
        })
    }
}

impl Write for WriteOffTranche {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, _| locked.grant.write_off(by, self.tranche, self.reason)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{GrantStage, TrancheState};
    use flare_kernel::Duration;
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::{
        domain::{
            MoneyAsk, TimerKind, TrancheState as Known,
            samples::{FINANCE, HEAD, OFFICER, PROPOSER, eur},
        },
        fixtures::{World, fields, reason, refused},
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
        assert_eq!(world.grant().await.tranches[0].state, Known::Scheduled);
    }

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
