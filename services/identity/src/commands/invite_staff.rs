//! A person is invited.

use flare_access::{Roles, Staff as Caller};
use flare_contracts::{
    events::v1::IdentityEvent,
    identity::v1::{InviteStaffRequest, InviteStaffResponse},
    input,
};
use flare_kernel::StaffId;
use flare_store::{Command, Error, Tx, Write};

use super::{LANE, roles};
use crate::{
    Identity,
    domain::{Staff, StaffName},
    store,
};

/// Who is invited, as what, and with which code.
#[derive(Clone)]
pub(crate) struct Invitation {
    id: StaffId,
    name: StaffName,
    pub(crate) roles: Roles,
    code_hash: [u8; 32],
}

impl Invitation {
    /// The invitation in a field of the input.
    pub(crate) fn parse(
        field: &str,
        value: Option<flare_contracts::identity::v1::Invitation>,
    ) -> Result<Self, Error> {
        let value = input::required(field, value)?;
        Ok(Self {
            id: StaffId::random()?,
            name: StaffName::parse(&format!("{field}.name"), &value.name)?,
            roles: roles(&format!("{field}.roles"), &value.roles)?,
            code_hash: input::array(&format!("{field}.code_hash"), &value.code_hash)?,
        })
    }

    /// The stream of whoever is invited.
    pub(crate) const fn stream(&self) -> StaffId {
        self.id
    }

    /// Stores and tells it. The stream must be locked.
    pub(crate) async fn apply(&self, tx: &mut Tx, actor: &str) -> Result<StaffId, Error> {
        let (staff, event) = Staff::invite(self.id, self.name.clone(), self.roles, self.code_hash);
        store::insert_staff(tx, &staff).await?;
        tx.append(staff.id, LANE, actor, &IdentityEvent::from(event))?;
        Ok(staff.id)
    }
}

/// An administrator invites somebody.
pub(crate) struct InviteStaff {
    actor: StaffId,
    invitation: Invitation,
}

impl Command for InviteStaff {
    type Service = Identity;
    type By = Caller;
    type Request = InviteStaffRequest;

    fn parse(_: &Identity, caller: &Caller, request: InviteStaffRequest) -> Result<Self, Error> {
        Ok(Self { actor: caller.id, invitation: Invitation::parse("invitation", request.invitation)? })
    }
}

impl Write for InviteStaff {
    type Output = InviteStaffResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<InviteStaffResponse, Error> {
        tx.lock(&[&self.invitation.stream()]).await?;
        let id = self.invitation.apply(tx, &self.actor.to_string()).await?;
        Ok(InviteStaffResponse { staff_id: id.to_string() })
    }
}
