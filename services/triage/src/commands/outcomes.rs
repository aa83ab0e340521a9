//! What becomes of a need that gets no grant: answered directly, covered by others, declined; and its opening again.

use flare_access::Staff;
use flare_contracts::{
    Refusal, codes,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, CoverNeedRequest, DeclineNeedRequest, GiveDirectlyRequest, ReopenNeedRequest},
};
use flare_kernel::{MessageId, NeedId};
use flare_store::{Command, Error, Tx, Write};

use super::{SeenCase, sealed_or_none};
use crate::{Triage, TriagePolicy, domain::Outcome, store};

/// Ends a need with advice, a letter, an introduction or advocacy.
pub(crate) struct GiveDirectly(EndNeed);

impl Command for GiveDirectly {
    type Service = Triage;
    type By = Staff;
    type Request = GiveDirectlyRequest;

    fn parse(triage: &Triage, by: &Staff, request: GiveDirectlyRequest) -> Result<Self, Error> {
        let seen = SeenCase::parse(by, &request.case_id, request.version)?;
        Ok(Self(EndNeed::parse(triage, seen, Outcome::Given, &request.need_id, request.words)?))
    }
}

impl Write for GiveDirectly {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        self.0.apply(tx).await
    }
}

/// Ends a need by leaving it to another organisation, which covers it already.
pub(crate) struct CoverNeed(EndNeed);

impl Command for CoverNeed {
    type Service = Triage;
    type By = Staff;
    type Request = CoverNeedRequest;

    fn parse(triage: &Triage, by: &Staff, request: CoverNeedRequest) -> Result<Self, Error> {
        let seen = SeenCase::parse(by, &request.case_id, request.version)?;
        Ok(Self(EndNeed::parse(triage, seen, Outcome::Covered, &request.need_id, request.words)?))
    }
}

impl Write for CoverNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        self.0.apply(tx).await
    }
}

/// Ends a need that needs no grant from us, and keeps in words what it was ended with.
struct EndNeed {
    seen: SeenCase,
    need: NeedId,
    outcome: Outcome,
    words: SealedField,
    policy: TriagePolicy,
}

impl EndNeed {
    fn parse(
        triage: &Triage,
        seen: SeenCase,
        outcome: Outcome,
        need_id: &str,
        words: Option<SealedField>,
    ) -> Result<Self, Refusal> {
        let need: NeedId = input::id("need_id", need_id)?;
        let words = input::sealed("words", words, &fields::need(need))?;
        Ok(Self { seen, need, outcome, words, policy: triage.policy() })
    }

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

/// Declines a need. The words for the requester stand in the thread already; here are those for staff.
pub(crate) struct DeclineNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) reason: &'static str,
    pub(crate) message: MessageId,
    pub(crate) words: Option<SealedField>,
    pub(crate) policy: TriagePolicy,
}

impl Command for DeclineNeed {
    type Service = Triage;
    type By = Staff;
    type Request = DeclineNeedRequest;

    fn parse(triage: &Triage, by: &Staff, request: DeclineNeedRequest) -> Result<Self, Error> {
        let need: NeedId = input::id("need_id", &request.need_id)?;
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            need,
            reason: input::code("reason", &request.reason, codes::WHY_DECLINED)?,
            message: input::id("message_id", &request.message_id)?,
            words: sealed_or_none("words", request.words.as_ref(), &fields::need(need))?,
            policy: triage.policy(),
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

/// Takes back a recommendation that no grant was drafted for, or has a decline decided anew by somebody else.
pub(crate) struct ReopenNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) reason: &'static str,
    pub(crate) policy: TriagePolicy,
}

impl Command for ReopenNeed {
    type Service = Triage;
    type By = Staff;
    type Request = ReopenNeedRequest;

