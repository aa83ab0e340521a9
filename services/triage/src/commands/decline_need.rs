//! Declining a need.

use flare_contracts::{
    Refusal, codes,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, DeclineNeedRequest},
};
use flare_kernel::{MessageId, NeedId, StaffId};
use flare_store::{Error, Tx, Write};

use super::{SeenCase, sealed_or_none};
use crate::{Triage, TriagePolicy, store};

/// Declines a need. The words for the requester stand in the thread already; here are those for staff.
pub(crate) struct DeclineNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) reason: &'static str,
    pub(crate) message: MessageId,
    pub(crate) words: Option<SealedField>,
    pub(crate) policy: TriagePolicy,
}

impl DeclineNeed {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &DeclineNeedRequest,
    ) -> Result<Self, Refusal> {
        let need: NeedId = input::id("need_id", &request.need_id)?;
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            need,
            reason: input::code("reason", &request.reason, codes::WHY_DECLINED)?,
            message: input::id("message_id", &request.message_id)?,
            words: sealed_or_none("words", request.words.as_ref(), &fields::need(need))?,
            policy: desk.policy(),
        })
    }
}

impl Write for DeclineNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let mut needs = store::needs(tx, case.id).await?;
        let need = needs.get_mut(self.need)?;
        let declined = case.decline_need(need, self.seen.officer, self.reason, self.message)?;
        store::save_need(tx, case.id, need).await?;
        if let Some(words) = &self.words {
            store::put_sealed(tx, case.id, "words", words).await?;
        }
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, declined).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(a_decline_names_its_reason_and_its_message, crate::SCHEMA);
    async fn a_decline_names_its_reason_and_its_message(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        let request = DeclineNeedRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            reason: "no_funds".to_owned(),
            message_id: MessageId::from_bytes([1; 16]).to_string(),
            ..DeclineNeedRequest::default()
        };
        let silent = DeclineNeedRequest { message_id: String::new(), ..request.clone() };
        assert_eq!(refusal(desk.act(DeclineNeed::parse, 1, silent).await).violations[0].field, "message_id");
        let unsaid = DeclineNeedRequest { reason: "dislike".to_owned(), ..request.clone() };
        assert_eq!(refusal(desk.act(DeclineNeed::parse, 1, unsaid).await).violations[0].field, "reason");
        let state = desk.act(DeclineNeed::parse, 1, request).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let shown = desk.read(case).await.needs.remove(0);
        assert_eq!((shown.outcome(), &*shown.reason), (v1::Outcome::Declined, "no_funds"));
    }
}
