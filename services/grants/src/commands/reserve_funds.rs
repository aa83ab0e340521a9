//! Sets money of a fund aside.

use flare_access::Staff;
use flare_contracts::{
    grants::v1::{GrantState, ReserveFundsRequest},
    input,
};
use flare_kernel::Money;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::Grants;

/// The most characters of a fund's name.
const MAX_FUND: usize = 60;

pub(crate) struct ReserveFunds {
    change: Change,
    fund: String,
    amount: Money,
}

impl ReserveFunds {
    pub(crate) fn parse(
        grants: &Grants,
        staff: &Staff,
        request: &ReserveFundsRequest,
    ) -> Result<Self, Error> {
        Ok(Self {
            change: Change::parse(grants, staff, &request.grant_id, request.version)?,
            fund: input::label("fund", &request.fund, MAX_FUND)?,
            amount: input::money("amount", request.amount.as_ref())?,
        })
    }
}

impl Write for ReserveFunds {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let (by, fund) = (self.change.by, self.fund.clone());
        self.change.apply(tx, |open, now| open.grant.reserve(by, fund, self.amount, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::Gate;

    use crate::{
        domain::samples::{eur, usd},
        fixtures::{World, fields},
    };
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
}
