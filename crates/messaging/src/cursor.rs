//! How far a producer's stream has been applied, and what stands in its way.

use std::{collections::HashMap, time::Duration};

use flare_contracts::Service;
use flare_kernel::Timestamp;
use flare_store::{Database, Error, Page, Record, Row, Tx, Value, Work, Write, sql};

use crate::{figures, pause::delay_after};

/// How often an event is tried before its stream waits for a person: with the waits below, for two to three minutes.
pub(crate) const TRIES: i64 = 8;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_mins(1);

/// A stream as its consumer knows it. In order, what several producers tell of one case stands together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamKey {
    pub(crate) stream: String,
    pub(crate) producer: Service,
}

impl StreamKey {
    /// Its columns `producer` and `stream`.
    pub(crate) fn values(&self) -> [Value; 2] {
        [self.producer.as_str().into(), self.stream.clone().into()]
    }
}

/// The stream of a row with both columns.
pub(crate) fn key_of(row: &Row) -> Result<StreamKey, Error> {
    Ok(StreamKey { producer: row.parse("producer")?, stream: row.text("stream")? })
}

/// A locked cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// The number of the last event applied.
    pub(crate) seq: i64,
    attempts: i64,
    held_until: i64,
    quarantined: bool,
}

impl Cursor {
    /// Locks the cursors of streams, which begin at 0, in the order given. Everyone who applies or gives up an event
    /// goes through here.
    pub(crate) async fn lock_all(tx: &mut Tx, keys: &[StreamKey]) -> Result<Vec<Self>, Error> {
        let begun: Vec<_> = keys.iter().map(|key| cursor_row(key, 0)).collect();
        let rows = tx
            .with_values(
                "INSERT INTO cursors (producer, stream, seq, attempts, held_until) VALUES ",
                &begun,
                " ON CONFLICT (producer, stream) DO UPDATE SET seq = cursors.seq \
                 RETURNING producer, stream, seq, attempts, held_until, reason",
            )
            .await?;
        let mut locked = HashMap::with_capacity(rows.len());
        for row in &rows {
            locked.insert(key_of(row)?, Self::read(row)?);
        }
        let found = |key| locked.get(key).copied().ok_or_else(|| Error::Corrupt("cursors".to_owned()));
        keys.iter().map(found).collect()
    }

    async fn lock(tx: &mut Tx, key: &StreamKey) -> Result<Self, Error> {
        let locked = Self::lock_all(tx, std::slice::from_ref(key)).await?;
        locked.into_iter().next().ok_or_else(|| Error::Corrupt("cursors".to_owned()))
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            seq: row.int("seq")?,
            attempts: row.int("attempts")?,
            held_until: row.int("held_until")?,
            quarantined: row.text_or_null("reason")?.is_some(),
        })
    }

    /// Whether nothing is to be applied now.
    pub(crate) const fn is_held(&self, now: Timestamp) -> bool {
        self.quarantined || self.held_until > now.as_micros()
    }

    /// Moves locked cursors on and forgets earlier failures.
    pub(crate) async fn advance_all(tx: &mut Tx, moved: &[(&StreamKey, i64)]) -> Result<(), Error> {
        let rows: Vec<_> = moved.iter().map(|(key, seq)| cursor_row(key, *seq)).collect();
        tx.with_values(
            "INSERT INTO cursors (producer, stream, seq, attempts, held_until) VALUES ",
            &rows,
            " ON CONFLICT (producer, stream) DO UPDATE SET seq = excluded.seq, attempts = 0, held_until = 0",
        )
        .await
        .map(drop)
    }
}

/// A cursor without failures.
fn cursor_row(key: &StreamKey, seq: i64) -> [Value; 5] {
    let [producer, stream] = key.values();
    [producer, stream, seq.into(), 0_i64.into(), 0_i64.into()]
}

/// The number of the last event of a producer's stream that had its effect here; 0 before the first. Whatever is decided
/// on it may be outrun by a worker, which only ever raises it; a person who lets a history be told anew sets it back.
pub async fn applied(database: &Database, producer: Service, stream: &str) -> Result<i64, Error> {
    let query = sql("SELECT seq FROM cursors WHERE producer = $1 AND stream = $2")
        .bind(producer.as_str())
        .bind(stream.to_owned());
    database.fetch_optional(query).await?.map_or(Ok(0), |row| row.int("seq"))
}

/// Notes that an event could not be applied: its stream waits, and after [`TRIES`] for a person.
struct Fail {
    key: StreamKey,
    /// The event's number.
    seq: i64,
    /// Stable, in upper snake case.
    reason: String,
}

