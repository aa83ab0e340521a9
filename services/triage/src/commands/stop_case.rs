//! Pausing a case for safety, and holding it for an inquiry.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{HoldCaseRequest, PauseCaseRequest, StopReply},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, domain::Stopped, store};

/// Stops a case until another person resumes it: no money moves and, while it is paused, nothing goes out.
pub(crate) struct StopCase {
    pub(crate) seen: SeenCase,
    pub(crate) how: Stopped,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl StopCase {
    pub(crate) fn pause(
        desk: &Triage,
        officer: StaffId,
        request: &PauseCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            how: Stopped::Paused,
            reason: input::code("reason", &request.reason, codes::WHY_PAUSED)?,
            policy: desk.policy(),
        })
    }

    pub(crate) fn hold(desk: &Triage, officer: StaffId, request: &HoldCaseRequest) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            how: Stopped::Held,
            reason: input::code("reason", &request.reason, codes::WHY_HELD)?,
            policy: desk.policy(),
        })
    }
}

impl Write for StopCase {
    type Output = StopReply;

    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        let mut case = self.seen.lock(tx).await?;
        let stopped = case.stop(self.how, self.seen.officer, self.reason, tx.now(), &self.policy)?;
        store::begin_stop(tx, case.id, self.how, self.reason, &self.seen.officer.to_string()).await?;
        let state = store::finish(tx, &mut case, self.seen.officer, stopped).await?;
        Ok(StopReply { state: Some(state), money_stopped: false })
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::CaseId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    async fn paused(desk: &Desk, case: CaseId, reason: &str) -> Result<StopReply, Error> {
        let (case_id, version, reason) = (case.to_string(), desk.version(case).await, reason.to_owned());
        let request = PauseCaseRequest { case_id, version, reason, ..PauseCaseRequest::default() };
        desk.act(StopCase::pause, 1, request).await
    }

    async fn held(desk: &Desk, case: CaseId, reason: &str) -> Result<StopReply, Error> {
        let (case_id, version, reason) = (case.to_string(), desk.version(case).await, reason.to_owned());
        let request = HoldCaseRequest { case_id, version, reason, ..HoldCaseRequest::default() };
        desk.act(StopCase::hold, 1, request).await
    }

    /// A case that was being assessed, as it was left: the clock of its next step stands still.
    async fn stands_still(desk: &Desk, case: CaseId, reply: StopReply, stopped: v1::Stage) {
        assert_eq!((stage(&reply.state.unwrap()), reply.money_stopped), (stopped, false));
        assert_eq!(desk.timers().await, [("welfare_check".to_owned(), 12)], "somebody looks after them");
        assert_eq!(desk.read(case).await.summary.unwrap().next, "welfare_check");
        desk.advance_hours(100);
        assert_eq!(desk.fire_timers().await, 1);
        assert_eq!(desk.last_event(case).await.0, "WelfareCheckDue");
        assert_eq!(desk.timers().await, [("welfare_check".to_owned(), 12)], "again and again");
    }

    on_both_engines!(a_pause_lets_the_clock_of_the_next_step_stand_still, crate::SCHEMA);
    async fn a_pause_lets_the_clock_of_the_next_step_stand_still(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.advance_hours(8);
        let reply = paused(&desk, case, "not_safe").await.unwrap();
        stands_still(&desk, case, reply, v1::Stage::Paused).await;
        assert_eq!(refusal(paused(&desk, case, "not_safe").await).reason, "WRONG_STAGE");
        desk.resume(case, 2).await.unwrap();
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 40)]);
        // What an inquiry is for is no danger.
        for unsaid in ["", "inquiry"] {
            assert_eq!(refusal(paused(&desk, case, unsaid).await).violations[0].field, "reason");
        }
    }

    on_both_engines!(an_inquiry_lets_the_clock_of_the_next_step_stand_still, crate::SCHEMA);
    async fn an_inquiry_lets_the_clock_of_the_next_step_stand_still(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.advance_hours(8);
        let reply = held(&desk, case, "inquiry").await.unwrap();
        stands_still(&desk, case, reply, v1::Stage::Held).await;
        assert_eq!(refusal(held(&desk, case, "inquiry").await).reason, "WRONG_STAGE");
        desk.resume_as_head(case, 2).await.unwrap();
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 40)]);
        for unsaid in ["", "not_safe"] {
            assert_eq!(refusal(held(&desk, case, unsaid).await).violations[0].field, "reason");
        }
    }
}
