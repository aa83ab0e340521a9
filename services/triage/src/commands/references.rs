//! People who can vouch: named, and asked.

use flare_access::Staff;
use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::{ReferenceAdded, ReferenceChecked},
    fields, input,
    triage::v1::{self, AddReferenceRequest, CaseState, CheckReferenceRequest},
};
use flare_kernel::{CaseId, ReferenceId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use super::SeenCase;
use crate::{
    Triage,
    domain::{Check, listed_in, may_vouch},
    store,
};

/// Adds a reference, who is neither the requester nor a payee.
pub(crate) struct AddReference {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) reference: ReferenceId,
    pub(crate) description: SealedField,
    pub(crate) fingerprint: [u8; 32],
}

impl Command for AddReference {
    type Service = Triage;
    type By = Staff;
    type Request = AddReferenceRequest;

    fn parse(_: &Triage, by: &Staff, request: AddReferenceRequest) -> Result<Self, Error> {
        let reference: ReferenceId = input::id("reference_id", &request.reference_id)?;
        let description = request.description;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer: by.id,
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

/// Notes what a reference said and how sure the checker is; again, it replaces what was noted.
pub(crate) struct CheckReference {
    pub(crate) seen: SeenCase,
    pub(crate) reference: ReferenceId,
    pub(crate) check: Check,
    pub(crate) words: SealedField,
}

impl Command for CheckReference {
    type Service = Triage;
    type By = Staff;
    type Request = CheckReferenceRequest;

    fn parse(_: &Triage, by: &Staff, request: CheckReferenceRequest) -> Result<Self, Error> {
        let reference: ReferenceId = input::id("reference_id", &request.reference_id)?;
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            reference,
            check: Check {
                method: listed_in::<v1::CheckMethod, _>("method", request.method)?,
                confidence: listed_in::<v1::Confidence, _>("confidence", request.confidence)?,
                result: listed_in::<v1::CheckResult, _>("result", request.result)?,
                independent: request.independent,
            },
            words: input::sealed("words", request.words, &fields::reference_check(reference))?,
        })
    }
}

impl Write for CheckReference {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        case.require_owned("a reference can be checked")?;
        if !store::reference_exists(tx, case.id, self.reference).await? {
            return Err(Refusal::not_found("reference").into());
        }
        store::check_reference(tx, case.id, self.reference, &self.check, self.seen.officer).await?;
        store::put_sealed(tx, case.id, "words", &self.words).await?;
        let checked = ReferenceChecked {
            case_id: case.id.to_string(),
            reference_id: self.reference.to_string(),
            method: v1::CheckMethod::from(self.check.method).into(),
            confidence: v1::Confidence::from(self.check.confidence).into(),
            result: v1::CheckResult::from(self.check.result).into(),
            independent: self.check.independent,
        };
        store::finish(tx, &mut case, self.seen.officer, checked).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::Lane,
        events::v1::{PayeeEntered, triage_event::Event},
    };
    use flare_kernel::GrantId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

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
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        world
            .grants(PayeeEntered {
                case_id: case.to_string(),
                grant_id: GrantId::from_bytes([1; 16]).to_string(),
                fingerprint: vec![60; 32],
                by: staff(5).to_string(),
            })
            .await;
        let named = |number, fingerprint| world.act::<AddReference>(1, request(case, number, fingerprint));
        assert_eq!(refusal(named(1, 1).await).reason, "REFERENCE_IS_REQUESTER");
        assert_eq!(refusal(named(1, 60).await).reason, "REFERENCE_IS_PAYEE");
        named(1, 61).await.unwrap();
        assert_eq!(refusal(named(2, 61).await).reason, "REFERENCE_NAMED");
        assert_eq!(refusal(named(1, 62).await).reason, "ID_TAKEN");
        for number in 2..=20 {
            named(number, 100 + number).await.unwrap();
        }
        assert_eq!(refusal(named(21, 130).await).reason, "TOO_MANY_REFERENCES");
        assert_eq!(world.read(case).await.references.len(), 20);
        assert_eq!(world.last_event(case).await.0, "ReferenceAdded");
    }

    on_both_engines!(a_case_that_nobody_owns_has_no_references, crate::SCHEMA);
    async fn a_case_that_nobody_owns_has_no_references(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        assert_eq!(refusal(world.act::<AddReference>(1, request(case, 1, 61)).await).reason, "WRONG_STAGE");
    }

    on_both_engines!(what_a_reference_said_is_noted, crate::SCHEMA);
    async fn what_a_reference_said_is_noted(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let reference = world.reference(case, 1).await;
        let request = CheckReferenceRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            reference_id: reference.to_string(),
            method: v1::CheckMethod::Call.into(),
            confidence: v1::Confidence::High.into(),
            result: v1::CheckResult::Confirms.into(),
            words: Some(sealed(fields::reference_check(reference).name, 1, 1)),
            independent: true,
            ..CheckReferenceRequest::default()
        };
        let state = world.act::<CheckReference>(2, request.clone()).await.unwrap();
        let shown = world.read(case).await.references.remove(0);
        assert_eq!(shown.checked_by, staff(2).to_string());
        assert_eq!((shown.result(), shown.independent), (v1::CheckResult::Confirms, true));
        assert!(shown.words.is_some() && shown.description.is_some());
        let events = world.events(case).await;
        let Some(Event::ReferenceChecked(event)) = events.last() else { panic!("{events:?}") };
        assert!(event.independent && event.confidence() == v1::Confidence::High);

        let again = CheckReferenceRequest {
            version: state.version,
            result: v1::CheckResult::Contradicts.into(),
            words: Some(sealed(fields::reference_check(reference).name, 2, 1)),
            ..request.clone()
        };
        let state = world.act::<CheckReference>(2, again).await.unwrap();
        assert_eq!(world.read(case).await.references[0].result(), v1::CheckResult::Contradicts);
        let unsaid = CheckReferenceRequest { confidence: 0, ..request.clone() };
        assert_eq!(refusal(world.act::<CheckReference>(2, unsaid).await).violations[0].field, "confidence");
        let other = ReferenceId::from_bytes([9; 16]);
        let unknown = CheckReferenceRequest {
            version: state.version,
            reference_id: other.to_string(),
            words: Some(sealed(fields::reference_check(other).name, 1, 1)),
            ..request
        };
        assert_eq!(refusal(world.act::<CheckReference>(2, unknown).await).reason, "NOT_FOUND");
    }
}
