//! A case gets its receipt: it was opened by an officer, or its earlier receipt was frozen.

use flare_contracts::{
    Cause, Refusal, StepCode,
    common::v1::EpochAuthor,
    events::v1::{IntakeEvent, ReceiptIssued},
    input,
    intake::v1::{HolderKind, IssueReceiptRequest, IssueReceiptResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Tx, Write, keys::SealedEpoch};

use crate::{
    author::Author,
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
        let epoch = SealedEpoch::seal("key", request.key, case, &[Compartment::Thread], service)?;
        epoch.check_wrapped_to(input::RECEIPT)?;
        let author = input::required("author", request.author)?;
        input::epoch_author("author", &author)?;
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
        self.epoch.begin(tx).await?;
        let new = NewReceipt {
            lock: &self.receipt,
            holder: HolderKind::Requester,
            thread: REQUESTERS_THREAD,
            drawn_by: &Author::Staff(self.staff),
            author: Some(&self.author),
            first_epoch: self.epoch.number(),
        };
        store::receipts::insert(tx, self.case, &new).await?;
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
