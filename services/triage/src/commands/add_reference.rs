//! Naming somebody who can vouch.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::ReferenceAdded,
    fields, input,
    triage::v1::{AddReferenceRequest, CaseState},
};
use flare_kernel::{CaseId, ReferenceId, StaffId};
use flare_store::{Error, Tx, Write};

use crate::{Triage, domain::may_vouch, store};

/// Adds a reference, who is neither the requester nor a payee.
pub(crate) struct AddReference {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) reference: ReferenceId,
    pub(crate) description: SealedField,
    pub(crate) fingerprint: [u8; 32],
}

impl AddReference {
    pub(crate) fn parse(
        _: &Triage,
        officer: StaffId,
        request: &AddReferenceRequest,
    ) -> Result<Self, Refusal> {
        let reference: ReferenceId = input::id("reference_id", &request.reference_id)?;
        let description = request.description.clone();
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer,
            reference,
            description: input::sealed("description", description, &fields::reference(reference))?,
            fingerprint: input::array("fingerprint", &request.fingerprint)?,
        })
    }
}

impl Write for AddReference {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        case.require_owned("a reference can be named")?;
        let known = store::fingerprints(tx, self.case).await?;
        may_vouch(&self.fingerprint, &known)?;
        let number = known.references.len();
        store::add_reference(tx, self.case, self.reference, &self.fingerprint, number).await?;
        store::put_sealed(tx, self.case, "description", &self.description).await?;
        let added = ReferenceAdded {
            case_id: self.case.to_string(),
            reference_id: self.reference.to_string(),
            fingerprint: self.fingerprint.to_vec(),
        };
        store::finish(tx, &mut case, self.officer, added).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::events::v1::PayeeEntered;
    use flare_kernel::GrantId;

    fn request(case: CaseId, number: u8, fingerprint: u8) -> AddReferenceRequest {
        let reference: ReferenceId = id(number);
        AddReferenceRequest {
            case_id: case.to_string(),
            reference_id: reference.to_string(),
            description: Some(sealed(fields::reference(reference).name, 1, 1)),
            fingerprint: vec![fingerprint; 32],
            ..AddReferenceRequest::default()
        }
    }

    on_both_engines!(neither_requester_nor_payee_nor_anybody_twice, crate::SCHEMA);
    async fn neither_requester_nor_payee_nor_anybody_twice(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        desk.grants(PayeeEntered {
            case_id: case.to_string(),
            grant_id: GrantId::from_bytes([1; 16]).to_string(),
            fingerprint: vec![60; 32],
            by: staff(5).to_string(),
        })
        .await;
        let named =
            |number, fingerprint| desk.act(AddReference::parse, 1, request(case, number, fingerprint));
        assert_eq!(refusal(named(1, 1).await).reason, "REFERENCE_IS_REQUESTER");
        assert_eq!(refusal(named(1, 60).await).reason, "REFERENCE_IS_PAYEE");
        named(1, 61).await.unwrap();
        assert_eq!(refusal(named(2, 61).await).reason, "REFERENCE_NAMED");
        assert_eq!(refusal(named(1, 62).await).reason, "ID_TAKEN");
        for number in 2..=20 {
            named(number, 100 + number).await.unwrap();
        }
        assert_eq!(refusal(named(21, 130).await).reason, "TOO_MANY_REFERENCES");
        assert_eq!(desk.read(case).await.references.len(), 20);
        assert_eq!(desk.last_event(case).await.0, "ReferenceAdded");
    }

    on_both_engines!(a_case_that_nobody_owns_has_no_references, crate::SCHEMA);
    async fn a_case_that_nobody_owns_has_no_references(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.submitted(1, Lane::Urgent).await;
        assert_eq!(
            refusal(desk.act(AddReference::parse, 1, request(case, 1, 61)).await).reason,
            "WRONG_STAGE"
        );
    }
}
