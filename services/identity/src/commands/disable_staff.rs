//! A person's access ends.

use flare_access::Staff as Caller;
use flare_contracts::{
    Refusal, codes,
    events::v1::IdentityEvent,
    identity::v1::{DisableStaffRequest, DisableStaffResponse},
    input,
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::LANE;
use crate::store;

/// An administrator ends somebody's access and sessions.
pub(crate) struct DisableStaff {
    actor: StaffId,
    pub(crate) staff: StaffId,
    reason: &'static str,
}

impl DisableStaff {
    pub(crate) fn parse(caller: &Caller, request: &DisableStaffRequest) -> Result<Self, Refusal> {
        Ok(Self {
            actor: caller.id,
            staff: input::id("staff_id", &request.staff_id)?,
            reason: input::code("reason", &request.reason, codes::WHY_DISABLED)?,
        })
    }
}

impl Write for DisableStaff {
    type Output = DisableStaffResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<DisableStaffResponse, Error> {
        // The organisation too: two administrators who disable each other at once must not both succeed.
        tx.lock(&[&self.staff, &store::ORGANISATION]).await?;
        let staff = store::staff(tx, self.staff).await?;
        let others = store::other_administrators(tx, self.staff).await?;
        let (staff, event) = staff.disable(self.reason, others).map_err(Refusal::from)?;
        store::update_staff(tx, &staff).await?;
        store::end_sessions(tx, staff.id).await?;
        tx.append(staff.id, LANE, self.actor.to_string(), &IdentityEvent::from(event))?;
        Ok(DisableStaffResponse {})
    }
}
