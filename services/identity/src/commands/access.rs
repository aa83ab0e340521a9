//! What a person may do changes, or ends.

use flare_access::{Roles, Staff as Caller};
use flare_contracts::{
    Refusal, codes,
    events::v1::IdentityEvent,
    identity::v1::{DisableStaffRequest, DisableStaffResponse, SetRolesRequest, SetRolesResponse},
    input,
};
use flare_kernel::StaffId;
use flare_store::{Command, Error, Tx, Write};

use super::{LANE, roles};
use crate::{Identity, store};

/// An administrator sets what somebody may do; it shows at their next refresh.
pub(crate) struct SetRoles {
    actor: StaffId,
    staff: StaffId,
    roles: Roles,
}

impl Command for SetRoles {
    type Service = Identity;
    type By = Caller;
    type Request = SetRolesRequest;

    fn parse(_: &Identity, caller: &Caller, request: SetRolesRequest) -> Result<Self, Error> {
        Ok(Self {
            actor: caller.id,
            staff: input::id("staff_id", &request.staff_id)?,
            roles: roles("roles", &request.roles)?,
        })
    }
}

impl Write for SetRoles {
    type Output = SetRolesResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<SetRolesResponse, Error> {
        // The organisation too: two administrators who demote each other at once must not both succeed.
        tx.lock(&[&self.staff, &store::ORGANISATION]).await?;
        let staff = store::staff(tx, self.staff).await?;
        let others = store::other_administrators(tx, self.staff).await?;
        let (staff, event) = staff.set_roles(self.actor, self.roles, others).map_err(Refusal::from)?;
        if let Some(event) = event {
            store::update_staff(tx, &staff).await?;
            tx.append(staff.id, LANE, self.actor.to_string(), &IdentityEvent::from(event))?;
        }
        Ok(SetRolesResponse {})
    }
}

/// An administrator ends somebody's access and sessions.
pub(crate) struct DisableStaff {
    actor: StaffId,
    staff: StaffId,
    reason: &'static str,
}

impl Command for DisableStaff {
    type Service = Identity;
    type By = Caller;
    type Request = DisableStaffRequest;

    fn parse(_: &Identity, caller: &Caller, request: DisableStaffRequest) -> Result<Self, Error> {
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
