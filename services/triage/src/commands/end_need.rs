//! Ending a need that needs no grant from us: it was answered directly, or somebody else covers it.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, CoverNeedRequest, GiveDirectlyRequest},
};
use flare_kernel::{NeedId, StaffId};
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, TriagePolicy, domain::Outcome, store};

/// Ends a need, and keeps in words what it was ended with.
pub(crate) struct EndNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) outcome: Outcome,
    pub(crate) words: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl EndNeed {
    /// With advice, a letter, an introduction or advocacy.
    pub(crate) fn give(
        desk: &Triage,
        officer: StaffId,
        request: &GiveDirectlyRequest,
    ) -> Result<Self, Refusal> {
        let seen = SeenCase::parse(officer, &request.case_id, request.version)?;
        Self::with(desk, seen, Outcome::Given, &request.need_id, request.words.as_ref())
    }

    /// By leaving it to another organisation, which covers it already.
    pub(crate) fn cover(
        desk: &Triage,
        officer: StaffId,
        request: &CoverNeedRequest,
    ) -> Result<Self, Refusal> {
        let seen = SeenCase::parse(officer, &request.case_id, request.version)?;
        Self::with(desk, seen, Outcome::Covered, &request.need_id, request.words.as_ref())
    }

    fn with(
        desk: &Triage,
        seen: SeenCase,
        outcome: Outcome,
        need_id: &str,
        words: Option<&SealedField>,
    ) -> Result<Self, Refusal> {
        let need: NeedId = input::id("need_id", need_id)?;
        let words = input::sealed("words", words.cloned(), &fields::need(need))?;
        Ok(Self { seen, need, outcome, words, policy: desk.policy() })
    }
}

impl Write for EndNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let mut needs = store::needs(tx, case.id).await?;
        let need = needs.get_mut(self.need)?;
        let ended = case.end_need(need, self.outcome)?;
        store::save_need(tx, case.id, need).await?;
        store::put_sealed(tx, case.id, "words", &self.words).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, ended).await
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

    async fn given(desk: &Desk, case: CaseId, need: NeedId) -> Result<CaseState, Error> {
        let request = GiveDirectlyRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            words: Some(sealed(fields::need(need).name, 1, 1)),
            ..GiveDirectlyRequest::default()
        };
        desk.act(EndNeed::give, 1, request).await
    }

    async fn covered(desk: &Desk, case: CaseId, need: NeedId) -> Result<CaseState, Error> {
        let request = CoverNeedRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            words: Some(sealed(fields::need(need).name, 1, 1)),
            ..CoverNeedRequest::default()
        };
        desk.act(EndNeed::cover, 1, request).await
    }

    on_both_engines!(a_need_is_given_or_covered_once, crate::SCHEMA);
    async fn a_need_is_given_or_covered_once(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let (one, other) = (desk.need(case, 1).await, desk.need(case, 2).await);
        assert_eq!(stage(&given(&desk, case, one).await.unwrap()), v1::Stage::Assessing, "one is left");
        assert_eq!(desk.last_event(case).await.0, "NeedEnded");
        assert_eq!(stage(&covered(&desk, case, other).await.unwrap()), v1::Stage::Decided);
        assert_eq!(desk.last_event(case).await.0, "NeedEnded");
        let needs = desk.read(case).await.needs;
        let ended = needs.iter().map(|need| (need.outcome(), need.words.is_some()));
        assert!(ended.eq([(v1::Outcome::Given, true), (v1::Outcome::Covered, true)]));
        for need in [one, other] {
            assert_eq!(refusal(given(&desk, case, need).await).reason, "NEED_NOT_OPEN");
            assert_eq!(refusal(covered(&desk, case, need).await).reason, "NEED_NOT_OPEN");
        }
        let unknown = NeedId::from_bytes([9; 16]);
        assert_eq!(refusal(given(&desk, case, unknown).await).reason, "NOT_FOUND");
        assert_eq!(refusal(covered(&desk, case, unknown).await).reason, "NOT_FOUND");
    }
}
