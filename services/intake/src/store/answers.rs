//! The sealed answers, each with its history.

use flare_contracts::{common::v1::SealedField, input, intake::v1::WrittenAnswer};
use flare_kernel::CaseId;
use flare_store::{Error, Row, Tx, Value, sql};

use super::{Reads, sealed, small};
use crate::author::Author;

/// A page of what was written, oldest first.
macro_rules! page_statement {
    () => {
        "SELECT name, version, seq, author, at, epoch, ciphertext, tag, commitment FROM answers \
         WHERE case_id = $1 AND (seq, name) > ($2, $3) ORDER BY seq, name LIMIT $4"
    };
}

/// Stores what was written at once. `seq` numbers the event it was written with, and `author` wrote it.
pub(crate) async fn insert(
    tx: &mut Tx,
    case: CaseId,
    (seq, author): (i64, &Author),
    answers: &[SealedField],
) -> Result<(), Error> {
    let at = tx.now().as_micros();
    let rows: Vec<[Value; 10]> = answers
        .iter()
        .cloned()
        .map(|answer| {
            [
                case.to_string().into(),
                answer.name.into(),
                answer.version.into(),
                seq.into(),
                author.name().into(),
                at.into(),
                answer.epoch.into(),
                answer.ciphertext.into(),
                answer.tag.into(),
                answer.commitment.into(),
            ]
        })
        .collect();
    tx.insert("answers (case_id, name, version, seq, author, at, epoch, ciphertext, tag, commitment)", &rows)
        .await
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
    rows.iter().map(answer).collect()
}

/// What was written after a place, which is an event's number and an answer's name; each with its own place.
pub(crate) async fn page(
    reads: &mut impl Reads,
    case: CaseId,
    (seq, name): (i64, String),
    limit: i64,
) -> Result<Vec<((i64, String), WrittenAnswer)>, Error> {
    let query = sql(page_statement!()).bind(case.to_string()).bind(seq).bind(name).bind(limit);
    let rows = reads.all(query).await?;
    rows.iter().map(|row| Ok(((row.int("seq")?, row.text("name")?), written(row)?))).collect()
}

fn written(row: &Row) -> Result<WrittenAnswer, Error> {
    Ok(WrittenAnswer {
        answer: Some(answer(row)?),
        author: row.text("author")?,
        at: Some(input::timestamp_out(row.timestamp("at")?)),
    })
}

fn answer(row: &Row) -> Result<SealedField, Error> {
    sealed(row, row.text("name")?, small(row, "version")?)
}

#[cfg(test)]
pub(crate) const PLAN: (&str, &str, &str) = (
    concat!("EXPLAIN QUERY PLAN ", page_statement!()),
    concat!("EXPLAIN ", page_statement!()),
    "answers_place",
);
