//! A need in the hands of another organisation: handed over, and what they said.

use flare_access::Staff;
use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    fields, input,
    triage::v1::{AnswerReferralRequest, CaseState, ReferNeedRequest},
};
use flare_kernel::{NeedId, ReferralId};
use flare_store::{Command, Error, Tx, Write};

use super::{MOST_REFERRALS, SeenCase, at_most, referrals_changed};
use crate::{Triage, TriagePolicy, refusals::TriageRule, store};

/// Hands a need to another organisation, with the requester's consent.
pub(crate) struct ReferNeed {
    pub(crate) seen: SeenCase,
    pub(crate) need: NeedId,
    pub(crate) referral: ReferralId,
    pub(crate) description: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl Command for ReferNeed {
    type Service = Triage;
    type By = Staff;
    type Request = ReferNeedRequest;

    fn parse(triage: &Triage, by: &Staff, request: ReferNeedRequest) -> Result<Self, Error> {
        let referral: ReferralId = input::id("referral_id", &request.referral_id)?;
        let description = request.description;
        if !request.consented {
            return Err(Refusal::invalid("consented", TriageRule::NotConsented).into());
        }
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            need: input::id("need_id", &request.need_id)?,
            referral,
            description: input::sealed("description", description, &fields::referral(referral))?,
            policy: triage.policy(),
        })
    }
}

impl Write for ReferNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let mut needs = store::needs(tx, case.id).await?;
        at_most("referrals", store::referrals(tx, case.id).await?.len(), MOST_REFERRALS)?;
        let need = needs.get_mut(self.need)?;
        let (referral, referred) = case.refer_need(need, self.referral, tx.now(), &self.policy)?;
        store::add_referral(tx, case.id, &referral).await?;
        store::save_need(tx, case.id, need).await?;
        store::put_sealed(tx, case.id, "description", &self.description).await?;
        referrals_changed(tx, &mut case).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, referred).await
    }
}

/// Notes that another organisation took a need, or did not.
pub(crate) struct AnswerReferral {
    pub(crate) seen: SeenCase,
    pub(crate) referral: ReferralId,
    pub(crate) accepted: bool,
    pub(crate) policy: TriagePolicy,
}

impl Command for AnswerReferral {
    type Service = Triage;
    type By = Staff;
    type Request = AnswerReferralRequest;

    fn parse(triage: &Triage, by: &Staff, request: AnswerReferralRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            referral: input::id("referral_id", &request.referral_id)?,
            accepted: request.accepted,
            policy: triage.policy(),
        })
    }
}

impl Write for AnswerReferral {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let referral = store::referral(tx, case.id, self.referral).await?;
        let mut referral = referral.ok_or_else(|| Refusal::not_found("referral"))?;
        let mut needs = store::needs(tx, case.id).await?;
        let need = needs.get_mut(referral.need)?;
        let answered = case.answer_referral(&mut referral, need, self.accepted)?;
        store::save_referral(tx, case.id, &referral).await?;
        store::save_need(tx, case.id, need).await?;
        referrals_changed(tx, &mut case).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, answered).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, triage::v1};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_need_goes_to_others_with_consent_only, crate::SCHEMA);
    async fn a_need_goes_to_others_with_consent_only(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let need = world.need(case, 1).await;
        let referral: ReferralId = id(1);
        let request = ReferNeedRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            need_id: need.to_string(),
            referral_id: referral.to_string(),
            description: Some(sealed(fields::referral(referral).name, 1, 1)),
            consented: false,
            ..ReferNeedRequest::default()
        };
        assert_eq!(
            refusal(world.act::<ReferNeed>(1, request.clone()).await).violations[0].field,
            "consented"
        );
        let agreed = ReferNeedRequest { consented: true, ..request };
        let state = world.act::<ReferNeed>(1, agreed).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let read = world.read(case).await;
        assert_eq!(read.summary.unwrap().next, "referral");
        assert_eq!(read.referrals[0].state(), v1::ReferralState::Sent);
        assert_eq!(world.timers().await, [("referral".to_owned(), 48)]);
    }

    on_both_engines!(an_answer_ends_the_need_or_opens_it, crate::SCHEMA);
    async fn an_answer_ends_the_need_or_opens_it(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let (taken, refused) = (world.referral(case, 1).await, world.referral(case, 2).await);
        let answer = async |referral: ReferralId, accepted| {
            let request = AnswerReferralRequest {
                case_id: case.to_string(),
                version: world.version(case).await,
                referral_id: referral.to_string(),
                accepted,
                ..AnswerReferralRequest::default()
            };
            world.act::<AnswerReferral>(1, request).await
        };
        assert_eq!(stage(&answer(taken, true).await.unwrap()), v1::Stage::Decided);
        assert_eq!(stage(&answer(refused, false).await.unwrap()), v1::Stage::Assessing);
        let outcomes: Vec<_> = world.read(case).await.needs.iter().map(v1::Need::outcome).collect();
        assert_eq!(outcomes, [v1::Outcome::ReferralAccepted, v1::Outcome::Open]);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)], "no referral is out any more");
        assert_eq!(refusal(answer(taken, false).await).reason, "REFERRAL_ANSWERED");
        assert_eq!(refusal(answer(id(9), true).await).reason, "NOT_FOUND");
    }

    on_both_engines!(silence_puts_the_need_back_and_a_late_yes_still_counts, crate::SCHEMA);
    async fn silence_puts_the_need_back_and_a_late_yes_still_counts(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let first = world.referral(case, 1).await;
        world.advance_hours(24);
        world.referral(case, 2).await;
        world.advance_hours(24);
        assert_eq!(world.fire_timers().await, 1);
        let read = world.read(case).await;
        assert_eq!(shown(&read).0, v1::Stage::Assessing);
        let outcomes: Vec<_> = read.needs.iter().map(v1::Need::outcome).collect();
        assert_eq!(outcomes, [v1::Outcome::Open, v1::Outcome::Referred]);
        let unanswered = ("ReferralUnanswered".to_owned(), "system:timer".to_owned());
        assert_eq!(world.last_event(case).await, unanswered);
        assert!(world.timers().await.contains(&("referral".to_owned(), 24)), "the second is still out");

        let request = AnswerReferralRequest {
            case_id: case.to_string(),
            version: read.version,
            referral_id: first.to_string(),
            accepted: true,
            ..AnswerReferralRequest::default()
        };
        let state = world.act::<AnswerReferral>(1, request).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        world.advance_hours(24);
        assert_eq!(world.fire_timers().await, 1);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
    }
}
