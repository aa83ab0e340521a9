//! Noting that grants did what it was asked about a case's money.

use flare_contracts::triage::v1::CaseState;
use flare_kernel::CaseId;
use flare_store::{Error, Tx, Write};

use crate::store;

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

    on_both_engines!(only_the_answer_to_the_last_asking_counts, crate::SCHEMA);
    async fn only_the_answer_to_the_last_asking_counts(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        let paused = store::asked_of(desk.triage.database(), case).await.unwrap().unwrap();
        desk.resume(case, 2).await.unwrap();
        let version = desk.version(case).await;
        let late = ConfirmMoneyStopped { case, version: paused.version };
        let state = desk.triage.database().write(late).await.unwrap();
        assert_eq!(state.version, version, "nobody hears that money stopped when it was freed since");
        assert!(!desk.triage.money_is_settled(case).await.unwrap());

        desk.pause(case, 1).await;
        let asked = store::asked_of(desk.triage.database(), case).await.unwrap().unwrap();
        let confirm = || ConfirmMoneyStopped { case, version: asked.version };
        let state = desk.triage.database().write(confirm()).await.unwrap();
        assert_eq!(desk.last_event(case).await, ("MoneyStopped".to_owned(), "system:triage".to_owned()));
        let again = desk.triage.database().write(confirm()).await.unwrap();
        assert_eq!(again.version, state.version, "told once");
    }
}
