//! Key epochs and their wraps, wrapped once more under the service key.

use flare_contracts::{
    common::v1::{self, KeyEpoch, KeyWrap},
    epoch_author,
    input::RECEIPT,
};
use flare_kernel::CaseId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Row, Tx, Value, sql};

use super::{Reads, small};
use crate::{
    keys::{SealedEpoch, SealedWrap, context},
    receipt::REQUESTERS_THREAD,
};

/// The newest epoch of a compartment; 0 before there is one.
pub(crate) async fn newest(
    reads: &mut impl Reads,
    case: CaseId,
    compartment: Compartment,
) -> Result<u32, Error> {
    let row = reads
        .one(
            sql("SELECT epoch FROM key_epochs WHERE case_id = $1 AND compartment = $2 ORDER BY epoch DESC LIMIT 1")
                .bind(case.to_string())
                .bind(compartment.as_str()),
        )
        .await?;
    row.map_or(Ok(0), |row| small(&row, "epoch"))
}

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, epochs: &[SealedEpoch]) -> Result<(), Error> {
    let (mut begun, mut wraps): (Vec<[Value; 6]>, Vec<[Value; 6]>) = (Vec::new(), Vec::new());
    for epoch in epochs {
        let key = || [case.to_string().into(), epoch.compartment.as_str().into(), epoch.epoch.into()];
        let [of, compartment, number] = key();
        let thread = match epoch.compartment {
            Compartment::Thread => REQUESTERS_THREAD,
            Compartment::Request | Compartment::Notes | Compartment::Proposal | Compartment::Payment => 0,
        };
        let (at, author) = (tx.now().as_micros().into(), epoch.author.clone().into());
        begun.push([of, compartment, thread.into(), number, at, author]);
        for SealedWrap { recipient, generation, wrapped } in &epoch.wraps {
            let [of, compartment, number] = key();
            let (recipient, wrapped) = (recipient.clone().into(), wrapped.clone().into());
            wraps.push([of, compartment, number, recipient, (*generation).into(), wrapped]);
        }
    }
    tx.insert("key_epochs (case_id, compartment, thread, epoch, begun_at, author)", &begun).await?;
    tx.insert("key_wraps (case_id, compartment, epoch, recipient, generation, wrapped)", &wraps).await
}

/// Every epoch of a case with all its wraps, for staff.
pub(crate) async fn of_case(
    reads: &mut impl Reads,
    case: CaseId,
    key: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let rows = reads
        .all(
            sql("SELECT compartment, epoch, recipient, generation, wrapped, author \
                 FROM key_wraps JOIN key_epochs USING (case_id, compartment, epoch) WHERE case_id = $1 \
                 ORDER BY compartment, epoch, recipient")
            .bind(case.to_string()),
        )
        .await?;
    gather(&rows, case, key)
}

/// The epochs of the thread that the case's receipt opens, each with its wrap to the receipt alone.
pub(crate) async fn of_receipt(
    reads: &mut impl Reads,
    case: CaseId,
    key: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let rows = reads
        .all(
            sql("SELECT compartment, epoch, recipient, generation, wrapped, author \
                 FROM key_wraps JOIN key_epochs USING (case_id, compartment, epoch) WHERE case_id = $1 AND compartment = 'thread' AND recipient = $2 AND epoch >= \
                 (SELECT first_epoch FROM receipts WHERE case_id = $1 AND thread = $3 AND frozen_at IS NULL) \
                 AND thread = $3 ORDER BY epoch")
            .bind(case.to_string())
            .bind(RECEIPT)
            .bind(i64::from(REQUESTERS_THREAD)),
        )
        .await?;
    gather(&rows, case, key)
}

/// Rows in order of compartment and epoch, gathered by epoch and unwrapped.
fn gather(rows: &[Row], case: CaseId, key: &ServiceKey) -> Result<Vec<KeyEpoch>, Error> {
    let mut epochs: Vec<KeyEpoch> = Vec::new();
    for row in rows {
        let compartment: Compartment = row.parse("compartment")?;
        let epoch = small(row, "epoch")?;
        let recipient = row.text("recipient")?;
        let wrapped = key
            .unwrap(&context(case, compartment, epoch, &recipient), &row.bytes("wrapped")?)
            .map_err(|_| Error::Corrupt("key_wraps.wrapped".to_owned()))?;
        let wrap =
            KeyWrap { recipient, generation: small(row, "generation")?, wrapped: wrapped.expose().clone() };
        let compartment = i32::from(wire_compartment(compartment));
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

/// A compartment on the wire.
pub(crate) const fn wire_compartment(compartment: Compartment) -> v1::Compartment {
    match compartment {
        Compartment::Request => v1::Compartment::Request,
        Compartment::Thread => v1::Compartment::Thread,
        Compartment::Notes => v1::Compartment::Notes,
        Compartment::Proposal => v1::Compartment::Proposal,
        Compartment::Payment => v1::Compartment::Payment,
    }
}
