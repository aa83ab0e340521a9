//! What is missing in front of events that have come.
//!
//! Most gaps close by themselves: messages overtake each other. What is missing for more than a second is fetched from
//! its producer. Each producer has a worker of its own, so that one that is down, or that hangs, holds up nothing but
//! its own gaps.

use std::{sync::Arc, time::Duration};

use flare_contracts::Service;
use flare_store::{Database, Error, Work, sql};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    EventSource, FetchError, HostedService,
    cursor::{StreamKey, key_of, note_failure},
    figures,
    inbox_event::{InboxEvent, insert},
    run_loop::{Round, Rounds, RunLoop},
};

/// How old a gap must be before its events are fetched.
const GAP_AGE: flare_kernel::Duration = flare_kernel::Duration::from_secs(1);
/// How long a worker rests between two looks while anything of the producer waits.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How many gaps one look covers.
const GAPS: i64 = 50;
/// How many events are fetched at once.
pub(crate) const FETCH: i32 = 100;

/// Fetches what one producer's events wait for.
#[derive(Clone)]
pub struct GapWorker {
    service: Service,
    producer: Service,
    database: Database,
    source: Arc<dyn EventSource>,
}

impl GapWorker {
    /// The workers of a role, one for each producer it listens to.
    pub fn of_role(role: &HostedService, source: &Arc<dyn EventSource>) -> Vec<Self> {
        let listens_to = role.handler.as_ref().map_or(&[][..], |handler| handler.listens_to());
        let worker = |producer: &Service| Self {
            service: role.service,
            producer: *producer,
            database: role.database.clone(),
            source: Arc::clone(source),
        };
        listens_to.iter().map(worker).collect()
    }

    /// Whose events it fetches.
    pub fn producer(&self) -> Service {
        self.producer
    }

    /// Fetches whatever is missing until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (service, database, work) = (self.service, &self.database, Work::Inbox);
        let trouble = "missing events cannot be fetched now; those after them wait";
        let run_loop = RunLoop { service, database, work, look_every: database.look_every(), trouble };
        run_loop.run(&token, &mut self.clone()).await;
    }

    /// It rests here: every event that is kept hints at the inbox, what is fetched too, and no gap is worth a look
    /// before it is old.
    async fn look(&self) -> Result<Round, FetchError> {
        let waits = sql("SELECT seq FROM inbox WHERE producer = $1 LIMIT 1").bind(self.producer.as_str());
        if self.database.fetch_optional(waits).await?.is_none() {
            return Ok(Round::Idle);
        }
        self.fetch_once().await?;
        sleep(LOOK_AGAIN).await;
        Ok(Round::Worked(Duration::ZERO))
    }

    /// Fetches what is missing in front of events that have waited for more than a second. Says how many were fetched.
    pub async fn fetch_once(&self) -> Result<usize, FetchError> {
        let mut fetched = 0;
        for (key, seq) in self.gaps().await? {
            let events = self.source.events_after(key.producer, &key.stream, seq, FETCH).await?;
            let rows: Vec<_> =
                events.into_iter().filter_map(|event| InboxEvent::of_wire(key.producer, event)).collect();
            fetched += rows.len();
            // One that cannot be put in order is not there, whatever its number.
            let closes = rows.first().is_some_and(|row| row.seq() == seq + 1);
            insert(&self.database, rows).await?;
            if !closes {
                note_failure(&self.database, self.service, key, seq + 1, "MISSING_EVENT").await?;
            }
        }
        figures::count(figures::FETCHED, self.service, fetched);
        Ok(fetched)
    }

    /// The streams that wait for an event that is not there, and the last number they have applied. Looks at the front
    /// of the inbox only: everything that can be applied leaves it, so that gaps come to the front.
    async fn gaps(&self) -> Result<Vec<(StreamKey, i64)>, Error> {
        let now = self.database.now().await?;
        let before = now.as_micros().saturating_sub(GAP_AGE.as_micros());
        let rows = self
            .database
            .fetch_all(
                sql("SELECT DISTINCT w.producer, w.stream, w.seq FROM \
                     (SELECT i.producer, i.stream, CAST(COALESCE(c.seq, 0) AS BIGINT) AS seq FROM inbox i \
                     LEFT JOIN cursors c ON c.producer = i.producer AND c.stream = i.stream \
                     WHERE i.producer = $4 AND i.received_at <= $2 AND c.reason IS NULL \
                     AND COALESCE(c.held_until, 0) <= $1 ORDER BY i.lane, i.received_at LIMIT 1000) w \
                     WHERE NOT EXISTS (SELECT 1 FROM inbox n \
                     WHERE n.producer = w.producer AND n.stream = w.stream AND n.seq <= w.seq + 1) LIMIT $3")
                .bind(now.as_micros())
                .bind(before)
                .bind(GAPS)
                .bind(self.producer.as_str()),
            )
            .await?;
        rows.iter().map(|row| Ok((key_of(row)?, row.int("seq")?))).collect()
    }
}

impl Rounds for GapWorker {
    type Error = FetchError;

    async fn round(&mut self, token: &CancellationToken) -> Result<Round, FetchError> {
        token.run_until_cancelled(self.look()).await.unwrap_or(Ok(Round::Idle))
    }
}
