//! Applying received events: effect and cursor in one transaction.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use flare_contracts::{Kind, Refusal, events::v1::LoggedEvent};
use flare_store::{Error, Tx, Write, sql};
use prost::Message as _;
use tracing::{Instrument as _, Span};

use crate::{
    Consumer, Received,
    cursor::{Cursor, StreamKey},
};

/// Makes a span part of the trace that a `traceparent` names.
pub type FollowTrace = fn(&Span, &str);

/// How many events of one stream are applied in one transaction.
pub(crate) const RUN: i64 = 50;

/// Applies the next events of some streams.
#[derive(Clone)]
pub(crate) struct Apply {
    pub(crate) consumer: Arc<dyn Consumer>,
    /// In order, so that two workers lock them alike.
    pub(crate) streams: Vec<StreamKey>,
    /// At most this many events of each.
    pub(crate) most: i64,
    pub(crate) progress: Arc<Progress>,
    pub(crate) follow: FollowTrace,
}

/// How far a write came, for when it fails: an error alone does not tell which event it was about.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    first: AtomicI64,
    at: AtomicI64,
}

/// Where a write of one stream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedAt {
    /// Before any event.
    Start,
    /// At the first event it tried.
    First(i64),
    /// After this many that went well.
    After(i64),
}

impl Progress {
    pub(crate) fn failed_at(&self) -> FailedAt {
        let (first, at) = (self.first.load(Ordering::SeqCst), self.at.load(Ordering::SeqCst));
        match at - first {
            _ if first == 0 => FailedAt::Start,
            0 => FailedAt::First(first),
            after => FailedAt::After(after),
        }
    }

    fn begin(&self) {
        self.first.store(0, Ordering::SeqCst);
    }

    fn reach(&self, seq: i64) {
        self.at.store(seq, Ordering::SeqCst);
        let _already = self.first.compare_exchange(0, seq, Ordering::SeqCst, Ordering::SeqCst);
    }
}

impl Write for Apply {
    /// How many events left the inbox.
    type Output = usize;

    /// Several streams touch other things than their cursors, in an order of their own: two such writes that collide
    /// would collide again. Each stream by itself does not.
    fn gives_way(&self) -> bool {
        self.streams.len() > 1
    }

    async fn apply(&self, tx: &mut Tx) -> Result<usize, Error> {
        let mut done = 0;
        for key in &self.streams {
            self.progress.begin();
            done += self.apply_stream(tx, key).await?;
        }
        Ok(done)
    }
}

impl Apply {
    async fn apply_stream(&self, tx: &mut Tx, key: &StreamKey) -> Result<usize, Error> {
        let cursor = Cursor::lock(tx, key).await?;
        if cursor.is_held(tx.now()) {
            return Ok(0);
        }
        let rows = tx
            .fetch_all(
                sql("SELECT seq, envelope FROM inbox WHERE producer = $1 AND stream = $2 AND seq > $3 \
                     ORDER BY seq LIMIT $4")
                .bind(key.producer.as_str())
                .bind(key.stream.clone())
                .bind(cursor.seq)
                .bind(self.most),
            )
            .await?;
        let mut seq = cursor.seq;
        for row in rows {
            if row.int("seq")? != seq + 1 {
                break;
            }
            seq += 1;
            self.progress.reach(seq);
            self.apply_event(tx, key, &row.bytes("envelope")?).await?;
        }
        if seq > cursor.seq {
            Cursor::advance(tx, key, seq).await?;
        }
        // What was applied now, and what came again after it had been applied before.
        let gone = tx
            .execute(
                sql("DELETE FROM inbox WHERE producer = $1 AND stream = $2 AND seq <= $3")
                    .bind(key.producer.as_str())
                    .bind(key.stream.clone())
                    .bind(seq),
            )
            .await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }

    async fn apply_event(&self, tx: &mut Tx, key: &StreamKey, envelope: &[u8]) -> Result<(), Error> {
        let unknown = |what: String| Refusal::new(Kind::Invalid, "UNKNOWN_EVENT", what);
        let logged =
            LoggedEvent::decode(envelope).map_err(|_| unknown("the envelope cannot be read".to_owned()))?;
        if logged.payload.is_empty() && logged.salt.is_empty() {
            // Erased before it was received: there is nothing left that could have an effect.
            return Ok(());
        }
        let (kind, traceparent) = (logged.kind.clone(), logged.traceparent.clone());
        let received = Received::decode(key.producer, logged).map_err(|error| unknown(error.to_string()))?;
        let span = tracing::info_span!("apply", producer = %key.producer, stream = key.stream, seq = received.seq, kind);
        (self.follow)(&span, &traceparent);
        self.consumer.apply(tx, &received).instrument(span).await
    }
}

/// The stable name of an error, for a quarantined stream. Never content.
pub(crate) fn reason_of(error: &Error) -> &'static str {
    match error {
        Error::Refused(refusal) => refusal.reason,
        Error::Database(_) | Error::Late => "DATABASE_ERROR",
        Error::NotYet(_) => "NOT_YET",
        Error::Poisoned => "SWALLOWED_DATABASE_ERROR",
        Error::Corrupt(_) => "CORRUPT_ROW",
        Error::Random(_) => "NO_RANDOMNESS",
        Error::Stopped(_) => "PANIC",
    }
}
