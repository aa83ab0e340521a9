//! Beginning the assessment and confirming the lane.

use flare_contracts::{
    Refusal, input,
    triage::v1::{AssessCaseRequest, CaseState},
};
use flare_kernel::{Lane, StaffId};
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// Begins the assessment of a case in the lane that a human confirmed; again, it changes the lane.
pub(crate) struct AssessCase {
    pub(crate) seen: SeenCase,
    pub(crate) lane: Lane,
    pub(crate) policy: TriagePolicy,
}

impl AssessCase {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &AssessCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            lane: input::lane("lane", request.lane)?,
            policy: desk.policy(),
        })
    }
}

impl Write for AssessCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let needs = store::needs(tx, case.id).await?;
        let assessed = case.assess(self.lane, &needs, tx.now(), &self.policy)?;
        store::finish(tx, &mut case, self.seen.officer, assessed).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1::Stage;

    on_both_engines!(a_human_confirms_the_lane, crate::SCHEMA);
    async fn a_human_confirms_the_lane(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        let request = |version, lane: Lane| AssessCaseRequest {
            case_id: case.to_string(),
            version,
            lane: lane.into(),
            ..AssessCaseRequest::default()
        };
        let version = desk.version(case).await;
        let state = desk.act(AssessCase::parse, 1, request(version, Lane::Critical)).await.unwrap();
        assert_eq!((stage(&state), state.lane()), (Stage::Assessing, Lane::Critical));
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)]);
        desk.advance_hours(10);
        let state = desk.act(AssessCase::parse, 2, request(state.version, Lane::Standard)).await.unwrap();
        assert_eq!(state.lane(), Lane::Standard);
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 38)], "changing the lane buys no time");
        let unsaid = desk.act(AssessCase::parse, 1, request(state.version, Lane::Unspecified)).await;
        assert_eq!(refusal(unsaid).violations[0].field, "lane");
    }

    on_both_engines!(the_lane_is_raised_whatever_was_decided_or_stopped, crate::SCHEMA);
    async fn the_lane_is_raised_whatever_was_decided_or_stopped(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let (paused, held) = (desk.assessing(2, Lane::Urgent).await, desk.assessing(3, Lane::Urgent).await);
        desk.pause(paused, 1).await;
        desk.hold(held, 3).await;
        let cases = [(desk.decided(1).await, Stage::Decided), (paused, Stage::Paused), (held, Stage::Held)];
        for (case, before) in cases {
            let request = AssessCaseRequest {
                case_id: case.to_string(),
                version: desk.version(case).await,
                lane: Lane::Critical.into(),
                ..AssessCaseRequest::default()
            };
            let state = desk.act(AssessCase::parse, 1, request).await.unwrap();
            assert_eq!((stage(&state), state.lane()), (before, Lane::Critical));
        }
    }

    on_both_engines!(a_case_that_nobody_owns_is_not_assessed, crate::SCHEMA);
    async fn a_case_that_nobody_owns_is_not_assessed(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.submitted(1, Lane::Urgent).await;
        let request = AssessCaseRequest {
            case_id: case.to_string(),
            version: 1,
            lane: 1,
            ..AssessCaseRequest::default()
        };
        assert_eq!(refusal(desk.act(AssessCase::parse, 1, request).await).reason, "WRONG_STAGE");
    }
}
