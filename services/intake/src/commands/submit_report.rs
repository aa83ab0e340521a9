//! The requester reports on a grant, in a message of the thread.

use flare_contracts::{
    InputRule, Refusal, StepCode,
    common::v1::SignedAct,
    events::v1::{IntakeEvent, ReportSubmitted},
    input,
    intake::v1::{MessageKind, SubmitReportRequest, SubmitReportResponse},
    requester_act::verify_call,
};
use flare_kernel::{CaseId, GrantId, MessageId};
use flare_store::{Error, Tx, Write};

use crate::{
    author::REQUESTER,
    store::{self, receipts::Opened},
};

/// See the module.
pub(crate) struct SubmitReport {
    case: CaseId,
    grant: GrantId,
    message: MessageId,
    act: SignedAct,
}

impl SubmitReport {
    pub(crate) fn parse(by: &Opened, request: &SubmitReportRequest) -> Result<Self, Refusal> {
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            message: input::id("message_id", &request.message_id)?,
            act: verify_call(request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for SubmitReport {
    type Output = SubmitReportResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<SubmitReportResponse, Error> {
        let (view, grant) = super::locked_grant(tx, self.case, self.grant).await?;
        grant.may_report()?;
        let (grant_id, message_id) = (self.grant.to_string(), self.message.to_string());
        let known = store::messages::find(tx, self.case, self.message).await?;
        if known.is_none_or(|known| {
            known.kind != MessageKind::Report || known.about != grant_id || !known.is_text_of(&self.act)
        }) {
            return Err(Refusal::invalid("message_id", InputRule::NotYourReport).into());
        }
        let case_id = self.case.to_string();
        let event: IntakeEvent =
            ReportSubmitted { case_id, grant_id: grant_id.clone(), message_id, act: Some(self.act.clone()) }
                .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::ReportSubmitted, grant_id).await?;
        super::heard(tx, view).await?;
        Ok(SubmitReportResponse { version: tx.version(self.case) })
    }
}
