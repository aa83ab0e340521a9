//! The append-only log with its hash chain.
//!
//! digest = SHA-256("flare/event/1" ‖ salt ‖ payload ‖ actor) and hash = SHA-256("flare/chain/1" ‖ previous hash ‖
//! stream ‖ seq ‖ event id ‖ kind ‖ at ‖ lane ‖ digest), each part preceded by its length as 8 bytes. Erasing an event blanks salt, payload and actor; the digest
//! stays, so the chain keeps its proof without keeping what was proved.

use std::{collections::BTreeSet, fmt::Display};

use flare_contracts::DomainEvent;
use flare_kernel::{EventId, Lane, Timestamp, random};
use sha2::{Digest, Sha256};

use crate::{Database, Error, Row, Tx, Value, sql};

/// An event that a transaction will log when it commits.
pub(crate) struct Pending {
    pub(crate) stream: String,
    lane: Lane,
    actor: String,
    kind: &'static str,
    payload: Vec<u8>,
    trace: String,
}

/// One event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Whose history.
    pub stream: String,
    /// Its number there, from 1.
    pub seq: i64,
    /// Its id.
    pub event_id: String,
    /// Such as `flare.events.v1.RequestSubmitted`.
    pub kind: String,
    /// The producer's event message, encoded; `None` once erased.
    pub payload: Option<Vec<u8>>,
    /// Who did it; `None` once erased.
    pub actor: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The lane it travels in.
    pub lane: Lane,
    /// Makes the digest unguessable; `None` once erased.
    pub salt: Option<Vec<u8>>,
    /// See the module.
    pub digest: Vec<u8>,
    /// See the module.
    pub hash: Vec<u8>,
    /// The W3C `traceparent` it happened under, or empty.
    pub trace: String,
}

/// Where a history ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEvent {
    /// Whose history.
    pub stream: String,
    /// The number of its last event.
    pub seq: i64,
    /// That event's hash.
    pub hash: Vec<u8>,
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history of {stream} does not hold at event {seq}: {what}")]
pub struct ChainBreak {
    /// Whose history.
    pub stream: String,
    /// At which event.
    pub seq: i64,
    /// What is wrong.
    pub what: &'static str,
}

impl Tx {
    /// Logs an event of a locked history and queues it for whoever listens. Both happen with the commit.
    pub fn append(
        &mut self,
        stream: impl Display,
        lane: Lane,
        actor: impl Into<String>,
        event: &impl DomainEvent,
    ) -> Result<(), Error> {
        let stream = stream.to_string();
        if !self.streams.contains_key(&stream) {
            return Err(Error::Corrupt(format!("the history {stream} was not locked; it")));
        }
        let payload = event.encode_to_vec();
        // Now and not at the commit: a worker applies events of several traces in one transaction.
        let trace = self.trace();
        self.pending.push(Pending { stream, lane, actor: actor.into(), kind: event.kind(), payload, trace });
        Ok(())
    }

    /// Writes the pending events and where they bring their histories: a few statements, however many they are.
    pub(crate) async fn flush_events(&mut self) -> Result<(), Error> {
        let (mut logged, mut queued, mut moved) = (Vec::new(), Vec::new(), BTreeSet::new());
        let (now, has_listeners) = (self.now(), self.has_listeners());
        for event in std::mem::take(&mut self.pending) {
            let Some(head) = self.streams.get_mut(&event.stream) else { continue };
            let record = event.record(&head.hash, head.seq + 1, now)?;
            (head.seq, head.hash) = (record.seq, record.hash.clone());
            moved.insert(record.stream.clone());
            if has_listeners {
                queued.push(outbox_row(&record));
            }
            logged.push(record.into_row());
        }
        let heads = moved.into_iter().filter_map(|stream| {
            let head = self.streams.get(&stream)?;
            Some([stream.into(), head.seq.into(), head.hash.clone().into(), now.as_micros().into()])
        });
        let heads: Vec<[Value; 4]> = heads.collect();
        self.with_values(
            "INSERT INTO outbox (stream, seq, lane, queued_at, due, claim, attempts) VALUES ",
            &queued,
            "",
        )
        .await?;
        self.with_values(
            "INSERT INTO events \
             (stream, seq, event_id, kind, payload, actor, at, lane, salt, digest, hash, trace) VALUES ",
            &logged,
            "",
        )
        .await?;
        self.with_values(
            "INSERT INTO streams (stream, seq, head, at) VALUES ",
            &heads,
            " ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, head = excluded.head, at = excluded.at",
        )
        .await
        .map(drop)
    }
}

/// The row that has the relay publish an event.
fn outbox_row(record: &EventRecord) -> [Value; 7] {
    let (stream, at) = (record.stream.clone(), record.at.as_micros());
    let lane = record.lane.as_i64();
    [stream.into(), record.seq.into(), lane.into(), at.into(), at.into(), "".into(), 0_i64.into()]
}

