//! A case gets its receipt: it was opened by an officer, or its earlier receipt was frozen.

use flare_contracts::{
    Cause, Refusal, StepCode,
    common::v1::EpochAuthor,
    epoch_author,
    events::v1::{IntakeEvent, ReceiptIssued},
    input,
    intake::v1::{HolderKind, IssueReceiptRequest, IssueReceiptResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Tx, Write};

use crate::{
    author::Author,
    keys::{ReceiptWrap, SealedEpoch},
    receipt::{NewReceipt, REQUESTERS_THREAD, ReceiptLock},
    store,
};

/// See the module.
pub(crate) struct IssueReceipt {
    case: CaseId,
    staff: StaffId,
    receipt: ReceiptLock,
    author: EpochAuthor,
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
        let author = input::required("author", request.author)?;
        epoch_author::check("author", &author)?;
        Ok(Self { case, staff, receipt, author, epoch })
    }
}

impl Write for IssueReceipt {
    type Output = IssueReceiptResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<IssueReceiptResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        if store::receipts::is_active(tx, self.case, REQUESTERS_THREAD).await? {
            return Err(Refusal::from(Cause::ReceiptActive).into());
        }
        let newest = store::keys::newest(tx, self.case, Compartment::Thread).await?;
        self.epoch.check_follows("key", newest)?;
        let new = NewReceipt {
            lock: &self.receipt,
            holder: HolderKind::Requester,
            thread: REQUESTERS_THREAD,
            drawn_by: &Author::Staff(self.staff),
            author: Some(&self.author),
            first_epoch: self.epoch.epoch,
        };
        store::receipts::insert(tx, self.case, &new).await?;
        store::keys::insert(tx, self.case, std::slice::from_ref(&self.epoch)).await?;
        let event: IntakeEvent = ReceiptIssued {
            case_id: self.case.to_string(),
            receipt: Some(self.receipt.keys_of_event()),
            lookup_id: self.receipt.lookup.to_vec(),
            author: Some(self.author.clone()),
        }
        .into();
        tx.append(self.case, view.lane, self.staff.to_string(), &event)?;
        super::show_step(tx, self.case, StepCode::ReceiptIssued, String::new()).await?;
        Ok(IssueReceiptResponse { version: tx.version(self.case) })
    }
}
