//! From the inbox to a service's own tables, in the order of each stream.
//!
//! Messages come in any order and more than once. The worker picks streams whose next event is there, the most pressing
//! first, locks their cursors and applies what is contiguous. What is missing for more than a second is fetched from the
//! producer. An event that fails again and again stops its own stream only.

use std::{sync::Arc, time::Duration};

use flare_contracts::Producer;
use flare_store::{Database, Error, Row, sql};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Consumer, EventSource, Role, SourceError,
    apply::{Apply, FailedAt, FollowTrace, Progress, RUN, reason_of},
    cursor::{Fail, Failed, Hold, StreamKey},
    figures,
    parking::{Parked, park},
    pause::{POLL, Pause, rest},
};

/// How many rows of the inbox one look covers.
const LOOK: i64 = 128;
/// How many streams are applied in one transaction: enough to share the cost of its commit.
const STREAMS: usize = 16;
/// How old a gap must be before its events are fetched: most close by themselves.
const GAP_AGE: flare_kernel::Duration = flare_kernel::Duration::from_secs(1);
/// How often gaps are looked for.
const GAP_POLL: Duration = Duration::from_secs(1);
/// How many gaps one look covers.
const GAPS: i64 = 50;
/// How many events are fetched at once.
pub(crate) const FETCH: i32 = 100;

/// Applies what a service received.
#[derive(Clone)]
pub struct InboxWorker {
    service: Producer,
    database: Database,
    consumer: Arc<dyn Consumer>,
    source: Arc<dyn EventSource>,
    follow: FollowTrace,
}

