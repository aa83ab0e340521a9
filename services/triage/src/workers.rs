//! Asking grants again until it answers.

use std::time::Duration;

use flare_contracts::Service;
use flare_messaging::{Round, Rounds, RunLoop};
use flare_store::{Error, Work};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Triage, commands::ClaimMoneyAsks, store};

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

    /// Runs until it is cancelled. What must be asked stands in the database, so a failure is only a delay.
    pub async fn run(mut self, token: CancellationToken) {
        let database = &self.0.database().clone();
        let run_loop = RunLoop {
            service: Service::Triage,
            database,
            work: Work::Own,
            look_every: database.look_every(),
            trouble: "grants could not be asked about money; it is tried again",
        };
        run_loop.run(&token, &mut self).await;
    }

    /// Asks once whatever is due, at the same time; how much that was. One asking that fails stops no other.
    pub async fn ask_once(&self) -> Result<usize, Error> {
        let due = self.0.database().write(ClaimMoneyAsks { limit: BATCH }).await?;
        let asked = due.len();
        let mut asking = JoinSet::new();
        for ask in due {
            let triage = self.0.clone();
            asking.spawn(async move { triage.ask(ask).await });
        }
        let mut failure = None;
        while let Some(outcome) = asking.join_next().await {
            let outcome = outcome.map_err(|error| Error::Stopped(error.to_string())).flatten();
            failure = failure.or(outcome.err());
        }
        failure.map_or(Ok(asked), Err)
    }
}

impl Rounds for TriageWorkers {
    type Error = Error;

    async fn round(&mut self, _: &CancellationToken) -> Result<Round, Error> {
        let Some(due_in) = store::next_ask(self.0.database()).await? else { return Ok(Round::Idle) };
        match u64::try_from(due_in.as_micros()) {
            Ok(micros @ 1..) => Ok(Round::DueIn(Duration::from_micros(micros))),
            Ok(0) | Err(_) => self.ask_once().await.map(|_| Round::Worked(Duration::ZERO)),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, grants::v1::CaseMoney};
    use flare_kernel::CaseId;
    use flare_store::{Tx, Write, sql};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(grants_is_asked_until_it_answers, crate::SCHEMA);
    async fn grants_is_asked_until_it_answers(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let workers = TriageWorkers::new(world.triage.clone());
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        world.grants.refuse();
        assert_eq!(workers.ask_once().await.unwrap(), 0, "whoever paused it asks first");
        world.advance_hours(1);
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert_eq!(workers.ask_once().await.unwrap(), 0, "not at once again");
        world.advance_hours(1);
        world.grants.hang();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert!(!world.triage.money_is_settled(case).await.unwrap());
        world.advance_hours(1);
        world.grants.overlook();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert!(!world.triage.money_is_settled(case).await.unwrap(), "money is not what was decided");
        world.advance_hours(1);
        world.grants.answer();
        assert_eq!(workers.ask_once().await.unwrap(), 1);
        assert_eq!(world.last_event(case).await.0, "MoneyStopped");
        world.advance_hours(1);
        assert_eq!(workers.ask_once().await.unwrap(), 0);
        let heard = world.grants.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), 4);
        assert!(heard.iter().all(|asked| *asked == heard[0]), "one asking, repeated: {heard:?}");
        assert_eq!(heard[0].2, CaseMoney::Held);
    }

    /// Makes a case one that cannot be read.
    struct Spoil(CaseId);

    impl Write for Spoil {
        type Output = ();

        async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
            let spoil = sql("UPDATE cases SET held_by = 'nobody' WHERE case_id = $1");
            tx.execute(spoil.bind(self.0.to_string())).await.map(drop)
        }
    }

    on_both_engines!(an_asking_that_fails_stops_no_other, crate::SCHEMA);
    async fn an_asking_that_fails_stops_no_other(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let mut cases = Vec::new();
        for number in 1..=6 {
            let case = world.assessing(number, Lane::Urgent).await;
            world.pause(case, 1).await;
            cases.push(case);
        }
        world.triage.database().write(Spoil(cases[0])).await.unwrap();
        world.advance_hours(1);
        let outcome = TriageWorkers::new(world.triage.clone()).ask_once().await;
        assert!(matches!(outcome, Err(Error::Corrupt(_))), "{outcome:?}");
        for case in &cases[1..] {
            assert!(world.triage.money_is_settled(*case).await.unwrap(), "asked beside the one that failed");
        }
    }

    on_both_engines!(it_ends_when_it_is_asked_to, crate::SCHEMA);
    async fn it_ends_when_it_is_asked_to(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.pause(case, 1).await;
        world.advance_hours(1);
        let token = CancellationToken::new();
        let running = tokio::spawn(TriageWorkers::new(world.triage.clone()).run(token.clone()));
        while !world.triage.money_is_settled(case).await.unwrap() {
            tokio::task::yield_now().await;
        }
        token.cancel();
        running.await.unwrap();
    }
}
