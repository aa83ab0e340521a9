//! Asking for a grant.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal,
    common::v1::SealedField,
    fields, input,
    limits::{HIGHEST_SCORE, NEEDS_OF_A_GRANT},
    triage::v1::{self, CaseState, RecommendGrantRequest},
};
use flare_store::{Command, Error, Tx, Write};

use super::SeenCase;
use crate::{
    Triage, TriagePolicy,
    domain::{Recommendation, Scores},
    store,
};

/// Asks for a grant for one or more needs.
pub(crate) struct RecommendGrant {
    pub(crate) seen: SeenCase,
    pub(crate) recommendation: Recommendation,
    pub(crate) words: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl Command for RecommendGrant {
    type Service = Triage;
    type By = Staff;
    type Request = RecommendGrantRequest;

    fn parse(triage: &Triage, by: &Staff, request: RecommendGrantRequest) -> Result<Self, Error> {
        let needs = input::ids("need_ids", &request.need_ids, NEEDS_OF_A_GRANT)?;
        let first = *needs.first().ok_or_else(|| Refusal::invalid("need_ids", InputRule::NoneGiven))?;
        let amount = input::money("amount", request.amount.as_ref())?;
        if amount.is_zero() {
            return Err(Refusal::invalid("amount.minor_units", InputRule::AmountZero).into());
        }
        let scores = request.scores.as_ref().map(scores).transpose()?;
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            words: input::sealed("words", request.words, &fields::recommendation(first))?,
            recommendation: Recommendation { needs, amount, scores },
            policy: triage.policy(),
        })
    }
}

fn scores(given: &v1::Scores) -> Result<Scores, Refusal> {
    let named = [
        ("relevance_to_context", given.relevance_to_context),
        ("potential_for_result", given.potential_for_result),
        ("fit_with_what_we_support", given.fit_with_what_we_support),
        ("quality_and_feasibility", given.quality_and_feasibility),
        ("added_value", given.added_value),
    ];
    match named.iter().find(|(_, score)| *score > HIGHEST_SCORE) {
        Some((name, _)) => {
            let rule = InputRule::OutOfRange { least: 0, most: HIGHEST_SCORE.into() };
            Err(Refusal::invalid(format!("scores.{name}"), rule))
        }
        None => Ok(named.map(|(_, score)| score)),
    }
}

impl Write for RecommendGrant {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let mut needs = store::needs(tx, case.id).await?;
        let (changed, recommended) =
            case.recommend(&mut needs, &self.recommendation, tx.now(), &self.policy)?;
        for need in &changed {
            store::save_need(tx, case.id, need).await?;
        }
        store::add_recommendation(tx, case.id, self.seen.officer, &self.recommendation).await?;
        store::put_sealed(tx, case.id, "words", &self.words).await?;
        case.recount(&needs, tx.now(), &self.policy);
        store::finish(tx, &mut case, self.seen.officer, recommended).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::{common::v1::Money, events::v1::triage_event::Event};
    use flare_kernel::{CaseId, NeedId};

    fn request(
        case: CaseId,
        version: i64,
        needs: &[NeedId],
        currency: &str,
        cents: i64,
    ) -> RecommendGrantRequest {
        let first = needs.first().map(ToString::to_string).unwrap_or_default();
        RecommendGrantRequest {
            case_id: case.to_string(),
            version,
            need_ids: needs.iter().map(ToString::to_string).collect(),
            words: Some(sealed(format!("notes.recommendation.{first}"), 1, 1)),
            amount: Some(Money { currency: currency.to_owned(), minor_units: cents }),
            ..RecommendGrantRequest::default()
        }
    }

    const SCORES: v1::Scores = v1::Scores {
        relevance_to_context: 4,
        potential_for_result: 3,
        fit_with_what_we_support: 2,
        quality_and_feasibility: 1,
        added_value: 0,
    };

    on_both_engines!(a_light_grant_needs_no_scores, crate::SCHEMA);
    async fn a_light_grant_needs_no_scores(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Critical).await;
        let needs = [world.need(case, 1).await, world.need(case, 2).await];
        let version = world.version(case).await;
        let light = request(case, version, &needs, "EUR", 100_000);
        let state = world.act::<RecommendGrant>(1, light).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let read = world.read(case).await;
        assert!(read.needs.iter().all(|need| need.outcome() == v1::Outcome::Recommended));
        let recommendation = &read.recommendations[0];
        assert_eq!((recommendation.need_ids.len(), &recommendation.scores), (2, &None));
        assert!(recommendation.words.is_some());
        let events = world.events(case).await;
        let Some(Event::GrantRecommended(event)) = events.last() else { panic!("{events:?}") };
        assert_eq!((event.need_ids.len(), event.lane()), (2, Lane::Critical));
    }

    on_both_engines!(above_the_threshold_or_in_another_currency_scores_are_needed, crate::SCHEMA);
    async fn above_the_threshold_or_in_another_currency_scores_are_needed(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let needs = [world.need(case, 1).await];
        let version = world.version(case).await;
        for (currency, cents) in [("EUR", 100_001), ("USD", 1)] {
            let request = request(case, version, &needs, currency, cents);
            let refused = refusal(world.act::<RecommendGrant>(1, request).await);
            assert_eq!(refused.violations[0].field, "scores");
        }
        let wild = v1::Scores { added_value: 5, ..SCORES };
        let scored = |scores| RecommendGrantRequest {
            scores: Some(scores),
            ..request(case, version, &needs, "USD", 1)
        };
        let refused = refusal(world.act::<RecommendGrant>(1, scored(wild)).await);
        assert_eq!(refused.violations[0].field, "scores.added_value");
        world.act::<RecommendGrant>(1, scored(SCORES)).await.unwrap();
        assert_eq!(world.read(case).await.recommendations[0].scores, Some(SCORES));
    }

    on_both_engines!(what_is_not_money_or_not_open_is_refused, crate::SCHEMA);
    async fn what_is_not_money_or_not_open_is_refused(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        let needs = [world.need(case, 1).await];
        let version = world.version(case).await;
        let fields = [
            (request(case, version, &needs, "EUR", 0), "amount.minor_units"),
            (request(case, version, &needs, "EUR", -1), "amount.minor_units"),
            (request(case, version, &needs, "XYZ", 1), "amount.currency"),
            (request(case, version, &[], "EUR", 1), "need_ids"),
            (request(case, version, &[needs[0], needs[0]], "EUR", 1), "need_ids"),
        ];
        for (request, field) in fields {
            assert_eq!(refusal(world.act::<RecommendGrant>(1, request).await).violations[0].field, field);
        }
        let state = world.act::<RecommendGrant>(1, request(case, version, &needs, "EUR", 1)).await.unwrap();
        let again = request(case, state.version, &needs, "EUR", 1);
        assert_eq!(refusal(world.act::<RecommendGrant>(1, again).await).reason, "NEED_NOT_OPEN");
    }
}
