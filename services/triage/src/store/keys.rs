//! The keys of the notes compartment: epochs, and the wraps of each.

use flare_contracts::{
    InputRule, Refusal,
    common::v1::{Compartment, KeyEpoch, KeyWrap},
    epoch_author,
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{SealError, ServiceKey};
use flare_store::{Error, Tx, sql};

use super::small;
use crate::refusals::TriageRefusal;

/// The epoch to write under; 0 when none has begun.
pub(crate) async fn newest_epoch(tx: &mut Tx, case: CaseId) -> Result<u32, Error> {
    let newest = sql("SELECT epoch FROM key_epochs WHERE case_id = $1 ORDER BY epoch DESC LIMIT 1");
    let row = tx.fetch_optional(newest.bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| small(&row, "epoch"))
}

/// Begins the next epoch. Its wraps are wrapped once more, so that a stolen database opens for nobody.
pub(crate) async fn begin_epoch(
    tx: &mut Tx,
    service_key: &ServiceKey,
    case: CaseId,
    by: StaffId,
    key: &KeyEpoch,
) -> Result<(), Error> {
    let next = newest_epoch(tx, case).await? + 1;
    if key.epoch != next {
        let rule = InputRule::NotTheNumber { number: next.into() };
        return Err(Refusal::from(TriageRefusal::EpochNotNext).field("key.epoch", rule).into());
    }
    tx.execute(
        sql("INSERT INTO key_epochs (case_id, epoch, begun_by, begun, author) VALUES ($1, $2, $3, $4, $5)")
            .bind(case.to_string())
            .bind(i64::from(key.epoch))
            .bind(by.to_string())
            .bind(tx.now().as_micros())
            .bind(epoch_author::to_bytes(key.author.as_ref())),
    )
    .await?;
    for wrap in &key.wraps {
        let context = context(case, key.epoch, &wrap.recipient);
        let wrapped = service_key.wrap(&context, &wrap.wrapped).map_err(cannot_wrap)?;
        tx.execute(
            sql("INSERT INTO key_wraps (case_id, epoch, recipient, generation, wrapped) VALUES ($1, $2, $3, $4, $5)")
                .bind(case.to_string())
                .bind(i64::from(key.epoch))
                .bind(wrap.recipient.clone())
                .bind(i64::from(wrap.generation))
                .bind(wrapped),
        )
        .await?;
    }
    Ok(())
}

/// Every epoch with its wraps, as they were given.
pub(crate) async fn epochs(
    tx: &mut Tx,
    service_key: &ServiceKey,
    case: CaseId,
) -> Result<Vec<KeyEpoch>, Error> {
    let wraps = sql("SELECT epoch, recipient, generation, wrapped, author \
                     FROM key_wraps JOIN key_epochs USING (case_id, epoch) WHERE case_id = $1 \
                     ORDER BY epoch, recipient");
    let mut epochs: Vec<KeyEpoch> = Vec::new();
    for row in tx.fetch_all(wraps.bind(case.to_string())).await? {
        let (epoch, recipient) = (small(&row, "epoch")?, row.text("recipient")?);
        let wrapped = service_key.unwrap(&context(case, epoch, &recipient), &row.bytes("wrapped")?);
        let wrapped = wrapped.map_err(|_| Error::Corrupt("key_wraps.wrapped".to_owned()))?.into_inner();
        let wrap = KeyWrap { recipient, generation: small(&row, "generation")?, wrapped };
        if let Some(last) = epochs.last_mut().filter(|last| last.epoch == epoch) {
            last.wraps.push(wrap);
        } else {
            let author = epoch_author::from_bytes(row.bytes_or_null("author")?);
            let compartment = Compartment::Notes.into();
            epochs.push(KeyEpoch { compartment, epoch, wraps: vec![wrap], author });
        }
    }
    Ok(epochs)
}

/// Names the row a wrap belongs to, so that it opens nowhere else.
fn context(case: CaseId, epoch: u32, recipient: &str) -> String {
    format!("{case}/notes/{epoch}/{recipient}")
}

fn cannot_wrap(error: SealError) -> Error {
    match error {
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
        | SealError::Passphrase(_) => Error::Corrupt("a key wrap to be stored".to_owned()),
    }
}
