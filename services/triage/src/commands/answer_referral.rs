//! Noting what another organisation said to a referral.

use flare_contracts::{
    Refusal, input,
    triage::v1::{AnswerReferralRequest, CaseState},
};
use flare_kernel::{ReferralId, StaffId};
use flare_store::{Error, Tx, Write};

use super::{SeenCase, referrals_changed};
use crate::{Triage, TriagePolicy, store};

/// Notes that another organisation took a need, or did not.
pub(crate) struct AnswerReferral {
    pub(crate) seen: SeenCase,
    pub(crate) referral: ReferralId,
    pub(crate) accepted: bool,
    pub(crate) policy: TriagePolicy,
}

impl AnswerReferral {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &AnswerReferralRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            referral: input::id("referral_id", &request.referral_id)?,
            accepted: request.accepted,
            policy: desk.policy(),
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
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(an_answer_ends_the_need_or_opens_it, crate::SCHEMA);
    async fn an_answer_ends_the_need_or_opens_it(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let (taken, refused) = (desk.referral(case, 1).await, desk.referral(case, 2).await);
        let answer = async |referral: ReferralId, accepted| {
            let request = AnswerReferralRequest {
                case_id: case.to_string(),
                version: desk.version(case).await,
                referral_id: referral.to_string(),
                accepted,
                ..AnswerReferralRequest::default()
            };
            desk.act(AnswerReferral::parse, 1, request).await
        };
        assert_eq!(stage(&answer(taken, true).await.unwrap()), v1::Stage::Decided);
        assert_eq!(stage(&answer(refused, false).await.unwrap()), v1::Stage::Assessing);
        let outcomes: Vec<_> = desk.read(case).await.needs.iter().map(v1::Need::outcome).collect();
        assert_eq!(outcomes, [v1::Outcome::ReferralAccepted, v1::Outcome::Open]);
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)], "no referral is out any more");
        assert_eq!(refusal(answer(taken, false).await).reason, "REFERRAL_ANSWERED");
        assert_eq!(refusal(answer(id(9), true).await).reason, "NOT_FOUND");
    }

    on_both_engines!(silence_puts_the_need_back_and_a_late_yes_still_counts, crate::SCHEMA);
    async fn silence_puts_the_need_back_and_a_late_yes_still_counts(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let first = desk.referral(case, 1).await;
        desk.advance_hours(24);
        desk.referral(case, 2).await;
        desk.advance_hours(24);
        assert_eq!(desk.fire_timers().await, 1);
        let read = desk.read(case).await;
        assert_eq!(shown(&read).0, v1::Stage::Assessing);
        let outcomes: Vec<_> = read.needs.iter().map(v1::Need::outcome).collect();
        assert_eq!(outcomes, [v1::Outcome::Open, v1::Outcome::Referred]);
        assert_eq!(desk.last_event(case).await, ("ReferralUnanswered".to_owned(), "system:timer".to_owned()));
        assert!(desk.timers().await.contains(&("referral".to_owned(), 24)), "the second is still out");

        let request = AnswerReferralRequest {
            case_id: case.to_string(),
            version: read.version,
            referral_id: first.to_string(),
            accepted: true,
            ..AnswerReferralRequest::default()
        };
        let state = desk.act(AnswerReferral::parse, 1, request).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        desk.advance_hours(24);
        assert_eq!(desk.fire_timers().await, 1);
        assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)]);
    }
}
