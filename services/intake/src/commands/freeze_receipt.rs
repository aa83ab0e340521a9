//! A receipt that may be in other hands opens nothing any more.

use flare_contracts::{
    Cause, Refusal, StepCode, codes,
    common::v1::SignedAct,
    events::v1::{IntakeEvent, ReceiptFrozen},
    input,
    intake::v1::{FreezeReceiptRequest, FreezeReceiptResponse},
    requester_act::verify_call,
};
use flare_kernel::{CaseId, StaffId, Timestamp};
use flare_store::{Error, Tx, Write};

use crate::{
    Intake,
    author::Author,
    receipt::REQUESTERS_THREAD,
    store::{self, receipts::Opened},
};

/// See the module.
pub(crate) struct FreezeReceipt {
    case: CaseId,
    by: Author,
    reason: &'static str,
    /// Of its holder.
    act: Option<SignedAct>,
}

impl FreezeReceipt {
    pub(crate) fn by_staff(staff: StaffId, request: &FreezeReceiptRequest) -> Result<Self, Refusal> {
        let case = input::id("case_id", &request.case_id)?;
        Ok(Self { case, by: Author::Staff(staff), reason: reason(request)?, act: None })
    }

    pub(crate) fn by_holder(held: &Opened, request: &FreezeReceiptRequest) -> Result<Self, Refusal> {
        let act = verify_call(request, held.case, &held.signing_key)?;
        Ok(Self { case: held.case, by: Author::Requester, reason: reason(request)?, act: Some(act) })
    }
}

fn reason(request: &FreezeReceiptRequest) -> Result<&'static str, Refusal> {
    input::code("reason", &request.reason, codes::WHY_FROZEN)
}

impl Write for FreezeReceipt {
    type Output = FreezeReceiptResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<FreezeReceiptResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        if store::receipts::freeze(tx, self.case, REQUESTERS_THREAD).await? {
            let (case_id, reason) = (self.case.to_string(), self.reason.to_owned());
            let event: IntakeEvent = ReceiptFrozen { case_id, reason, act: self.act.clone() }.into();
            tx.append(self.case, view.lane, self.by.name(), &event)?;
            super::show_step(tx, self.case, StepCode::ReceiptFrozen, String::new()).await?;
        } else if !self.by.is_requester() {
            return Err(Refusal::from(Cause::NoActiveReceipt).into());
        }
        // A holder whose other click was sooner is told the same.
        Ok(response(tx.version(self.case), tx.now()))
    }
}

fn response(version: i64, frozen: Timestamp) -> FreezeReceiptResponse {
    FreezeReceiptResponse { version, frozen: Some(input::timestamp_out(frozen)) }
}

impl Intake {
    /// What the holder of a receipt that is frozen already is told: nothing else happens.
    pub(crate) async fn frozen(
        &self,
        case: CaseId,
        since: Timestamp,
    ) -> Result<FreezeReceiptResponse, Error> {
        let version = store::requests::version(&mut self.database.clone(), case).await?;
        Ok(response(version, since))
    }
}
