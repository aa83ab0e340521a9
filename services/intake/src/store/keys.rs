//! Key epochs and their wraps, wrapped once more under the service key.

use flare_contracts::common::v1::{self, KeyEpoch, KeyWrap};
use flare_kernel::CaseId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Row, Tx, sql};

use super::{Reads, small};
use crate::keys::{SealedEpoch, SealedWrap, context};

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

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, epoch: &SealedEpoch) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO key_epochs (case_id, compartment, epoch, begun_at) VALUES ($1, $2, $3, $4)")
            .bind(case.to_string())
            .bind(epoch.compartment.as_str())
            .bind(i64::from(epoch.epoch))
            .bind(tx.now().as_micros()),
    )
    .await?;
    for SealedWrap { recipient, generation, wrapped } in &epoch.wraps {
        tx.execute(
            sql("INSERT INTO key_wraps (case_id, compartment, epoch, recipient, generation, wrapped) \
                 VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(case.to_string())
            .bind(epoch.compartment.as_str())
            .bind(i64::from(epoch.epoch))
            .bind(recipient.clone())
            .bind(i64::from(*generation))
            .bind(wrapped.clone()),
        )
        .await?;
    }
    Ok(())
}

/// Every epoch of a case with all its wraps, for staff.
pub(crate) async fn of_case(
    reads: &mut impl Reads,
    case: CaseId,
    key: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let rows = reads
        .all(
            sql(
                "SELECT compartment, epoch, recipient, generation, wrapped FROM key_wraps WHERE case_id = $1 \
                 ORDER BY compartment, epoch, recipient",
            )
            .bind(case.to_string()),
        )
        .await?;
    gather(&rows, case, key)
}

/// Every epoch of one compartment with its wrap to one recipient alone.
pub(crate) async fn of_recipient(
    reads: &mut impl Reads,
    case: CaseId,
    compartment: Compartment,
    recipient: &'static str,
    key: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let rows = reads
        .all(
            sql("SELECT compartment, epoch, recipient, generation, wrapped FROM key_wraps \
                 WHERE case_id = $1 AND compartment = $2 AND recipient = $3 ORDER BY epoch")
            .bind(case.to_string())
            .bind(compartment.as_str())
            .bind(recipient),
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
            Some(_) | None => epochs.push(KeyEpoch { compartment, epoch, wraps: vec![wrap] }),
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
