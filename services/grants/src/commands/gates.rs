//! What a head and finance do before money may go: they open a gate, or authorise an advance past the gates.

use flare_access::Staff;
use flare_contracts::{
    codes,
    grants::v1::{AuthoriseAdvanceRequest, GrantState, OverrideVerificationRequest, ReserveFundsRequest},
    input,
};
use flare_kernel::Money;
use flare_store::{Command, Error, Tx, Write};

use super::{LockedGrant, SeenGrant};
use crate::Grants;

/// The most characters of a fund's name.
const MAX_FUND: usize = 60;

/// A head opens the gate "verified" without two references.
pub(crate) struct OverrideVerification {
    seen: SeenGrant,
    reason: &'static str,
}

impl Command for OverrideVerification {
    type Service = Grants;
    type By = Staff;
    type Request = OverrideVerificationRequest;

    fn parse(grants: &Grants, by: &Staff, request: OverrideVerificationRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, reason: input::code("reason", &request.reason, codes::WHY_OVERRIDDEN)? })
    }
}

impl Write for OverrideVerification {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        self.seen.change(tx, |locked, _| locked.grant.override_verification(by, self.reason)).await
    }
}

/// Sets money of a fund aside.
pub(crate) struct ReserveFunds {
    seen: SeenGrant,
    fund: String,
    amount: Money,
}

impl Command for ReserveFunds {
    type Service = Grants;
    type By = Staff;
    type Request = ReserveFundsRequest;

    fn parse(grants: &Grants, by: &Staff, request: ReserveFundsRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?,
            fund: input::label("fund", &request.fund, MAX_FUND)?,
            amount: input::money("amount", request.amount.as_ref())?,
        })
    }
}

impl Write for ReserveFunds {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let (by, fund) = (self.seen.by, self.fund.clone());
        self.seen.change(tx, |locked, now| locked.grant.reserve(by, fund, self.amount, now)).await
    }
}

/// One of two people authorises an advance.
pub(crate) struct AuthoriseAdvance {
    seen: SeenGrant,
    amount: Money,
}

impl Command for AuthoriseAdvance {
    type Service = Grants;
    type By = Staff;
    type Request = AuthoriseAdvanceRequest;

    fn parse(grants: &Grants, by: &Staff, request: AuthoriseAdvanceRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        Ok(Self { seen, amount: input::money("amount", request.amount.as_ref())? })
    }
}

impl Write for AuthoriseAdvance {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        let authorise = |locked: &mut LockedGrant, _| {
            let confirmed = locked.case.confirmed_for(locked.grant.proposer);
            locked.grant.authorise_advance(by, self.amount, confirmed, &locked.policy)
        };
        self.seen.change(tx, authorise).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        events::v1::{GrantsEvent, grants_event::Event},
        grants::v1::{Gate, GrantStage},
    };
    use flare_testkit::{Sandbox, on_both_engines};
    use prost::Message;

    use crate::{
        domain::samples::{FINANCE, HEAD, OFFICER, PROPOSER, eur, usd},
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

    on_both_engines!(several_funds_together_open_the_gate, crate::SCHEMA);
    async fn several_funds_together_open_the_gate(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        let state = world.reserve(eur(939_999)).await.unwrap();
        assert!(state.open_gates.is_empty());
        let state = world.reserve(eur(1)).await.unwrap();
        assert_eq!(state.open_gates, [i32::from(Gate::Funded)]);
        assert_eq!(fields(&world.reserve(usd(1)).await.unwrap_err()), ["amount.currency"]);
        assert_eq!(fields(&world.reserve(eur(0)).await.unwrap_err()), ["amount.minor_units"]);
        assert_eq!(fields(&world.reserve(eur(i64::MAX)).await.unwrap_err()), ["amount.minor_units"]);
    }

    on_both_engines!(an_advance_goes_before_the_gates, crate::SCHEMA);
    async fn an_advance_goes_before_the_gates(sandbox: Sandbox) {
        let world = World::in_approval(sandbox).await;
        refused(world.advance(HEAD, eur(50_000)).await, "NO_INDEPENDENT_CHECK");
        world.references(1).await;
        assert_eq!(fields(&world.advance(HEAD, eur(100_001)).await.unwrap_err()), ["amount"]);
        world.advance(HEAD, eur(50_000)).await.unwrap();
        refused(world.advance(HEAD, eur(50_000)).await, "ADVANCE_BY_SAME_PERSON");
        refused(world.schedule(1, eur(50_000), true).await, "NO_ADVANCE");
        world.advance(FINANCE[1], eur(50_000)).await.unwrap();
        world.schedule(1, eur(50_000), true).await.unwrap();
        refused(world.release(FINANCE[1], 1).await, "NO_PAYEE");
        world.enter_payee(OFFICER).await.unwrap();
        world.release(FINANCE[1], 1).await.unwrap();
        let state = world.send(1).await.unwrap();
        assert_eq!((state.stage(), state.open_gates.len()), (GrantStage::InApproval, 0));
        assert_eq!(world.grant().await.authorised_advance(), Some(eur(50_000)));
    }
}
