//! The requester says whether a payment arrived.

use flare_contracts::{
    Refusal, StepCode,
    common::v1::SignedAct,
    events::v1::{ArrivalReported, IntakeEvent},
    input,
    intake::v1::{ReportArrivalRequest, ReportArrivalResponse},
    requester_act::verify_call,
};
use flare_kernel::{CaseId, GrantId, Money, TrancheId};
use flare_store::{Error, Tx, Write};

use crate::{
    author::REQUESTER,
    store::{self, receipts::Opened},
};

/// See the module.
pub(crate) struct ReportArrival {
    case: CaseId,
    grant: GrantId,
    tranche: TrancheId,
    arrived: Money,
    act: SignedAct,
}

impl ReportArrival {
    pub(crate) fn parse(by: &Opened, request: &ReportArrivalRequest) -> Result<Self, Refusal> {
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            arrived: input::money("arrived", request.arrived.as_ref())?,
            act: verify_call(request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for ReportArrival {
    type Output = ReportArrivalResponse;

    /// Money that was sent arrives or does not, whatever became of the case: this is asked of an ended one too.
    async fn apply(&self, tx: &mut Tx) -> Result<ReportArrivalResponse, Error> {
        let (view, grant) = super::locked_grant(tx, self.case, self.grant).await?;
        let tranche = store::grants::find_tranche(tx, grant.id, self.tranche).await?;
        let tranche = tranche.ok_or_else(|| Refusal::not_found("tranche"))?;
        tranche.may_arrive(self.arrived)?;
        let event: IntakeEvent = ArrivalReported {
            case_id: self.case.to_string(),
            grant_id: self.grant.to_string(),
            tranche_id: self.tranche.to_string(),
            arrived: Some(input::money_out(self.arrived)),
            act: Some(self.act.clone()),
        }
        .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::ArrivalReported, self.tranche.to_string()).await?;
        super::heard(tx, view).await?;
        Ok(ReportArrivalResponse { version: tx.version(self.case) })
    }
}
