//! Opening an ended case again.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{CaseState, ReopenCaseRequest},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// Opens a closed or withdrawn case again.
pub(crate) struct ReopenCase {
    pub(crate) seen: SeenCase,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl ReopenCase {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &ReopenCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            reason: input::code("reason", &request.reason, codes::WHY_REOPENED)?,
            policy: desk.policy(),
        })
    }
}

impl Write for ReopenCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let events = case.reopen(self.reason, tx.now(), &self.policy)?;
        store::finish_with(tx, &mut case, self.seen.officer, events).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::fixtures::*;
    use flare_contracts::{events::v1::triage_event::Event, grants::v1::CaseMoney, triage::v1};

    on_both_engines!(an_ended_case_opens_again, crate::SCHEMA);
    async fn an_ended_case_opens_again(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.closed(1).await;
        let state = desk.reopen(case).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Assessing);
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)]);
        assert_eq!(desk.read(case).await.exit, "");
        assert_eq!(desk.last_event(case).await.0, "CaseReopened");
        assert!(desk.grants.answers().is_empty(), "its money never stopped");
        assert_eq!(refusal(desk.reopen(case).await).reason, "WRONG_STAGE");
    }

    on_both_engines!(a_case_that_was_withdrawn_while_paused_is_paused_still, crate::SCHEMA);
    async fn a_case_that_was_withdrawn_while_paused_is_paused_still(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        desk.withdraw(case, 1).await;
        assert_eq!(stage(&desk.reopen(case).await.unwrap()), v1::Stage::Paused);
        let events = desk.events(case).await;
        let [.., Event::CaseReopened(_), Event::CaseStopped(stopped)] = &*events else {
            panic!("{events:?}")
        };
        assert_eq!(stopped.how, "paused");
        desk.triage.ask_at_once(case).await.unwrap();
        assert_eq!(desk.grants.answers(), [CaseMoney::Held], "its money stays held");
    }
}
