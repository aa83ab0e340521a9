//! Asking grants again until it answers.

use std::time::Duration;

use flare_store::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Triage, commands::ClaimMoneyAsks};

/// How often it looks whether something is due to be asked again.
const EVERY: Duration = Duration::from_secs(2);
/// How much it asks at once.
const BATCH: i64 = 20;

/// What this service does beside answering: it asks grants to stop, hold or free money until grants has answered.
#[derive(Clone, Debug)]
pub struct TriageWorkers(Triage);

impl TriageWorkers {
    /// Works for this service. Several replicas may.
    pub const fn new(triage: Triage) -> Self {
        Self(triage)
    }

    /// Runs until it is cancelled. A failure is logged and tried again: what must be asked stands in the database.
    pub async fn run(self, token: CancellationToken) {
        loop {
            match self.ask_once().await {
                // A full batch: there is more.
                Ok(asked)
                    if asked == usize::try_from(BATCH).unwrap_or(usize::MAX) && !token.is_cancelled() =>
                {
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "grants could not be asked about money; it is tried again");
                }
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Asks once whatever is due, at the same time; how much that was.
    pub async fn ask_once(&self) -> Result<usize, Error> {
        let due = self.0.database().write(ClaimMoneyAsks { limit: BATCH }).await?;
        let asked = due.len();
        let mut asking = JoinSet::new();
        for ask in due {
            let triage = self.0.clone();
            asking.spawn(async move { triage.ask(ask).await });
        }
        while let Some(outcome) = asking.join_next().await {
            match outcome {
                Ok(outcome) => drop(outcome?),
                Err(error) => return Err(Error::Stopped(error.to_string())),
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, grants::v1::CaseMoney};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(grants_is_asked_until_it_answers, crate::SCHEMA);
    async fn grants_is_asked_until_it_answers(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let workers = TriageWorkers::new(desk.triage.clone());
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        desk.grants.refuse();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert_eq!(workers.ask_once().await.unwrap(), 0, "not at once again");
        desk.advance_hours(1);
        desk.grants.hang();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert!(!desk.triage.money_is_settled(case).await.unwrap());
        desk.advance_hours(1);
        desk.grants.overlook();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert!(!desk.triage.money_is_settled(case).await.unwrap(), "money is not what was decided");
        desk.advance_hours(1);
        desk.grants.answer();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert_eq!(desk.last_event(case).await.0, "MoneyStopped");
        desk.advance_hours(1);
        assert_eq!(workers.ask_once().await.unwrap(), 0);
        let heard = desk.grants.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), 4);
        assert!(heard.iter().all(|asked| *asked == heard[0]), "one asking, repeated: {heard:?}");
        assert_eq!(heard[0].2, CaseMoney::Held);
    }

    on_both_engines!(it_ends_when_it_is_asked_to, crate::SCHEMA);
    async fn it_ends_when_it_is_asked_to(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.pause(case, 1).await;
        let token = CancellationToken::new();
        let running = tokio::spawn(TriageWorkers::new(desk.triage.clone()).run(token.clone()));
        while !desk.triage.money_is_settled(case).await.unwrap() {
            tokio::task::yield_now().await;
        }
        token.cancel();
        running.await.unwrap();
    }
}
