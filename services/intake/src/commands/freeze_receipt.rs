//! A receipt that may be in other hands opens nothing any more.

use flare_contracts::{
    Cause, Refusal,
    events::v1::{IntakeEvent, ReceiptFrozen},
    input,
    intake::v1::{FreezeReceiptRequest, FreezeReceiptResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Error, Tx, Write};

use crate::{receipt::REQUESTERS_THREAD, store};

/// Why a receipt is frozen.
const REASONS: &[&str] = &["lost", "seized", "seen_by_others", "asked", "other"];

/// See the module.
pub(crate) struct FreezeReceipt {
    case: CaseId,
    staff: StaffId,
    reason: &'static str,
}

impl FreezeReceipt {
    pub(crate) fn parse(staff: StaffId, request: &FreezeReceiptRequest) -> Result<Self, Refusal> {
        let case = input::id("case_id", &request.case_id)?;
        Ok(Self { case, staff, reason: input::code("reason", &request.reason, REASONS)? })
    }
}

impl Write for FreezeReceipt {
    type Output = FreezeReceiptResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<FreezeReceiptResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        if !store::receipts::freeze(tx, self.case, REQUESTERS_THREAD).await? {
            return Err(Refusal::from(Cause::NoActiveReceipt).into());
        }
        let (case_id, reason) = (self.case.to_string(), self.reason.to_owned());
        let event: IntakeEvent = ReceiptFrozen { case_id, reason }.into();
        tx.append(self.case, view.lane, self.staff.to_string(), &event)?;
        super::show_step(tx, self.case, "receipt_frozen", String::new()).await?;
        Ok(FreezeReceiptResponse { version: tx.version(self.case) })
    }
}