/// Why a round of the inbox came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The service's own tables.
    #[error(transparent)]
    Store(#[from] Error),
    /// The producer's log.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl InboxWorker {
    /// The worker of a role; none when the role listens to nobody.
    pub fn new(role: &Role, source: Arc<dyn EventSource>, follow: FollowTrace) -> Option<Self> {
        let consumer = Arc::clone(role.consumer.as_ref()?);
        Some(Self { service: role.producer, database: role.database.clone(), consumer, source, follow })
    }

    /// Applies whatever comes until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (mut pause, mut fetch_pause) = (Pause::default(), Pause::default());
        let mut look_for_gaps = Instant::now();
        loop {
            let applied = self.apply_once().await;
            if Instant::now() >= look_for_gaps {
                let outcome = self.fetch_gaps_once().await;
                let wait = self.after(&mut fetch_pause, outcome, GAP_POLL);
                look_for_gaps = Instant::now() + wait;
            }
            let worked = matches!(applied, Ok(1..));
            let wait = self.after(&mut pause, applied.map_err(InboxError::from), POLL);
            let wake = pause.is_new().then_some(&*self.database.wakes().inbox);
            let goes_on = if worked { !token.is_cancelled() } else { rest(&token, wake, wait).await };
            if !goes_on {
                return;
            }
        }
    }

    fn after(&self, pause: &mut Pause, outcome: Result<usize, InboxError>, usual: Duration) -> Duration {
        match outcome {
            Ok(_) => {
                pause.over();
                usual
            }
            Err(error) => {
                if pause.is_new() {
                    tracing::warn!(service = %self.service, %error, "received events cannot be worked on now; they wait");
                }
                pause.longer()
            }
        }
    }

    /// Applies the next events of the most pressing streams. Says how many events left the inbox.
    pub async fn apply_once(&self) -> Result<usize, Error> {
        let streams = self.ready_streams().await?;
        let at_once = usize::try_from(self.database.writes_at_once() / 2).unwrap_or(1).clamp(1, 4);
        let groups: Vec<_> = streams.chunks(STREAMS).map(<[_]>::to_vec).collect();
        stream::iter(groups)
            .map(|group| self.apply_group(group))
            .buffer_unordered(at_once)
            .try_fold(0, |sum, done| async move { Ok(sum + done) })
            .await
    }

    /// The streams with something to do: the next event is there, or one that was applied before came again.
    async fn ready_streams(&self) -> Result<Vec<StreamKey>, Error> {
        let now = self.database.now().await?.as_micros();
        let rows = self
            .database
            .fetch_all(
                sql("SELECT i.producer, i.stream FROM inbox i \
                     LEFT JOIN cursors c ON c.producer = i.producer AND c.stream = i.stream \
                     WHERE c.reason IS NULL AND COALESCE(c.held_until, 0) <= $1 AND EXISTS (SELECT 1 FROM inbox n \
                     WHERE n.producer = i.producer AND n.stream = i.stream AND n.seq <= COALESCE(c.seq, 0) + 1) \
                     ORDER BY i.lane, i.received_at LIMIT $2")
                .bind(now)
                .bind(LOOK),
            )
            .await?;
        let mut streams = Vec::new();
        for row in &rows {
            let key = key_of(row)?;
            if !streams.contains(&key) {
                streams.push(key);
            }
        }
        Ok(streams)
    }

    /// Applies a few streams in one transaction; where that fails, each by itself, so that one that fails takes no
    /// other with it.
    async fn apply_group(&self, mut streams: Vec<StreamKey>) -> Result<usize, Error> {
        streams.sort();
        if streams.len() > 1
            && let (Ok(done), _) = self.apply(streams.clone(), RUN).await
        {
            return Ok(done);
        }
        let mut done = 0;
        for key in streams {
            done += self.apply_alone(key).await?;
        }
        Ok(done)
    }

    async fn apply(&self, streams: Vec<StreamKey>, most: i64) -> (Result<usize, Error>, FailedAt) {
        let progress = Arc::new(Progress::default());
        let (consumer, follow) = (Arc::clone(&self.consumer), self.follow);
        let write = Apply { consumer, streams, most, progress: Arc::clone(&progress), follow };
        let outcome = self.database.write(write).await;
        if let Ok(done) = outcome {
            figures::count(figures::APPLIED, self.service, done);
        }
        (outcome, progress.failed_at())
    }

    /// Applies one stream. Where an event fails, the ones before it are applied without it; once it comes first, its
    /// failure is noted.
    async fn apply_alone(&self, key: StreamKey) -> Result<usize, Error> {
        let mut most = RUN;
        loop {
            let error = match self.apply(vec![key.clone()], most).await {
                (Ok(done), _) => return Ok(done),
                (Err(error), FailedAt::After(well)) if !error.is_transient() => {
                    most = well;
                    continue;
                }
                (Err(error), FailedAt::First(seq)) if !error.is_transient() => {
                    self.note_failure(key, seq, reason_of(&error)).await?;
                    return Ok(0);
                }
                (Err(error), _) => error,
            };
            if !error.is_transient() {
                return Err(error);
            }
            self.database.write(Hold(key)).await?;
            return Ok(0);
        }
    }

    async fn note_failure(&self, key: StreamKey, seq: i64, reason: &str) -> Result<(), Error> {
        figures::count(figures::APPLY_FAILURES, self.service, 1);
        let fail = Fail { key: key.clone(), seq, reason: reason.to_owned() };
        let (service, producer, stream) = (self.service, key.producer, key.stream);
        match self.database.write(fail).await? {
            Failed::Outrun => {}
            Failed::Held => {
                tracing::warn!(%service, %producer, stream, seq, reason, "an event could not be applied");
            }
            Failed::Quarantined => {
                tracing::error!(%service, %producer, stream, seq, reason, "a stream is quarantined; look, then `flare replay`");
            }
        }
        Ok(())
    }

    /// Fetches what is missing in front of events that have waited for more than a second. Says how many were fetched.
    pub async fn fetch_gaps_once(&self) -> Result<usize, InboxError> {
        let mut fetched = 0;
        for (key, seq) in self.gaps().await? {
            let events = self.source.events_after(key.producer, &key.stream, seq, FETCH).await?;
            let rows: Vec<_> = events.iter().filter_map(|event| Parked::new(key.producer, event)).collect();
            fetched += rows.len();
            let closes = events.first().is_some_and(|event| event.seq == seq + 1);
            park(&self.database, rows).await?;
            if !closes {
                self.note_failure(key, seq + 1, "MISSING_EVENT").await?;
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
                     (SELECT i.producer, i.stream, i.received_at, CAST(COALESCE(c.seq, 0) AS BIGINT) AS seq FROM inbox i \
                     LEFT JOIN cursors c ON c.producer = i.producer AND c.stream = i.stream \
                     WHERE c.reason IS NULL AND COALESCE(c.held_until, 0) <= $1 \
                     ORDER BY i.lane, i.received_at LIMIT 1000) w \
                     WHERE w.received_at <= $2 AND NOT EXISTS (SELECT 1 FROM inbox n \
                     WHERE n.producer = w.producer AND n.stream = w.stream AND n.seq <= w.seq + 1) LIMIT $3")
                .bind(now.as_micros())
                .bind(before)
                .bind(GAPS),
            )
            .await?;
        rows.iter().map(|row| Ok((key_of(row)?, row.int("seq")?))).collect()
    }
}

fn key_of(row: &Row) -> Result<StreamKey, Error> {
    Ok(StreamKey { producer: row.parse("producer")?, stream: row.text("stream")? })
}
