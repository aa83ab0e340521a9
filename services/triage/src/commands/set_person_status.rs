//! Noting how a person is.

use flare_contracts::{
    Refusal,
    events::v1::PersonStatusSet,
    input,
    triage::v1::{self, CaseState, SetPersonStatusRequest},
};
use flare_kernel::{PersonId, StaffId};
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{
    Triage,
    domain::{PersonStatus, listed_in},
    store,
};

/// Notes how a person is now.
pub(crate) struct SetPersonStatus {
    pub(crate) seen: SeenCase,
    pub(crate) person: PersonId,
    pub(crate) status: PersonStatus,
}

impl SetPersonStatus {
    pub(crate) fn parse(
        _: &Triage,
        officer: StaffId,
        request: &SetPersonStatusRequest,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
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

    on_both_engines!(how_a_person_is_is_noted, crate::SCHEMA);
    async fn how_a_person_is_is_noted(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        let person = desk.person(case, 1).await;
        let request = SetPersonStatusRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            person_id: person.to_string(),
            status: v1::PersonStatus::Missing.into(),
            ..SetPersonStatusRequest::default()
        };
        desk.act(SetPersonStatus::parse, 1, request.clone()).await.unwrap();
        assert_eq!(desk.read(case).await.persons[0].status(), v1::PersonStatus::Missing);
        assert_eq!(desk.last_event(case).await.0, "PersonStatusSet");
        assert_eq!(
            refusal(desk.act(SetPersonStatus::parse, 1, request.clone()).await).reason,
            "STALE_VERSION"
        );
        let unknown = SetPersonStatusRequest {
            version: desk.version(case).await,
            person_id: PersonId::from_bytes([9; 16]).to_string(),
            ..request
        };
        assert_eq!(refusal(desk.act(SetPersonStatus::parse, 1, unknown).await).reason, "NOT_FOUND");
    }
}
