//! What grants must be asked about a case's money, and that it did it.

use flare_contracts::triage::v1::CaseState;
use flare_kernel::CaseId;
use flare_store::{Error, Tx, Write};

use crate::store::{self, DueAsk};

/// Takes up to `limit` askings that are due, and puts each off.
pub(crate) struct ClaimMoneyAsks {
    pub(crate) limit: i64,
}

impl Write for ClaimMoneyAsks {
    type Output = Vec<DueAsk>;

    async fn apply(&self, tx: &mut Tx) -> Result<Vec<DueAsk>, Error> {
        store::claim_due_asks(tx, self.limit).await
    }
}

/// Notes grants' answer, unless it is the answer to something older than what was asked last.
pub(crate) struct ConfirmMoneyStopped {
    pub(crate) case: CaseId,
    /// Which version's asking was answered.
    pub(crate) version: i64,
}

impl Write for ConfirmMoneyStopped {
    /// The case as it is then.
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        let Some(stopped) = case.money_answered(self.version) else { return Ok(store::state(tx, &case)) };
        store::finish_with(tx, &mut case, "system:triage", stopped).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(what_is_asked_is_put_off_for_longer_each_time, crate::SCHEMA);
    async fn what_is_asked_is_put_off_for_longer_each_time(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        let claim = async || world.triage.database().write(ClaimMoneyAsks { limit: 10 }).await.unwrap().len();
        for wait in [4, 4, 8, 16, 32, 60, 60] {
            world.sandbox.advance(flare_kernel::Duration::from_secs(wait - 1));
            assert_eq!(claim().await, 0, "not before {wait} s");
            world.sandbox.advance(flare_kernel::Duration::from_secs(1));
            assert_eq!(claim().await, 1);
        }
        world.triage.ask_at_once(case).await.unwrap().unwrap();
        assert_eq!(claim().await, 0, "grants has answered");
    }

    on_both_engines!(only_the_answer_to_the_last_asking_counts, crate::SCHEMA);
    async fn only_the_answer_to_the_last_asking_counts(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        let paused = store::asked_of(world.triage.database(), case).await.unwrap().unwrap();
        world.resume(case, 2).await.unwrap();
        let version = world.version(case).await;
        let late = ConfirmMoneyStopped { case, version: paused.version };
        let state = world.triage.database().write(late).await.unwrap();
        assert_eq!(state.version, version, "nobody hears that money stopped when it was freed since");
        assert!(!world.triage.money_is_settled(case).await.unwrap());

        world.pause(case, 1).await;
        let asked = store::asked_of(world.triage.database(), case).await.unwrap().unwrap();
        let confirm = || ConfirmMoneyStopped { case, version: asked.version };
        let state = world.triage.database().write(confirm()).await.unwrap();
        assert_eq!(world.last_event(case).await, ("MoneyStopped".to_owned(), "system:triage".to_owned()));
        let again = world.triage.database().write(confirm()).await.unwrap();
        assert_eq!(again.version, state.version, "told once");
    }
}
