//! A person's roles change; it shows at their next refresh.

use flare_access::{Roles, Staff as Caller};
use flare_contracts::{
    Refusal,
    events::v1::IdentityEvent,
    identity::v1::{SetRolesRequest, SetRolesResponse},
    input,
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::{LANE, roles};
use crate::store;

/// An administrator sets what somebody may do.
pub(crate) struct SetRoles {
    actor: StaffId,
    pub(crate) staff: StaffId,
    roles: Roles,
}

impl SetRoles {
    pub(crate) fn parse(caller: &Caller, request: &SetRolesRequest) -> Result<Self, Refusal> {
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
