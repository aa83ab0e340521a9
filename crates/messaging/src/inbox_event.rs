//! An event that came, and a service's inbox: putting events in and taking them out.

use std::sync::Arc;

use flare_contracts::{Service, events::v1::LoggedEvent};
use flare_store::{Database, Error, EventRecord, Row, Tx, Value, Work, Write};
use prost::Message as _;

use crate::{
    Received,
    bus::{logged, recorded},
    cursor::{StreamKey, key_of},
};

/// An event that came, read once: as its producer logged it, and as the service takes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InboxEvent {
    pub(crate) key: StreamKey,
    pub(crate) record: EventRecord,
    /// None where nothing is left of it, or nothing that this version can read.
    pub(crate) received: Option<Received>,
}

impl InboxEvent {
    /// Reads what its producer logged.
    pub(crate) fn of_record(producer: Service, record: EventRecord) -> Self {
        let key = StreamKey { stream: record.stream.clone(), producer };
        let received = Received::of_record(producer, &record).ok();
        Self { key, record, received }
    }

    /// Reads what came over the wire; none when it is no event that could ever be put in order.
    pub(crate) fn of_wire(producer: Service, logged: LoggedEvent) -> Option<Self> {
        recorded(logged).map(|record| Self::of_record(producer, record))
    }

    /// Reads a row of the inbox; none when it no longer holds an event of its stream and number.
    pub(crate) fn of_row(row: &Row) -> Result<Option<Self>, Error> {
        let (key, seq) = (key_of(row)?, row.int("seq")?);
        let logged = LoggedEvent::decode(&*row.bytes("envelope")?).ok();
        let event = logged.and_then(|logged| Self::of_wire(key.producer, logged));
        Ok(event.filter(|event| event.key == key && event.seq() == seq))
    }

    /// Its number in its stream.
    pub(crate) fn seq(&self) -> i64 {
        self.record.seq
    }

    /// Whether it was erased before it was received: there is nothing left that could have an effect.
    pub(crate) fn is_erased(&self) -> bool {
        self.record.payload.is_none()
    }

    fn place(&self) -> (&StreamKey, i64) {
        (&self.key, self.seq())
    }
}

/// Puts events into the inbox, all in one transaction. One that is there already stays as it is.
pub(crate) async fn insert(database: &Database, events: impl Into<Arc<[InboxEvent]>>) -> Result<(), Error> {
    let events = events.into();
    if events.is_empty() {
        return Ok(());
    }
    database.write(Insert(events)).await
}

struct Insert(Arc<[InboxEvent]>);

impl Write for Insert {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        keep(tx, self.0.iter().collect()).await
    }
}

/// Puts events into the inbox and wakes its workers, in one order for everybody: two that keep the same events wait for
/// each other and never deadlock.
pub(crate) async fn keep(tx: &mut Tx, mut events: Vec<&InboxEvent>) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    tx.hint(Work::Inbox);
    events.sort_by_key(|event| event.place());
    let now = tx.now().as_micros();
    let row = |event: &InboxEvent| {
        let [producer, stream] = event.key.values();
        let (lane, envelope) = (event.record.lane.as_i64(), logged(&event.record).encode_to_vec());
        [producer, stream, event.seq().into(), lane.into(), now.into(), envelope.into()]
    };
    let rows: Vec<[Value; 6]> = events.into_iter().map(row).collect();
    let into = "INSERT INTO inbox (producer, stream, seq, lane, received_at, envelope) VALUES ";
    tx.with_values(into, &rows, " ON CONFLICT DO NOTHING").await.map(drop)
}

/// Takes events out of the inbox.
pub(crate) async fn take_out(tx: &mut Tx, events: &[(&StreamKey, i64)]) -> Result<(), Error> {
    let row = |(key, seq): &(&StreamKey, i64)| {
        let [producer, stream] = key.values();
        [producer, stream, (*seq).into()]
    };
    let rows: Vec<[Value; 3]> = events.iter().map(row).collect();
    let gone = "DELETE FROM inbox WHERE (producer, stream, seq) IN (VALUES ";
    tx.with_values(gone, &rows, ")").await.map(drop)
}
