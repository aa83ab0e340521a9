//! Replacing the contact plan.

use flare_access::Staff;
use flare_contracts::{
    common::v1::SealedField,
    fields, input,
    triage::v1::{CaseState, SetContactPlanRequest},
};
use flare_store::{Command, Error, Tx, Write};

use super::SeenCase;
use crate::{Triage, store};

/// Replaces how, when and by whom the requester may be reached.
pub(crate) struct SetContactPlan {
    pub(crate) seen: SeenCase,
    pub(crate) contact_plan: SealedField,
}

impl Command for SetContactPlan {
    type Service = Triage;
    type By = Staff;
    type Request = SetContactPlanRequest;

    fn parse(_: &Triage, by: &Staff, request: SetContactPlanRequest) -> Result<Self, Error> {
        let plan = request.contact_plan;
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            contact_plan: input::sealed("contact_plan", plan, &fields::CONTACT_PLAN)?,
        })
    }
}

impl Write for SetContactPlan {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let replaced = case.set_contact_plan(self.contact_plan.version)?;
        store::put_sealed(tx, case.id, "contact_plan", &self.contact_plan).await?;
        store::finish(tx, &mut case, self.seen.officer, replaced).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_plan_is_replaced_under_the_newest_key, crate::SCHEMA);
    async fn a_plan_is_replaced_under_the_newest_key(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let request = |version, field| SetContactPlanRequest {
            case_id: case.to_string(),
            version,
            contact_plan: Some(field),
            ..SetContactPlanRequest::default()
        };
        let version = world.version(case).await;
        let set = |field| world.act::<SetContactPlan>(1, request(version, field));
        assert_eq!(refusal(set(sealed("notes.contact_plan", 1, 1)).await).reason, "FIELD_VERSION");
        assert_eq!(refusal(set(sealed("notes.contact_plan", 2, 2)).await).reason, "OLD_KEY_EPOCH");
        set(sealed("notes.contact_plan", 2, 1)).await.unwrap();
        assert_eq!(world.read(case).await.contact_plan.unwrap().version, 2);
        assert_eq!(world.last_event(case).await.0, "ContactPlanSet");
    }
}
