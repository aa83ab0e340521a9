//! Notes, and contacts outside Flare.

use flare_contracts::{
    input::timestamp_out,
    triage::v1::{Contact, Note},
};
use flare_kernel::{CaseId, ContactId, NoteId, StaffId};
use flare_store::{Error, Tx, sql};

/// Adds a note; its text is a sealed field.
pub(crate) async fn add_note(tx: &mut Tx, case: CaseId, note: NoteId, author: StaffId) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO notes (case_id, note_id, author, at) VALUES ($1, $2, $3, $4)")
            .bind(case.to_string())
            .bind(note.to_string())
            .bind(author.to_string())
            .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// The notes of a case, oldest first, without their text.
pub(crate) async fn notes(tx: &mut Tx, case: CaseId) -> Result<Vec<Note>, Error> {
    let query = sql("SELECT note_id, author, at FROM notes WHERE case_id = $1 ORDER BY at, note_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    rows.iter()
        .map(|row| {
            let at = Some(timestamp_out(row.timestamp("at")?));
            Ok(Note { note_id: row.text("note_id")?, author: row.text("author")?, at, text: None })
        })
        .collect()
}

/// How many notes a case has.
pub(crate) async fn note_count(tx: &mut Tx, case: CaseId) -> Result<usize, Error> {
    let query = sql("SELECT CAST(COUNT(*) AS BIGINT) AS number FROM notes WHERE case_id = $1");
    let number = tx.fetch_one(query.bind(case.to_string())).await?.int("number")?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// How many contacts a case has.
pub(crate) async fn contact_count(tx: &mut Tx, case: CaseId) -> Result<usize, Error> {
    let query = sql("SELECT CAST(COUNT(*) AS BIGINT) AS number FROM contacts WHERE case_id = $1");
    let number = tx.fetch_one(query.bind(case.to_string())).await?.int("number")?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Adds a contact; its words are a sealed field.
pub(crate) async fn add_contact(
    tx: &mut Tx,
    case: CaseId,
    contact: ContactId,
    author: StaffId,
    (channel, inbound, reached): (&'static str, bool, bool),
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO contacts (case_id, contact_id, author, at, channel, inbound, reached) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(case.to_string())
        .bind(contact.to_string())
        .bind(author.to_string())
        .bind(tx.now().as_micros())
        .bind(channel)
        .bind(i64::from(inbound))
        .bind(i64::from(reached)),
    )
    .await
    .map(drop)
}

/// The contacts of a case, oldest first, without their words.
pub(crate) async fn contacts(tx: &mut Tx, case: CaseId) -> Result<Vec<Contact>, Error> {
    let query =
        sql("SELECT contact_id, author, at, channel, inbound, reached FROM contacts WHERE case_id = $1 \
                     ORDER BY at, contact_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    rows.iter()
        .map(|row| {
            Ok(Contact {
                contact_id: row.text("contact_id")?,
                author: row.text("author")?,
                at: Some(timestamp_out(row.timestamp("at")?)),
                channel: row.text("channel")?,
                inbound: row.flag("inbound")?,
                reached: row.flag("reached")?,
                words: None,
            })
        })
        .collect()
}
