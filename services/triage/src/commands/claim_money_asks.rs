//! Taking what grants must be asked again.

use flare_store::{Error, Tx, Write};

use crate::store::{self, DueAsk};

/// Takes up to `limit` askings that are due, and puts each off.
pub(crate) struct ClaimMoneyAsks {
    pub(crate) limit: i64,
}

impl Write for ClaimMoneyAsks {
    type Output = Vec<DueAsk>;

    async fn apply(&self, tx: &mut Tx) -> Result<Vec<DueAsk>, Error> {
        store::claim_due_asks(tx, self.limit).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(what_is_asked_is_put_off_for_longer_each_time, crate::SCHEMA);
    async fn what_is_asked_is_put_off_for_longer_each_time(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        let claim = async || desk.triage.database().write(ClaimMoneyAsks { limit: 10 }).await.unwrap().len();
        for wait in [2, 4, 8, 16, 32, 60, 60] {
            desk.sandbox.advance(flare_kernel::Duration::from_secs(wait - 1));
            assert_eq!(claim().await, 0, "not before {wait} s");
            desk.sandbox.advance(flare_kernel::Duration::from_secs(1));
            assert_eq!(claim().await, 1);
        }
        desk.triage.ask_at_once(case).await.unwrap().unwrap();
        assert_eq!(claim().await, 0, "grants has answered");
    }
}
