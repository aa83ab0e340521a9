//! The sealed answers, each with its history.

use flare_contracts::common::v1::SealedField;
use flare_kernel::CaseId;
use flare_store::{Error, Tx, sql};

use super::{Reads, sealed, small};

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, answer: &SealedField) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO answers (case_id, name, version, epoch, ciphertext, tag, commitment) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(case.to_string())
        .bind(answer.name.clone())
        .bind(i64::from(answer.version))
        .bind(i64::from(answer.epoch))
        .bind(answer.ciphertext.clone())
        .bind(answer.tag.clone())
        .bind(answer.commitment.clone()),
    )
    .await
    .map(drop)
}

/// The newest version of each answer.
pub(crate) async fn newest(reads: &mut impl Reads, case: CaseId) -> Result<Vec<SealedField>, Error> {
    let rows = reads
        .all(
            sql("SELECT name, version, epoch, ciphertext, tag, commitment FROM answers AS answer \
                 WHERE case_id = $1 AND version = (SELECT MAX(version) FROM answers AS other \
                 WHERE other.case_id = answer.case_id AND other.name = answer.name) ORDER BY name")
            .bind(case.to_string()),
        )
        .await?;
    rows.iter().map(|row| sealed(row, row.text("name")?, small(row, "version")?)).collect()
}
