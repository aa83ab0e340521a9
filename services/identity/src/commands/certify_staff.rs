//! The organisation vouches for a person's keys.

use flare_access::Staff as Caller;
use flare_contracts::{
    Refusal,
    events::v1::IdentityEvent,
    identity::v1::{CertifyStaffRequest, CertifyStaffResponse},
    input,
};
use flare_kernel::StaffId;
use flare_seal::{PersonKeys, verify_certificate};
use flare_store::{Command, Error, Tx, Write};

use super::{LANE, recipient};
use crate::{
    Identity,
    domain::{PublicKeys, Staff},
    refusals::IdentityRule,
    store,
};

/// Somebody who holds the organisation's key has signed a person's keys with it. Whoever calls proves nothing by calling:
/// the signature does.
pub(crate) struct CertifyStaff {
    actor: StaffId,
    staff: StaffId,
    certificate: [u8; 64],
}

impl Command for CertifyStaff {
    type Service = Identity;
    type By = Caller;
    type Request = CertifyStaffRequest;

    fn parse(_: &Identity, caller: &Caller, request: CertifyStaffRequest) -> Result<Self, Error> {
        Ok(Self {
            actor: caller.id,
            staff: input::id("staff_id", &request.staff_id)?,
            certificate: input::array("certificate", &request.certificate)?,
        })
    }
}

impl CertifyStaff {
    /// Whether the certificate is the organisation's over these very keys.
    fn check(&self, organisation: &[u8; 32], keys: &PublicKeys) -> Result<(), Refusal> {
        let keys = PersonKeys::new(self.staff, &recipient("encryption_key", &keys.encryption)?, keys.signing);
        verify_certificate(organisation, &keys, &self.certificate)
            .map_err(|_| Refusal::invalid("certificate", IdentityRule::NotACertificate))
    }
}

impl Write for CertifyStaff {
    type Output = CertifyStaffResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<CertifyStaffResponse, Error> {
        tx.lock(&[&self.staff]).await?;
        let staff: Staff = store::staff(tx, self.staff).await?;
        let keys = staff.keys.clone();
        let (staff, event) = staff.certify(self.certificate).map_err(Refusal::from)?;
        let organisation =
            store::organisation_key(tx).await?.ok_or_else(|| Error::Corrupt("organisation".to_owned()))?;
        let keys = keys.ok_or_else(|| Error::Corrupt("staff.encryption_key".to_owned()))?;
        self.check(&organisation, &keys)?;
        if let Some(event) = event {
            store::update_staff(tx, &staff).await?;
            tx.append(staff.id, LANE, self.actor.to_string(), &IdentityEvent::from(event))?;
        }
        Ok(CertifyStaffResponse {})
    }
}
