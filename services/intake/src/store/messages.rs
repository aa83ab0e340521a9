//! The thread.

use flare_contracts::{
    common::v1::{SealedField, SignedAct},
    input,
    intake::v1::{Message, MessageKind},
};
use flare_kernel::{CaseId, MessageId, Timestamp};
use flare_store::{Error, Row, Tx, sql};

use super::{Reads, sealed, wire};
use crate::author::REQUESTER;

/// A page of the thread, oldest first.
macro_rules! page_statement {
    () => {
        "SELECT message_id, seq, kind, author, at, about, epoch, ciphertext, tag, commitment FROM messages \
         WHERE case_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    };
}

macro_rules! open_questions_statement {
    () => {
        "SELECT message_id, at FROM messages WHERE case_id = $1 AND kind = 'MESSAGE_KIND_QUESTION' \
         AND answered_by = '' ORDER BY seq"
    };
}

/// A message to store.
pub(crate) struct NewMessage {
    pub(crate) id: MessageId,
    pub(crate) kind: MessageKind,
    pub(crate) author: String,
    pub(crate) about: String,
    pub(crate) text: SealedField,
}

/// What a later step must know of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) kind: MessageKind,
    pub(crate) author: String,
    pub(crate) about: String,
    /// The keyed digest of its text.
    pub(crate) tag: Vec<u8>,
}

impl Known {
    /// Whether an act was done on this very text.
    pub(crate) fn is_text_of(&self, signed: &SignedAct) -> bool {
        signed.act.as_ref().is_some_and(|act| act.text_tag == self.tag)
    }
}

/// The name under which a message's text is sealed.
pub(crate) fn text_name(id: MessageId) -> String {
    format!("thread.message.{id}")
}

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, seq: i64, message: &NewMessage) -> Result<(), Error> {
    let text = &message.text;
    tx.execute(
        sql("INSERT INTO messages (message_id, case_id, seq, kind, author, at, about, answered_by, epoch, ciphertext, \
             tag, commitment) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $11)")
        .bind(message.id.to_string())
        .bind(case.to_string())
        .bind(seq)
        .bind(message.kind.as_str_name())
        .bind(message.author.clone())
        .bind(tx.now().as_micros())
        .bind(message.about.clone())
        .bind(i64::from(text.epoch))
        .bind(text.ciphertext.clone())
        .bind(text.tag.clone())
        .bind(text.commitment.clone()),
    )
    .await
    .map(drop)
}

/// A message of this case.
pub(crate) async fn find(
    reads: &mut impl Reads,
    case: CaseId,
    id: MessageId,
) -> Result<Option<Known>, Error> {
    let row = reads
        .one(
            sql("SELECT kind, author, about, tag FROM messages WHERE message_id = $1 AND case_id = $2")
                .bind(id.to_string())
                .bind(case.to_string()),
        )
        .await?;
    row.map(|row| {
        Ok(Known {
            kind: wire(&row, "kind", MessageKind::from_str_name)?,
            author: row.text("author")?,
            about: row.text("about")?,
            tag: row.bytes("tag")?,
        })
    })
    .transpose()
}

/// Closes a question; one that was answered before keeps its first answer.
pub(crate) async fn close_question(
    tx: &mut Tx,
    case: CaseId,
    question: MessageId,
    answer: MessageId,
) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE messages SET answered_by = $3 WHERE message_id = $1 AND case_id = $2 AND answered_by = ''")
            .bind(question.to_string())
            .bind(case.to_string())
            .bind(answer.to_string()),
    )
    .await
    .map(drop)
}

/// The open questions of a case, oldest first, and when each was asked.
pub(crate) async fn open_questions(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<Vec<(MessageId, Timestamp)>, Error> {
    let rows = reads.all(sql(open_questions_statement!()).bind(case.to_string())).await?;
    rows.iter().map(|row| Ok((row.id("message_id")?, row.timestamp("at")?))).collect()
}

/// The place of the newest message in the thread; 0 before there is one.
pub(crate) async fn newest_place(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let newest = sql("SELECT seq FROM messages WHERE case_id = $1 ORDER BY seq DESC LIMIT 1");
    reads.one(newest.bind(case.to_string())).await?.map_or(Ok(0), |row| row.int("seq"))
}

/// The place of the newest message that the requester wrote; 0 before there is one.
pub(crate) async fn newest_of_requester(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let newest = sql("SELECT seq FROM messages WHERE case_id = $1 AND author = $2 ORDER BY seq DESC LIMIT 1");
    let row = reads.one(newest.bind(case.to_string()).bind(REQUESTER)).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// The messages after a place in the thread, each with its own place.
pub(crate) async fn page(
    reads: &mut impl Reads,
    case: CaseId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Message)>, Error> {
    let rows = reads.all(sql(page_statement!()).bind(case.to_string()).bind(after).bind(limit)).await?;
    rows.iter().map(|row| Ok((row.int("seq")?, message(row)?))).collect()
}

fn message(row: &Row) -> Result<Message, Error> {
    let id: MessageId = row.id("message_id")?;
    Ok(Message {
        message_id: id.to_string(),
        kind: wire(row, "kind", MessageKind::from_str_name)?.into(),
        author: row.text("author")?,
        at: Some(input::timestamp_out(row.timestamp("at")?)),
        text: Some(sealed(row, text_name(id), 1)?),
        about: row.text("about")?,
        place: row.int("seq")?,
    })
}

#[cfg(test)]
pub(crate) const PLANS: [(&str, &str, &str); 2] = [
    (
        concat!("EXPLAIN QUERY PLAN ", page_statement!()),
        concat!("EXPLAIN ", page_statement!()),
        "messages_place",
    ),
    (
        concat!("EXPLAIN QUERY PLAN ", open_questions_statement!()),
        concat!("EXPLAIN ", open_questions_statement!()),
        "messages_open_questions",
    ),
];
