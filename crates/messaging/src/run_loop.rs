//! The one loop of all workers: rounds as long as there is work, and else waiting for more.

use std::{fmt::Display, time::Duration};

use flare_contracts::Service;
use flare_store::{Database, Work};
use tokio_util::sync::CancellationToken;

use crate::pause::{Pause, rest};

/// How soon a worker looks again whose work is there and cannot be done yet.
pub const SOON: Duration = Duration::from_millis(500);

/// How long a worker waits at most for what is due at a time: the clock goes on while the machine sleeps, and what
/// counts the seconds of a wait may stand still.
const DUE_WITHIN: Duration = Duration::from_secs(5);

/// How a round of a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// It did something. The next begins after this while, in which more may come that shares its commit.
    Worked(Duration),
    /// The next thing to do is due after this while, if nothing else comes before.
    DueIn(Duration),
    /// There is nothing to do.
    Idle,
}

/// What a worker does.
pub trait Rounds: Send {
    /// Why it cannot.
    type Error: Display + Send;

    /// Does what there is to do now, and soon ends when the token is cancelled.
    fn round(&mut self, token: &CancellationToken)
    -> impl Future<Output = Result<Round, Self::Error>> + Send;
}

/// How a worker goes from round to round: what it waits for, and what its log says when it cannot work.
#[derive(Clone, Copy, Debug)]
pub struct RunLoop<'a> {
    /// The service whose worker it is.
    pub service: Service,
    /// Its tables.
    pub database: &'a Database,
    /// The hints that wake it.
    pub work: Work,
    /// How often it looks though nobody woke it, usually [`Database::look_every`].
    pub look_every: Duration,
    /// What it means that a round failed, such as "timers cannot fire now; they wait".
    pub trouble: &'static str,
}

impl RunLoop<'_> {
    /// Does rounds until the token is cancelled. A worker that is not woken looks again all the same. After a failure only
    /// time passes, longer each time, up to five seconds: more to do changes nothing, and what cannot be reached is not
    /// asked again with each piece of work.
    pub async fn run(self, token: &CancellationToken, worker: &mut impl Rounds) {
        let mut listener = self.database.listen(self.work);
        let mut pause = Pause::default();
        while !token.is_cancelled() {
            let wait = match worker.round(token).await {
                Ok(Round::Worked(wait)) => {
                    pause.over();
                    if wait.is_zero() || rest(token, None, wait).await {
                        continue;
                    }
                    return;
                }
                Ok(Round::DueIn(wait)) => {
                    pause.over();
                    wait.min(self.look_every).min(DUE_WITHIN)
                }
                Ok(Round::Idle) => {
                    pause.over();
                    self.look_every
                }
                Err(error) => {
                    if pause.is_new() {
                        tracing::warn!(service = %self.service, %error, "{}", self.trouble);
                    }
                    pause.longer()
                }
            };
            let wake = pause.is_new().then_some(&mut listener);
            if !rest(token, wake, wait).await {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::IntoIter;

    use tokio::time::Instant;

    use super::*;
    use crate::tests::World;

    const LONG: Duration = Duration::from_hours(1);

    /// Ends its rounds like this, one after the other, and stops the loop with the last.
    struct Script {
        ends: IntoIter<Result<Round, &'static str>>,
        database: Database,
    }

    impl Rounds for Script {
        type Error = &'static str;

        async fn round(&mut self, token: &CancellationToken) -> Result<Round, &'static str> {
            let end = self.ends.next().unwrap();
            if self.ends.len() == 0 {
                token.cancel();
            }
            // A hint that comes while it works.
            self.database.hint(Work::Own);
            end
        }
    }

    #[tokio::test]
    async fn the_next_round_follows_work_a_time_a_hint_and_a_failure() {
        let world = World::sqlite().await;
        let database = world.inbox_database().clone();
        let ends = vec![
            Ok(Round::Worked(Duration::ZERO)),
            Ok(Round::Worked(Duration::from_millis(1))),
            Ok(Round::DueIn(LONG)),
            Ok(Round::Idle),
            Err("away"),
            Ok(Round::Idle),
        ];
        let mut script = Script { ends: ends.into_iter(), database: database.clone() };
        let run_loop = RunLoop {
            service: Service::Triage,
            database: &database,
            work: Work::Own,
            look_every: LONG,
            trouble: "it cannot work now",
        };
        run_loop.run(&CancellationToken::new(), &mut script).await;
        assert_eq!(script.ends.len(), 0);
    }

    /// The clock of the waits is the test's: it goes on by itself where everybody waits.
    #[tokio::test]
    async fn a_round_that_nothing_wakes_comes_in_time() {
        let world = World::sqlite().await;
        let database = world.inbox_database();
        tokio::time::pause();
        // How a round ended, and after how many whole seconds the next one begins.
        let cases = [
            (Ok(Round::DueIn(LONG)), 5..=5),
            (Ok(Round::DueIn(Duration::from_secs(2))), 2..=2),
            (Ok(Round::Idle), 60..=60),
            (Err(1), 0..=0),
            (Err(100), 2..=5),
        ];
        for (end, expected) in cases {
            let (token, mut waits) = (CancellationToken::new(), Waits { end, begun: Vec::new() });
            let run_loop = RunLoop {
                service: Service::Triage,
                database,
                work: Work::Own,
                look_every: Duration::from_mins(1),
                trouble: "it cannot work now",
            };
            run_loop.run(&token, &mut waits).await;
            let [.., before, last] = waits.begun.as_slice() else { panic!("two rounds") };
            let waited = (*last - *before).as_secs();
            assert!(expected.contains(&waited), "{end:?}: {waited} s");
        }
    }

    /// Ends a round like this, as many as fail, and stops the loop with the one after.
    struct Waits {
        end: Result<Round, usize>,
        begun: Vec<Instant>,
    }

    impl Rounds for Waits {
        type Error = usize;

        async fn round(&mut self, token: &CancellationToken) -> Result<Round, usize> {
            self.begun.push(Instant::now());
            if self.begun.len() > self.end.err().unwrap_or(1) {
                token.cancel();
            }
            self.end
        }
    }

    #[tokio::test]
    async fn a_worker_that_nobody_wakes_looks_all_the_same() {
        struct Counts(u32);
        impl Rounds for Counts {
            type Error = &'static str;

            async fn round(&mut self, token: &CancellationToken) -> Result<Round, &'static str> {
                self.0 += 1;
                if self.0 == 3 {
                    token.cancel();
                }
                Ok(if self.0 == 1 { Round::Idle } else { Round::DueIn(LONG) })
            }
        }
        let world = World::sqlite().await;
        let run_loop = RunLoop {
            service: Service::Triage,
            database: world.inbox_database(),
            work: Work::Own,
            look_every: Duration::from_millis(1),
            trouble: "it cannot work now",
        };
        let mut counts = Counts(0);
        run_loop.run(&CancellationToken::new(), &mut counts).await;
        assert_eq!(counts.0, 3);
    }
}
