//! References and fingerprints.

use flare_kernel::{CaseId, ReferenceId, StaffId};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

use super::count;
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
    let fingerprint = Record::of("fingerprints").key("case_id", case).key("kind", kind);
    fingerprint.key("value", *value).insert_new(tx).await.map(drop)
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
    Record::of("case_references")
        .key("case_id", case)
        .key("reference_id", reference)
        .set("number", count(number))
        .set("fingerprint", *fingerprint)
        .set("independent", false)
        .insert(tx)
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
    Record::of("case_references")
        .key("case_id", case)
        .key("reference_id", reference)
        .set("method", check.method.as_str())
        .set("confidence", check.confidence.as_str())
        .set("result", check.result.as_str())
        .set("independent", check.independent)
        .set("checked_by", by)
        .set("checked", tx.now())
        .update(tx)
        .await
        .map(drop)
}

/// The references of a case, in the order they were added.
pub(crate) async fn references(reads: &mut impl Reads, case: CaseId) -> Result<Vec<ReferenceRow>, Error> {
    let query =
        sql("SELECT reference_id, method, confidence, result, independent, checked_by FROM case_references \
             WHERE case_id = $1 ORDER BY number, reference_id");
    reads.rows(query.bind(case.to_string())).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ReferenceRow, Error> {
    let said = (
        row.parse_or_null("method")?,
        row.parse_or_null("confidence")?,
        row.parse_or_null("result")?,
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
