//! Enters the payee.

use flare_access::Staff;
use flare_contracts::{
    fields,
    grants::v1::{EnterPayeeRequest, GrantState},
    input,
};
use flare_seal::Compartment;
use flare_store::{Error, Tx, Write, keys::SealedEpoch};

use super::Change;
use crate::{Grants, domain::PayeeEntry};

pub(crate) struct EnterPayee {
    change: Change,
    entry: PayeeEntry,
    key: Option<SealedEpoch>,
}

impl EnterPayee {
    pub(crate) fn parse(grants: &Grants, staff: &Staff, request: &EnterPayeeRequest) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        let held = &[Compartment::Payment];
        let seal = |key| SealedEpoch::seal("key", Some(key), change.grant, held, &grants.service_key);
        let key = request.key.clone().map(seal).transpose()?;
        let entry = PayeeEntry {
            by: staff.id,
            sealed: input::sealed("payee", request.payee.clone(), &fields::PAYEE)?,
            fingerprint: input::array("fingerprint", &request.fingerprint)?,
            brings_key: key.is_some(),
        };
        Ok(Self { change, entry, key })
    }
}

impl Write for EnterPayee {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let entry = self.entry.clone();
        let state =
            self.change.apply(tx, |open, _| open.grant.enter_payee(entry, &open.case.references)).await?;
        if let Some(key) = &self.key {
            key.begin(tx).await?;
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        common::v1::Compartment,
        grants::v1::{Decision, grants_server::Grants as _},
    };

    use crate::{
        domain::samples::{APPROVERS, FINANCE, OFFICER},
        fixtures::{World, by, fields, key, refused},
    };
    on_both_engines!(a_payee_is_entered_after_the_votes_with_its_first_key, crate::SCHEMA);
    async fn a_payee_is_entered_after_the_votes_with_its_first_key(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.enter_payee(OFFICER).await, "PAYEE_TOO_EARLY");
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        world.vote(APPROVERS[1], Decision::Approve).await.unwrap();
        let mut without_key = world.payee_request().await;
        without_key.key = None;
        refused(world.api.enter_payee(by(OFFICER, without_key)).await, "KEY_MISSING");
        world.enter_payee(OFFICER).await.unwrap();
        let grant = world.grant().await;
        assert_eq!((grant.epochs.payment, grant.payee.as_ref().unwrap().entered_by), (1, OFFICER));
        let mut with_key = world.payee_request().await;
        with_key.key = Some(key(Compartment::Payment, 1));
        refused(world.api.enter_payee(by(OFFICER, with_key)).await, "KEY_EXISTS");
        world.enter_payee(FINANCE[0]).await.unwrap();
        assert_eq!(world.grant().await.payee.unwrap().sealed.version, 2);
    }

    on_both_engines!(a_reference_is_never_the_payee, crate::SCHEMA);
    async fn a_reference_is_never_the_payee(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.reference(1, [0x70; 32]).await;
        refused(world.enter_payee(OFFICER).await, "PAYEE_IS_REFERENCE");
    }

    on_both_engines!(the_fields_are_checked, crate::SCHEMA);
    async fn the_fields_are_checked(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        let enter = |request| world.api.enter_payee(by(OFFICER, request));
        let request = world.payee_request().await;
        let mut short = request.clone();
        short.fingerprint.pop();
        assert_eq!(fields(&enter(short).await.unwrap_err()), ["fingerprint"]);
        let mut none = request.clone();
        none.payee = None;
        assert_eq!(fields(&enter(none).await.unwrap_err()), ["payee"]);
        let mut long = request.clone();
        long.payee.as_mut().unwrap().ciphertext = vec![0; 40_000];
        assert_eq!(fields(&enter(long).await.unwrap_err()), ["payee.ciphertext"]);
        let mut other = request;
        other.payee.as_mut().unwrap().name = "payment.other".into();
        assert_eq!(fields(&enter(other).await.unwrap_err()), ["payee.name"]);
    }
}
