//! Which history of a producer was applied here.
//!
//! A producer that is restored from a backup gives numbers again that it gave before, to other events. So the hash of each
//! event that had its effect is kept. An event with another hash under a known number is of another history, and so is a
//! next event that does not follow the last one applied. Neither is applied or lost: it is kept, and its stream waits for a
//! person. Such a producer may also stay silent; so the [`Reconciler`](crate::Reconciler) asks it for the last event that
//! was applied of each stream.

use std::collections::HashMap;

use flare_contracts::{Service, events::v1::StreamHead};
use flare_store::{Database, Error, Row, Tx, Value, sql};

use crate::{
    EventSource, FetchError,
    cursor::{StreamKey, key_of, set_aside},
    inbox_event::InboxEvent,
};

/// How many streams are compared with one look at the cursors.
const PAGE: i64 = 1000;

/// The hashes of some events that had their effect.
pub(crate) struct Hashes(HashMap<StreamKey, HashMap<i64, Vec<u8>>>);

impl Hashes {
    /// Those at these places, as far as there are any.
    pub(crate) async fn load(tx: &mut Tx, places: &[(&StreamKey, i64)]) -> Result<Self, Error> {
        let rows: Vec<[Value; 3]> = places.iter().map(place).collect();
        let known =
            "SELECT producer, stream, seq, hash FROM applied WHERE (producer, stream, seq) IN (VALUES ";
        let mut hashes: HashMap<_, HashMap<_, _>> = HashMap::new();
        for row in &tx.with_values(known, &rows, ")").await? {
            hashes.entry(key_of(row)?).or_default().insert(row.int("seq")?, row.bytes("hash")?);
        }
        Ok(Self(hashes))
    }

    /// The hash of an event that had its effect; none where it had not, or where an earlier version applied it.
    pub(crate) fn at(&self, key: &StreamKey, seq: i64) -> Option<&[u8]> {
        self.0.get(key)?.get(&seq).map(Vec::as_slice)
    }
}

/// A producer's history as it was applied here, in a write that goes on with it.
pub(crate) struct History<'t> {
    key: &'t StreamKey,
    /// The number of the last event that was applied before this write.
    before: i64,
    hashes: &'t Hashes,
    /// What this write has applied, in order.
    new: Vec<&'t InboxEvent>,
    /// The number of the last event.
    seq: i64,
}

impl<'t> History<'t> {
    /// The history of a stream that was applied up to this number.
    pub(crate) fn up_to(key: &'t StreamKey, seq: i64, hashes: &'t Hashes) -> Self {
        Self { key, before: seq, hashes, new: Vec::new(), seq }
    }

    /// The number of its last event.
    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// Whether this is its next event.
    pub(crate) fn is_followed_by(&self, event: &InboxEvent) -> bool {
        let last: Option<&[u8]> = if self.seq == 0 { Some(&[]) } else { self.hash_at(self.seq) };
        event.seq() == self.seq + 1 && last.is_none_or(|last| event.record.follows(last))
    }

    /// Whether this very event had its effect before: it is told anew because a person said so.
    pub(crate) fn had(&self, event: &InboxEvent) -> bool {
        self.hashes.at(self.key, event.seq()) == Some(event.record.hash.as_slice())
    }

    /// Goes on with this event.
    pub(crate) fn push(&mut self, event: &'t InboxEvent) {
        self.new.push(event);
        self.seq = event.seq();
    }

    /// Whether an event is of another history: another under a known number, or next and not one that follows.
    pub(crate) fn differs_from(&self, event: &InboxEvent) -> bool {
        if event.seq() <= self.seq {
            return self.hash_at(event.seq()).is_some_and(|hash| hash != event.record.hash);
        }
        event.seq() == self.seq + 1 && !self.is_followed_by(event)
    }

