//! Firing what is due.

use std::{sync::Arc, time::Duration};

use flare_contracts::Service;
use flare_store::{Database, Error, Row, Tx, Work, Write, sql};
use tokio_util::sync::CancellationToken;

use crate::{
    DueTimer, HostedService, TimerHandler, figures,
    pause::delay_after,
    run_loop::{Round, Rounds, RunLoop},
};

/// How many timers one look covers.
const LOOK: i64 = 50;
/// A timer that fails waits from the first to the last before it fires again; it is never dropped.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_mins(5);
/// From how many failures on they are logged as errors.
const WORRYING: i64 = 10;

/// Fires a service's timers.
#[derive(Clone)]
pub struct TimerWorker {
    service: Service,
    database: Database,
    handler: Arc<dyn TimerHandler>,
}

/// A timer as it stands in its row. The generation tells one setting from the next.
#[derive(Clone, Debug)]
struct Found {
    timer: DueTimer,
    generation: i64,
    attempts: i64,
}

impl TimerWorker {
    /// The worker of a role; none when the role sets no timers.
    pub fn new(role: &HostedService) -> Option<Self> {
        let handler = Arc::clone(role.timers.as_ref()?);
        Some(Self { service: role.service, database: role.database.clone(), handler })
    }

    /// Fires whatever comes due until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (service, database, work) = (self.service, &self.database, Work::Timers);
        let trouble = "timers cannot fire now; they wait";
        let run_loop = RunLoop { service, database, work, look_every: database.look_every(), trouble };
        run_loop.run(&token, &mut self.clone()).await;
    }

    /// Fires what is due now, at most 50. Says how many fired.
    pub async fn fire_once(&self) -> Result<usize, Error> {
        let now = self.database.now().await?.as_micros();
        let rows = self
            .database
            .fetch_all(
                sql("SELECT stream, kind, generation, due, attempts FROM timers WHERE due <= $1 ORDER BY due LIMIT $2")
                    .bind(now)
                    .bind(LOOK),
            )
            .await?;
        let mut fired = 0;
        for row in &rows {
            let found = Found::read(row)?;
            match self.database.write(Fire { found: found.clone(), handler: Arc::clone(&self.handler) }).await
            {
                Ok(true) => fired += 1,
                Ok(false) => {}
                Err(error) => self.postpone(found, &error).await?,
            }
        }
        figures::count(figures::TIMERS_FIRED, self.service, fired);
        Ok(fired)
    }

    async fn postpone(&self, found: Found, error: &Error) -> Result<(), Error> {
        figures::count(figures::TIMER_FAILURES, self.service, 1);
        let (service, attempts) = (self.service, found.attempts + 1);
        let DueTimer { stream, kind, .. } = &found.timer;
        if attempts >= WORRYING {
            tracing::error!(%service, stream, kind, attempts, %error, "a timer fails again and again");
        } else {
            tracing::warn!(%service, stream, kind, attempts, %error, "a timer failed and fires again later");
        }
        self.database.write(Postpone(found)).await
    }
}

impl Rounds for TimerWorker {
    type Error = Error;

    async fn round(&mut self, _: &CancellationToken) -> Result<Round, Error> {
        if self.fire_once().await? > 0 {
            return Ok(Round::Worked(Duration::ZERO));
        }
        let row = self.database.fetch_optional(sql("SELECT due FROM timers ORDER BY due LIMIT 1")).await?;
        let Some(row) = row else { return Ok(Round::Idle) };
        let left = row.timestamp("due")?.since(self.database.now().await?).as_micros();
        let left = Duration::from_micros(u64::try_from(left).unwrap_or_default());
        // One that another worker is firing just now is due and not ours.
        Ok(Round::DueIn(left.max(Duration::from_millis(1))))
    }
}

impl Found {
    fn read(row: &Row) -> Result<Self, Error> {
        let timer =
            DueTimer { stream: row.text("stream")?, kind: row.text("kind")?, due: row.timestamp("due")? };
        Ok(Self { timer, generation: row.int("generation")?, attempts: row.int("attempts")? })
    }
}

/// Takes a timer and does what it is for, unless another worker was faster or it was set anew.
struct Fire {
    found: Found,
    handler: Arc<dyn TimerHandler>,
}

impl Write for Fire {
    type Output = bool;

    async fn apply(&self, tx: &mut Tx) -> Result<bool, Error> {
        let timer = &self.found.timer;
        tx.lock(&[&timer.stream]).await?;
        let taken = tx
            .execute(
                sql("DELETE FROM timers WHERE stream = $1 AND kind = $2 AND generation = $3 AND due <= $4")
                    .bind(timer.stream.clone())
                    .bind(timer.kind.clone())
                    .bind(self.found.generation)
                    .bind(tx.now().as_micros()),
            )
            .await?;
        if taken == 0 {
            return Ok(false);
        }
        let span = tracing::info_span!("timer", stream = timer.stream, kind = timer.kind);
        tracing::Instrument::instrument(self.handler.fire(tx, timer), span).await?;
        Ok(true)
    }
}

struct Postpone(Found);

impl Write for Postpone {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let Found { timer, generation, attempts } = &self.0;
        let due = tx.now().plus(delay_after(attempts + 1, FIRST_WAIT, LAST_WAIT));
        tx.execute(
            sql("UPDATE timers SET attempts = attempts + 1, due = $5 \
                 WHERE stream = $1 AND kind = $2 AND generation = $3 AND due = $4")
            .bind(timer.stream.clone())
            .bind(timer.kind.clone())
            .bind(*generation)
            .bind(timer.due.as_micros())
            .bind(due.as_micros()),
        )
        .await
        .map(drop)
    }
}
