//! A case gets its receipt: it was opened by an officer, or its earlier receipt was frozen.

use flare_contracts::{
    events::v1::{IntakeEvent, ReceiptIssued},
    input,
    intake::v1::{IssueReceiptRequest, IssueReceiptResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Tx, Write};

use crate::{
    keys::{ReceiptWrap, SealedEpoch},
    receipt::ReceiptLock,
    refusals, store,
};

/// See the module.
pub(crate) struct IssueReceipt {
    case: CaseId,
    staff: StaffId,
    receipt: ReceiptLock,
    epoch: SealedEpoch,
}

impl IssueReceipt {
    pub(crate) fn parse(
        staff: StaffId,
        request: IssueReceiptRequest,
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let receipt = ReceiptLock::parse(request.receipt)?;
        let place = (case, Compartment::Thread, ReceiptWrap::Required);
        let epoch = SealedEpoch::seal("key", request.key, place, service)?;
        Ok(Self { case, staff, receipt, epoch })
    }
}

impl Write for IssueReceipt {
    type Output = IssueReceiptResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<IssueReceiptResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        if store::requests::has_receipt(tx, self.case).await? {
            return Err(refusals::has_receipt().into());
        }
        let newest = store::keys::newest(tx, self.case, Compartment::Thread).await?;
        self.epoch.check_follows("key", newest)?;
        store::requests::insert_receipt(tx, self.case, &self.receipt, self.epoch.epoch).await?;
        store::keys::insert(tx, self.case, std::slice::from_ref(&self.epoch)).await?;
        let event: IntakeEvent = ReceiptIssued { case_id: self.case.to_string() }.into();
        tx.append(self.case, view.lane, self.staff.to_string(), &event)?;
        super::show_step(tx, self.case, "receipt_issued", String::new()).await?;
        Ok(IssueReceiptResponse { version: tx.version(self.case) })
    }
}
