//! The way to grants when money must stop.

use async_trait::async_trait;
use flare_contracts::{grants::v1::HoldKind, triage::v1::CaseState};
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
    /// Has the money of a case held, freed or stopped for good, as it was decided at a version of the case, and says how
    /// many payments are under way already. A repetition changes nothing, and neither does what is older than the last.
    async fn hold(&self, case: CaseId, kind: HoldKind, version: i64) -> Result<u32, Status>;
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
        let asked = self.0.money.hold(ask.case, HoldKind::from(ask.kind), ask.version);
        match tokio::time::timeout(self.0.money_timeout, asked).await {
            Ok(Ok(under_way)) => {
                tracing::info!(case = %ask.case, under_way, "grants did what was asked about the money of a case");
                let confirm = ConfirmMoneyStopped { case: ask.case, version: ask.version };
                self.database().write(confirm).await.map(Some)
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