impl Pending {
    fn record(self, previous: &[u8], seq: i64, at: Timestamp) -> Result<EventRecord, Error> {
        let salt: [u8; 16] = random()?;
        let digest = digest(&salt, &self.payload, &self.actor);
        let mut record = EventRecord {
            stream: self.stream,
            seq,
            event_id: EventId::random()?.to_string(),
            kind: self.kind.to_owned(),
            payload: Some(self.payload),
            actor: Some(self.actor),
            at,
            lane: self.lane,
            salt: Some(salt.to_vec()),
            digest,
            hash: Vec::new(),
            trace: self.trace,
        };
        record.hash = link(previous, &record);
        Ok(record)
    }
}

impl EventRecord {
    fn into_row(self) -> [Value; 12] {
        [
            self.stream.into(),
            self.seq.into(),
            self.event_id.into(),
            self.kind.into(),
            self.payload.unwrap_or_default().into(),
            self.actor.unwrap_or_default().into(),
            self.at.as_micros().into(),
            self.lane.as_i64().into(),
            self.salt.unwrap_or_default().into(),
            self.digest.into(),
            self.hash.into(),
            self.trace.into(),
        ]
    }

    /// Whether it is the event after the one with this hash, in the history that both are of; the first follows none.
    pub fn follows(&self, previous: &[u8]) -> bool {
        link(previous, self) == self.hash
    }

    /// Reads a row that has every column of `events`.
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            stream: row.text("stream")?,
            seq: row.int("seq")?,
            event_id: row.text("event_id")?,
            kind: row.text("kind")?,
            payload: row.bytes_or_null("payload")?,
            actor: row.text_or_null("actor")?,
            at: row.timestamp("at")?,
            lane: row.number("lane", Lane::from_i64)?,
            salt: row.bytes_or_null("salt")?,
            digest: row.bytes("digest")?,
            hash: row.bytes("hash")?,
            trace: row.text("trace")?,
        })
    }
}

fn digest(salt: &[u8], payload: &[u8], actor: &str) -> Vec<u8> {
    let mut hasher = Sha256::new_with_prefix(b"flare/event/1");
    for part in [salt, payload, actor.as_bytes()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

fn link(previous: &[u8], record: &EventRecord) -> Vec<u8> {
    let mut hasher = Sha256::new_with_prefix(b"flare/chain/1");
    let (seq, at, lane) =
        (record.seq.to_be_bytes(), record.at.as_micros().to_be_bytes(), record.lane.as_i64().to_be_bytes());
    let (stream, id, kind) = (record.stream.as_bytes(), record.event_id.as_bytes(), record.kind.as_bytes());
    for part in [previous, stream, &seq, id, kind, &at, &lane, &record.digest] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// Checks a history from its first event on: numbers without gaps, each hash over the one before, and the digest of
/// every event that is not erased.
pub fn verify_chain(events: &[EventRecord]) -> Result<(), ChainBreak> {
    let mut previous: &[u8] = &[];
    for (expected, event) in (1..).zip(events) {
        let broken = |what| ChainBreak { stream: event.stream.clone(), seq: event.seq, what };
        if event.seq != expected {
            return Err(broken("an event is missing before it"));
        }
        if let (Some(salt), Some(payload), Some(actor)) = (&event.salt, &event.payload, &event.actor)
            && digest(salt, payload, actor) != event.digest
        {
            return Err(broken("its content was changed"));
        }
        if !event.follows(previous) {
            return Err(broken("its place in the chain was changed"));
        }
        previous = &event.hash;
    }
    Ok(())
}

/// The events of a history after a number, in order, at most `limit`.
pub async fn events_after(
    database: &Database,
    stream: &str,
    seq: i64,
    limit: i64,
) -> Result<Vec<EventRecord>, Error> {
    let rows = database
        .fetch_all(
            sql("SELECT stream, seq, event_id, kind, payload, actor, at, lane, salt, digest, hash, trace \
                 FROM events WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(stream.to_owned())
            .bind(seq)
            .bind(limit),
        )
        .await?;
    rows.iter().map(EventRecord::from_row).collect()
}

/// The last event of each history named after `after`, in order of name, at most `limit`.
pub async fn page_of_stream_heads(
    database: &Database,
    after: &str,
    limit: i64,
) -> Result<Vec<LastEvent>, Error> {
    let rows = database
        .fetch_all(
            sql("SELECT stream, seq, head FROM streams WHERE stream > $1 AND seq > 0 ORDER BY stream LIMIT $2")
                .bind(after.to_owned())
                .bind(limit),
        )
        .await?;
    let last = |row: &Row| {
        Ok(LastEvent { stream: row.text("stream")?, seq: row.int("seq")?, hash: row.bytes("head")? })
    };
    rows.iter().map(last).collect()
}
