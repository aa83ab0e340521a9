//! From the outbox to the bus.
//!
//! Events are claimed for a while, published outside any transaction, and deleted once confirmed. A relay that dies in
//! between loses its claim, and another publishes the same events again; consumers know them by their number. Several
//! relays may run at once.

use std::{error, sync::Arc, time::Duration};

use flare_contracts::Service;
use flare_kernel::random;
use flare_store::{Database, Error, EventRecord, Tx, Work, Write, sql};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    Bus, HostedService, Outgoing, PublishError, figures,
    pause::{breath, delay_after},
    run_loop::{Round, Rounds, RunLoop, SOON},
};

/// How many events are claimed at once.
pub(crate) const BATCH: usize = 200;
/// How long a claim holds: after a crash its events are that late.
pub(crate) const LEASE: flare_kernel::Duration = flare_kernel::Duration::from_secs(15);
/// How long publishing a batch may take; well below the lease, so that claims do not run out while confirms are awaited.
const PUBLISH_WITHIN: Duration = Duration::from_secs(8);
/// How long an event waits after it was refused: from the first to the last, for ever.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_mins(1);

/// Publishes a service's events.
#[derive(Clone)]
pub struct Relay {
    producer: Service,
    database: Database,
    bus: Arc<dyn Bus>,
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Relayed {
    /// Events that the bus confirmed.
    pub(crate) published: usize,
    /// Events that wait to be tried again.
    pub(crate) postponed: usize,
    /// Why nothing can be published at all, if so.
    pub(crate) away: Option<String>,
}

impl Relay {
    /// The relay of a role.
    pub fn new(role: &HostedService, bus: Arc<dyn Bus>) -> Self {
        Self { producer: role.service, database: role.database.clone(), bus }
    }

    /// Publishes whatever comes until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (service, database, work) = (self.producer, &self.database, Work::Outbox);
        let trouble = "events cannot be published now; they wait";
        let run_loop = RunLoop { service, database, work, look_every: database.look_every(), trouble };
        run_loop.run(&token, &mut self.clone()).await;
    }

    /// Publishes one batch, if there is one.
    #[cfg(test)]
    pub(crate) async fn relay_once(&self) -> Result<Relayed, Error> {
        match self.prepare().await? {
            Ready::Yes => self.publish_batch().await,
            Ready::NothingToDo => Ok(Relayed::default()),
            Ready::Away(why) => Ok(Relayed { away: Some(why), ..Relayed::default() }),
        }
    }

    /// Looks whether anything is queued, then makes sure of the bus: nothing is claimed yet, so that this may take its
    /// time. Whether it is due the claim finds out: that costs an empty write now and then, and the clock is not asked.
    async fn prepare(&self) -> Result<Ready, Error> {
        if self.database.fetch_optional(sql("SELECT seq FROM outbox LIMIT 1")).await?.is_none() {
            return Ok(Ready::NothingToDo);
        }
        Ok(self
            .bus
            .ready(self.producer)
            .await
            .map_or_else(|error| Ready::Away(error.to_string()), |()| Ready::Yes))
    }

    async fn publish_batch(&self) -> Result<Relayed, Error> {
        let name = format!("{:032x}", u128::from_be_bytes(random()?));
        let claimed = self.database.write(Claim(name.clone())).await?;
        if claimed.is_empty() {
            return Ok(Relayed::default());
        }
        let producer = self.producer;
        let (attempts, batch): (Vec<_>, Vec<_>) =
            claimed.into_iter().map(|(attempts, event)| (attempts, Outgoing { producer, event })).unzip();
        let outcomes = match timeout(PUBLISH_WITHIN, self.bus.publish(&batch)).await {
            Ok(outcomes) => outcomes,
            Err(_) => vec![Err(PublishError::Away("no answer in time".to_owned())); batch.len()],
        };
        self.settle(name, attempts, batch, outcomes).await
    }

