//! Adding a person.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::PersonAdded,
    fields, input,
    triage::v1::{self, AddPersonRequest, CaseState},
};
use flare_kernel::{CaseId, PersonId, StaffId};
use flare_store::{Error, Tx, Write};

use super::at_most;
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

impl AddPerson {
    pub(crate) fn parse(_: &Triage, officer: StaffId, request: &AddPersonRequest) -> Result<Self, Refusal> {
        let person: PersonId = input::id("person_id", &request.person_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer,
            person,
            status: listed_in::<v1::PersonStatus, _>("status", request.status)?,
            description: input::sealed("description", request.description.clone(), &fields::person(person))?,
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

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_person_is_added_once, crate::SCHEMA);
    async fn a_person_is_added_once(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        let person: PersonId = id(1);
        let field = sealed(fields::person(person).name, 1, 1);
        let request = AddPersonRequest {
            case_id: case.to_string(),
            person_id: person.to_string(),
            status: v1::PersonStatus::Detained.into(),
            description: Some(field.clone()),
            ..AddPersonRequest::default()
        };
        desk.act(AddPerson::parse, 1, request.clone()).await.unwrap();
        let read = desk.read(case).await;
        assert_eq!(
            (read.persons[0].status(), &read.persons[0].description),
            (v1::PersonStatus::Detained, &Some(field))
        );
        assert_eq!(desk.last_event(case).await.0, "PersonAdded");
        assert_eq!(
            shown(&read).0,
            v1::Stage::Acknowledged,
            "a person in danger pauses nothing by themselves"
        );
        assert_eq!(refusal(desk.act(AddPerson::parse, 1, request.clone()).await).reason, "ID_TAKEN");
        let other = AddPersonRequest { person_id: PersonId::from_bytes([2; 16]).to_string(), ..request };
        let refused = refusal(desk.act(AddPerson::parse, 1, other).await);
        assert_eq!(refused.violations[0].field, "description.name", "the words of another person");
    }

    on_both_engines!(without_a_key_nobody_is_described, crate::SCHEMA);
    async fn without_a_key_nobody_is_described(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.submitted(1, Lane::Urgent).await;
        let person: PersonId = id(1);
        let request = AddPersonRequest {
            case_id: case.to_string(),
            person_id: person.to_string(),
            status: 1,
            description: Some(sealed(fields::person(person).name, 1, 1)),
            ..AddPersonRequest::default()
        };
        assert_eq!(refusal(desk.act(AddPerson::parse, 1, request).await).reason, "NO_NOTES_KEY");
        assert!(desk.read(case).await.persons.is_empty());
    }
}
