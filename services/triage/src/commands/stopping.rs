//! A case stops: paused for safety, held for an inquiry, withdrawn; and goes on.

use flare_access::Staff;
use flare_contracts::{
    codes,
    common::v1::Role,
    input,
    triage::v1::{
        CaseState, HoldCaseRequest, PauseCaseRequest, ResumeCaseRequest, StopReply, WithdrawCaseRequest,
    },
};
use flare_store::{Command, Error, Tx, Write};

use super::SeenCase;
use crate::{
    Triage, TriagePolicy,
    domain::{Stopped, Withdrawer},
    store,
};

/// Pauses a case for safety: no money moves and nothing goes out until another person resumes it.
pub(crate) struct PauseCase(StopCase);

impl Command for PauseCase {
    type Service = Triage;
    type By = Staff;
    type Request = PauseCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: PauseCaseRequest) -> Result<Self, Error> {
        let seen = SeenCase::parse(by, &request.case_id, request.version)?;
        let reason = input::code("reason", &request.reason, codes::WHY_PAUSED)?;
        Ok(Self(StopCase { seen, how: Stopped::Paused, reason, policy: triage.policy() }))
    }
}

impl Write for PauseCase {
    type Output = StopReply;

    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        self.0.apply(tx).await
    }
}

/// Holds a case for an inquiry: no money moves until another head resumes it.
pub(crate) struct HoldCase(StopCase);

impl Command for HoldCase {
    type Service = Triage;
    type By = Staff;
    type Request = HoldCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: HoldCaseRequest) -> Result<Self, Error> {
        let seen = SeenCase::parse(by, &request.case_id, request.version)?;
        let reason = input::code("reason", &request.reason, codes::WHY_HELD)?;
        Ok(Self(StopCase { seen, how: Stopped::Held, reason, policy: triage.policy() }))
    }
}

impl Write for HoldCase {
    type Output = StopReply;

    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        self.0.apply(tx).await
    }
}

/// Stops a case until another person resumes it.
struct StopCase {
    seen: SeenCase,
    how: Stopped,
    reason: &'static str,
    policy: TriagePolicy,
}

impl StopCase {
    async fn apply(&self, tx: &mut Tx) -> Result<StopReply, Error> {
        let mut case = self.seen.lock(tx).await?;
        let stopped = case.stop(self.how, self.seen.officer, self.reason, tx.now(), &self.policy)?;
        store::begin_stop(tx, case.id, self.how, self.reason, &self.seen.officer.to_string()).await?;
        let state = store::finish(tx, &mut case, self.seen.officer, stopped).await?;
        Ok(StopReply { state: Some(state), money_stopped: false })
    }
}

