//! Writing a note.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::NoteAdded,
    fields, input,
    triage::v1::{AddNoteRequest, CaseState},
};
use flare_kernel::{CaseId, NoteId, StaffId};
use flare_store::{Error, Tx, Write};

use super::{MOST_ENTRIES, at_most};
use crate::{Triage, store};

/// Adds staff's words to a case, whatever its stage.
pub(crate) struct AddNote {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) note: NoteId,
    pub(crate) text: SealedField,
}

impl AddNote {
    pub(crate) fn parse(_: &Triage, officer: StaffId, request: &AddNoteRequest) -> Result<Self, Refusal> {
        let note: NoteId = input::id("note_id", &request.note_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer,
            note,
            text: input::sealed("text", request.text.clone(), &fields::note(note))?,
        })
    }
}

impl Write for AddNote {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        at_most("notes", store::note_count(tx, self.case).await?, MOST_ENTRIES)?;
        store::add_note(tx, self.case, self.note, self.officer).await?;
        store::put_sealed(tx, self.case, "text", &self.text).await?;
        let added = NoteAdded { case_id: self.case.to_string(), note_id: self.note.to_string() };
        store::finish(tx, &mut case, self.officer, added).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_note_is_kept_whatever_the_stage, crate::SCHEMA);
    async fn a_note_is_kept_whatever_the_stage(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.closed(1).await;
        let note: NoteId = id(1);
        let field = sealed(fields::note(note).name, 1, 1);
        let request = AddNoteRequest {
            case_id: case.to_string(),
            note_id: note.to_string(),
            text: Some(field.clone()),
            ..AddNoteRequest::default()
        };
        desk.act(AddNote::parse, 2, request.clone()).await.unwrap();
        let read = desk.read(case).await;
        assert_eq!((&*read.notes[0].author, &read.notes[0].text), (&*staff(2).to_string(), &Some(field)));
        assert_eq!(desk.last_event(case).await, ("NoteAdded".to_owned(), staff(2).to_string()));
        assert_eq!(refusal(desk.act(AddNote::parse, 2, request).await).reason, "ID_TAKEN");
    }

    on_both_engines!(notes_never_make_a_case_too_large_to_be_read, crate::SCHEMA);
    async fn notes_never_make_a_case_too_large_to_be_read(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, flare_contracts::common::v1::Lane::Urgent).await;
        let mut written = 0;
        let refused = loop {
            let note: NoteId = id(written + 1);
            let mut text = sealed(fields::note(note).name, 1, 1);
            text.ciphertext = vec![7; flare_seal::sealed_len(fields::note(note).longest)];
            let request = AddNoteRequest {
                case_id: case.to_string(),
                note_id: note.to_string(),
                text: Some(text),
                ..AddNoteRequest::default()
            };
            match desk.act(AddNote::parse, 1, request).await {
                Ok(_) => written += 1,
                refused => break refusal(refused),
            }
        };
        assert_eq!((refused.reason, written), ("CASE_WORDS_FULL", 100));
        let read = desk.read(case).await;
        assert!(prost::Message::encoded_len(&read) < 3 << 20, "an answer may have 4 MiB");
        // What a case needs to go on still finds room.
        desk.person(case, 1).await;
    }
}
