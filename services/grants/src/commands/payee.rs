//! Whom the money goes to: entered by one, checked by another.

use flare_access::Staff;
use flare_contracts::{
    Refusal, fields,
    grants::v1::{CheckPayeeRequest, EnterPayeeRequest, GrantState},
    input,
};
use flare_kernel::Date;
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use super::{LockedGrant, SeenGrant};
use crate::{Grants, domain::PayeeEntry, refusals::GrantsRule};

/// Enters the payee.
pub(crate) struct EnterPayee {
    seen: SeenGrant,
    entry: PayeeEntry,
    key: Option<SealedEpoch>,
}

impl Command for EnterPayee {
    type Service = Grants;
    type By = Staff;
    type Request = EnterPayeeRequest;

    fn parse(grants: &Grants, by: &Staff, request: EnterPayeeRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        let held = &[Compartment::Payment];
        let seal = |key| SealedEpoch::seal("key", Some(key), seen.grant, held, &grants.service_key);
        let key = request.key.map(seal).transpose()?;
        let entry = PayeeEntry {
            by: by.id,
            sealed: input::sealed("payee", request.payee, &fields::PAYEE)?,
            fingerprint: input::array("fingerprint", &request.fingerprint)?,
            brings_key: key.is_some(),
        };
        Ok(Self { seen, entry, key })
    }
}

impl Write for EnterPayee {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let entry = self.entry.clone();
        let enter = |locked: &mut LockedGrant, _| locked.grant.enter_payee(entry, &locked.case.references);
        let state = self.seen.change(tx, enter).await?;
        if let Some(key) = &self.key {
            key.begin(tx).await?;
        }
        Ok(state)
    }
}

/// Another person checks the payee.
pub(crate) struct CheckPayee {
    seen: SeenGrant,
    called_back: [u8; 32],
    sanctions_on: Date,
}

impl Command for CheckPayee {
    type Service = Grants;
    type By = Staff;
    type Request = CheckPayeeRequest;

    fn parse(grants: &Grants, by: &Staff, request: CheckPayeeRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        if !request.called_back {
            return Err(Refusal::invalid("called_back", GrantsRule::NotCalledBack).into());
        }
        if !request.sanctions_clear {
            return Err(Refusal::invalid("sanctions_clear", GrantsRule::NotCleared).into());
        }
        Ok(Self {
            seen,
            called_back: input::array("payee_digest", &request.payee_digest)?,
            sanctions_on: input::date("sanctions_checked_on", &request.sanctions_checked_on)?,
        })
    }
}

impl Write for CheckPayee {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let (by, called_back, sanctions_on) = (self.seen.by, self.called_back, self.sanctions_on);
        self.seen.change(tx, |locked, now| locked.grant.check_payee(by, called_back, sanctions_on, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::Compartment,
        grants::v1::{CheckPayeeRequest, Decision, Gate, grants_server::Grants as _},
    };
    use flare_testkit::{Sandbox, on_both_engines};

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

    on_both_engines!(another_person_checks_by_calling_back, crate::SCHEMA);
    async fn another_person_checks_by_calling_back(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        refused(world.check_payee(FINANCE[0]).await, "NO_PAYEE");
        world.enter_payee(FINANCE[0]).await.unwrap();
        refused(world.check_payee(FINANCE[0]).await, "ENTERED_BY_SAME_PERSON");
        let check = |request| world.api.check_payee(by(FINANCE[1], request));
        for (field, change) in [
            ("called_back", (|request| request.called_back = false) as fn(&mut CheckPayeeRequest)),
            ("sanctions_clear", |request| request.sanctions_clear = false),
            ("sanctions_checked_on", |request| request.sanctions_checked_on = "2026-11-23".into()),
            ("sanctions_checked_on", |request| request.sanctions_checked_on = "2026-10-22".into()),
        ] {
            let mut request = world.check_payee_request().await;
            change(&mut request);
            assert_eq!(fields(&check(request).await.unwrap_err()), [field]);
        }
        let state = world.check_payee(FINANCE[1]).await.unwrap();
        assert!(state.open_gates.contains(&Gate::PayeeChecked.into()));
        refused(world.check_payee(FINANCE[1]).await, "ALREADY_CHECKED");
    }

    on_both_engines!(only_the_payee_that_was_called_back_is_checked, crate::SCHEMA);
    async fn only_the_payee_that_was_called_back_is_checked(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.enter_payee(OFFICER).await.unwrap();
        let called_back = world.check_payee_request().await.payee_digest;
        world.enter_payee(OFFICER).await.unwrap();
        let request = CheckPayeeRequest { payee_digest: called_back, ..world.check_payee_request().await };
        refused(world.api.check_payee(by(FINANCE[1], request)).await, "PAYEE_CHANGED");
        let request = CheckPayeeRequest { payee_digest: vec![1], ..world.check_payee_request().await };
        assert_eq!(
            fields(&world.api.check_payee(by(FINANCE[1], request)).await.unwrap_err()),
            ["payee_digest"]
        );
        world.check_payee(FINANCE[1]).await.unwrap();
    }
}
