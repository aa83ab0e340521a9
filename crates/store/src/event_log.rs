//! The append-only log with its hash chain.
//!
//! digest = SHA-256("flare/event/1" ‖ salt ‖ payload ‖ actor) and hash = SHA-256("flare/chain/1" ‖ previous hash ‖
//! stream ‖ seq ‖ event id ‖ kind ‖ at ‖ lane ‖ digest), each part preceded by its length as 8 bytes. Erasing an event blanks salt, payload and actor; the digest
//! stays, so the chain keeps its proof without keeping what was proved.

use std::fmt::Display;

use flare_contracts::DomainEvent;
use flare_kernel::{EventId, Lane, Timestamp, random};
use sha2::{Digest, Sha256};

use crate::{Database, Error, Row, Tx, sql};

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
    /// Logs an event of a locked history and queues it for everyone who listens. Both happen with the commit.
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

    pub(crate) async fn flush_events(&mut self) -> Result<(), Error> {
        for event in std::mem::take(&mut self.pending) {
            let Some(mut head) = self.streams.remove(&event.stream) else { continue };
            let stream = event.stream.clone();
            let record = event.record(&head.hash, head.seq + 1, self.now())?;
            (head.seq, head.hash) = (record.seq, record.hash.clone());
            let at = record.at.as_micros();
            self.insert_event(record).await?;
            self.execute(
                sql("UPDATE streams SET seq = $2, head = $3, at = $4 WHERE stream = $1")
                    .bind(stream.clone())
                    .bind(head.seq)
                    .bind(head.hash.clone())
                    .bind(at),
            )
            .await?;
            self.streams.insert(stream, head);
        }
        Ok(())
    }

    async fn insert_event(&mut self, record: EventRecord) -> Result<(), Error> {
        let (at, lane) = (record.at.as_micros(), record.lane.as_i64());
        self.execute(
            sql("INSERT INTO outbox (stream, seq, lane, queued_at, due, claim, attempts) VALUES ($1, $2, $3, $4, $4, '', 0)")
                .bind(record.stream.clone())
                .bind(record.seq)
                .bind(lane)
                .bind(at),
        )
        .await?;
        self.execute(
            sql("INSERT INTO events (stream, seq, event_id, kind, payload, actor, at, lane, salt, digest, hash, trace) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
            .bind(record.stream)
            .bind(record.seq)
            .bind(record.event_id)
            .bind(record.kind)
            .bind(record.payload)
            .bind(record.actor)
            .bind(at)
            .bind(lane)
            .bind(record.salt)
            .bind(record.digest)
            .bind(record.hash)
            .bind(record.trace),
        )
        .await
        .map(drop)
    }
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
    /// Reads a row that has every column of `events`.
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        let lane = row.int("lane")?;
        Ok(Self {
            stream: row.text("stream")?,
            seq: row.int("seq")?,
            event_id: row.text("event_id")?,
            kind: row.text("kind")?,
            payload: row.bytes_or_null("payload")?,
            actor: row.text_or_null("actor")?,
            at: row.timestamp("at")?,
            lane: Lane::from_i64(lane).map_err(|_| Error::Corrupt("events.lane".to_owned()))?,
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
        if link(previous, event) != event.hash {
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

/// The last number of each history named after `after`, in order of name, at most `limit`.
pub async fn page_of_stream_heads(
    database: &Database,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, i64)>, Error> {
    let rows = database
        .fetch_all(
            sql("SELECT stream, seq FROM streams WHERE stream > $1 AND seq > 0 ORDER BY stream LIMIT $2")
                .bind(after.to_owned())
                .bind(limit),
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("stream")?, row.int("seq")?))).collect()
}