    /// Deletes what was confirmed and lets go of the rest.
    async fn settle(
        &self,
        claim: String,
        attempts: Vec<i64>,
        batch: Vec<Outgoing>,
        outcomes: Vec<Result<(), PublishError>>,
    ) -> Result<Relayed, Error> {
        let mut relayed = Relayed::default();
        let mut kept = Vec::new();
        // An answer that is missing is no confirmation.
        let outcomes = outcomes.into_iter().chain(std::iter::repeat(Err(PublishError::Refused)));
        for ((attempts, outgoing), outcome) in attempts.into_iter().zip(batch).zip(outcomes) {
            let (stream, seq) = (outgoing.event.stream, outgoing.event.seq);
            match outcome {
                Ok(()) => relayed.published += 1,
                Err(PublishError::Away(why)) => {
                    kept.push(Kept { stream, seq, attempts: None });
                    relayed.away = Some(why);
                }
                Err(error @ (PublishError::Unroutable | PublishError::Refused)) => {
                    tracing::warn!(service = %self.producer, %stream, seq, attempts, %error, "an event was not published");
                    kept.push(Kept { stream, seq, attempts: Some(attempts.saturating_add(1)) });
                }
            }
        }
        relayed.postponed = kept.len();
        figures::count(figures::PUBLISHED, self.producer, relayed.published);
        figures::count(figures::PUBLISH_FAILURES, self.producer, relayed.postponed);
        self.database.write(Settle { claim, kept: kept.into() }).await?;
        Ok(relayed)
    }
}

impl Rounds for Relay {
    type Error = Box<dyn error::Error + Send + Sync>;

    /// A batch under way is finished whatever comes.
    async fn round(&mut self, token: &CancellationToken) -> Result<Round, Self::Error> {
        let Some(ready) = token.run_until_cancelled(self.prepare()).await else { return Ok(Round::Idle) };
        let relayed = match ready? {
            Ready::NothingToDo => return Ok(Round::Idle),
            Ready::Away(why) => return Err(why.into()),
            Ready::Yes => self.publish_batch().await?,
        };
        match relayed {
            Relayed { away: Some(why), .. } => Err(why.into()),
            Relayed { published: 0, .. } => Ok(Round::DueIn(SOON)),
            // After a full batch there is nothing to wait for: more is there already.
            Relayed { published: BATCH, .. } => Ok(Round::Worked(Duration::ZERO)),
            Relayed { published, .. } => Ok(Round::Worked(breath(published))),
        }
    }
}

enum Ready {
    Yes,
    NothingToDo,
    Away(String),
}

/// Takes the most pressing events that are due, for the length of the lease.
struct Claim(String);

impl Write for Claim {
    type Output = Vec<(i64, EventRecord)>;

    async fn apply(&self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let now = tx.now();
        let taken = tx
            .execute(
                sql("UPDATE outbox SET claim = $1, due = $2 WHERE due <= $3 AND (stream, seq) IN \
                     (SELECT stream, seq FROM outbox WHERE due <= $3 ORDER BY lane, queued_at, stream, seq LIMIT $4)")
                .bind(self.0.clone())
                .bind(now.plus(LEASE).as_micros())
                .bind(now.as_micros())
                .bind(i64::try_from(BATCH).unwrap_or(i64::MAX)),
            )
            .await?;
        if taken == 0 {
            return Ok(Vec::new());
        }
        let rows = tx
            .fetch_all(
                sql("SELECT o.attempts, e.stream, e.seq, e.event_id, e.kind, e.payload, e.actor, e.at, e.lane, e.salt, \
                     e.digest, e.hash, e.trace FROM outbox o JOIN events e ON e.stream = o.stream AND e.seq = o.seq \
                     WHERE o.claim = $1 AND o.claim <> '' ORDER BY o.lane, o.queued_at, o.stream, o.seq")
                .bind(self.0.clone()),
            )
            .await?;
        rows.iter().map(|row| Ok((row.int("attempts")?, EventRecord::from_row(row)?))).collect()
    }
}

/// An event that was not confirmed; `attempts` counts only what the event itself may be to blame for.
struct Kept {
    stream: String,
    seq: i64,
    attempts: Option<i64>,
}

/// Lets go of what was not confirmed, then deletes whatever the claim still holds. Rows that another relay took over
/// meanwhile are under another claim and stay.
struct Settle {
    claim: String,
    kept: Arc<[Kept]>,
}

impl Write for Settle {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let now = tx.now();
        for kept in &*self.kept {
            let wait = kept.attempts.map(|attempts| delay_after(attempts, FIRST_WAIT, LAST_WAIT));
            tx.execute(
                sql("UPDATE outbox SET claim = '', due = $4, attempts = attempts + $5 \
                     WHERE stream = $1 AND seq = $2 AND claim = $3")
                .bind(kept.stream.clone())
                .bind(kept.seq)
                .bind(self.claim.clone())
                .bind(wait.map_or(now, |wait| now.plus(wait)).as_micros())
                .bind(i64::from(wait.is_some())),
            )
            .await?;
        }
        let confirmed = sql("DELETE FROM outbox WHERE claim = $1 AND claim <> ''").bind(self.claim.clone());
        tx.execute(confirmed).await.map(drop)
    }
}
