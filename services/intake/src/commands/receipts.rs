//! The receipt of a case is issued, and frozen.

use flare_access::Staff;
use flare_contracts::{
    Cause, KeyScope, Refusal, StepCode, codes,
    common::v1::{EpochAuthor, SignedAct},
    events::v1::{IntakeEvent, ReceiptFrozen, ReceiptIssued},
    input,
    intake::v1::{
        FreezeReceiptRequest, FreezeReceiptResponse, HolderKind, IssueReceiptRequest, IssueReceiptResponse,
    },
    requester_act::verify_call,
};
use flare_kernel::{CaseId, StaffId, Timestamp};
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use crate::{
    Intake,
    admission::Holder,
    author::Author,
    receipt::{NewReceipt, REQUESTERS_THREAD, ReceiptLock},
    store,
};

/// Gives a case its receipt: it was opened by an officer, or its earlier receipt was frozen.
pub(crate) struct IssueReceipt {
    case: CaseId,
    staff: StaffId,
    receipt: ReceiptLock,
    author: EpochAuthor,
    epoch: SealedEpoch,
}

impl Command for IssueReceipt {
    type Service = Intake;
    type By = Staff;
    type Request = IssueReceiptRequest;

    fn parse(intake: &Intake, by: &Staff, request: IssueReceiptRequest) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let receipt = ReceiptLock::parse(request.receipt)?;
        let held = &[Compartment::Thread];
        let epoch = SealedEpoch::seal("key", request.key, case, held, &intake.service_key)?;
        epoch.check_wrapped_to(input::RECEIPT)?;
        let author = input::required("author", request.author)?;
        input::epoch_author("author", &author)?;
        Ok(Self { case, staff: by.id, receipt, author, epoch })
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

/// Who freezes a receipt.
pub(crate) enum Freezer {
    /// A member of staff, of the case they name.
    Staff(Staff),
    /// Whoever holds it.
    Holder(Holder),
}

impl KeyScope for Freezer {
    fn key_scope(&self) -> String {
        match self {
            Self::Staff(by) => by.key_scope(),
            Self::Holder(by) => by.key_scope(),
        }
    }
}

/// Freezes a receipt that may be in other hands: it opens nothing any more.
pub(crate) struct FreezeReceipt {
    case: CaseId,
    by: Author,
    reason: &'static str,
    /// Of its holder.
    act: Option<SignedAct>,
}

impl Command for FreezeReceipt {
    type Service = Intake;
    type By = Freezer;
    type Request = FreezeReceiptRequest;

    fn parse(_: &Intake, by: &Freezer, request: FreezeReceiptRequest) -> Result<Self, Error> {
        let (case, by, act) = match by {
            Freezer::Staff(by) => (input::id("case_id", &request.case_id)?, Author::Staff(by.id), None),
            Freezer::Holder(by) => {
                let act = verify_call(&request, by.case, &by.signing_key)?;
                (by.case, Author::Requester, Some(act))
            }
        };
        Ok(Self { case, by, reason: input::code("reason", &request.reason, codes::WHY_FROZEN)?, act })
    }
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
