//! Holds, frees or stops all money of a case, because triage asks directly or tells of it in an event.

use flare_contracts::{
    Refusal,
    grants::v1::{HoldKind, HoldMoneyRequest, HoldMoneyResponse},
    input,
};
use flare_kernel::CaseId;
use flare_store::{Error, Tx, Write};

use super::Open;
use crate::{Grants, GrantsPolicy, domain::MoneyAsk, store};

pub(crate) struct HoldMoney {
    case: CaseId,
    hold: MoneyAsk,
    /// Of the case, when it was decided.
    version: i64,
    by: String,
    policy: GrantsPolicy,
}

impl HoldMoney {
    pub(crate) fn parse(grants: &Grants, by: String, request: &HoldMoneyRequest) -> Result<Self, Refusal> {
        let hold = match input::choice::<HoldKind>("kind", request.kind)? {
            HoldKind::Unspecified => return Err(Refusal::invalid("kind", "is required")),
            HoldKind::Hold => MoneyAsk::Hold,
            HoldKind::Free => MoneyAsk::Free,
            HoldKind::Stop => MoneyAsk::Stop,
        };
        if request.case_version < 1 {
            return Err(Refusal::invalid("case_version", "must be 1 or more"));
        }
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            hold,
            version: request.case_version,
            by,
            policy: grants.policy,
        })
    }
}

impl Write for HoldMoney {
    type Output = HoldMoneyResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<HoldMoneyResponse, Error> {
        tx.lock(&[&self.case]).await?;
        let asked = (self.hold, self.version);
        let under_way = hold_case(tx, self.case, asked, &self.by, &self.policy).await?;
        Ok(HoldMoneyResponse { under_way })
    }
}

