//! Staff begin the next key of the thread or of the request, where they cannot write under the newest one.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal,
    events::v1::{CaseKeyBegun, IntakeEvent},
    input,
    intake::v1::{BeginKeyEpochRequest, BeginKeyEpochResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use crate::{
    Intake,
    receipt::REQUESTERS_THREAD,
    store::{self, keys::HELD},
};

/// Begins a key of the thread or of the request.
pub(crate) struct BeginKeyEpoch {
    case: CaseId,
    staff: StaffId,
    epoch: SealedEpoch,
}

impl Command for BeginKeyEpoch {
    type Service = Intake;
    type By = Staff;
    type Request = BeginKeyEpochRequest;

    fn parse(intake: &Intake, by: &Staff, request: BeginKeyEpochRequest) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let epoch = SealedEpoch::seal("key", request.key, case, HELD, &intake.service_key)?;
        if !epoch.is_vouched_for() {
            return Err(Refusal::invalid("key.author", InputRule::RequiredOfStaff).into());
        }
        Ok(Self { case, staff: by.id, epoch })
    }
}

impl Write for BeginKeyEpoch {
    type Output = BeginKeyEpochResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<BeginKeyEpochResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        let compartment = self.epoch.compartment();
        // Whoever holds the receipt would be shut out of what is written to the thread from now on.
        if compartment == Compartment::Thread
            && store::receipts::is_active(tx, self.case, REQUESTERS_THREAD).await?
        {
            self.epoch.check_wrapped_to(input::RECEIPT)?;
        }
        self.epoch.begin(tx).await?;
        let event: IntakeEvent = CaseKeyBegun {
            case_id: self.case.to_string(),
            compartment: input::compartment_out(compartment).into(),
            epoch: self.epoch.number(),
        }
        .into();
        tx.append(self.case, view.lane, self.staff.to_string(), &event)?;
        Ok(BeginKeyEpochResponse { version: tx.version(self.case) })
    }
}
