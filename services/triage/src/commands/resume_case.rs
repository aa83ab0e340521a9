//! Ending a pause or an inquiry.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{CaseState, ResumeCaseRequest},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// Lets a case go on; done by another person than the one who stopped it, and after an inquiry by a head.
pub(crate) struct ResumeCase {
    pub(crate) seen: SeenCase,
    pub(crate) is_head: bool,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl ResumeCase {
    pub(crate) fn by_officer(
        desk: &Triage,
        officer: StaffId,
        request: &ResumeCaseRequest,
    ) -> Result<Self, Refusal> {
        Self::parse(desk, officer, false, request)
    }

    pub(crate) fn by_head(
        desk: &Triage,
        head: StaffId,
        request: &ResumeCaseRequest,
    ) -> Result<Self, Refusal> {
        Self::parse(desk, head, true, request)
    }

    fn parse(
        desk: &Triage,
        by: StaffId,
        is_head: bool,
        request: &ResumeCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            is_head,
            reason: input::code("reason", &request.reason, codes::WHY_RESUMED)?,
            policy: desk.policy(),
        })
    }
}

impl Write for ResumeCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let officer = self.seen.officer;
        let (what, resumed) = case.resume(officer, self.is_head, self.reason, tx.now(), &self.policy)?;
        store::end_stop(tx, case.id, what, officer, self.is_head).await?;
        store::finish(tx, &mut case, officer, resumed).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::CaseId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::{events::v1::triage_event::Event, triage::v1};

    on_both_engines!(another_person_than_who_stopped_it_resumes_it, crate::SCHEMA);
    async fn another_person_than_who_stopped_it_resumes_it(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        assert_eq!(refusal(desk.resume(case, 2).await).reason, "WRONG_STAGE");
        desk.pause(case, 1).await;
        assert_eq!(refusal(desk.resume(case, 1).await).reason, "SECOND_PERSON_NEEDED");
        assert_eq!(stage(&desk.resume(case, 2).await.unwrap()), v1::Stage::Assessing);
        assert_eq!(desk.last_event(case).await, ("CaseResumed".to_owned(), staff(2).to_string()));
    }

    on_both_engines!(the_table_refuses_the_same_person_too, crate::SCHEMA);
    async fn the_table_refuses_the_same_person_too(sandbox: Sandbox) {
        struct EndAlone(CaseId);
        impl Write for EndAlone {
            type Output = ();
            async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
                store::end_stop(tx, self.0, crate::domain::Stopped::Paused, staff(1), true).await
            }
        }
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        let refused = refusal(desk.triage.database().write(EndAlone(case)).await);
        assert_eq!(refused.reason, "SECOND_PERSON_NEEDED");
    }

    on_both_engines!(a_pause_on_top_of_an_inquiry_leaves_it_held, crate::SCHEMA);
    async fn a_pause_on_top_of_an_inquiry_leaves_it_held(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.hold(case, 3).await;
        desk.pause(case, 1).await;
        assert_eq!(stage(&desk.resume(case, 2).await.unwrap()), v1::Stage::Held);
        let events = desk.events(case).await;
        let Some(Event::CaseStopped(event)) = events.last() else { panic!("{events:?}") };
        assert_eq!(event.how, "held", "whoever listens must not take it for resumed");
        assert_eq!(refusal(desk.resume_as_head(case, 3).await).reason, "SECOND_PERSON_NEEDED");
        assert_eq!(stage(&desk.resume_as_head(case, 2).await.unwrap()), v1::Stage::Assessing);
    }

    on_both_engines!(an_inquiry_is_ended_by_another_head_only, crate::SCHEMA);
    async fn an_inquiry_is_ended_by_another_head_only(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.hold(case, 3).await;
        for officer in [1, 2, 3] {
            assert_eq!(refusal(desk.resume(case, officer).await).reason, "HEAD_NEEDED");
        }
        assert_eq!(refusal(desk.resume_as_head(case, 3).await).reason, "SECOND_PERSON_NEEDED");
        let ended = desk.resume_as_head(case, 4).await.unwrap();
        assert_eq!(stage(&ended), v1::Stage::Assessing);
    }
}
