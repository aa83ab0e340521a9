//! Another person checks the payee.

use flare_access::Staff;
use flare_contracts::{
    Refusal,
    grants::v1::{CheckPayeeRequest, GrantState},
    input,
};
use flare_kernel::Date;
use flare_store::{Error, Tx, Write};

use super::Change;
use crate::{Grants, refusals::GrantsRule};

pub(crate) struct CheckPayee {
    change: Change,
    called_back: [u8; 32],
    sanctions_on: Date,
}

impl CheckPayee {
    pub(crate) fn parse(grants: &Grants, staff: &Staff, request: &CheckPayeeRequest) -> Result<Self, Error> {
        let change = Change::parse(grants, staff, &request.grant_id, request.version)?;
        if !request.called_back {
            return Err(Refusal::invalid("called_back", GrantsRule::NotCalledBack).into());
        }
        if !request.sanctions_clear {
            return Err(Refusal::invalid("sanctions_clear", GrantsRule::NotCleared).into());
        }
        Ok(Self {
            change,
            called_back: input::array("payee_digest", &request.payee_digest)?,
            sanctions_on: input::date("sanctions_checked_on", &request.sanctions_checked_on)?,
        })
    }
}

impl Write for CheckPayee {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.change.by;
        let decide = |open: &mut super::Open, now| {
            open.grant.check_payee(by, self.called_back, self.sanctions_on, now)
        };
        self.change.apply(tx, decide).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::{CheckPayeeRequest, Gate, grants_server::Grants as _};

    use crate::{
        domain::samples::{FINANCE, OFFICER},
        fixtures::{World, by, fields, refused},
    };
    on_both_engines!(another_person_checks_by_calling_back, crate::SCHEMA);
    async fn another_person_checks_by_calling_back(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        refused(world.check_payee(FINANCE[0]).await, "NO_PAYEE");
        world.enter_payee(FINANCE[0]).await.unwrap();
        refused(world.check_payee(FINANCE[0]).await, "ENTERED_BY_SAME_PERSON");
        let check = |request| world.api.check_payee(by(FINANCE[1], request));
        for (field, change) in [
            ("called_back", (|request| request.called_back = false) as fn(&mut CheckPayeeRequest)),
            ("sanctions_clear", |request| request.sanctions_clear = false),
            ("sanctions_checked_on", |request| request.sanctions_checked_on = "2026-11-23".into()),
            ("sanctions_checked_on", |request| request.sanctions_checked_on = "2026-10-22".into()),
        ] {
            let mut request = world.check_payee_request().await;
            change(&mut request);
            assert_eq!(fields(&check(request).await.unwrap_err()), [field]);
        }
        let state = world.check_payee(FINANCE[1]).await.unwrap();
        assert!(state.open_gates.contains(&Gate::PayeeChecked.into()));
        refused(world.check_payee(FINANCE[1]).await, "ALREADY_CHECKED");
    }

    on_both_engines!(only_the_payee_that_was_called_back_is_checked, crate::SCHEMA);
    async fn only_the_payee_that_was_called_back_is_checked(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.enter_payee(OFFICER).await.unwrap();
        let called_back = world.check_payee_request().await.payee_digest;
        world.enter_payee(OFFICER).await.unwrap();
        let request = CheckPayeeRequest { payee_digest: called_back, ..world.check_payee_request().await };
        refused(world.api.check_payee(by(FINANCE[1], request)).await, "PAYEE_CHANGED");
        let request = CheckPayeeRequest { payee_digest: vec![1], ..world.check_payee_request().await };
        assert_eq!(
            fields(&world.api.check_payee(by(FINANCE[1], request)).await.unwrap_err()),
            ["payee_digest"]
        );
        world.check_payee(FINANCE[1]).await.unwrap();
    }
}