/// Lets a case go on; done by another person than the one who stopped it, and after an inquiry by a head.
pub(crate) struct ResumeCase {
    pub(crate) seen: SeenCase,
    pub(crate) is_head: bool,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl Command for ResumeCase {
    type Service = Triage;
    type By = Staff;
    type Request = ResumeCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: ResumeCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            is_head: by.roles.holds(Role::Head),
            reason: input::code("reason", &request.reason, codes::WHY_RESUMED)?,
            policy: triage.policy(),
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

/// Withdraws a case and has its money stopped.
pub(crate) struct WithdrawCase {
    pub(crate) seen: SeenCase,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl Command for WithdrawCase {
    type Service = Triage;
    type By = Staff;
    type Request = WithdrawCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: WithdrawCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            reason: input::code("reason", &request.reason, codes::WHY_WITHDRAWN)?,
            policy: triage.policy(),
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
    use flare_contracts::{common::v1::Lane, events::v1::triage_event::Event, triage::v1};
    use flare_kernel::CaseId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    async fn paused(world: &World, case: CaseId, reason: &str) -> Result<StopReply, Error> {
        let (case_id, version, reason) = (case.to_string(), world.version(case).await, reason.to_owned());
        let request = PauseCaseRequest { case_id, version, reason, ..PauseCaseRequest::default() };
        world.act::<PauseCase>(1, request).await
    }

    async fn held(world: &World, case: CaseId, reason: &str) -> Result<StopReply, Error> {
        let (case_id, version, reason) = (case.to_string(), world.version(case).await, reason.to_owned());
        let request = HoldCaseRequest { case_id, version, reason, ..HoldCaseRequest::default() };
        world.act::<HoldCase>(1, request).await
    }

    /// A case that was being assessed, as it was left: the clock of its next step stands still.
    async fn stands_still(world: &World, case: CaseId, reply: StopReply, stopped: v1::Stage) {
        assert_eq!((stage(&reply.state.unwrap()), reply.money_stopped), (stopped, false));
        assert_eq!(world.timers().await, [("welfare_check".to_owned(), 12)], "somebody looks after them");
        assert_eq!(world.read(case).await.summary.unwrap().next, "welfare_check");
        world.advance_hours(100);
        assert_eq!(world.fire_timers().await, 1);
        assert_eq!(world.last_event(case).await.0, "WelfareCheckDue");
        assert_eq!(world.timers().await, [("welfare_check".to_owned(), 12)], "again and again");
    }

    on_both_engines!(a_pause_lets_the_clock_of_the_next_step_stand_still, crate::SCHEMA);
    async fn a_pause_lets_the_clock_of_the_next_step_stand_still(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.advance_hours(8);
        let reply = paused(&world, case, "not_safe").await.unwrap();
        stands_still(&world, case, reply, v1::Stage::Paused).await;
        assert_eq!(refusal(paused(&world, case, "not_safe").await).reason, "WRONG_STAGE");
        world.resume(case, 2).await.unwrap();
        assert_eq!(world.timers().await, [("outcome".to_owned(), 40)]);
        // What an inquiry is for is no danger.
        for unsaid in ["", "inquiry"] {
            assert_eq!(refusal(paused(&world, case, unsaid).await).violations[0].field, "reason");
        }
    }

    on_both_engines!(an_inquiry_lets_the_clock_of_the_next_step_stand_still, crate::SCHEMA);
    async fn an_inquiry_lets_the_clock_of_the_next_step_stand_still(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.advance_hours(8);
        let reply = held(&world, case, "inquiry").await.unwrap();
        stands_still(&world, case, reply, v1::Stage::Held).await;
        assert_eq!(refusal(held(&world, case, "inquiry").await).reason, "WRONG_STAGE");
        world.resume_as_head(case, 2).await.unwrap();
        assert_eq!(world.timers().await, [("outcome".to_owned(), 40)]);
        for unsaid in ["", "not_safe"] {
            assert_eq!(refusal(held(&world, case, unsaid).await).violations[0].field, "reason");
        }
    }

    on_both_engines!(another_person_than_who_stopped_it_resumes_it, crate::SCHEMA);
    async fn another_person_than_who_stopped_it_resumes_it(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        assert_eq!(refusal(world.resume(case, 2).await).reason, "WRONG_STAGE");
        world.pause(case, 1).await;
        assert_eq!(refusal(world.resume(case, 1).await).reason, "SECOND_PERSON_NEEDED");
        assert_eq!(stage(&world.resume(case, 2).await.unwrap()), v1::Stage::Assessing);
        assert_eq!(world.last_event(case).await, ("CaseResumed".to_owned(), staff(2).to_string()));
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
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        let refused = refusal(world.triage.database().write(EndAlone(case)).await);
        assert_eq!(refused.reason, "SECOND_PERSON_NEEDED");
    }

    on_both_engines!(a_pause_on_top_of_an_inquiry_leaves_it_held, crate::SCHEMA);
    async fn a_pause_on_top_of_an_inquiry_leaves_it_held(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.hold(case, 3).await;
        world.pause(case, 1).await;
        assert_eq!(stage(&world.resume(case, 2).await.unwrap()), v1::Stage::Held);
        let events = world.events(case).await;
        let Some(Event::CaseStopped(event)) = events.last() else { panic!("{events:?}") };
        assert_eq!(event.how, "held", "whoever listens must not take it for resumed");
        assert_eq!(refusal(world.resume_as_head(case, 3).await).reason, "SECOND_PERSON_NEEDED");
        assert_eq!(stage(&world.resume_as_head(case, 2).await.unwrap()), v1::Stage::Assessing);
    }

    on_both_engines!(an_inquiry_is_ended_by_another_head_only, crate::SCHEMA);
    async fn an_inquiry_is_ended_by_another_head_only(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.hold(case, 3).await;
        for officer in [1, 2, 3] {
            assert_eq!(refusal(world.resume(case, officer).await).reason, "HEAD_NEEDED");
        }
        assert_eq!(refusal(world.resume_as_head(case, 3).await).reason, "SECOND_PERSON_NEEDED");
        let ended = world.resume_as_head(case, 4).await.unwrap();
        assert_eq!(stage(&ended), v1::Stage::Assessing);
    }

    on_both_engines!(nothing_runs_after_a_withdrawal, crate::SCHEMA);
    async fn nothing_runs_after_a_withdrawal(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Critical).await;
        world.referral(case, 1).await;
        let request = WithdrawCaseRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            reason: "too_dangerous".to_owned(),
            ..WithdrawCaseRequest::default()
        };
        let reply = world.act::<WithdrawCase>(1, request.clone()).await.unwrap();
        let state = reply.state.unwrap();
        assert_eq!((stage(&state), reply.money_stopped), (v1::Stage::Withdrawn, false));
        assert!(world.timers().await.is_empty());
        assert_eq!(world.last_event(case).await.0, "CaseStopped");
        let again = WithdrawCaseRequest { version: state.version, ..request };
        assert_eq!(refusal(world.act::<WithdrawCase>(1, again).await).reason, "WRONG_STAGE");
    }
}
