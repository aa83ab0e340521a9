//! References and fingerprints.

use flare_kernel::{CaseId, ReferenceId, StaffId};
use flare_store::{Error, Row, Tx, sql};

use super::{count, parsed_or_null};
use crate::domain::{Check, Fingerprints};

/// A reference as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferenceRow {
    pub(crate) id: ReferenceId,
    pub(crate) checked: Option<(Check, StaffId)>,
}

/// Notes a fingerprint; noting it twice changes nothing.
pub(crate) async fn add_fingerprint(
    tx: &mut Tx,
    case: CaseId,
    kind: &'static str,
    value: &[u8; 32],
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO fingerprints (case_id, kind, value) VALUES ($1, $2, $3) \
             ON CONFLICT (case_id, kind, value) DO NOTHING")
        .bind(case.to_string())
        .bind(kind)
        .bind(value.to_vec()),
    )
    .await
    .map(drop)
}

/// The fingerprints known in a case.
pub(crate) async fn fingerprints(tx: &mut Tx, case: CaseId) -> Result<Fingerprints, Error> {
    let query = sql("SELECT kind, value FROM fingerprints WHERE case_id = $1");
    let mut known = Fingerprints::default();
    for row in tx.fetch_all(query.bind(case.to_string())).await? {
        let value = row.array("value")?;
        match row.text("kind")?.as_str() {
            "requester" => known.requester.push(value),
            "reference" => known.references.push(value),
            "payee" => known.payees.push(value),
            _ => return Err(Error::Corrupt("fingerprints.kind".to_owned())),
        }
    }
    Ok(known)
}

/// Adds a reference and their fingerprint.
pub(crate) async fn add_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: ReferenceId,
    fingerprint: &[u8; 32],
    number: usize,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO case_references (case_id, reference_id, number, fingerprint, independent) \
             VALUES ($1, $2, $3, $4, 0)")
        .bind(case.to_string())
        .bind(reference.to_string())
        .bind(count(number))
        .bind(fingerprint.to_vec()),
    )
    .await?;
    add_fingerprint(tx, case, "reference", fingerprint).await
}

/// Whether the case has such a reference.
pub(crate) async fn reference_exists(
    tx: &mut Tx,
    case: CaseId,
    reference: ReferenceId,
) -> Result<bool, Error> {
    let query = sql("SELECT reference_id FROM case_references WHERE case_id = $1 AND reference_id = $2");
    Ok(tx.fetch_optional(query.bind(case.to_string()).bind(reference.to_string())).await?.is_some())
}

/// Notes what a reference said.
pub(crate) async fn check_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: ReferenceId,
    check: &Check,
    by: StaffId,
) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE case_references SET method = $3, confidence = $4, result = $5, independent = $6, \
             checked_by = $7, checked = $8 WHERE case_id = $1 AND reference_id = $2")
        .bind(case.to_string())
        .bind(reference.to_string())
        .bind(check.method.as_str())
        .bind(check.confidence.as_str())
        .bind(check.result.as_str())
        .bind(i64::from(check.independent))
        .bind(by.to_string())
        .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// The references of a case, in the order they were added.
pub(crate) async fn references(tx: &mut Tx, case: CaseId) -> Result<Vec<ReferenceRow>, Error> {
    let query =
        sql("SELECT reference_id, method, confidence, result, independent, checked_by FROM case_references \
             WHERE case_id = $1 ORDER BY number, reference_id");
    tx.fetch_all(query.bind(case.to_string())).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ReferenceRow, Error> {
    let said = (
        parsed_or_null(row, "method")?,
        parsed_or_null(row, "confidence")?,
        parsed_or_null(row, "result")?,
        row.id_or_null("checked_by")?,
    );
    let checked = match said {
        (Some(method), Some(confidence), Some(result), Some(by)) => {
            Some((Check { method, confidence, result, independent: row.flag("independent")? }, by))
        }
        (Some(_) | None, ..) => None,
    };
    Ok(ReferenceRow { id: row.id("reference_id")?, checked })
}
