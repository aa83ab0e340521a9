//! Notes, and contacts outside Flare.

use flare_contracts::{
    input::timestamp_out,
    triage::v1::{Contact, Note},
};
use flare_kernel::{CaseId, ContactId, NoteId, StaffId};
use flare_store::{Error, Reads, Record, Tx, sql};

/// Adds a note; its text is a sealed field.
pub(crate) async fn add_note(tx: &mut Tx, case: CaseId, note: NoteId, author: StaffId) -> Result<(), Error> {
    let note = Record::of("notes").key("case_id", case).key("note_id", note);
    note.set("author", author).set("at", tx.now()).insert(tx).await
}

/// The notes of a case, oldest first, without their text.
pub(crate) async fn notes(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Note>, Error> {
    let query = sql("SELECT note_id, author, at FROM notes WHERE case_id = $1 ORDER BY at, note_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
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
    Record::of("contacts")
        .key("case_id", case)
        .key("contact_id", contact)
        .set("author", author)
        .set("at", tx.now())
        .set("channel", channel)
        .set("inbound", inbound)
        .set("reached", reached)
        .insert(tx)
        .await
}

/// The contacts of a case, oldest first, without their words.
pub(crate) async fn contacts(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Contact>, Error> {
    let query =
        sql("SELECT contact_id, author, at, channel, inbound, reached FROM contacts WHERE case_id = $1 \
                     ORDER BY at, contact_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
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
