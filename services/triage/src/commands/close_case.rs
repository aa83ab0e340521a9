//! Closing a case.

use flare_contracts::{
    Refusal, codes,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, CloseCaseRequest},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::{SeenCase, sealed_or_none};
use crate::{Triage, TriagePolicy, store};

/// Closes a case in which nothing is left open.
pub(crate) struct CloseCase {
    pub(crate) seen: SeenCase,
    pub(crate) exit: &'static str,
    pub(crate) words: Option<SealedField>,
    pub(crate) policy: TriagePolicy,
}

impl CloseCase {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &CloseCaseRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            exit: input::code("exit", &request.exit, codes::EXITS)?,
            words: sealed_or_none("words", request.words.as_ref(), &fields::CLOSE)?,
            policy: desk.policy(),
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

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::{
        events::v1::{GrantClosed, GrantDrafted},
        triage::v1,
    };
    use flare_kernel::GrantId;

    on_both_engines!(a_case_closes_once_nothing_is_open, crate::SCHEMA);
    async fn a_case_closes_once_nothing_is_open(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        let close = async |exit: &str| {
            let request = CloseCaseRequest {
                case_id: case.to_string(),
                version: desk.version(case).await,
                exit: exit.to_owned(),
                words: Some(sealed("notes.close", 1, 1)),
                ..CloseCaseRequest::default()
            };
            desk.act(CloseCase::parse, 1, request).await
        };
        assert_eq!(refusal(close("helped").await).reason, "NEEDS_OPEN");
        desk.give(case, need).await;
        let grant = GrantId::from_bytes([1; 16]).to_string();
        let case_id = case.to_string();
        desk.grants(GrantDrafted {
            case_id: case_id.clone(),
            grant_id: grant.clone(),
            ..GrantDrafted::default()
        })
        .await;
        assert_eq!(refusal(close("helped").await).reason, "GRANTS_OPEN");
        desk.grants(GrantClosed { case_id, grant_id: grant, ..GrantClosed::default() }).await;
        assert_eq!(refusal(close("withdrawn").await).violations[0].field, "exit");
        assert_eq!(refusal(close("bored").await).violations[0].field, "exit");
        assert_eq!(stage(&close("helped").await.unwrap()), v1::Stage::Closed);
        let read = desk.read(case).await;
        assert_eq!((&*read.exit, read.exit_words.is_some()), ("helped", true));
        assert!(desk.timers().await.is_empty());
        assert_eq!(refusal(close("helped").await).reason, "WRONG_STAGE");
    }

    on_both_engines!(a_withdrawn_case_closes_once_its_money_stopped, crate::SCHEMA);
    async fn a_withdrawn_case_closes_once_its_money_stopped(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.need(case, 1).await;
        desk.withdraw(case, 1).await;
        let close = async |exit: &str| {
            let request = CloseCaseRequest {
                case_id: case.to_string(),
                version: desk.version(case).await,
                exit: exit.to_owned(),
                ..CloseCaseRequest::default()
            };
            desk.act(CloseCase::parse, 1, request).await
        };
        assert_eq!(refusal(close("helped").await).violations[0].field, "exit");
        assert_eq!(refusal(close("withdrawn").await).reason, "MONEY_NOT_STOPPED");
        desk.triage.ask_at_once(case).await.unwrap().unwrap();
        assert_eq!(stage(&close("withdrawn").await.unwrap()), v1::Stage::Closed);
    }
}
