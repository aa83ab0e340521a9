//! Handing a need to another organisation.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, ReferNeedRequest},
};
use flare_kernel::{NeedId, ReferralId, StaffId};
use flare_store::{Error, Tx, Write};

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

impl ReferNeed {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &ReferNeedRequest,
    ) -> Result<Self, Refusal> {
        let referral: ReferralId = input::id("referral_id", &request.referral_id)?;
        let description = request.description.clone();
        if !request.consented {
            return Err(Refusal::invalid("consented", TriageRule::NotConsented));
        }
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            need: input::id("need_id", &request.need_id)?,
            referral,
            description: input::sealed("description", description, &fields::referral(referral))?,
            policy: desk.policy(),
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

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(a_need_goes_to_others_with_consent_only, crate::SCHEMA);
    async fn a_need_goes_to_others_with_consent_only(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        let need = desk.need(case, 1).await;
        let referral: ReferralId = id(1);
        let request = ReferNeedRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            need_id: need.to_string(),
            referral_id: referral.to_string(),
            description: Some(sealed(fields::referral(referral).name, 1, 1)),
            consented: false,
            ..ReferNeedRequest::default()
        };
        assert_eq!(
            refusal(desk.act(ReferNeed::parse, 1, request.clone()).await).violations[0].field,
            "consented"
        );
        let agreed = ReferNeedRequest { consented: true, ..request };
        let state = desk.act(ReferNeed::parse, 1, agreed).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Decided);
        let read = desk.read(case).await;
        assert_eq!(read.summary.unwrap().next, "referral");
        assert_eq!(read.referrals[0].state(), v1::ReferralState::Sent);
        assert_eq!(desk.timers().await, [("referral".to_owned(), 48)]);
    }
}
