//! A case closes once nothing is open, and an ended one opens again.

use flare_access::Staff;
use flare_contracts::{
    codes,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, CloseCaseRequest, ReopenCaseRequest},
};
use flare_store::{Command, Error, Tx, Write};

use super::{SeenCase, sealed_or_none};
use crate::{Triage, TriagePolicy, store};

/// Closes a case in which nothing is left open.
pub(crate) struct CloseCase {
    pub(crate) seen: SeenCase,
    pub(crate) exit: &'static str,
    pub(crate) words: Option<SealedField>,
    pub(crate) policy: TriagePolicy,
}

impl Command for CloseCase {
    type Service = Triage;
    type By = Staff;
    type Request = CloseCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: CloseCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            exit: input::code("exit", &request.exit, codes::EXITS)?,
            words: sealed_or_none("words", request.words.as_ref(), &fields::CLOSE)?,
            policy: triage.policy(),
        })
    }
}

impl Write for CloseCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let needs = store::needs(tx, case.id).await?;
        let grants = store::open_grants(tx, case.id).await?;
        let closed = case.close(self.exit, &needs, grants, tx.now(), &self.policy)?;
        if let Some(words) = &self.words {
            store::put_sealed(tx, case.id, "words", words).await?;
        }
        store::finish(tx, &mut case, self.seen.officer, closed).await
    }
}

/// Opens a closed or withdrawn case again.
pub(crate) struct ReopenCase {
    pub(crate) seen: SeenCase,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl Command for ReopenCase {
    type Service = Triage;
    type By = Staff;
    type Request = ReopenCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: ReopenCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            reason: input::code("reason", &request.reason, codes::WHY_REOPENED)?,
            policy: triage.policy(),
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
    use flare_contracts::{
        common::v1::Lane,
        events::v1::{GrantClosed, GrantDrafted, triage_event::Event},
        grants::v1::CaseMoney,
        triage::v1,
    };
    use flare_kernel::GrantId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_case_closes_once_nothing_is_open, crate::SCHEMA);
    async fn a_case_closes_once_nothing_is_open(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let need = world.need(case, 1).await;
        let close = async |exit: &str| {
            let request = CloseCaseRequest {
                case_id: case.to_string(),
                version: world.version(case).await,
                exit: exit.to_owned(),
                words: Some(sealed("notes.close", 1, 1)),
                ..CloseCaseRequest::default()
            };
            world.act::<CloseCase>(1, request).await
        };
        assert_eq!(refusal(close("helped").await).reason, "NEEDS_OPEN");
        world.give(case, need).await;
        let grant = GrantId::from_bytes([1; 16]).to_string();
        let case_id = case.to_string();
        world
            .grants(GrantDrafted {
                case_id: case_id.clone(),
                grant_id: grant.clone(),
                ..GrantDrafted::default()
            })
            .await;
        assert_eq!(refusal(close("helped").await).reason, "GRANTS_OPEN");
        world.grants(GrantClosed { case_id, grant_id: grant, ..GrantClosed::default() }).await;
        assert_eq!(refusal(close("withdrawn").await).violations[0].field, "exit");
        assert_eq!(refusal(close("bored").await).violations[0].field, "exit");
        assert_eq!(stage(&close("helped").await.unwrap()), v1::Stage::Closed);
        let read = world.read(case).await;
        assert_eq!((&*read.exit, read.exit_words.is_some()), ("helped", true));
        assert!(world.timers().await.is_empty());
        assert_eq!(refusal(close("helped").await).reason, "WRONG_STAGE");
    }

    on_both_engines!(a_withdrawn_case_closes_once_its_money_stopped, crate::SCHEMA);
    async fn a_withdrawn_case_closes_once_its_money_stopped(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.need(case, 1).await;
        world.withdraw(case, 1).await;
        let close = async |exit: &str| {
            let request = CloseCaseRequest {
                case_id: case.to_string(),
                version: world.version(case).await,
                exit: exit.to_owned(),
                ..CloseCaseRequest::default()
            };
            world.act::<CloseCase>(1, request).await
        };
        assert_eq!(refusal(close("helped").await).violations[0].field, "exit");
        assert_eq!(refusal(close("withdrawn").await).reason, "MONEY_NOT_STOPPED");
        world.triage.ask_at_once(case).await.unwrap().unwrap();
        assert_eq!(stage(&close("withdrawn").await.unwrap()), v1::Stage::Closed);
    }

    on_both_engines!(an_ended_case_opens_again, crate::SCHEMA);
    async fn an_ended_case_opens_again(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.closed(1).await;
        let state = world.reopen(case).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Assessing);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
        assert_eq!(world.read(case).await.exit, "");
        assert_eq!(world.last_event(case).await.0, "CaseReopened");
        assert!(world.grants.answers().is_empty(), "its money never stopped");
        assert_eq!(refusal(world.reopen(case).await).reason, "WRONG_STAGE");
    }

    on_both_engines!(a_case_that_was_withdrawn_while_paused_is_paused_still, crate::SCHEMA);
    async fn a_case_that_was_withdrawn_while_paused_is_paused_still(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        world.withdraw(case, 1).await;
        assert_eq!(stage(&world.reopen(case).await.unwrap()), v1::Stage::Paused);
        let events = world.events(case).await;
        let [.., Event::CaseReopened(_), Event::CaseStopped(stopped)] = &*events else {
            panic!("{events:?}")
        };
        assert_eq!(stopped.how, "paused");
        world.triage.ask_at_once(case).await.unwrap();
        assert_eq!(world.grants.answers(), [CaseMoney::Held], "its money stays held");
    }
}