    /// What this write has applied.
    pub(crate) fn into_new(self) -> Vec<&'t InboxEvent> {
        self.new
    }

    fn hash_at(&self, seq: i64) -> Option<&[u8]> {
        if seq <= self.before {
            return self.hashes.at(self.key, seq);
        }
        let place = usize::try_from(seq - self.before - 1).ok()?;
        self.new.get(place).map(|event| event.record.hash.as_slice())
    }
}

/// Notes which events had their effect.
pub(crate) async fn note(tx: &mut Tx, applied: &[&InboxEvent]) -> Result<(), Error> {
    let row = |event: &&InboxEvent| {
        let [producer, stream, seq] = place(&(&event.key, event.seq()));
        [producer, stream, seq, event.record.hash.clone().into()]
    };
    let rows: Vec<[Value; 4]> = applied.iter().map(row).collect();
    let into = "INSERT INTO applied (producer, stream, seq, hash) VALUES ";
    let again = " ON CONFLICT (producer, stream, seq) DO UPDATE SET hash = excluded.hash";
    tx.with_values(into, &rows, again).await.map(drop)
}

fn place((key, seq): &(&StreamKey, i64)) -> [Value; 3] {
    let [producer, stream] = key.values();
    [producer, stream, (*seq).into()]
}

/// The last event of a stream that had its effect.
struct Last {
    key: StreamKey,
    seq: i64,
    /// None where an earlier version applied it.
    hash: Option<Vec<u8>>,
}

impl Last {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self { key: key_of(row)?, seq: row.int("seq")?, hash: row.bytes_or_null("hash")? })
    }

    /// Whether an event with this number and hash is that one. A producer of an earlier version tells heads without hash.
    fn is(&self, seq: i64, hash: &[u8]) -> bool {
        seq == self.seq && (hash.is_empty() || self.hash.as_ref().is_none_or(|known| known == hash))
    }

    /// Whether its producer need not be asked for it. Where more has happened, the next event tells whether it follows.
    fn is_told_by(&self, head: Option<&StreamHead>) -> bool {
        head.is_some_and(|head| head.seq > self.seq || self.is(head.seq, &head.hash))
    }

    /// Asks its producer for it: more may have been applied since the heads were asked for.
    async fn is_in(&self, log: &dyn EventSource) -> Result<bool, FetchError> {
        let found = log.events_after(self.key.producer, &self.key.stream, self.seq - 1, 1).await?;
        Ok(found.first().is_some_and(|event| self.is(event.seq, &event.hash)))
    }
}

/// Compares all that was applied of a producer with the heads that it tells, and sets aside the streams of which it does
/// not have what was applied.
pub(crate) async fn compare(
    database: &Database,
    service: Service,
    producer: Service,
    heads: &HashMap<String, StreamHead>,
    log: &dyn EventSource,
) -> Result<(), FetchError> {
    let mut after = String::new();
    loop {
        let page = page_of_last(database, producer, &after).await?;
        let Some(end) = page.last() else { return Ok(()) };
        end.key.stream.clone_into(&mut after);
        for last in &page {
            if !last.is_told_by(heads.get(&last.key.stream)) && !last.is_in(log).await? {
                set_aside(database, service, &last.key, last.seq).await?;
            }
        }
    }
}

/// The last events applied of a producer's streams named after `after`, but for streams that wait for a person because of
/// this already.
async fn page_of_last(database: &Database, producer: Service, after: &str) -> Result<Vec<Last>, Error> {
    let query = sql("SELECT c.producer, c.stream, c.seq, a.hash FROM cursors c \
                     LEFT JOIN applied a ON a.producer = c.producer AND a.stream = c.stream AND a.seq = c.seq \
                     WHERE c.producer = $1 AND c.stream > $2 AND c.seq > 0 \
                     AND (c.reason IS NULL OR c.reason <> 'HISTORY_DIFFERS') ORDER BY c.stream LIMIT $3");
    let rows = database.fetch_all(query.bind(producer.as_str()).bind(after.to_owned()).bind(PAGE)).await?;
    rows.iter().map(Last::read).collect()
}
