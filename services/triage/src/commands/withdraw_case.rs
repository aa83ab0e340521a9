//! Withdrawing on the requester's behalf.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{StopReply, WithdrawCaseRequest},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, domain::Withdrawer, store};

/// Withdraws a case and has its money stopped.
pub(crate) struct WithdrawCase {
    pub(crate) seen: SeenCase,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl WithdrawCase {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &WithdrawCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            reason: input::code("reason", &request.reason, codes::WHY_WITHDRAWN)?,
            policy: desk.policy(),
        })
    }
}

impl Write for WithdrawCase {
    type Output = StopReply;

    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        let mut case = self.seen.lock(tx).await?;
        let withdrawn = case.withdraw(Withdrawer::Staff, self.reason, tx.now(), &self.policy)?;
        let events = withdrawn.map(Into::into);
        let state = store::finish_with(tx, &mut case, self.seen.officer, events).await?;
        Ok(StopReply { state: Some(state), money_stopped: false })
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(nothing_runs_after_a_withdrawal, crate::SCHEMA);
    async fn nothing_runs_after_a_withdrawal(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Critical).await;
        desk.referral(case, 1).await;
        let request = WithdrawCaseRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            reason: "too_dangerous".to_owned(),
            ..WithdrawCaseRequest::default()
        };
        let reply = desk.act(WithdrawCase::parse, 1, request.clone()).await.unwrap();
        let state = reply.state.unwrap();
        assert_eq!((stage(&state), reply.money_stopped), (v1::Stage::Withdrawn, false));
        assert!(desk.timers().await.is_empty());
        assert_eq!(desk.last_event(case).await.0, "CaseStopped");
        let again = WithdrawCaseRequest { version: state.version, ..request };
        assert_eq!(refusal(desk.act(WithdrawCase::parse, 1, again).await).reason, "WRONG_STAGE");
    }
}