    fn parse(triage: &Triage, by: &Staff, request: ReopenNeedRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            need: input::id("need_id", &request.need_id)?,
            reason: input::code("reason", &request.reason, codes::WHY_NEED_REOPENED)?,
            policy: triage.policy(),
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
        triage::v1::{self, Outcome},
    };
    use flare_kernel::{CaseId, GrantId};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    async fn given(world: &World, case: CaseId, need: NeedId) -> Result<CaseState, Error> {
        let request = GiveDirectlyRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            need_id: need.to_string(),
            words: Some(sealed(fields::need(need).name, 1, 1)),
            ..GiveDirectlyRequest::default()
        };
        world.act::<GiveDirectly>(1, request).await
    }

    async fn covered(world: &World, case: CaseId, need: NeedId) -> Result<CaseState, Error> {
        let request = CoverNeedRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            need_id: need.to_string(),
            words: Some(sealed(fields::need(need).name, 1, 1)),
            ..CoverNeedRequest::default()
        };
        world.act::<CoverNeed>(1, request).await
    }

    on_both_engines!(a_need_is_given_or_covered_once, crate::SCHEMA);
    async fn a_need_is_given_or_covered_once(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let (one, other) = (world.need(case, 1).await, world.need(case, 2).await);
        assert_eq!(stage(&given(&world, case, one).await.unwrap()), v1::Stage::Assessing, "one is left");
        assert_eq!(world.last_event(case).await.0, "NeedEnded");
        assert_eq!(stage(&covered(&world, case, other).await.unwrap()), v1::Stage::Decided);
        assert_eq!(world.last_event(case).await.0, "NeedEnded");
        let needs = world.read(case).await.needs;
        let ended = needs.iter().map(|need| (need.outcome(), need.words.is_some()));
        assert!(ended.eq([(v1::Outcome::Given, true), (v1::Outcome::Covered, true)]));
        for need in [one, other] {
            assert_eq!(refusal(given(&world, case, need).await).reason, "NEED_NOT_OPEN");
            assert_eq!(refusal(covered(&world, case, need).await).reason, "NEED_NOT_OPEN");
        }
        let unknown = NeedId::from_bytes([9; 16]);
        assert_eq!(refusal(given(&world, case, unknown).await).reason, "NOT_FOUND");
        assert_eq!(refusal(covered(&world, case, unknown).await).reason, "NOT_FOUND");
    }

    on_both_engines!(a_decline_names_its_reason_and_its_message, crate::SCHEMA);
    async fn a_decline_names_its_reason_and_its_message(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let need = world.need(case, 1).await;
        let request = DeclineNeedRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            need_id: need.to_string(),
            reason: "no_funds".to_owned(),
            message_id: MessageId::from_bytes([1; 16]).to_string(),
            ..DeclineNeedRequest::default()
        };
        let silent = DeclineNeedRequest { message_id: String::new(), ..request.clone() };
        assert_eq!(refusal(world.act::<DeclineNeed>(1, silent).await).violations[0].field, "message_id");
        let unsaid = DeclineNeedRequest { reason: "dislike".to_owned(), ..request.clone() };
        assert_eq!(refusal(world.act::<DeclineNeed>(1, unsaid).await).violations[0].field, "reason");
        let state = world.act::<DeclineNeed>(1, request).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let shown = world.read(case).await.needs.remove(0);
        assert_eq!((shown.outcome(), &*shown.reason), (v1::Outcome::Declined, "no_funds"));
    }

    async fn reopen(world: &World, case: CaseId, need: NeedId, officer: u8) -> Result<CaseState, Error> {
        let request = ReopenNeedRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            need_id: need.to_string(),
            reason: "review".to_owned(),
            ..ReopenNeedRequest::default()
        };
        world.act::<ReopenNeed>(officer, request).await
    }

    on_both_engines!(a_recommendation_is_taken_back_until_a_grant_is_drafted, crate::SCHEMA);
    async fn a_recommendation_is_taken_back_until_a_grant_is_drafted(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let need = world.need(case, 1).await;
        assert_eq!(refusal(reopen(&world, case, need, 1).await).reason, "NEED_NOT_REOPENED");
        world.recommend(case, need, 1).await;
        reopen(&world, case, need, 1).await.unwrap();
        assert_eq!(world.read(case).await.needs[0].outcome(), Outcome::Open);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
        world.recommend(case, need, 2).await;
        let drafted = GrantDrafted {
            case_id: case.to_string(),
            grant_id: GrantId::from_bytes([1; 16]).to_string(),
            need_ids: vec![need.to_string()],
            ..GrantDrafted::default()
        };
        world.grants(drafted).await;
        assert_eq!(refusal(reopen(&world, case, need, 1).await).reason, "GRANT_DRAFTED");
    }

    on_both_engines!(a_decline_is_reviewed_by_somebody_else, crate::SCHEMA);
    async fn a_decline_is_reviewed_by_somebody_else(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let need = world.need(case, 1).await;
        for version in 1..3 {
            let request = DeclineNeedRequest {
                case_id: case.to_string(),
                version: world.version(case).await,
                need_id: need.to_string(),
                reason: "no_funds".to_owned(),
                message_id: MessageId::from_bytes([1; 16]).to_string(),
                words: Some(sealed(fields::need(need).name, version, 1)),
                ..DeclineNeedRequest::default()
            };
            world.act::<DeclineNeed>(1, request).await.unwrap();
            assert_eq!(refusal(reopen(&world, case, need, 1).await).reason, "SECOND_PERSON_NEEDED");
            reopen(&world, case, need, 2).await.unwrap();
            let shown = world.read(case).await.needs.remove(0);
            assert_eq!((shown.outcome(), &*shown.reason), (Outcome::Open, ""));
            assert_eq!(shown.words.unwrap().version, version, "whoever decides anew writes the next version");
        }
    }
}
