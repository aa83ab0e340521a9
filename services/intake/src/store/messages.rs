//! The thread.

use flare_contracts::{
    common::v1::{SealedField, SignedAct},
    fields, input,
    intake::v1::{Message, MessageKind},
};
use flare_kernel::{CaseId, MessageId, Timestamp};
use flare_store::{Error, Page, Reads, Record, Row, Tx, Value, sql};

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
         AND answered_by IS NULL ORDER BY seq"
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

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, seq: i64, message: &NewMessage) -> Result<(), Error> {
    Record::of("messages")
        .key("message_id", message.id)
        .set("case_id", case)
        .set("seq", seq)
        .set("kind", message.kind.as_str_name())
        .set("author", message.author.clone())
        .set("at", tx.now())
        .set("about", Value::unless_empty(&message.about))
        .sealed(&message.text)
        .insert(tx)
        .await
}

/// A message of this case.
pub(crate) async fn find(
    reads: &mut impl Reads,
    case: CaseId,
    id: MessageId,
) -> Result<Option<Known>, Error> {
    let row = reads
        .row(
            sql("SELECT kind, author, about, tag FROM messages WHERE message_id = $1 AND case_id = $2")
                .bind(id.to_string())
                .bind(case.to_string()),
        )
        .await?;
    row.map(|row| {
        Ok(Known {
            kind: row.word("kind", MessageKind::from_str_name)?,
            author: row.text("author")?,
            about: row.text_or_empty("about")?,
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
    let close = sql("UPDATE messages SET answered_by = $3 \
                     WHERE message_id = $1 AND case_id = $2 AND answered_by IS NULL");
    let close = close.bind(question.to_string()).bind(case.to_string()).bind(answer.to_string());
    tx.execute(close).await.map(drop)
}

/// The open questions of a case, oldest first, and when each was asked.
pub(crate) async fn open_questions(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<Vec<(MessageId, Timestamp)>, Error> {
    let rows = reads.rows(sql(open_questions_statement!()).bind(case.to_string())).await?;
    rows.iter().map(|row| Ok((row.id("message_id")?, row.timestamp("at")?))).collect()
}

/// The place of the newest message in the thread; 0 before there is one.
pub(crate) async fn newest_place(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let newest = sql("SELECT seq FROM messages WHERE case_id = $1 ORDER BY seq DESC LIMIT 1");
    reads.row(newest.bind(case.to_string())).await?.map_or(Ok(0), |row| row.int("seq"))
}

/// The place of the newest message that the requester wrote; 0 before there is one.
pub(crate) async fn newest_of_requester(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let newest = sql("SELECT seq FROM messages WHERE case_id = $1 AND author = $2 ORDER BY seq DESC LIMIT 1");
    let row = reads.row(newest.bind(case.to_string()).bind(REQUESTER)).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// The messages after a place in the thread, each with its own place.
pub(crate) async fn page(
    reads: &mut impl Reads,
    case: CaseId,
    page: &Page<(i64,)>,
) -> Result<Vec<((i64,), Message)>, Error> {
    let query = sql(page_statement!()).bind(case.to_string()).bind(page.after().0).bind(page.limit());
    let rows = reads.rows(query).await?;
    rows.iter().map(|row| Ok(((row.int("seq")?,), message(row)?))).collect()
}

fn message(row: &Row) -> Result<Message, Error> {
    let id: MessageId = row.id("message_id")?;
    Ok(Message {
        message_id: id.to_string(),
        kind: row.word("kind", MessageKind::from_str_name)?.into(),
        author: row.text("author")?,
        at: Some(input::timestamp_out(row.timestamp("at")?)),
        text: Some(row.sealed_as(fields::message(id).name.into_owned(), 1)?),
        about: row.text_or_empty("about")?,
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
