//! The requester accepts or refuses an agreement.

use flare_contracts::{
    Cause, InputRule, Refusal, StepCode,
    common::v1::SignedAct,
    events::v1::{AgreementAnswered, IntakeEvent},
    input,
    intake::v1::{AnswerAgreementRequest, AnswerAgreementResponse, MessageKind},
    requester_act::verify_call,
};
use flare_kernel::{CaseId, GrantId, MessageId};
use flare_store::{Error, Tx, Write};

use crate::{
    author::REQUESTER,
    store::{self, receipts::Opened},
};

/// See the module.
pub(crate) struct AnswerAgreement {
    case: CaseId,
    grant: GrantId,
    message: MessageId,
    accepts: bool,
    refuses_donor: bool,
    act: SignedAct,
}

impl AnswerAgreement {
    pub(crate) fn parse(by: &Opened, request: &AnswerAgreementRequest) -> Result<Self, Refusal> {
        if request.accepts && request.refuses_donor {
            return Err(Refusal::invalid("refuses_donor", InputRule::AcceptedAndRefused));
        }
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            message: input::id("message_id", &request.message_id)?,
            accepts: request.accepts,
            refuses_donor: request.refuses_donor,
            act: verify_call(request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for AnswerAgreement {
    type Output = AnswerAgreementResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<AnswerAgreementResponse, Error> {
        let (view, mut grant) = super::locked_grant(tx, self.case, self.grant).await?;
        view.goes_on()?;
        grant.answer_agreement(self.message, self.accepts)?;
        let what = (MessageKind::Agreement, self.grant);
        if !super::shows(tx, self.case, &grant.agreement_message, what, &self.act).await? {
            return Err(Refusal::from(Cause::AgreementNotShown).into());
        }
        store::grants::save(tx, &grant).await?;
        let event: IntakeEvent = AgreementAnswered {
            case_id: self.case.to_string(),
            grant_id: self.grant.to_string(),
            accepts: self.accepts,
            refuses_donor: self.refuses_donor,
            message_id: self.message.to_string(),
            act: Some(self.act.clone()),
        }
        .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::AgreementAnswered, self.grant.to_string()).await?;
        super::heard(tx, view).await?;
        Ok(AnswerAgreementResponse { version: tx.version(self.case) })
    }
}
