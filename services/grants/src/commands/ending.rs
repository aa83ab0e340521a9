//! The ends of a grant: given up before it is decided, ended for cause, or closed once all is told.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{AbandonGrantRequest, CloseGrantRequest, GrantState, TerminateGrantRequest},
    input,
};
use flare_store::{Command, Error, Tx, Write};

use super::{LockedGrant, SeenGrant};
use crate::{Grants, domain::NewClose};

/// Gives a grant up that nobody votes on and nobody has decided.
pub(crate) struct AbandonGrant {
    seen: SeenGrant,
    reason: &'static str,
}

impl Command for AbandonGrant {
    type Service = Grants;
    type By = Staff;
    type Request = AbandonGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: AbandonGrantRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, reason: input::code("reason", &request.reason, codes::WHY_ABANDONED)? })
    }
}

impl Write for AbandonGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let SeenGrant { by, is_head, .. } = self.seen;
        let abandon = |locked: &mut LockedGrant, now| {
            locked.grant.abandon(by, is_head, self.reason, now, &locked.policy)
        };
        self.seen.change(tx, abandon).await
    }
}

/// Ends a grant for ethics, corruption or safeguarding.
pub(crate) struct TerminateGrant {
    seen: SeenGrant,
    reason: &'static str,
}

impl Command for TerminateGrant {
    type Service = Grants;
    type By = Staff;
    type Request = TerminateGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: TerminateGrantRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, reason: input::code("reason", &request.reason, codes::WHY_TERMINATED)? })
    }
}

impl Write for TerminateGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        self.seen.change(tx, |locked, _| locked.grant.terminate(self.reason)).await
    }
}

/// Closes a grant: at once when it is light, by two people otherwise.
pub(crate) struct CloseGrant {
    seen: SeenGrant,
    close: NewClose,
}

impl Command for CloseGrant {
    type Service = Grants;
    type By = Staff;
    type Request = CloseGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: CloseGrantRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?,
            close: NewClose {
                outcome: input::code("outcome", &request.outcome, codes::OUTCOMES)?,
                unspent: input::money("unspent", request.unspent.as_ref())?,
            },
        })
    }
}

impl Write for CloseGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, _| locked.grant.close(by, self.close, &locked.policy)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::{Decision, GrantStage, TrancheState},
    };
    use flare_testkit::{Sandbox, on_both_engines};
    use prost::Message;

    use crate::{
        domain::{
            TIMERS, TimerKind,
            samples::{APPROVERS, FINANCE, HEAD, OFFICER, PROPOSER, eur},
        },
        fixtures::{World, fields, refused},
    };

    on_both_engines!(a_draft_is_abandoned_by_its_proposer_or_a_head_and_says_why, crate::SCHEMA);
    async fn a_draft_is_abandoned_by_its_proposer_or_a_head_and_says_why(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        assert_eq!(fields(&world.abandon(PROPOSER, "").await.unwrap_err()), ["reason"]);
        refused(world.abandon(OFFICER, "mistake").await, "NOT_PROPOSER_OR_HEAD");
        let state = world.abandon(PROPOSER, "mistake").await.unwrap();
        assert_eq!(state.stage(), GrantStage::Withdrawn);
        let event = GrantsEvent::decode(world.last_event().await.payload.unwrap().as_slice()).unwrap();
        let Some(Event::GrantWithdrawn(withdrawn)) = event.event else { panic!("{event:?}") };
        assert_eq!(withdrawn.reason, "mistake");
        for kind in TIMERS {
            assert_eq!(world.timer(*kind).await, None, "nobody is reminded of {kind:?}");
        }
        refused(world.abandon(PROPOSER, "mistake").await, "WRONG_STAGE");
    }

    on_both_engines!(what_the_approvers_have_is_not_abandoned_but_what_they_returned_is, crate::SCHEMA);
    async fn what_the_approvers_have_is_not_abandoned_but_what_they_returned_is(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.abandon(HEAD, "not_needed").await, "WRONG_STAGE");
        world.vote(APPROVERS[0], Decision::Return).await.unwrap();
        let state = world.abandon(HEAD, "not_needed").await.unwrap();
        assert_eq!(state.stage(), GrantStage::Withdrawn);
    }

    on_both_engines!(a_termination_has_a_reason_and_stops_what_was_not_sent, crate::SCHEMA);
    async fn a_termination_has_a_reason_and_stops_what_was_not_sent(sandbox: Sandbox) {
        let world = World::active(sandbox).await;
        world.schedule(1, eur(100), false).await.unwrap();
        world.release(FINANCE[1], 1).await.unwrap();
        assert_eq!(fields(&world.terminate("").await.unwrap_err()), ["reason"]);
        assert_eq!(world.terminate("safeguarding").await.unwrap().stage(), GrantStage::Terminated);
        refused(world.send(1).await, "WRONG_STAGE");
        assert_eq!(world.timer(TimerKind::End).await, None);
    }

    on_both_engines!(a_close_takes_two_and_everything_settled, crate::SCHEMA);
    async fn a_close_takes_two_and_everything_settled(sandbox: Sandbox) {
        let world = World::reporting(sandbox).await;
        refused(world.close(OFFICER, "achieved", eur(0)).await, "REPORT_MISSING");
        world.report(OFFICER, "oral", "", "").await.unwrap();
        refused(world.close(OFFICER, "achieved", eur(0)).await, "UNSETTLED");
        world.settle(1, TrancheState::Arrived, Some(eur(500_000))).await.unwrap();
        assert_eq!(fields(&world.close(OFFICER, "achieved", eur(440_001)).await.unwrap_err()), ["unspent"]);
        assert_eq!(fields(&world.close(OFFICER, "done", eur(0)).await.unwrap_err()), ["outcome"]);
        let state = world.close(OFFICER, "achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closing);
        refused(world.close(OFFICER, "achieved", eur(440_000)).await, "CLOSE_BY_SAME_PERSON");
        let state = world.close(HEAD, "not_achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closing, "another close is another proposal");
        let state = world.close(OFFICER, "not_achieved", eur(440_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Closed);
        assert_eq!(world.timer(TimerKind::Close).await, None);
        let status = refused(world.close(HEAD, "achieved", eur(0)).await, "WRONG_STAGE");
        assert!(
            status.message().contains("reporting or closing; this one is closed"),
            "{}",
            status.message()
        );
    }
}
