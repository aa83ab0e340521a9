//! Leaving a need to whoever covers it already.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    input,
    triage::v1::{CaseState, CoverNeedRequest},
};
use flare_kernel::{CaseId, NeedId, StaffId};
use flare_store::{Error, Tx, Write};

use super::WORDS_LIMIT;
use crate::{Triage, TriagePolicy, domain::Outcome, store};

/// Ends a need that another organisation already covers.
pub(crate) struct CoverNeed {
    pub(crate) case: CaseId,
    pub(crate) version: i64,
    pub(crate) officer: StaffId,
    pub(crate) need: NeedId,
    pub(crate) words: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl CoverNeed {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &CoverNeedRequest,
    ) -> Result<Self, Refusal> {
        let need: NeedId = input::id("need_id", &request.need_id)?;
        let words =
            input::sealed("words", request.words.clone(), &format!("notes.need.{need}"), WORDS_LIMIT)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            version: input::version(request.version)?,
            officer,
            need,
            words,
            policy: desk.policy(),
        })
    }
}

impl Write for CoverNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::case_at(tx, self.case, self.version).await?;
        let mut needs = store::needs(tx, self.case).await?;
        let need = needs.get_mut(self.need)?;
        let ended = case.end_need(need, Outcome::Covered)?;
        store::save_need(tx, self.case, need).await?;
        store::put_sealed(tx, self.case, "words", &self.words).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.officer, ended).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(an_open_need_ends_once, crate::SCHEMA);
    async fn an_open_need_ends_once(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        let request = CoverNeedRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            words: Some(sealed(format!("notes.need.{need}"), 1, 1)),
            ..CoverNeedRequest::default()
        };
        let state = desk.act(CoverNeed::parse, 1, request.clone()).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let shown = desk.read(case).await.needs.remove(0);
        assert_eq!((shown.outcome(), shown.words.is_some()), (v1::Outcome::Covered, true));
        assert_eq!(desk.last_event(case).await.0, "NeedEnded");
        let again = CoverNeedRequest { version: state.version, ..request.clone() };
        let refused = refusal(desk.act(CoverNeed::parse, 1, again).await);
        assert_eq!(refused.reason, "NEED_NOT_OPEN");
        let other = NeedId::from_bytes([9; 16]);
        let unknown = CoverNeedRequest {
            version: state.version,
            need_id: other.to_string(),
            words: Some(sealed(format!("notes.need.{other}"), 1, 1)),
            ..request
        };
        assert_eq!(refusal(desk.act(CoverNeed::parse, 1, unknown).await).reason, "NOT_FOUND");
    }
}
