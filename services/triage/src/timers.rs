//! What happens when a time has come.

use async_trait::async_trait;
use flare_contracts::events::v1::TriageEvent;
use flare_kernel::{CaseId, Timestamp};
use flare_messaging::{DueTimer, TimerHandler};
use flare_store::{Error, Tx};

use crate::{
    Triage, TriagePolicy,
    commands::referrals_changed,
    domain::{Case, Step},
    store,
};

/// Fires the timers of cases.
#[derive(Clone, Debug)]
pub struct TriageTimers(Triage);

impl TriageTimers {
    /// Fires the timers of this service's cases.
    pub const fn new(triage: Triage) -> Self {
        Self(triage)
    }
}

#[async_trait]
impl TimerHandler for TriageTimers {
    /// Tells that something is due, and sets the next alarm: what is overdue stays visible until somebody acts.
    async fn fire(&self, tx: &mut Tx, due: &DueTimer) -> Result<(), Error> {
        let id: CaseId = due.stream.parse().map_err(|_| Error::Corrupt("timers.stream".to_owned()))?;
        // The case may have been erased.
        let Some(mut case) = store::lock_case_if_any(tx, id).await? else { return Ok(()) };
        let (now, policy) = (tx.now(), self.0.policy());
        let events: Vec<TriageEvent> = match due.kind.as_str() {
            "welfare_check" => {
                case.armed.welfare = None;
                case.welfare_check(now, &policy).into_iter().map(Into::into).collect()
            }
            "referral" => {
                case.armed.referral = None;
                unanswered(tx, &mut case, now, &policy).await?
            }
            step => {
                let step: Step = step.parse().map_err(|_| Error::Corrupt("timers.kind".to_owned()))?;
                case.armed.step = case.armed.step.filter(|(armed, _)| *armed != step);
                case.overdue(step, now, &policy).into_iter().map(Into::into).collect()
            }
        };
        store::finish_with(tx, &mut case, "system:timer", events).await.map(drop)
    }
}

/// Puts the needs of unanswered referrals back in the queue.
async fn unanswered(
    tx: &mut Tx,
    case: &mut Case,
    now: Timestamp,
    policy: &TriagePolicy,
) -> Result<Vec<TriageEvent>, Error> {
    let mut needs = store::needs(tx, case.id).await?;
    let mut events = Vec::new();
    for mut referral in store::sent_referrals(tx, case.id).await? {
        if referral.due > now {
            continue;
        }
        let need = needs.get_mut(referral.need)?;
        events.push(case.referral_unanswered(&mut referral, need).into());
        store::save_referral(tx, case.id, &referral).await?;
        store::save_need(tx, case.id, need).await?;
    }
    referrals_changed(tx, case).await?;
    case.recount(&needs, now, policy);
    Ok(events)
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(an_overdue_case_is_told_again_and_again, crate::SCHEMA);
    async fn an_overdue_case_is_told_again_and_again(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Critical).await;
        world.advance_hours(1);
        assert_eq!(world.fire_timers().await, 0);
        for (wait, next) in [(1, 2), (2, 4), (4, 8)] {
            world.advance_hours(wait);
            assert_eq!(world.fire_timers().await, 1);
            assert_eq!(world.timers().await, [("acknowledge".to_owned(), next)]);
        }
        let told = world.events(case).await.len();
        assert_eq!(told, 4, "opened, and three times overdue");
        assert_eq!(world.last_event(case).await, ("CaseOverdue".to_owned(), "system:timer".to_owned()));
        let summary = world.read(case).await.summary.unwrap();
        let submitted = summary.submitted.unwrap().seconds;
        assert_eq!(
            summary.due.unwrap().seconds - submitted,
            7_200,
            "it shows when it was due, not the reminder"
        );
    }

    on_both_engines!(silence_never_closes, crate::SCHEMA);
    async fn silence_never_closes(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Critical).await;
        world.message(case, flare_contracts::intake::v1::MessageKind::Question, false).await;
        for _ in 0..60 {
            world.advance_hours(24);
            world.fire_timers().await;
        }
        assert_eq!(shown(&world.read(case).await).0, flare_contracts::triage::v1::Stage::AwaitingRequester);
        assert_eq!(world.timers().await.len(), 1, "somebody still looks after them");
    }

    on_both_engines!(a_timer_that_nobody_sets_is_a_fault, crate::SCHEMA);
    async fn a_timer_that_nobody_sets_is_a_fault(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        for (stream, kind) in [(case.to_string(), "tea"), ("kettle".to_owned(), "acknowledge")] {
            assert!(matches!(world.fire(&stream, kind).await, Err(Error::Corrupt(_))));
        }
        world.fire(&nobodys_case(), "acknowledge").await.unwrap();
    }
}
