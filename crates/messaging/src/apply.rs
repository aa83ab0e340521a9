//! Applying received events: effect and cursor in one transaction.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use flare_contracts::{Kind, Reason, Refusal, Service, coded};
use flare_store::{Error, Tx, Value, Work, Write};
use tracing::{Instrument as _, Span};

use crate::{
    Handler,
    cursor::{Cursor, StreamKey, differ, key_of, tell_of_difference},
    figures,
    history::{Hashes, History, note},
    inbox_event::{InboxEvent, keep, take_out},
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
    pub(crate) handler: Arc<dyn Handler>,
    /// In order, so that two workers lock them alike.
    pub(crate) streams: Vec<StreamKey>,
    /// Events of these streams that have just come and are in no inbox yet.
    pub(crate) came: Arc<[InboxEvent]>,
    /// At most this many events of each.
    pub(crate) most: i64,
    pub(crate) progress: Arc<Progress>,
    pub(crate) follow: FollowTrace,
}

/// What a write did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Events that had their effect.
    pub(crate) events: usize,
    /// Rows that left the inbox; those of events that had their effect before, too.
    pub(crate) gone: usize,
    /// Streams that wait for a person from now on, because their producer tells another history.
    pub(crate) differing: Vec<StreamKey>,
}

impl Applied {
    /// Counts what a service applied, and says what waits for a person. Gives how many rows left the inbox.
    pub(crate) fn told_of(&self, service: Service) -> usize {
        figures::count(figures::APPLIED, service, self.events);
        for key in &self.differing {
            tell_of_difference(service, key);
        }
        self.gone
    }
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
        let turns = self.turns(tx).await?;
        let mut places = Vec::new();
        for turn in &turns {
            places.extend(turn.places());
        }
        let hashes = Hashes::load(tx, &places).await?;
        let (mut moved, mut noted, mut differing) = (Vec::new(), Vec::new(), Vec::new());
        let (mut gone, mut kept, mut events) = (Vec::new(), Vec::new(), 0);
        for turn in &turns {
            self.progress.begin();
            let mut history = History::up_to(turn.key, turn.cursor.seq, &hashes);
            if !turn.cursor.is_held(tx.now()) {
                events += self.run(tx, turn, &mut history).await?;
            }
            if self.streams.len() > 1 && tx.now() > began.plus(AHEAD) {
                return Err(Error::NotYet("a history is ahead of the clock; each goes by itself"));
            }
            if turn.events().any(|event| history.differs_from(event)) {
                differing.push(turn.key);
            }
            let is_over = |event: &InboxEvent| event.seq() <= history.seq() && !history.differs_from(event);
            let stored = turn.stored.iter().filter(|event| is_over(event));
            gone.extend(stored.map(|event| (turn.key, event.seq())));
            kept.extend(turn.came.iter().copied().filter(|came| !is_over(came)));
            if history.seq() > turn.cursor.seq {
                moved.push((turn.key, history.seq()));
            }
            noted.extend(history.into_new());
        }
        Cursor::advance_all(tx, &moved).await?;
        note(tx, &noted).await?;
        take_out(tx, &gone).await?;
        if !self.came.is_empty() && !gone.is_empty() {
            // What waited behind these may be more than one turn takes.
            tx.hint(Work::Inbox);
        }
        keep(tx, kept).await?;
        let differing = differ(tx, &differing).await?;
        Ok(Applied { events, gone: gone.len(), differing })
    }
}

/// A stream whose turn it is: how far it was applied, and what there is of it.
struct Turn<'a> {
    key: &'a StreamKey,
    cursor: Cursor,
    /// What lies in the inbox, unless the stream waits.
    stored: Vec<InboxEvent>,
    came: Vec<&'a InboxEvent>,
}

impl Turn<'_> {
    fn events(&self) -> impl Iterator<Item = &InboxEvent> {
        self.stored.iter().chain(self.came.iter().copied())
    }

    /// Where it matters whether an event was applied, and which.
    fn places(&self) -> impl Iterator<Item = (&StreamKey, i64)> {
        let numbers = self.events().map(InboxEvent::seq);
        std::iter::once(self.cursor.seq).chain(numbers).map(move |seq| (self.key, seq))
    }
}

impl Apply {
    async fn turns(&self, tx: &mut Tx) -> Result<Vec<Turn<'_>>, Error> {
        let cursors = Cursor::lock_all(tx, &self.streams).await?;
        let free = self.streams.iter().zip(&cursors).filter(|(_, cursor)| !cursor.is_held(tx.now()));
        let free: Vec<_> = free.map(|(key, _)| key.values()).collect();
        let mut waiting = waiting(tx, &free).await?;
        let turns = self.streams.iter().zip(cursors).map(|(key, cursor)| {
            let stored = waiting.remove(key).unwrap_or_default();
            let came = self.came.iter().filter(|came| came.key == *key).collect();
            Turn { key, cursor, stored, came }
        });
        Ok(turns.collect())
    }

    /// Applies what is next of a stream as long as it follows; says how many events had their effect.
    async fn run<'t>(
        &self,
        tx: &mut Tx,
        turn: &'t Turn<'_>,
        history: &mut History<'t>,
    ) -> Result<usize, Error> {
        let mut numbered: BTreeMap<i64, Vec<&'t InboxEvent>> = BTreeMap::new();
        for event in turn.events() {
            numbered.entry(event.seq()).or_default().push(event);
        }
        let mut effects = 0;
        while history.seq() - turn.cursor.seq < self.most {
            let mut told = numbered.get(&(history.seq() + 1)).into_iter().flatten().copied();
            let Some(event) = told.find(|event| history.is_followed_by(event)) else { break };
            self.progress.reach(event.seq());
            if !history.had(event) {
                self.apply_event(tx, event).await?;
                effects += 1;
            }
            history.push(event);
        }
        Ok(effects)
    }

    async fn apply_event(&self, tx: &mut Tx, event: &InboxEvent) -> Result<(), Error> {
        if event.is_erased() {
            return Ok(());
        }
        let producer = event.key.producer;
        let unknown = || Refusal::from(Unreadable::UnknownEvent { producer: producer.to_string() });
        let received = event.received.as_ref().ok_or_else(unknown)?;
        let (stream, kind) = (&received.stream, &event.record.kind);
        let span = tracing::info_span!("apply", %producer, stream, seq = received.seq, kind);
        (self.follow)(&span, &event.record.trace);
        self.handler.apply(tx, received).instrument(span).await
    }
}

/// What lies in the inbox of these streams, whose cursors are locked, in order. A row that no longer holds its event is let
/// go: its producer has it.
async fn waiting(tx: &mut Tx, streams: &[[Value; 2]]) -> Result<BTreeMap<StreamKey, Vec<InboxEvent>>, Error> {
    let mut waiting: BTreeMap<StreamKey, Vec<_>> = BTreeMap::new();
    let mut spoilt = Vec::new();
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
        match InboxEvent::of_row(row)? {
            Some(event) => waiting.entry(event.key.clone()).or_default().push(event),
            None => spoilt.push((key_of(row)?, row.int("seq")?)),
        }
    }
    let spoilt: Vec<_> = spoilt.iter().map(|(key, seq)| (key, *seq)).collect();
    take_out(tx, &spoilt).await?;
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
