//! A consumer's inbox: putting events in and taking them out.

use std::sync::Arc;

use flare_contracts::{Producer, events::v1::LoggedEvent};
use flare_kernel::Lane;
use flare_store::{Database, Error, Tx, Value, Work, Write};
use prost::Message as _;

use crate::{consumer::lane_of, cursor::StreamKey};

/// An event for the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) key: StreamKey,
    pub(crate) seq: i64,
    pub(crate) envelope: Vec<u8>,
    pub(crate) lane: Lane,
}

impl Parked {
    /// The row of an event; none when it is no event that could ever be put in order.
    pub(crate) fn new(producer: Producer, event: &LoggedEvent) -> Option<Self> {
        let lane = lane_of(event)?;
        let sound = event.seq >= 1 && !event.stream.is_empty();
        sound.then(|| Self {
            key: StreamKey { stream: event.stream.clone(), producer },
            seq: event.seq,
            envelope: event.encode_to_vec(),
            lane,
        })
    }

    fn place(&self) -> (&StreamKey, i64) {
        (&self.key, self.seq)
    }
}

/// Puts events into the inbox, all in one transaction. One that is there already stays as it is.
pub(crate) async fn park(database: &Database, rows: Vec<Parked>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    database.write(Park(rows.into())).await
}

struct Park(Arc<[Parked]>);

impl Write for Park {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        keep(tx, self.0.iter().collect()).await
    }
}

/// Puts events into the inbox and wakes its workers, in one order for everybody: two that keep the same events wait for
/// each other and never deadlock.
pub(crate) async fn keep(tx: &mut Tx, mut events: Vec<&Parked>) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    tx.hint(Work::Inbox);
    events.sort_by_key(|event| event.place());
    let now = tx.now().as_micros();
    let row = |event: &Parked| {
        let [producer, stream] = event.key.values();
        let (lane, envelope) = (event.lane.as_i64(), event.envelope.clone());
        [producer, stream, event.seq.into(), lane.into(), now.into(), envelope.into()]
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