/// What becomes of a stream whose event failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failed {
    /// Another worker has applied the event meanwhile.
    Outrun,
    /// It is tried again later.
    Held,
    /// It waits for a person.
    Quarantined,
}

impl Write for Fail {
    type Output = Failed;

    async fn apply(&self, tx: &mut Tx) -> Result<Failed, Error> {
        let cursor = Cursor::lock(tx, &self.key).await?;
        let now = tx.now();
        if cursor.seq + 1 != self.seq || cursor.is_held(now) {
            return Ok(Failed::Outrun);
        }
        let attempts = cursor.attempts.saturating_add(1);
        let given_up = attempts >= TRIES;
        let held_until = now.plus(delay_after(attempts, FIRST_WAIT, LAST_WAIT));
        Record::of("cursors")
            .key("producer", self.key.producer.as_str())
            .key("stream", self.key.stream.clone())
            .set("attempts", attempts)
            .set("held_until", held_until)
            .set("reason", given_up.then(|| self.reason.clone()))
            .set("quarantined_at", given_up.then_some(now))
            .update(tx)
            .await?;
        Ok(if given_up { Failed::Quarantined } else { Failed::Held })
    }
}

/// Notes a failure, and says so where people look.
pub(crate) async fn note_failure(
    database: &Database,
    service: Service,
    key: StreamKey,
    seq: i64,
    reason: &str,
) -> Result<(), Error> {
    figures::count(figures::APPLY_FAILURES, service, 1);
    let fail = Fail { key: key.clone(), seq, reason: reason.to_owned() };
    let StreamKey { producer, stream } = key;
    match database.write(fail).await? {
        Failed::Outrun => {}
        Failed::Held => {
            tracing::warn!(%service, %producer, stream, seq, reason, "an event could not be applied");
        }
        Failed::Quarantined => {
            tracing::error!(%service, %producer, stream, seq, reason, "a stream is quarantined; look, then `flare replay`");
        }
    }
    Ok(())
}

/// Why a stream waits for a person whose producer tells another history than was applied here. Statements name it, too.
const HISTORY_DIFFERS: &str = "HISTORY_DIFFERS";

/// Has streams wait for a person, whose cursors are locked, because their producer tells another history. Gives those
/// that did not yet.
pub(crate) async fn differ(tx: &mut Tx, keys: &[&StreamKey]) -> Result<Vec<StreamKey>, Error> {
    let mut new = Vec::new();
    for key in keys {
        let set = sql("UPDATE cursors SET reason = $3, quarantined_at = $4 \
                       WHERE producer = $1 AND stream = $2 AND (reason IS NULL OR reason <> $3)")
        .bind(key.producer.as_str())
        .bind(key.stream.clone())
        .bind(HISTORY_DIFFERS)
        .bind(tx.now().as_micros());
        if tx.execute(set).await? > 0 {
            new.push((*key).clone());
        }
    }
    Ok(new)
}

/// Says where people look that a stream waits because its producer tells another history.
pub(crate) fn tell_of_difference(service: Service, key: &StreamKey) {
    let StreamKey { producer, stream } = key;
    tracing::error!(%service, %producer, stream, reason = HISTORY_DIFFERS, "a producer tells another history than was applied; see deploy/README.md");
}

/// Sets a stream aside of which its producer does not have the last event that was applied, unless another was applied
/// since.
pub(crate) async fn set_aside(
    database: &Database,
    service: Service,
    key: &StreamKey,
    seq: i64,
) -> Result<(), Error> {
    let new = database.write(SetAside { key: key.clone(), seq }).await?;
    for key in &new {
        tell_of_difference(service, key);
    }
    Ok(())
}

struct SetAside {
    key: StreamKey,
    /// The number that was compared.
    seq: i64,
}

impl Write for SetAside {
    type Output = Vec<StreamKey>;

    async fn apply(&self, tx: &mut Tx) -> Result<Vec<StreamKey>, Error> {
        if Cursor::lock(tx, &self.key).await?.seq != self.seq {
            return Ok(Vec::new());
        }
        differ(tx, &[&self.key]).await
    }
}

/// Holds a stream for a second without counting: the database had a bad moment.
pub(crate) struct Hold(pub(crate) StreamKey);

impl Write for Hold {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let until = tx.now().plus(flare_kernel::Duration::from_secs(1));
        Cursor::lock(tx, &self.0).await?;
        tx.execute(
            sql("UPDATE cursors SET held_until = $3 WHERE producer = $1 AND stream = $2 AND held_until < $3")
                .bind(self.0.producer.as_str())
                .bind(self.0.stream.clone())
                .bind(until.as_micros()),
        )
        .await
        .map(drop)
    }
}

