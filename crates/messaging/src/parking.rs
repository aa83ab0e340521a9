//! Putting received events into a consumer's inbox.

use std::sync::Arc;

use flare_contracts::{Producer, events::v1::LoggedEvent};
use flare_kernel::Lane;
use flare_store::{Database, Error, Tx, Value, Write};
use prost::Message as _;

use crate::consumer::lane_of;

/// A row for the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    producer: Producer,
    stream: String,
    seq: i64,
    lane: Lane,
    envelope: Vec<u8>,
}

impl Parked {
    /// The row of an event; none when it is no event that could ever be put in order.
    pub(crate) fn new(producer: Producer, event: &LoggedEvent) -> Option<Self> {
        let lane = lane_of(event)?;
        let sound = event.seq >= 1 && !event.stream.is_empty();
        sound.then(|| Self {
            producer,
            stream: event.stream.clone(),
            seq: event.seq,
            lane,
            envelope: event.encode_to_vec(),
        })
    }
}

/// Puts events into the inbox, all in one transaction, and wakes its worker. One that is there already stays as it is.
pub(crate) async fn park(database: &Database, mut rows: Vec<Parked>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    // In one order for everybody: two that park the same events wait for each other and never deadlock.
    rows.sort_by(|a, b| {
        (a.producer.as_str(), &a.stream, a.seq).cmp(&(b.producer.as_str(), &b.stream, b.seq))
    });
    database.write(Park(rows.into())).await?;
    database.wakes().inbox.notify_one();
    Ok(())
}

struct Park(Arc<[Parked]>);

impl Write for Park {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let now = tx.now().as_micros();
        let rows: Vec<[Value; 6]> = self
            .0
            .iter()
            .map(|row| {
                [
                    row.producer.as_str().into(),
                    row.stream.clone().into(),
                    row.seq.into(),
                    row.lane.as_i64().into(),
                    now.into(),
                    row.envelope.clone().into(),
                ]
            })
            .collect();
        tx.insert_new("inbox (producer, stream, seq, lane, received_at, envelope)", &rows).await
    }
}
