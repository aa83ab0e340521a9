//! The humans a case is about, and how they are.

use flare_access::Staff;
use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::{PersonAdded, PersonStatusSet},
    fields, input,
    triage::v1::{self, AddPersonRequest, CaseState, SetPersonStatusRequest},
};
use flare_kernel::{CaseId, PersonId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use super::{SeenCase, at_most};
use crate::{
    Triage,
    domain::{PersonStatus, listed_in},
    store,
};

/// The most persons of one case.
const MOST: usize = 100;

/// Adds a human the case is about.
pub(crate) struct AddPerson {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) person: PersonId,
    pub(crate) status: PersonStatus,
    pub(crate) description: SealedField,
}

impl Command for AddPerson {
    type Service = Triage;
    type By = Staff;
    type Request = AddPersonRequest;

    fn parse(_: &Triage, by: &Staff, request: AddPersonRequest) -> Result<Self, Error> {
        let person: PersonId = input::id("person_id", &request.person_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer: by.id,
            person,
            status: listed_in::<v1::PersonStatus, _>("status", request.status)?,
            description: input::sealed("description", request.description, &fields::person(person))?,
        })
    }
}

impl Write for AddPerson {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        case.require_open("a person can be added")?;
        let number = store::person_count(tx, self.case).await?;
        at_most("persons", number, MOST)?;
        store::add_person(tx, self.case, self.person, self.status, number).await?;
        store::put_sealed(tx, self.case, "description", &self.description).await?;
        let added = PersonAdded {
            case_id: self.case.to_string(),
            person_id: self.person.to_string(),
            status: v1::PersonStatus::from(self.status).into(),
        };
        store::finish(tx, &mut case, self.officer, added).await
    }
}

/// Notes how a person is now.
pub(crate) struct SetPersonStatus {
    pub(crate) seen: SeenCase,
    pub(crate) person: PersonId,
    pub(crate) status: PersonStatus,
}

impl Command for SetPersonStatus {
    type Service = Triage;
    type By = Staff;
    type Request = SetPersonStatusRequest;

    fn parse(_: &Triage, by: &Staff, request: SetPersonStatusRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            person: input::id("person_id", &request.person_id)?,
            status: listed_in::<v1::PersonStatus, _>("status", request.status)?,
        })
    }
}

impl Write for SetPersonStatus {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        case.require_open("how a person is can be noted")?;
        if !store::set_status(tx, case.id, self.person, self.status).await? {
            return Err(Refusal::not_found("person").into());
        }
        let set = PersonStatusSet {
            case_id: case.id.to_string(),
            person_id: self.person.to_string(),
            status: v1::PersonStatus::from(self.status).into(),
        };
        store::finish(tx, &mut case, self.seen.officer, set).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_person_is_added_once, crate::SCHEMA);
    async fn a_person_is_added_once(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let person: PersonId = id(1);
        let field = sealed(fields::person(person).name, 1, 1);
        let request = AddPersonRequest {
            case_id: case.to_string(),
            person_id: person.to_string(),
            status: v1::PersonStatus::Detained.into(),
            description: Some(field.clone()),
            ..AddPersonRequest::default()
        };
        world.act::<AddPerson>(1, request.clone()).await.unwrap();
        let read = world.read(case).await;
        assert_eq!(
            (read.persons[0].status(), &read.persons[0].description),
            (v1::PersonStatus::Detained, &Some(field))
        );
        assert_eq!(world.last_event(case).await.0, "PersonAdded");
        assert_eq!(
            shown(&read).0,
            v1::Stage::Acknowledged,
            "a person in danger pauses nothing by themselves"
        );
        assert_eq!(refusal(world.act::<AddPerson>(1, request.clone()).await).reason, "ID_TAKEN");
        let other = AddPersonRequest { person_id: PersonId::from_bytes([2; 16]).to_string(), ..request };
        let refused = refusal(world.act::<AddPerson>(1, other).await);
        assert_eq!(refused.violations[0].field, "description.name", "the words of another person");
    }

    on_both_engines!(without_a_key_nobody_is_described, crate::SCHEMA);
    async fn without_a_key_nobody_is_described(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        let person: PersonId = id(1);
        let request = AddPersonRequest {
            case_id: case.to_string(),
            person_id: person.to_string(),
            status: 1,
            description: Some(sealed(fields::person(person).name, 1, 1)),
            ..AddPersonRequest::default()
        };
        assert_eq!(refusal(world.act::<AddPerson>(1, request).await).reason, "NO_NOTES_KEY");
        assert!(world.read(case).await.persons.is_empty());
    }

    on_both_engines!(how_a_person_is_is_noted, crate::SCHEMA);
    async fn how_a_person_is_is_noted(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let person = world.person(case, 1).await;
        let request = SetPersonStatusRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            person_id: person.to_string(),
            status: v1::PersonStatus::Missing.into(),
            ..SetPersonStatusRequest::default()
        };
        world.act::<SetPersonStatus>(1, request.clone()).await.unwrap();
        assert_eq!(world.read(case).await.persons[0].status(), v1::PersonStatus::Missing);
        assert_eq!(world.last_event(case).await.0, "PersonStatusSet");
        assert_eq!(refusal(world.act::<SetPersonStatus>(1, request.clone()).await).reason, "STALE_VERSION");
        let unknown = SetPersonStatusRequest {
            version: world.version(case).await,
            person_id: PersonId::from_bytes([9; 16]).to_string(),
            ..request
        };
        assert_eq!(refusal(world.act::<SetPersonStatus>(1, unknown).await).reason, "NOT_FOUND");
    }
}