/// A stream that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantined {
    pub(crate) key: StreamKey,
    pub(crate) seq: i64,
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
}

/// A page of the quarantined streams, in order of producer and stream.
pub(crate) async fn quarantined(
    database: &Database,
    page: &Page<(String, String)>,
) -> Result<Vec<((String, String), Quarantined)>, Error> {
    let (producer, stream) = page.after().clone();
    let query = sql("SELECT producer, stream, seq, reason, quarantined_at, \
                     (SELECT MIN(i.seq) FROM inbox i WHERE i.producer = cursors.producer \
                     AND i.stream = cursors.stream AND i.seq <= cursors.seq) AS another FROM cursors \
                     WHERE reason IS NOT NULL AND (producer, stream) > ($1, $2) ORDER BY producer, stream LIMIT $3");
    let rows = database.fetch_all(query.bind(producer).bind(stream).bind(page.limit())).await?;
    let read = |row: &Row| {
        let (applied, reason) = (row.int("seq")?, row.text("reason")?);
        let seq = match row.int_or_null("another")? {
            Some(another) if reason == HISTORY_DIFFERS => another,
            // None came under a known number; the last one applied is none that its producer has.
            None if reason == HISTORY_DIFFERS => applied.max(1),
            _ => applied.saturating_add(1),
        };
        let quarantined =
            Quarantined { key: key_of(row)?, seq, reason, since: row.timestamp("quarantined_at")? };
        Ok(((row.text("producer")?, row.text("stream")?), quarantined))
    };
    rows.iter().map(read).collect()
}

/// Whether any stream of a service's producers waits for a person.
pub async fn has_quarantined(database: &Database) -> Result<bool, Error> {
    let any = sql("SELECT stream FROM cursors WHERE reason IS NOT NULL LIMIT 1");
    Ok(database.fetch_optional(any).await?.is_some())
}

/// Lets a quarantined stream be tried again; false when it is not quarantined.
pub(crate) async fn release(tx: &mut Tx, key: &StreamKey) -> Result<bool, Error> {
    if begin_anew(tx, key).await? {
        return Ok(true);
    }
    let released = tx
        .execute(
            sql("UPDATE cursors SET reason = NULL, quarantined_at = NULL, attempts = 0, held_until = 0 \
                 WHERE producer = $1 AND stream = $2 AND reason IS NOT NULL")
            .bind(key.producer.as_str())
            .bind(key.stream.clone()),
        )
        .await?;
    Ok(released > 0)
}

/// Has a stream told anew whose producer tells another history; false when it does not wait because of that. The cursor
/// goes back to where the hashes of what was applied begin, as far as they reach up to it without a gap: behind an event
/// whose hash is not known it never goes, for that would have its effect again. What waits is let go: everything is fetched as its
/// producer has it now. What is the same event is passed over, and each other one has its effect.
async fn begin_anew(tx: &mut Tx, key: &StreamKey) -> Result<bool, Error> {
    let back = tx
        .execute(
            sql("UPDATE cursors SET reason = NULL, quarantined_at = NULL, attempts = 0, held_until = 0, \
                 seq = COALESCE((SELECT MAX(a.seq) - 1 FROM applied a \
                 WHERE a.producer = cursors.producer AND a.stream = cursors.stream AND a.seq <= cursors.seq \
                 AND NOT EXISTS (SELECT 1 FROM applied b WHERE b.producer = a.producer \
                 AND b.stream = a.stream AND b.seq = a.seq - 1) \
                 AND EXISTS (SELECT 1 FROM applied z WHERE z.producer = cursors.producer \
                 AND z.stream = cursors.stream AND z.seq = cursors.seq)), seq) \
                 WHERE producer = $1 AND stream = $2 AND reason = $3")
            .bind(key.producer.as_str())
            .bind(key.stream.clone())
            .bind(HISTORY_DIFFERS),
        )
        .await?;
    if back == 0 {
        return Ok(false);
    }
    let waiting = sql("DELETE FROM inbox WHERE producer = $1 AND stream = $2");
    tx.execute(waiting.bind(key.producer.as_str()).bind(key.stream.clone())).await?;
    tx.hint(Work::Missed);
    Ok(true)
}

/// Lets streams be tried again whose reason passes by itself: with a version that knows the event, or with a log that
/// has it again.
pub(crate) struct ReleasePassing;

impl Write for ReleasePassing {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.execute(sql(
            "UPDATE cursors SET reason = NULL, quarantined_at = NULL, attempts = 0, held_until = 0 \
             WHERE reason IN ('UNKNOWN_EVENT', 'MISSING_EVENT')",
        ))
        .await
        .map(drop)
    }
}
