//! Holds, frees or stops all money of a case, as triage's history says: because an event of it came, or because triage
//! calls to say that it decided something.

use std::sync::Arc;

use flare_contracts::{
    Event, InputRule, Refusal, Service,
    grants::v1::{CaseMoney, HoldMoneyRequest, HoldMoneyResponse},
    input,
};
use flare_kernel::CaseId;
use flare_messaging::Received;
use flare_store::{Error, Tx, Write};

use super::LockedGrant;
use crate::{
    Grants, GrantsPolicy,
    domain::{MoneyAsk, MoneyState},
    refusals::GrantsRefusal,
    store,
};

/// Who acts when triage decided.
pub(crate) const SYSTEM: &str = "system:grants";

/// How many events of a history are fetched at once, and how often for one call. Of a longer history the consumer has
/// applied most, so that what is left to fetch is short.
const PAGE: i64 = 500;
const PAGES: usize = 10;

pub(crate) struct HoldMoney {
    case: CaseId,
    /// What triage decided, in order, each with the version of the case at which it did.
    decided: Arc<[(MoneyAsk, i64)]>,
    policy: GrantsPolicy,
}

impl HoldMoney {
    /// Fetches what triage decided about a case up to the version that a call names, and that grants has not heard of yet.
    ///
    /// Only that history counts, not the caller's words: a version that it has not is refused. The caller's deadline bounds
    /// the time. What is no decision about money is passed over, and so is what cannot be read: neither it nor a history
    /// that is quarantined here may keep money moving in front of a stop.
    pub(crate) async fn fetch(grants: &Grants, request: &HoldMoneyRequest) -> Result<Self, Error> {
        let case: CaseId = input::id("case_id", &request.case_id)?;
        let version = request.case_version;
        if version < 1 {
            return Err(Refusal::invalid("case_version", InputRule::TooSmall { least: 1 }).into());
        }
        let stream = case.to_string();
        let (_, last) = store::cases::money(&mut grants.database.clone(), case).await?;
        let mut at = flare_messaging::applied(&grants.database, Service::Triage, &stream).await?.max(last);
        let mut decided = Vec::new();
        for _ in 0..PAGES {
            if at >= version {
                break;
            }
            let most = i32::try_from((version - at).min(PAGE)).unwrap_or(i32::MAX);
            let page = grants.logs.events_after(Service::Triage, &stream, at, most).await;
            let page = page.map_err(|_| away())?;
            if page.is_empty() {
                return Err(no_such_version().into());
            }
            for logged in page {
                if logged.seq != at + 1 {
                    return Err(away().into());
                }
                at = logged.seq;
                decided.extend(ask_of(Received::decode(Service::Triage, logged).ok()).map(|ask| (ask, at)));
            }
        }
        if at < version {
            return Err(away().into());
        }
        Ok(Self { case, decided: decided.into(), policy: grants.policy })
    }
}

fn ask_of(received: Option<Received>) -> Option<MoneyAsk> {
    match received?.event {
        Event::Triage(event) => MoneyAsk::of_event(&event),
        Event::Identity(_) | Event::Intake(_) | Event::Grants(_) | Event::Notification(_) => None,
    }
}

fn away() -> Refusal {
    GrantsRefusal::CaseHistoryAway.into()
}

fn no_such_version() -> Refusal {
    GrantsRefusal::NoSuchCaseVersion.into()
}

impl Write for HoldMoney {
    type Output = HoldMoneyResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<HoldMoneyResponse, Error> {
        tx.lock(&[&self.case]).await?;
        for decided in self.decided.iter() {
            hold_case(tx, self.case, *decided, &self.policy).await?;
        }
        let mut under_way = 0;
        for id in store::grants::open_of_case(tx, self.case).await? {
            under_way += LockedGrant::load(tx, id, &self.policy).await?.grant.under_way();
        }
        let money = match store::cases::money(tx, self.case).await?.0 {
            MoneyState::Free => CaseMoney::Free,
            MoneyState::Held => CaseMoney::Held,
            MoneyState::Stopped => CaseMoney::Stopped,
        };
        Ok(HoldMoneyResponse { under_way: u32::try_from(under_way).unwrap_or(u32::MAX), money: money.into() })
    }
}

