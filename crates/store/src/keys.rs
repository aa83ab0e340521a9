//! Key epochs: the keys that a compartment of a case or grant is written under, one after the other.
//!
//! Each service that holds compartments has the same two tables, whose migration says which compartments those are:
//!
//! | table | columns |
//! |---|---|
//! | `key_epochs` | `stream`, `compartment`, `epoch`; `author` |
//! | `key_wraps` | `stream`, `compartment`, `epoch`, `recipient`; `generation`, `wrapped` |
//!
//! Those before the semicolon are the primary key. `stream` is the case or grant, named as its history is. A column beside
//! these has a default. Each wrap is wrapped once more under the service key, so that a stolen database opens for nobody.

use std::fmt::Display;

use flare_contracts::{
    InputRule, Refusal,
    common::v1::{KeyEpoch, KeyWrap},
    epoch_author, input,
};
use flare_seal::{Compartment, SealError, ServiceKey};

use crate::{Error, Reads, Record, Row, Tx, sql};

/// An epoch of one case or grant, ready to be stored.
pub struct SealedEpoch {
    stream: String,
    /// Its place in the request.
    field: String,
    compartment: Compartment,
    /// Its wraps are inside the service key's own, each bound to its row.
    key: KeyEpoch,
}

impl SealedEpoch {
    /// Checks an epoch of one of the compartments and wraps its keys for storage. `field` is its place in the request.
    pub fn seal(
        field: &str,
        key: Option<KeyEpoch>,
        stream: impl Display,
        compartments: &[Compartment],
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let mut key = input::key_epoch(field, key, compartments)?;
        let compartment = input::compartment(&format!("{field}.compartment"), key.compartment)?;
        for reader in &mut key.wraps {
            let place = place(&stream, compartment, key.epoch, &reader.recipient);
            reader.wrapped = wrap(service, &place, &reader.wrapped)?;
        }
        Ok(Self { stream: stream.to_string(), field: field.to_owned(), compartment, key })
    }

    /// The compartment that it is the key of.
    pub const fn compartment(&self) -> Compartment {
        self.compartment
    }

    /// Its number: the first of a compartment is 1.
    pub const fn number(&self) -> u32 {
        self.key.epoch
    }

    /// Whether a member of staff vouches for it.
    pub const fn is_vouched_for(&self) -> bool {
        self.key.author.is_some()
    }

    /// Refuses an epoch that is not wrapped to this reader: one of those to whom only some must be.
    pub fn check_wrapped_to(&self, reader: &str) -> Result<(), Refusal> {
        if self.key.wraps.iter().any(|wrap| wrap.recipient == reader) {
            return Ok(());
        }
        let rule = InputRule::NoWrapFor { reader: reader.to_owned() };
        Err(Refusal::invalid(format!("{}.wraps", self.field), rule))
    }

    /// Refuses an epoch that does not follow the newest; 0 stands for none.
    pub fn check_follows(&self, newest: u32) -> Result<(), Refusal> {
        let next = newest.saturating_add(1);
        if self.key.epoch == next { Ok(()) } else { Err(input::old_epoch(&self.field, next)) }
    }

    /// Stores it, if it follows the newest of its compartment.
    pub async fn begin(&self, tx: &mut Tx) -> Result<(), Error> {
        let [newest] = newest(tx, &self.stream, [self.compartment]).await?;
        self.check_follows(newest)?;
        insert(tx, std::slice::from_ref(self)).await
    }
}

/// Stores epochs that are known to follow: the first ones of a case that begins.
pub async fn insert(tx: &mut Tx, epochs: &[SealedEpoch]) -> Result<(), Error> {
    let (mut begun, mut wraps) = (Vec::new(), Vec::new());
    for SealedEpoch { stream, compartment, key, .. } in epochs {
        let of_epoch = |table| {
            let record = Record::of(table).key("stream", stream.clone());
            record.key("compartment", compartment.as_str()).key("epoch", key.epoch)
        };
        begun.push(of_epoch("key_epochs").set("author", epoch_author::to_bytes(key.author.as_ref())));
        for KeyWrap { recipient, generation, wrapped } in &key.wraps {
            let wrap = of_epoch("key_wraps").key("recipient", recipient.clone());
            wraps.push(wrap.set("generation", *generation).set("wrapped", wrapped.clone()));
        }
    }
    tx.insert(begun).await?;
    tx.insert(wraps).await
}

