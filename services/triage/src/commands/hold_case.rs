//! Holding a case for an inquiry.

use flare_contracts::{
    Refusal, input,
    triage::v1::{HoldCaseRequest, StopReply},
};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Error, Tx, Write};

use crate::{Triage, TriagePolicy, domain::Stopped, store};

/// Why a case is held.
const REASONS: &[&str] = &["inquiry", "corruption", "safeguarding", "other"];

/// Holds a case: no money moves until another person resumes it.
pub(crate) struct HoldCase {
    pub(crate) case: CaseId,
    pub(crate) version: i64,
    pub(crate) officer: StaffId,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl HoldCase {
    pub(crate) fn parse(desk: &Triage, officer: StaffId, request: &HoldCaseRequest) -> Result<Self, Refusal> {
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            version: input::version(request.version)?,
            officer,
            reason: input::code("reason", &request.reason, REASONS)?,
            policy: desk.policy(),
        })
    }
}

impl Write for HoldCase {
    type Output = StopReply;

    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        let mut case = store::case_at(tx, self.case, self.version).await?;
        let stopped = case.hold(self.officer, self.reason, tx.now(), &self.policy)?;
        store::begin_stop(tx, self.case, Stopped::Held, self.reason, self.officer).await?;
        let state = store::finish(tx, &mut case, self.officer, stopped).await?;
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

    on_both_engines!(the_clock_of_the_next_step_stands_still, crate::SCHEMA);
    async fn the_clock_of_the_next_step_stands_still(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.advance_hours(8);
        let request = HoldCaseRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            reason: "inquiry".to_owned(),
            ..HoldCaseRequest::default()
        };
        let reply = desk.act(HoldCase::parse, 1, request.clone()).await.unwrap();
        assert_eq!(stage(&reply.state.unwrap()), v1::Stage::Held);
        assert!(desk.timers().await.is_empty());
        assert_eq!(desk.read(case).await.summary.unwrap().next, "nothing");
        desk.advance_hours(100);
        let again = HoldCaseRequest { version: desk.version(case).await, ..request.clone() };
        assert_eq!(refusal(desk.act(HoldCase::parse, 1, again).await).reason, "WRONG_STAGE");
        desk.resume(case, 2).await.unwrap();
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 40)]);
        let unsaid = HoldCaseRequest { reason: String::new(), ..request };
        assert_eq!(refusal(desk.act(HoldCase::parse, 1, unsaid).await).violations[0].field, "reason");
    }
}