/// Does to the case, whose lock is held, and to each of its grants what triage decided. Grants drafted later start as the
/// case is.
///
/// What is decided is fetched or comes as an event, so it may come twice, and after what is newer. The version of the case
/// puts it in order: what is older than the last changes nothing.
pub(crate) async fn hold_case(
    tx: &mut Tx,
    case: CaseId,
    (hold, version): (MoneyAsk, i64),
    policy: &GrantsPolicy,
) -> Result<(), Error> {
    if !store::cases::set_money(tx, case, hold.leaves(), version).await? {
        return Ok(());
    }
    for id in store::grants::open_of_case(tx, case).await? {
        let mut locked = LockedGrant::load(tx, id, policy).await?;
        let events = locked.grant.hold(hold, tx.now(), policy);
        // On the heap: a grant is large, and this future is one of several around it.
        Box::pin(locked.save(tx, SYSTEM, events)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use flare_access::Caller;
    use flare_contracts::{
        Service,
        grants::v1::{CaseMoney, HoldMoneyRequest, TrancheState, grants_server::Grants as _},
    };
    use flare_kernel::GrantId;
    use flare_store::sql;
    use flare_testkit::{Sandbox, on_both_engines};
    use tonic::Code;

    use crate::{
        domain::{
            MoneyAsk, MoneyState, Stage,
            samples::{CASE, FINANCE, GRANT, HEAD, PROPOSER, eur},
        },
        fixtures::{World, by, by_service, fields, history, refused},
        store,
    };

    impl World {
        /// What is stored of the case's money.
        async fn case_money(&self) -> (MoneyState, i64) {
            store::cases::money(&mut self.sandbox.database.clone(), CASE).await.unwrap()
        }

        async fn money_events(&self) -> usize {
            self.history().await.iter().filter(|kind| kind.starts_with("Money")).count()
        }
    }

    on_both_engines!(a_hold_holds_every_grant_of_the_case_and_is_told_once, crate::SCHEMA);
    async fn a_hold_holds_every_grant_of_the_case_and_is_told_once(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        world.schedule(2, eur(100), false).await.unwrap();
        world.release(FINANCE[1], 2).await.unwrap();
        assert_eq!(world.hold(MoneyAsk::Hold).await, 1, "one payment is under way");
        assert_eq!(world.hold(MoneyAsk::Hold).await, 1);
        world.stopped("paused").await;
        let history = world.history().await;
        assert_eq!(history.iter().filter(|kind| *kind == "MoneyHeld").count(), 1);
        refused(world.send(2).await, "WRONG_TRANCHE_STATE");
        refused(world.release(FINANCE[1], 2).await, "MONEY_HELD");
        let freed = world.next_case_version();
        world.triage.decide(freed, history::resumed());
        world.call_to_hold(freed).await.unwrap();
        world.resumed_at(freed).await;
        assert_eq!(world.history().await.iter().filter(|kind| *kind == "MoneyFreed").count(), 1);
        world.release(FINANCE[1], 2).await.unwrap();
    }

    on_both_engines!(a_repetition_holds_nothing_again_and_says_what_is_now, crate::SCHEMA);
    async fn a_repetition_holds_nothing_again_and_says_what_is_now(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        let held = world.next_case_version();
        world.triage.decide(held, history::stopped("paused"));
        let answer = world.call_to_hold(held).await.unwrap();
        assert_eq!((answer.money(), answer.under_way), (CaseMoney::Held, 1));
        world.settle(1, TrancheState::Returned, None).await.unwrap();
        world.hold(MoneyAsk::Free).await;
        let answer = world.call_to_hold(held).await.unwrap();
        assert_eq!((answer.money(), answer.under_way), (CaseMoney::Free, 0), "as it is now");
        assert_eq!(world.grant().await.money, MoneyState::Free);
        assert_eq!(world.money_events().await, 2);
    }

    on_both_engines!(what_comes_late_changes_nothing_however_it_comes, crate::SCHEMA);
    async fn what_comes_late_changes_nothing_however_it_comes(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        let [paused, resumed, paused_again, resumed_again] = [(); 4].map(|()| world.next_case_version());
        world.triage.decide(paused, history::stopped("paused"));
        world.triage.decide(resumed, history::resumed());
        world.triage.decide(paused_again, history::stopped("paused"));
        // The first two calls were lost; the third learns of all.
        world.call_to_hold(paused_again).await.unwrap();
        assert_eq!(world.money_events().await, 3);
        // A call that triage gave up on is carried out late, and the events come too.
        let late = world.call_to_hold(resumed).await.unwrap();
        assert_eq!(late.money(), CaseMoney::Held);
        world.stopped_at("paused", paused).await;
        world.resumed_at(resumed).await;
        assert_eq!(world.grant().await.money, MoneyState::Held);
        world.triage.decide(resumed_again, history::resumed());
        world.call_to_hold(resumed_again).await.unwrap();
        world.call_to_hold(paused).await.unwrap();
        world.stopped_at("paused", paused_again).await;
        world.resumed_at(resumed_again).await;
        assert_eq!(world.grant().await.money, MoneyState::Free);
        assert_eq!(world.money_events().await, 4);
    }

    on_both_engines!(a_case_reopened_under_its_pause_can_be_helped_once_it_is_resumed, crate::SCHEMA);
    async fn a_case_reopened_under_its_pause_can_be_helped_once_it_is_resumed(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let grant = |number| world.draft_request(GrantId::from_bytes([number; 16]));
        world.hold(MoneyAsk::Hold).await;
        world.hold(MoneyAsk::Stop).await;
        refused(world.api.draft_grant(by(PROPOSER, grant(2))).await, "CASE_WITHDRAWN");
        let (reopened, still_paused) = (world.next_case_version(), world.next_case_version());
        world.triage.decide(reopened, history::reopened());
        world.triage.decide(still_paused, history::stopped("paused"));
        // The call is faster than the events that led to it.
        world.call_to_hold(still_paused).await.unwrap();
        world.reopened_at(reopened).await;
        world.stopped_at("paused", still_paused).await;
        world.api.draft_grant(by(PROPOSER, grant(GRANT.as_bytes()[0]))).await.unwrap();
        assert_eq!(world.grant().await.money, MoneyState::Held, "not before the pause ends");
        world.hold(MoneyAsk::Free).await;
        assert_eq!(world.grant().await.money, MoneyState::Free);
    }

    on_both_engines!(a_withdrawal_ends_what_has_paid_and_withdraws_what_has_not, crate::SCHEMA);
    async fn a_withdrawal_ends_what_has_paid_and_withdraws_what_has_not(sandbox: Sandbox) {
        let world = World::sent(sandbox).await;
        assert_eq!(world.hold(MoneyAsk::Stop).await, 1);
        world.stopped("withdrawn").await;
        let grant = world.grant().await;
        assert_eq!((grant.stage, grant.money), (Stage::Reporting, MoneyState::Stopped));
        assert_eq!(world.history().await.iter().filter(|kind| *kind == "GrantEnded").count(), 1);
        world.settle(1, TrancheState::Arrived, Some(eur(500_000))).await.unwrap();
        refused(world.schedule(2, eur(1), false).await, "MONEY_HELD");
    }

    on_both_engines!(a_version_that_triages_history_has_not_is_refused_and_leaves_nothing, crate::SCHEMA);
    async fn a_version_that_triages_history_has_not_is_refused_and_leaves_nothing(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        let (held, next) = (world.next_case_version(), world.next_case_version());
        let before = (world.case_money().await, world.history().await);
        refused(world.call_to_hold(held).await, "NO_SUCH_CASE_VERSION");
        world.triage.decide(held, history::stopped("paused"));
        let status = refused(world.call_to_hold(next).await, "NO_SUCH_CASE_VERSION");
        assert_eq!(status.code(), Code::FailedPrecondition);
        refused(world.call_to_hold(i64::MAX).await, "NO_SUCH_CASE_VERSION");
        assert_eq!((world.case_money().await, world.history().await), before, "not even what it has");

        let unknown =
            HoldMoneyRequest { case_id: GRANT.to_string().replace("grant", "case"), case_version: 1 };
        refused(world.api.hold_money(by_service(unknown)).await, "NO_SUCH_CASE_VERSION");
        let cases = sql("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM cases");
        let cases = world.sandbox.database.fetch_optional(cases).await.unwrap().unwrap();
        assert_eq!(cases.int("n").unwrap(), 1, "no case that nobody told of");
    }

    on_both_engines!(a_version_at_which_nothing_was_decided_moves_no_money, crate::SCHEMA);
    async fn a_version_at_which_nothing_was_decided_moves_no_money(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        let (other, held) = (world.next_case_version(), world.next_case_version());
        world.triage.decide(held, history::stopped("paused"));
        assert_eq!(world.call_to_hold(other).await.unwrap().money(), CaseMoney::Free);
        assert_eq!((world.grant().await.money, world.money_events().await), (MoneyState::Free, 0));
        assert_eq!(world.call_to_hold(held).await.unwrap().money(), CaseMoney::Held);
    }

    on_both_engines!(while_triages_history_is_away_nothing_is_answered, crate::SCHEMA);
    async fn while_triages_history_is_away_nothing_is_answered(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        let held = world.next_case_version();
        world.triage.decide(held, history::stopped("paused"));
        world.triage.is_away(true);
        let status = refused(world.call_to_hold(held).await, "CASE_HISTORY_AWAY");
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(world.grant().await.money, MoneyState::Free);
        // The event comes all the same, and then the history need not be asked for.
        world.stopped_at("paused", held).await;
        assert_eq!(world.call_to_hold(held).await.unwrap().money(), CaseMoney::Held);
    }

    on_both_engines!(a_history_too_long_to_fetch_is_asked_for_again, crate::SCHEMA);
    async fn a_history_too_long_to_fetch_is_asked_for_again(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.triage.decide(5_000, history::stopped("paused"));
        world.triage.decide(5_001 + 5_000, history::stopped("withdrawn"));
        refused(world.call_to_hold(10_001).await, "CASE_HISTORY_AWAY");
        assert_eq!(
            world.call_to_hold(5_000).await.unwrap().money(),
            CaseMoney::Held,
            "as much as one call reads"
        );
    }

    on_both_engines!(only_triage_holds_money, crate::SCHEMA);
    async fn only_triage_holds_money(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let request = HoldMoneyRequest { case_id: CASE.to_string(), case_version: 1 };
        refused(world.api.hold_money(by(HEAD, request.clone())).await, "NOT_ALLOWED");
        let mut of_intake = tonic::Request::new(request.clone());
        of_intake.extensions_mut().insert(Caller::Service(Service::Intake));
        refused(world.api.hold_money(of_intake).await, "NOT_ALLOWED");
        let none = HoldMoneyRequest { case_version: 0, ..request.clone() };
        assert_eq!(fields(&world.api.hold_money(by_service(none)).await.unwrap_err()), ["case_version"]);
        let none = HoldMoneyRequest { case_id: String::new(), ..request };
        assert_eq!(fields(&world.api.hold_money(by_service(none)).await.unwrap_err()), ["case_id"]);
    }
}