/// The number of the newest epoch of each of these compartments; 0 where there is none.
pub async fn newest<const N: usize>(
    reads: &mut impl Reads,
    stream: impl Display,
    compartments: [Compartment; N],
) -> Result<[u32; N], Error> {
    let query = sql("SELECT compartment, CAST(MAX(epoch) AS BIGINT) AS epoch \
                     FROM key_epochs WHERE stream = $1 GROUP BY compartment");
    let mut newest = [0; N];
    for row in reads.rows(query.bind(stream.to_string())).await? {
        let compartment: Compartment = row.parse("compartment")?;
        for (wanted, newest) in compartments.iter().zip(&mut newest) {
            if *wanted == compartment {
                *newest = row.small("epoch")?;
            }
        }
    }
    Ok(newest)
}

/// Every epoch of these compartments with all its wraps, out of the service key's wrapping.
pub async fn all(
    reads: &mut impl Reads,
    stream: impl Display,
    compartments: &[Compartment],
    service: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let query = sql("SELECT compartment, epoch, recipient, generation, wrapped, author \
                     FROM key_wraps JOIN key_epochs USING (stream, compartment, epoch) WHERE stream = $1 \
                     ORDER BY compartment, epoch, recipient");
    let rows = reads.rows(query.bind(stream.to_string())).await?;
    let mut epochs = gather(&rows, stream, compartments, service)?;
    epochs.sort_by_key(|epoch| epoch.compartment);
    Ok(epochs)
}

/// The epochs of these compartments in rows such as [`all`] reads: a service may need fewer, by a statement of its own.
pub fn gather(
    rows: &[Row],
    stream: impl Display,
    compartments: &[Compartment],
    service: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let mut epochs: Vec<KeyEpoch> = Vec::new();
    for row in rows {
        let compartment: Compartment = row.parse("compartment")?;
        if !compartments.contains(&compartment) {
            continue;
        }
        let (epoch, recipient) = (row.small("epoch")?, row.text("recipient")?);
        let place = place(&stream, compartment, epoch, &recipient);
        let wrapped = unwrap(service, &place, &row.bytes("wrapped")?)?;
        let wrap = KeyWrap { recipient, generation: row.small("generation")?, wrapped };
        let compartment = i32::from(input::compartment_out(compartment));
        match epochs.last_mut() {
            Some(last) if last.compartment == compartment && last.epoch == epoch => last.wraps.push(wrap),
            Some(_) | None => {
                let author = epoch_author::from_bytes(row.bytes_or_null("author")?);
                epochs.push(KeyEpoch { compartment, epoch, wraps: vec![wrap], author });
            }
        }
    }
    Ok(epochs)
}

/// Wraps bytes for storage. `place` names the row, and the column where a row has several: they open nowhere else.
pub fn wrap(service: &ServiceKey, place: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    service.wrap(place, bytes).map_err(|error| match error {
        SealError::Random(error) => Error::Random(error),
        SealError::Refused
        | SealError::Malformed { .. }
        | SealError::TooLong
        | SealError::PublicKey
        | SealError::Signature
        | SealError::ChunkLength
        | SealError::FileEnded
        | SealError::FileTruncated
        | SealError::PassphraseParameters { .. }
        | SealError::Passphrase(_) => Error::Corrupt(place.to_owned()),
    })
}

/// Unwraps what [`wrap`] gave for the same place.
pub fn unwrap(service: &ServiceKey, place: &str, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = service.unwrap(place, wrapped).map_err(|_| Error::Corrupt(place.to_owned()))?;
    Ok(bytes.into_inner())
}

/// What a stored wrap is bound to.
fn place(stream: impl Display, compartment: Compartment, epoch: u32, recipient: &str) -> String {
    format!("{stream}/{compartment}/{epoch}/{recipient}")
}
