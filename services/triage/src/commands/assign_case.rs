//! Giving a case to another owner.

use flare_contracts::{
    Refusal, codes, input,
    triage::v1::{AssignCaseRequest, CaseState},
};
use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, store};

/// Gives a case to another owner.
pub(crate) struct AssignCase {
    pub(crate) seen: SeenCase,
    pub(crate) owner: StaffId,
    pub(crate) reason: &'static str,
}

impl AssignCase {
    pub(crate) fn parse(_: &Triage, officer: StaffId, request: &AssignCaseRequest) -> Result<Self, Refusal> {
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            owner: input::id("owner", &request.owner)?,
            reason: input::code("reason", &request.reason, codes::WHY_ASSIGNED)?,
        })
    }
}

impl Write for AssignCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let assigned = case.assign(self.owner, self.reason)?;
        store::finish(tx, &mut case, self.seen.officer, assigned).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_case_changes_hands, crate::SCHEMA);
    async fn a_case_changes_hands(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        let request = AssignCaseRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            owner: staff(2).to_string(),
            reason: "shift".to_owned(),
            ..AssignCaseRequest::default()
        };
        let state = desk.act(AssignCase::parse, 1, request.clone()).await.unwrap();
        assert_eq!(desk.read(case).await.summary.unwrap().owner, staff(2).to_string());
        assert_eq!(desk.last_event(case).await.0, "CaseAssigned");
        let again = AssignCaseRequest { version: state.version, ..request.clone() };
        assert_eq!(refusal(desk.act(AssignCase::parse, 1, again).await).reason, "ALREADY_OWNER");
        let unsaid = AssignCaseRequest { reason: "because".to_owned(), ..request };
        assert_eq!(refusal(desk.act(AssignCase::parse, 1, unsaid).await).violations[0].field, "reason");
    }
}
