//! The receipts of a case.

use flare_contracts::{
    epoch_author, input,
    intake::v1::{HolderKind, ReceiptRecord},
};
use flare_kernel::{CaseId, Timestamp};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

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
    Record::of("receipts")
        .key("lookup_id", lock.lookup)
        .set("case_id", case)
        .set("thread", receipt.thread)
        .set("holder", receipt.holder.as_str_name())
        .set("drawn_by", receipt.drawn_by.name())
        .set("proof_hash", lock.proof_hash)
        .set("encryption_key", lock.keys.encryption.to_bytes())
        .set("signing_key", lock.keys.signing)
        .set("author", epoch_author::to_bytes(receipt.author))
        .set("issued_at", tx.now())
        .set("first_epoch", receipt.first_epoch)
        .insert(tx)
        .await
}

/// What a receipt opens, or opened until it was frozen.
pub(crate) async fn opened_by(reads: &mut impl Reads, lookup: &[u8; 16]) -> Result<Option<Opened>, Error> {
    let row = reads
        .row(
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
    Ok(reads.row(active.bind(case.to_string()).bind(i64::from(thread))).await?.is_some())
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
        .rows(
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
        holder: row.word("holder", HolderKind::from_str_name)?.into(),
        drawn_by: row.text("drawn_by")?,
        thread: row.small("thread")?,
        lookup_id: row.bytes("lookup_id")?,
        encryption_key: row.bytes("encryption_key")?,
        signing_key: row.bytes("signing_key")?,
        author: epoch_author::from_bytes(row.bytes_or_null("author")?),
        issued: Some(input::timestamp_out(row.timestamp("issued_at")?)),
        frozen: row.timestamp_or_null("frozen_at")?.map(input::timestamp_out),
    })
}
