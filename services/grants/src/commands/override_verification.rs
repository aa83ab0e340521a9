//! A head opens the gate "verified" without two references.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{GrantState, OverrideVerificationRequest},
    input,
};
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

pub(crate) struct OverrideVerification {
    change: Change,
    reason: &'static str,
}

impl OverrideVerification {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &OverrideVerificationRequest,
    ) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        Ok(Self { change, reason: input::code("reason", &request.reason, codes::WHY_OVERRIDDEN)? })
    }
}

impl Write for OverrideVerification {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        self.change.apply(tx, |open, _| open.grant.override_verification(by, self.reason)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::Gate,
    };
    use prost::Message;

    use crate::{
        domain::samples::{HEAD, PROPOSER},
        fixtures::{World, fields, refused},
    };
    on_both_engines!(an_override_has_its_reason_in_the_audit_trail, crate::SCHEMA);
    async fn an_override_has_its_reason_in_the_audit_trail(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        assert_eq!(fields(&world.override_verification(HEAD, "").await.unwrap_err()), ["reason"]);
        refused(world.override_verification(PROPOSER, "no_time").await, "BY_PROPOSER");
        let state = world.override_verification(HEAD, "references_unsafe").await.unwrap();
        assert_eq!(state.open_gates, [i32::from(Gate::Verified)]);
        refused(world.override_verification(HEAD, "other").await, "ALREADY_VERIFIED");
        let event = GrantsEvent::decode(world.last_event().await.payload.unwrap().as_slice()).unwrap();
        let Some(Event::GateOpened(opened)) = event.event else { panic!("{event:?}") };
        assert_eq!((opened.how.as_str(), opened.reason.as_str()), ("override", "references_unsafe"));
    }
}
