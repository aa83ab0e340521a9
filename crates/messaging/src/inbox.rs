//! From the inbox to a service's own tables, in the order of each stream.
//!
//! What a bus brings before its turn, what failed, and what was fetched waits here. The worker picks streams whose next
//! event is there, the most pressing first, locks their cursors and applies what is contiguous. An event that fails again
//! and again stops its own stream only, and so does one of another history.

use std::sync::Arc;

use flare_contracts::Service;
use flare_store::{Database, Error, Work, sql};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    Handler, HostedService,
    apply::{Apply, FailedAt, FollowTrace, Progress, RUN, reason_of},
    cursor::{Hold, ReleasePassing, StreamKey, key_of, note_failure},
    pause::breath,
    run_loop::{Round, Rounds, RunLoop, SOON},
};

/// How many rows of the inbox one look covers.
const LOOK: i64 = 128;
/// How many streams are applied in one transaction: enough to share the cost of its commit.
const STREAMS: usize = 16;

/// Applies what waits in a service's inbox.
#[derive(Clone)]
pub struct InboxWorker {
    service: Service,
    database: Database,
    handler: Arc<dyn Handler>,
    follow: FollowTrace,
    /// Whether what an earlier version could not read was let go.
    released: bool,
}

impl InboxWorker {
    /// The worker of a role; none when the role listens to nobody.
    pub fn new(role: &HostedService, follow: FollowTrace) -> Option<Self> {
        let handler = Arc::clone(role.handler.as_ref()?);
        Some(Self {
            service: role.service,
            database: role.database.clone(),
            handler,
            follow,
            released: false,
        })
    }

    /// Applies whatever comes until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (service, database, work) = (self.service, &self.database, Work::Inbox);
        let trouble = "received events cannot be applied now; they wait";
        let run_loop = RunLoop { service, database, work, look_every: database.look_every(), trouble };
        run_loop.run(&token, &mut self.clone()).await;
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
        let keys = rows.iter().map(key_of).collect::<Result<Vec<_>, _>>()?;
        // What several producers told of one case stands together: in groups of their own they would wait for its lock.
        let mut streams = Vec::new();
        for first in &keys {
            for key in keys.iter().filter(|key| key.stream == first.stream) {
                if !streams.contains(key) {
                    streams.push(key.clone());
                }
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
        let (handler, follow) = (Arc::clone(&self.handler), self.follow);
        let came = Arc::default();
        let write = Apply { handler, streams, came, most, progress: Arc::clone(&progress), follow };
        let outcome = self.database.write(write).await.map(|applied| applied.told_of(self.service));
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
                    note_failure(&self.database, self.service, key, seq, reason_of(&error)).await?;
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
}

impl Rounds for InboxWorker {
    type Error = Error;

    /// Before the first look, once: what an earlier version could not read, or a log that is restored by now did not
    /// have, is tried again. What still fails is quarantined again.
    async fn round(&mut self, _: &CancellationToken) -> Result<Round, Error> {
        if !self.released {
            self.database.write(ReleasePassing).await?;
            self.released = true;
        }
        if self.database.fetch_optional(sql("SELECT seq FROM inbox LIMIT 1")).await?.is_none() {
            return Ok(Round::Idle);
        }
        match self.apply_once().await? {
            0 => Ok(Round::DueIn(SOON)),
            applied => Ok(Round::Worked(breath(applied))),
        }
    }
}
