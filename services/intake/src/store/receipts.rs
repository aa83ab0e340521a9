//! The receipts of a case.

use flare_contracts::{
    epoch_author, input,
    intake::v1::{HolderKind, ReceiptRecord},
};
use flare_kernel::{CaseId, Timestamp};
use flare_store::{Error, Row, Tx, sql};

use super::{Reads, small, wire};
use crate::receipt::NewReceipt;

/// What a receipt opens, and what tells whether somebody holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) case: CaseId,
    pub(crate) proof_hash: [u8; 32],
    pub(crate) signing_key: [u8; 32],
    /// Since when it opens nothing any more, where that is so.
    pub(crate) frozen: Option<Timestamp>,
}

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, receipt: &NewReceipt<'_>) -> Result<(), Error> {
    let lock = receipt.lock;
    tx.execute(
        sql("INSERT INTO receipts (lookup_id, case_id, thread, holder, drawn_by, proof_hash, encryption_key, \
             signing_key, author, issued_at, first_epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(lock.lookup.to_vec())
        .bind(case.to_string())
        .bind(i64::from(receipt.thread))
        .bind(receipt.holder.as_str_name())
        .bind(receipt.drawn_by.name())
        .bind(lock.proof_hash.to_vec())
        .bind(lock.keys.encryption.to_bytes())
        .bind(lock.keys.signing.to_vec())
        .bind(epoch_author::to_bytes(receipt.author))
        .bind(tx.now().as_micros())
        .bind(i64::from(receipt.first_epoch)),
    )
    .await
    .map(drop)
}

/// What a receipt opens, or opened until it was frozen.
pub(crate) async fn opened_by(reads: &mut impl Reads, lookup: &[u8; 16]) -> Result<Option<Opened>, Error> {
    let row = reads
        .one(
            sql("SELECT case_id, proof_hash, signing_key, frozen_at FROM receipts WHERE lookup_id = $1")
                .bind(lookup.to_vec()),
        )
        .await?;
    row.map(|row| {
        Ok(Opened {
            case: row.id("case_id")?,
            proof_hash: row.array("proof_hash")?,
            signing_key: row.array("signing_key")?,
            frozen: row.timestamp_or_null("frozen_at")?,
        })
    })
    .transpose()
}

/// Whether a receipt opens a thread of the case.
pub(crate) async fn is_active(reads: &mut impl Reads, case: CaseId, thread: u32) -> Result<bool, Error> {
    let active = sql("SELECT case_id FROM receipts WHERE case_id = $1 AND thread = $2 AND frozen_at IS NULL");
    Ok(reads.one(active.bind(case.to_string()).bind(i64::from(thread))).await?.is_some())
}

/// Freezes the receipt of a thread; says whether there was one to freeze.
pub(crate) async fn freeze(tx: &mut Tx, case: CaseId, thread: u32) -> Result<bool, Error> {
    let freeze =
        sql("UPDATE receipts SET frozen_at = $3 WHERE case_id = $1 AND thread = $2 AND frozen_at IS NULL");
    let frozen = freeze.bind(case.to_string()).bind(i64::from(thread)).bind(tx.now().as_micros());
    Ok(tx.execute(frozen).await? > 0)
}

/// Every receipt of a case, oldest first, for staff.
pub(crate) async fn of_case(reads: &mut impl Reads, case: CaseId) -> Result<Vec<ReceiptRecord>, Error> {
    let rows = reads
        .all(
            sql(
                "SELECT lookup_id, thread, holder, drawn_by, encryption_key, signing_key, author, issued_at, \
                 frozen_at FROM receipts WHERE case_id = $1 ORDER BY issued_at, thread, lookup_id",
            )
            .bind(case.to_string()),
        )
        .await?;
    rows.iter().map(record).collect()
}

fn record(row: &Row) -> Result<ReceiptRecord, Error> {
    Ok(ReceiptRecord {
        holder: wire(row, "holder", HolderKind::from_str_name)?.into(),
        drawn_by: row.text("drawn_by")?,
        thread: small(row, "thread")?,
        lookup_id: row.bytes("lookup_id")?,
        encryption_key: row.bytes("encryption_key")?,
        signing_key: row.bytes("signing_key")?,
        author: epoch_author::from_bytes(row.bytes_or_null("author")?),
        issued: Some(input::timestamp_out(row.timestamp("issued_at")?)),
        frozen: row.timestamp_or_null("frozen_at")?.map(input::timestamp_out),
    })
}
