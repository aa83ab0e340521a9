//! Requests and their receipts.

use flare_contracts::{
    common::v1::{Mode, Trigger},
    intake::v1::{Channel, ConsentState, Purpose, RequesterKind},
};
use flare_kernel::{CaseId, Lane, Timestamp};
use flare_store::{Error, Row, Tx, Value, sql};

use super::{Reads, wire};
use crate::{domain::listing::Listing, receipt::ReceiptLock};

/// A request, without its answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) case: CaseId,
    pub(crate) channel: Channel,
    pub(crate) received: Timestamp,
    pub(crate) listing: Listing,
    /// What was sent first, without what sealing draws afresh.
    pub(crate) content: [u8; 32],
}

pub(crate) async fn insert(tx: &mut Tx, request: &Request) -> Result<(), Error> {
    let listing = &request.listing;
    tx.execute(
        sql("INSERT INTO requests (case_id, channel, received, lane_hint, language, kind, on_behalf, mode, set_off_by, \
             content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(request.case.to_string())
        .bind(request.channel.as_str_name())
        .bind(request.received.as_micros())
        .bind(listing.lane_hint.as_i64())
        .bind(listing.language.to_string())
        .bind(listing.kind.as_str_name())
        .bind(i64::from(listing.on_behalf))
        .bind(listing.mode.as_str_name())
        .bind(listing.trigger.as_str_name())
        .bind(request.content.to_vec()),
    )
    .await?;
    let consents: Vec<[Value; 3]> = listing
        .consents
        .iter()
        .map(|(purpose, state)| {
            [request.case.to_string().into(), purpose.as_str_name().into(), state.as_str_name().into()]
        })
        .collect();
    tx.insert("consents (case_id, purpose, state)", &consents).await
}

pub(crate) async fn find(reads: &mut impl Reads, case: CaseId) -> Result<Option<Request>, Error> {
    let request = reads
        .one(
            sql("SELECT channel, received, lane_hint, language, kind, on_behalf, mode, set_off_by, content \
                 FROM requests WHERE case_id = $1")
            .bind(case.to_string()),
        )
        .await?;
    let Some(row) = request else { return Ok(None) };
    let consents = reads
        .all(
            sql("SELECT purpose, state FROM consents WHERE case_id = $1 ORDER BY purpose")
                .bind(case.to_string()),
        )
        .await?;
    Ok(Some(Request {
        case,
        channel: wire(&row, "channel", Channel::from_str_name)?,
        received: row.timestamp("received")?,
        content: row.array("content")?,
        listing: Listing {
            lane_hint: lane(&row, "lane_hint")?,
            language: row.parse("language")?,
            kind: wire(&row, "kind", RequesterKind::from_str_name)?,
            on_behalf: row.flag("on_behalf")?,
            consents: consents.iter().map(consent).collect::<Result<_, _>>()?,
            mode: wire(&row, "mode", Mode::from_str_name)?,
            trigger: wire(&row, "set_off_by", Trigger::from_str_name)?,
        },
    }))
}

/// Whether there is such a case.
pub(crate) async fn exists(reads: &mut impl Reads, case: CaseId) -> Result<bool, Error> {
    let row =
        reads.one(sql("SELECT case_id FROM requests WHERE case_id = $1").bind(case.to_string())).await?;
    Ok(row.is_some())
}

/// The number of the last event in a case's history.
pub(crate) async fn version(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let row = reads.one(sql("SELECT seq FROM streams WHERE stream = $1").bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

pub(crate) async fn insert_receipt(
    tx: &mut Tx,
    case: CaseId,
    receipt: &ReceiptLock,
    first_epoch: u32,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO receipts (lookup_id, case_id, proof_hash, issued_at, first_epoch) VALUES ($1, $2, $3, $4, $5)")
            .bind(receipt.lookup.to_vec())
            .bind(case.to_string())
            .bind(receipt.proof_hash.to_vec())
            .bind(tx.now().as_micros())
            .bind(i64::from(first_epoch)),
    )
    .await
    .map(drop)
}

/// The case that a receipt opens, and the hash of its proof. One that is frozen opens none.
pub(crate) async fn case_of_receipt(
    reads: &mut impl Reads,
    lookup: &[u8; 16],
) -> Result<Option<(CaseId, [u8; 32])>, Error> {
    let row = reads
        .one(
            sql("SELECT case_id, proof_hash FROM receipts WHERE lookup_id = $1 AND frozen_at IS NULL")
                .bind(lookup.to_vec()),
        )
        .await?;
    row.map(|row| Ok((row.id("case_id")?, row.array("proof_hash")?))).transpose()
}

/// Whether a receipt opens the case.
pub(crate) async fn has_receipt(reads: &mut impl Reads, case: CaseId) -> Result<bool, Error> {
    let active = sql("SELECT case_id FROM receipts WHERE case_id = $1 AND frozen_at IS NULL");
    Ok(reads.one(active.bind(case.to_string())).await?.is_some())
}

/// Freezes the case's receipt; says whether there was one to freeze.
pub(crate) async fn freeze_receipt(tx: &mut Tx, case: CaseId) -> Result<bool, Error> {
    let freeze = sql("UPDATE receipts SET frozen_at = $2 WHERE case_id = $1 AND frozen_at IS NULL");
    Ok(tx.execute(freeze.bind(case.to_string()).bind(tx.now().as_micros())).await? > 0)
}

fn consent(row: &Row) -> Result<(Purpose, ConsentState), Error> {
    Ok((wire(row, "purpose", Purpose::from_str_name)?, wire(row, "state", ConsentState::from_str_name)?))
}

/// A lane's column.
pub(crate) fn lane(row: &Row, column: &str) -> Result<Lane, Error> {
    Lane::from_i64(row.int(column)?).map_err(|_| Error::Corrupt(column.to_owned()))
}
