//! The requester withdraws.

use flare_contracts::{
    StepCode, codes,
    common::v1::SignedAct,
    events::v1::{IntakeEvent, WithdrawalRequested},
    input,
    intake::v1::{WithdrawRequest, WithdrawResponse},
    requester_act::verify_call,
};
use flare_kernel::CaseId;
use flare_store::{Command, Error, Tx, Write};

use crate::{Intake, admission::Holder, author::REQUESTER, domain::standing::Facts};

/// Asks for the case to be stopped.
pub(crate) struct Withdraw {
    case: CaseId,
    reason: &'static str,
    act: SignedAct,
}

impl Command for Withdraw {
    type Service = Intake;
    type By = Holder;
    type Request = WithdrawRequest;

    fn parse(_: &Intake, by: &Holder, request: WithdrawRequest) -> Result<Self, Error> {
        Ok(Self {
            case: by.case,
            reason: input::code("reason", &request.reason, codes::WHY_WITHDRAWN)?,
            act: verify_call(&request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for Withdraw {
    type Output = WithdrawResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<WithdrawResponse, Error> {
        let mut view = super::locked(tx, self.case).await?;
        if view.withdraw()? {
            let reason = self.reason.to_owned();
            let event: IntakeEvent =
                WithdrawalRequested { case_id: self.case.to_string(), reason, act: Some(self.act.clone()) }
                    .into();
            tx.append(self.case, view.lane, REQUESTER, &event)?;
            super::show_step(tx, self.case, StepCode::WithdrawalRequested, String::new()).await?;
            super::record_contact(tx, view.clone()).await?;
        }
        // A case that is ending stands where its stop says, whatever its needs and grants.
        let facts = Facts { view: &view, question_waits: false, needs: &[], grants: &[] };
        Ok(WithdrawResponse { version: tx.version(self.case), standing: facts.standing().into() })
    }
}
