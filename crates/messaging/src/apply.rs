//! Applying received events: effect and cursor in one transaction.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use flare_contracts::{Kind, Reason, Refusal, coded, events::v1::LoggedEvent};
use flare_store::{Error, Tx, Value, Write};
use prost::Message as _;
use tracing::{Instrument as _, Span};

use crate::{
    Consumer, Received,
    cursor::{Cursor, StreamKey, key_of},
    parking::{Parked, keep, take_out},
};

/// Makes a span part of the trace that a `traceparent` names.
pub type FollowTrace = fn(&Span, &str);

coded! {
    /// What keeps an event from being applied that came as it was sent.
    enum Unreadable {
        UnknownEvent { producer: String } = "UNKNOWN_EVENT",
            "this is no event of {producer} that this version knows";
    }
}

impl Reason for Unreadable {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// How many events of one stream the inbox's worker applies in one transaction; [`waiting`] reads as many.
pub(crate) const RUN: i64 = 50;

/// How far a history may be ahead of the clock to be applied together with others: they would take on its time. More
/// than any wait for a lock.
const AHEAD: flare_kernel::Duration = flare_kernel::Duration::from_secs(60);
/// How long events that have just come may take; well below what a relay gives its bus, so that there is time to keep them.
const COMING_WITHIN: Duration = Duration::from_secs(3);

/// Applies the next events of some streams: what has just come, and what waits for it in the inbox.
#[derive(Clone)]
pub(crate) struct Apply {
    pub(crate) consumer: Arc<dyn Consumer>,
    /// In order, so that two workers lock them alike.
    pub(crate) streams: Vec<StreamKey>,
    /// Events of these streams that have just come and are in no inbox yet.
    pub(crate) came: Arc<[Parked]>,
    /// At most this many events of each.
    pub(crate) most: i64,
    pub(crate) progress: Arc<Progress>,
    pub(crate) follow: FollowTrace,
}

/// What a write did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Events that had their effect.
    pub(crate) events: usize,
    /// Rows that left the inbox; those of events that had their effect before, too.
    pub(crate) gone: usize,
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
    type Output = Applied;

    /// Several streams touch other things than their cursors, in an order of their own: two such writes that collide
    /// would collide again. What has just come has the inbox to go to. One stream out of the inbox is repeated.
    fn gives_way(&self) -> bool {
        self.streams.len() > 1 || !self.came.is_empty()
    }

    /// Whoever brings events waits, and so do those behind them: what takes longer is kept, and the inbox's worker has time.
    fn within(&self) -> Option<Duration> {
        (!self.came.is_empty()).then_some(COMING_WITHIN)
    }

    /// The cursors first, then the inbox: whoever keeps an event for later has seen a cursor that is not there yet, and
    /// whoever moves a cursor to just before it finds it.
    async fn apply(&self, tx: &mut Tx) -> Result<Applied, Error> {
        let began = tx.now();
        let cursors = Cursor::lock_all(tx, &self.streams).await?;
        let free = self.streams.iter().zip(&cursors).filter(|(_, cursor)| !cursor.is_held(tx.now()));
        let free: Vec<_> = free.map(|(key, _)| key.values()).collect();
        let waiting = waiting(tx, &free).await?;
        let (mut moved, mut gone, mut kept, mut events) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (key, cursor) in self.streams.iter().zip(cursors) {
            self.progress.begin();
            let stored = waiting.get(key).map_or(&[][..], Vec::as_slice);
            let came: Vec<_> = self.came.iter().filter(|came| came.key == *key).collect();
            let mut seq = cursor.seq;
            if !cursor.is_held(tx.now()) {
                let mut next: BTreeMap<i64, &[u8]> = stored.iter().map(|(seq, row)| (*seq, &**row)).collect();
                next.extend(came.iter().map(|came| (came.seq, &*came.envelope)));
                while let Some(envelope) = next.get(&(seq + 1)).filter(|_| seq - cursor.seq < self.most) {
                    seq += 1;
                    self.progress.reach(seq);
                    self.apply_event(tx, key, envelope).await?;
                    events += 1;
                }
            }
            if seq > cursor.seq {
                moved.push((key, seq));
            }
            if self.streams.len() > 1 && tx.now() > began.plus(AHEAD) {
                return Err(Error::NotYet("a history is ahead of the clock; each goes by itself"));
            }
            gone.extend(stored.iter().map(|(at, _)| (key, *at)).filter(|(_, at)| *at <= seq));
            kept.extend(came.into_iter().filter(|came| came.seq > seq));
        }
        Cursor::advance_all(tx, &moved).await?;
        take_out(tx, &gone).await?;
        keep(tx, kept).await?;
        Ok(Applied { events, gone: gone.len() })
    }
}

impl Apply {
    async fn apply_event(&self, tx: &mut Tx, key: &StreamKey, envelope: &[u8]) -> Result<(), Error> {
        let unknown = || Refusal::from(Unreadable::UnknownEvent { producer: key.producer.to_string() });
        let logged = LoggedEvent::decode(envelope).map_err(|_| unknown())?;
        if logged.payload.is_empty() && logged.salt.is_empty() {
            // Erased before it was received: there is nothing left that could have an effect.
            return Ok(());
        }
        let (kind, traceparent) = (logged.kind.clone(), logged.traceparent.clone());
        let received = Received::decode(key.producer, logged).map_err(|_| unknown())?;
        let span = tracing::info_span!("apply", producer = %key.producer, stream = key.stream, seq = received.seq, kind);
        (self.follow)(&span, &traceparent);
        self.consumer.apply(tx, &received).instrument(span).await
    }
}

/// What lies in the inbox of these streams, whose cursors are locked, in order.
async fn waiting(
    tx: &mut Tx,
    streams: &[[Value; 2]],
) -> Result<BTreeMap<StreamKey, Vec<(i64, Vec<u8>)>>, Error> {
    let mut waiting: BTreeMap<StreamKey, Vec<_>> = BTreeMap::new();
    // Of each stream as much as one turn of the worker applies, whatever lies behind.
    let rows = tx
        .with_values(
            "SELECT i.producer, i.stream, i.seq, i.envelope FROM inbox i \
             JOIN cursors c ON c.producer = i.producer AND c.stream = i.stream AND i.seq <= c.seq + 50 \
             WHERE (i.producer, i.stream) IN (VALUES ",
            streams,
            ") ORDER BY i.stream, i.producer, i.seq",
        )
        .await?;
    for row in &rows {
        waiting.entry(key_of(row)?).or_default().push((row.int("seq")?, row.bytes("envelope")?));
    }
    Ok(waiting)
}

/// The stable name of an error, for a quarantined stream. Never content.
pub(crate) fn reason_of(error: &Error) -> &'static str {
    match error {
        Error::Refused(refusal) => refusal.reason,
        Error::Database(_) | Error::Late => "DATABASE_ERROR",
        Error::Busy => "BUSY",
        Error::NotYet(_) => "NOT_YET",
        Error::Poisoned => "SWALLOWED_DATABASE_ERROR",
        Error::Corrupt(_) => "CORRUPT_ROW",
        Error::Random(_) => "NO_RANDOMNESS",
        Error::Stopped(_) => "PANIC",
    }
}