/// Does it to the case, whose lock is held, and to each of its grants. Grants drafted later start as the case is. Returns
/// how many payments were sent and are not settled.
///
/// Triage asks by call and tells by event, either may come late or twice, and a call that triage gave up on may still be
/// carried out. The version of the case puts them in order: what is older than the last changes nothing.
pub(crate) async fn hold_case(
    tx: &mut Tx,
    case: CaseId,
    (hold, version): (MoneyAsk, i64),
    by: &str,
    policy: &GrantsPolicy,
) -> Result<u32, Error> {
    let is_last = store::cases::set_money(tx, case, hold.leaves(), version).await?;
    let mut under_way = 0;
    for id in store::grants::open_of_case(tx, case).await? {
        let mut open = Open::at(tx, id, policy).await?;
        under_way += open.grant.under_way();
        if is_last {
            let facts = open.grant.hold(hold, tx.now(), policy);
            // On the heap: a grant is large, and this future is one of several around it.
            Box::pin(open.save(tx, by, facts)).await?;
        }
    }
    Ok(u32::try_from(under_way).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{HoldKind, HoldMoneyRequest, TrancheState, grants_server::Grants as _};
    use flare_kernel::GrantId;

    use crate::{
        domain::{
            MoneyState, Stage,
            samples::{CASE, FINANCE, GRANT, HEAD, PROPOSER, eur},
        },
        fixtures::{World, by, by_service, fields, refused},
    };
    on_both_engines!(a_hold_holds_every_grant_of_the_case_and_is_told_once, crate::SCHEMA);
    async fn a_hold_holds_every_grant_of_the_case_and_is_told_once(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        world.schedule(2, eur(100), false).await.unwrap();
        world.release(FINANCE[1], 2).await.unwrap();
        assert_eq!(world.hold(HoldKind::Hold).await, 1, "one payment is under way");
        assert_eq!(world.hold(HoldKind::Hold).await, 1);
        world.stopped("paused").await;
        let history = world.history().await;
        assert_eq!(history.iter().filter(|kind| *kind == "MoneyHeld").count(), 1);
        refused(world.send(2).await, "WRONG_TRANCHE_STATE");
        refused(world.release(FINANCE[1], 2).await, "MONEY_HELD");
        let freed = world.next_case_version();
        world.hold_at(HoldKind::Free, freed).await;
        world.resumed_at(freed).await;
        assert_eq!(world.history().await.iter().filter(|kind| *kind == "MoneyFreed").count(), 1);
        world.release(FINANCE[1], 2).await.unwrap();
    }

    on_both_engines!(a_repetition_gets_the_first_answer, crate::SCHEMA);
    async fn a_repetition_gets_the_first_answer(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        let request = HoldMoneyRequest {
            request_id: "1".into(),
            case_id: CASE.to_string(),
            kind: HoldKind::Hold.into(),
            case_version: 100,
        };
        let hold = || world.api.hold_money(by_service(request.clone()));
        assert_eq!(hold().await.unwrap().into_inner().under_way, 1);
        world.settle(1, TrancheState::Returned, None).await.unwrap();
        world.hold_at(HoldKind::Free, 101).await;
        assert_eq!(hold().await.unwrap().into_inner().under_way, 1, "as it was then");
        assert_eq!(world.grant().await.money, MoneyState::Free, "and holds nothing again");
    }

    on_both_engines!(what_comes_late_changes_nothing_however_it_comes, crate::SCHEMA);
    async fn what_comes_late_changes_nothing_however_it_comes(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        let [paused, resumed, paused_again, resumed_again] = [(); 4].map(|()| world.next_case_version());
        world.hold_at(HoldKind::Hold, paused).await;
        world.hold_at(HoldKind::Hold, paused_again).await;
        // A call that triage gave up on is carried out late, and the event of it comes too.
        world.hold_at(HoldKind::Free, resumed).await;
        world.resumed_at(resumed).await;
        assert_eq!(world.grant().await.money, MoneyState::Held);
        world.hold_at(HoldKind::Free, resumed_again).await;
        // Another process repeats what it had asked when the first pause began.
        world.hold_at(HoldKind::Hold, paused).await;
        world.stopped_at("paused", paused_again).await;
        assert_eq!(world.grant().await.money, MoneyState::Free);
        assert_eq!(world.history().await.iter().filter(|kind| kind.starts_with("Money")).count(), 2);
    }

    on_both_engines!(a_case_reopened_under_its_pause_can_be_helped_once_it_is_resumed, crate::SCHEMA);
    async fn a_case_reopened_under_its_pause_can_be_helped_once_it_is_resumed(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let grant = |number| world.draft_request(GrantId::from_bytes([number; 16]));
        world.hold(HoldKind::Hold).await;
        world.hold(HoldKind::Stop).await;
        refused(world.api.draft_grant(by(PROPOSER, grant(2))).await, "CASE_WITHDRAWN");
        let (reopened, still_paused) = (world.next_case_version(), world.next_case_version());
        // The call is faster than the events that led to it.
        world.hold_at(HoldKind::Hold, still_paused).await;
        world.reopened_at(reopened).await;
        world.stopped_at("paused", still_paused).await;
        world.api.draft_grant(by(PROPOSER, grant(GRANT.as_bytes()[0]))).await.unwrap();
        assert_eq!(world.grant().await.money, MoneyState::Held, "not before the pause ends");
        world.hold(HoldKind::Free).await;
        assert_eq!(world.grant().await.money, MoneyState::Free);
    }

    on_both_engines!(a_withdrawal_ends_what_has_paid_and_withdraws_what_has_not, crate::SCHEMA);
    async fn a_withdrawal_ends_what_has_paid_and_withdraws_what_has_not(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        assert_eq!(world.hold(HoldKind::Stop).await, 1);
        world.stopped("withdrawn").await;
        let grant = world.grant().await;
        assert_eq!((grant.stage, grant.money), (Stage::Reporting, MoneyState::Stopped));
        assert_eq!(world.history().await.iter().filter(|kind| *kind == "GrantEnded").count(), 1);
        world.settle(1, TrancheState::Arrived, Some(eur(500_000))).await.unwrap();
        refused(world.schedule(2, eur(1), false).await, "MONEY_HELD");
    }

    on_both_engines!(only_another_service_holds_money, crate::SCHEMA);
    async fn only_another_service_holds_money(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let request = HoldMoneyRequest {
            request_id: "1".into(),
            case_id: CASE.to_string(),
            kind: HoldKind::Hold.into(),
            case_version: 1,
        };
        refused(world.api.hold_money(by(HEAD, request.clone())).await, "NOT_ALLOWED");
        let none = HoldMoneyRequest { kind: 0, ..request.clone() };
        assert_eq!(fields(&world.api.hold_money(by_service(none)).await.unwrap_err()), ["kind"]);
        let none = HoldMoneyRequest { case_version: 0, ..request };
        assert_eq!(fields(&world.api.hold_money(by_service(none)).await.unwrap_err()), ["case_version"]);
    }
}
