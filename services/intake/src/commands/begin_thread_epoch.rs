//! Staff begin the thread's next key, where they cannot write under the newest one.

use flare_contracts::{
    InputRule, Refusal,
    events::v1::{IntakeEvent, ThreadKeyBegun},
    input,
    intake::v1::{BeginThreadEpochRequest, BeginThreadEpochResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Tx, Write};

use crate::{
    keys::{ReceiptWrap, SealedEpoch},
    receipt::REQUESTERS_THREAD,
    store,
};

/// See the module.
pub(crate) struct BeginThreadEpoch {
    case: CaseId,
    staff: StaffId,
    epoch: SealedEpoch,
}

impl BeginThreadEpoch {
    pub(crate) fn parse(
        staff: StaffId,
        request: BeginThreadEpochRequest,
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let place = (case, Compartment::Thread, ReceiptWrap::Unneeded);
        let epoch = SealedEpoch::seal("key", request.key, place, service)?;
        if epoch.author.is_none() {
            return Err(Refusal::invalid("key.author", InputRule::RequiredOfStaff).into());
        }
        Ok(Self { case, staff, epoch })
    }
}

impl Write for BeginThreadEpoch {
    type Output = BeginThreadEpochResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<BeginThreadEpochResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        // Whoever holds the receipt would be shut out of what is written from now on.
        if store::receipts::is_active(tx, self.case, REQUESTERS_THREAD).await? {
            self.epoch.check_wrapped_to_receipt("key")?;
        }
        let newest = store::keys::newest(tx, self.case, Compartment::Thread).await?;
        self.epoch.check_follows("key", newest)?;
        store::keys::insert(tx, self.case, std::slice::from_ref(&self.epoch)).await?;
        let event: IntakeEvent =
            ThreadKeyBegun { case_id: self.case.to_string(), epoch: self.epoch.epoch }.into();
        tx.append(self.case, view.lane, self.staff.to_string(), &event)?;
        Ok(BeginThreadEpochResponse { version: tx.version(self.case) })
    }
}
