//! The way to grants when money must stop.

use async_trait::async_trait;
use flare_contracts::{
    grants::v1::{CaseMoney, HoldMoneyResponse},
    triage::v1::CaseState,
};
use flare_kernel::CaseId;
use flare_store::Error;
use tonic::Status;

use crate::{
    Triage,
    commands::ConfirmMoneyStopped,
    store::{self, DueAsk},
};

/// Grants, as triage needs it: `grants.HoldMoney`.
#[async_trait]
pub trait MoneyStop: Send + Sync + 'static {
    /// Has grants look into this case's history, up to a version of it, and do to its money what was decided there. Says
    /// what the money is then, and how many payments are under way already. A repetition changes nothing.
    async fn hold(&self, case: CaseId, version: i64) -> Result<HoldMoneyResponse, Status>;
}

impl Triage {
    /// Asks grants at once what was just decided about a case. The case as it is once grants has answered; none when
    /// it has not, or there was nothing to ask.
    pub(crate) async fn ask_at_once(&self, case: CaseId) -> Result<Option<CaseState>, Error> {
        match store::asked_of(self.database(), case).await? {
            Some(ask) => self.ask(ask).await,
            None => Ok(None),
        }
    }

    /// Whether grants has answered everything it was asked about a case.
    pub(crate) async fn money_is_settled(&self, case: CaseId) -> Result<bool, Error> {
        Ok(store::asked_of(self.database(), case).await?.is_none())
    }

    /// Asks grants, and notes that it answered.
    pub(crate) async fn ask(&self, ask: DueAsk) -> Result<Option<CaseState>, Error> {
        let asked = self.0.money.hold(ask.case, ask.version);
        match tokio::time::timeout(self.0.money_timeout, asked).await {
            Ok(Ok(HoldMoneyResponse { under_way, money }))
                if money == i32::from(CaseMoney::from(ask.kind)) =>
            {
                tracing::info!(case = %ask.case, under_way, "grants did what was asked about the money of a case");
                let confirm = ConfirmMoneyStopped { case: ask.case, version: ask.version };
                self.database().write(confirm).await.map(Some)
            }
            // What was decided since is asked by itself; this asking was not answered.
            Ok(Ok(_)) => {
                tracing::warn!(case = %ask.case, "the money of a case is not what was asked; it is asked again");
                Ok(None)
            }
            Ok(Err(status)) => {
                tracing::warn!(case = %ask.case, code = ?status.code(), "grants refused; it is asked again");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!(case = %ask.case, "grants did not answer in time; it is asked again");
                Ok(None)
            }
        }
    }
}
