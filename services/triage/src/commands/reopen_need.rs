//! Opening a need again.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{CaseState, ReopenNeedRequest},
};
use flare_kernel::{NeedId, StaffId};
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// Takes back a recommendation that no grant was drafted for, or has a decline decided anew by somebody else.
pub(crate) struct ReopenNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl ReopenNeed {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &ReopenNeedRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            need: input::id("need_id", &request.need_id)?,
            reason: input::code("reason", &request.reason, codes::WHY_NEED_REOPENED)?,
            policy: desk.policy(),
        })
    }
}

impl Write for ReopenNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let mut needs = store::needs(tx, case.id).await?;
        let need = needs.get_mut(self.need)?;
        let reopened = case.reopen_need(need, self.seen.officer, self.reason)?;
        store::save_need(tx, case.id, need).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, reopened).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::Lane,
        events::v1::GrantDrafted,
        fields,
        triage::v1::{DeclineNeedRequest, Outcome},
    };
    use flare_kernel::{CaseId, GrantId, MessageId};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::{commands::DeclineNeed, fixtures::*};

    async fn reopen(desk: &Desk, case: CaseId, need: NeedId, officer: u8) -> Result<CaseState, Error> {
        let request = ReopenNeedRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            reason: "review".to_owned(),
            ..ReopenNeedRequest::default()
        };
        desk.act(ReopenNeed::parse, officer, request).await
    }

    on_both_engines!(a_recommendation_is_taken_back_until_a_grant_is_drafted, crate::SCHEMA);
    async fn a_recommendation_is_taken_back_until_a_grant_is_drafted(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        assert_eq!(refusal(reopen(&desk, case, need, 1).await).reason, "NEED_NOT_REOPENED");
        desk.recommend(case, need, 1).await;
        reopen(&desk, case, need, 1).await.unwrap();
        assert_eq!(desk.read(case).await.needs[0].outcome(), Outcome::Open);
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)]);
        desk.recommend(case, need, 2).await;
        let drafted = GrantDrafted {
            case_id: case.to_string(),
            grant_id: GrantId::from_bytes([1; 16]).to_string(),
            need_ids: vec![need.to_string()],
            ..GrantDrafted::default()
        };
        desk.grants(drafted).await;
        assert_eq!(refusal(reopen(&desk, case, need, 1).await).reason, "GRANT_DRAFTED");
    }

    on_both_engines!(a_decline_is_reviewed_by_somebody_else, crate::SCHEMA);
    async fn a_decline_is_reviewed_by_somebody_else(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        for version in 1..3 {
            let request = DeclineNeedRequest {
                case_id: case.to_string(),
                version: desk.version(case).await,
                need_id: need.to_string(),
                reason: "no_funds".to_owned(),
                message_id: MessageId::from_bytes([1; 16]).to_string(),
                words: Some(sealed(fields::need(need).name, version, 1)),
                ..DeclineNeedRequest::default()
            };
            desk.act(DeclineNeed::parse, 1, request).await.unwrap();
            assert_eq!(refusal(reopen(&desk, case, need, 1).await).reason, "SECOND_PERSON_NEEDED");
            reopen(&desk, case, need, 2).await.unwrap();
            let shown = desk.read(case).await.needs.remove(0);
            assert_eq!((shown.outcome(), &*shown.reason), (Outcome::Open, ""));
            assert_eq!(shown.words.unwrap().version, version, "whoever decides anew writes the next version");
        }
    }
}
