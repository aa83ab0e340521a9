//! The sealed answers, each with its history.

use flare_contracts::{common::v1::SealedField, input, intake::v1::WrittenAnswer};
use flare_kernel::CaseId;
use flare_store::{Error, Page, Reads, Record, Row, Tx, sql};

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
    let at = tx.now();
    let row = |answer: &SealedField| {
        Record::of("answers")
            .key("case_id", case)
            .key("name", answer.name.clone())
            .key("version", answer.version)
            .set("seq", seq)
            .set("author", author.name())
            .set("at", at)
            .sealed(answer)
    };
    tx.insert(answers.iter().map(row).collect()).await
}

/// The newest version of each answer.
pub(crate) async fn newest(reads: &mut impl Reads, case: CaseId) -> Result<Vec<SealedField>, Error> {
    let rows = reads
        .rows(
            sql("SELECT name, version, epoch, ciphertext, tag, commitment FROM answers AS answer \
                 WHERE case_id = $1 AND version = (SELECT MAX(version) FROM answers AS other \
                 WHERE other.case_id = answer.case_id AND other.name = answer.name) ORDER BY name")
            .bind(case.to_string()),
        )
        .await?;
    rows.iter().map(Row::sealed).collect()
}

/// What was written after a place, which is an event's number and an answer's name; each with its own place.
pub(crate) async fn page(
    reads: &mut impl Reads,
    case: CaseId,
    page: &Page<(i64, String)>,
) -> Result<Vec<((i64, String), WrittenAnswer)>, Error> {
    let (seq, name) = page.after().clone();
    let query = sql(page_statement!()).bind(case.to_string()).bind(seq).bind(name).bind(page.limit());
    let rows = reads.rows(query).await?;
    rows.iter().map(|row| Ok(((row.int("seq")?, row.text("name")?), written(row)?))).collect()
}

fn written(row: &Row) -> Result<WrittenAnswer, Error> {
    Ok(WrittenAnswer {
        answer: Some(row.sealed()?),
        author: row.text("author")?,
        at: Some(input::timestamp_out(row.timestamp("at")?)),
    })
}

#[cfg(test)]
pub(crate) const PLAN: (&str, &str, &str) = (
    concat!("EXPLAIN QUERY PLAN ", page_statement!()),
    concat!("EXPLAIN ", page_statement!()),
    "answers_place",
);
