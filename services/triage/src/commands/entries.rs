//! What staff write down, whatever the stage: notes, and contacts that happened outside Flare.

use flare_access::Staff;
use flare_contracts::{
    codes,
    common::v1::SealedField,
    events::v1::{ContactLogged, NoteAdded},
    fields, input,
    triage::v1::{AddNoteRequest, CaseState, LogContactRequest},
};
use flare_kernel::{CaseId, ContactId, NoteId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use super::{MOST_ENTRIES, at_most};
use crate::{Triage, TriagePolicy, store};

/// Adds staff's words to a case, whatever its stage.
pub(crate) struct AddNote {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) note: NoteId,
    pub(crate) text: SealedField,
}

impl Command for AddNote {
    type Service = Triage;
    type By = Staff;
    type Request = AddNoteRequest;

    fn parse(_: &Triage, by: &Staff, request: AddNoteRequest) -> Result<Self, Error> {
        let note: NoteId = input::id("note_id", &request.note_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer: by.id,
            note,
            text: input::sealed("text", request.text, &fields::note(note))?,
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

/// Logs a call, a message or a visit, whatever the stage.
pub(crate) struct LogContact {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) contact: ContactId,
    pub(crate) channel: &'static str,
    pub(crate) inbound: bool,
    pub(crate) reached: bool,
    pub(crate) words: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl Command for LogContact {
    type Service = Triage;
    type By = Staff;
    type Request = LogContactRequest;

    fn parse(triage: &Triage, by: &Staff, request: LogContactRequest) -> Result<Self, Error> {
        let contact: ContactId = input::id("contact_id", &request.contact_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer: by.id,
            contact,
            channel: input::code("channel", &request.channel, codes::CONTACT_CHANNELS)?,
            inbound: request.inbound,
            reached: request.reached,
            words: input::sealed("words", request.words, &fields::contact(contact))?,
            policy: triage.policy(),
        })
    }
}

impl Write for LogContact {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        at_most("contacts", store::contact_count(tx, self.case).await?, MOST_ENTRIES)?;
        let how = (self.channel, self.inbound, self.reached);
        store::add_contact(tx, self.case, self.contact, self.officer, how).await?;
        store::put_sealed(tx, self.case, "words", &self.words).await?;
        case.contact(self.inbound, self.reached, tx.now(), &self.policy);
        let logged = ContactLogged {
            case_id: self.case.to_string(),
            contact_id: self.contact.to_string(),
            channel: self.channel.to_owned(),
            inbound: self.inbound,
            reached: self.reached,
        };
        store::finish(tx, &mut case, self.officer, logged).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, intake::v1::MessageKind, triage::v1::Stage};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(a_note_is_kept_whatever_the_stage, crate::SCHEMA);
    async fn a_note_is_kept_whatever_the_stage(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.closed(1).await;
        let note: NoteId = id(1);
        let field = sealed(fields::note(note).name, 1, 1);
        let request = AddNoteRequest {
            case_id: case.to_string(),
            note_id: note.to_string(),
            text: Some(field.clone()),
            ..AddNoteRequest::default()
        };
        world.act::<AddNote>(2, request.clone()).await.unwrap();
        let read = world.read(case).await;
        assert_eq!((&*read.notes[0].author, &read.notes[0].text), (&*staff(2).to_string(), &Some(field)));
        assert_eq!(world.last_event(case).await, ("NoteAdded".to_owned(), staff(2).to_string()));
        assert_eq!(refusal(world.act::<AddNote>(2, request).await).reason, "ID_TAKEN");
    }

    on_both_engines!(notes_never_make_a_case_too_large_to_be_read, crate::SCHEMA);
    async fn notes_never_make_a_case_too_large_to_be_read(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, flare_contracts::common::v1::Lane::Urgent).await;
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
            match world.act::<AddNote>(1, request).await {
                Ok(_) => written += 1,
                refused => break refusal(refused),
            }
        };
        assert_eq!((refused.reason, written), ("CASE_WORDS_FULL", 100));
        let read = world.read(case).await;
        assert!(prost::Message::encoded_len(&read) < 3 << 20, "an answer may have 4 MiB");
        // What a case needs to go on still finds room.
        world.person(case, 1).await;
    }

    on_both_engines!(whoever_called_us_has_answered, crate::SCHEMA);
    async fn whoever_called_us_has_answered(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.message(case, MessageKind::Question, false).await;
        let log = |number: u8, inbound, reached| {
            let contact: ContactId = id(number);
            let request = LogContactRequest {
                case_id: case.to_string(),
                contact_id: contact.to_string(),
                channel: "phone".to_owned(),
                inbound,
                reached,
                words: Some(sealed(fields::contact(contact).name, 1, 1)),
                ..LogContactRequest::default()
            };
            world.act::<LogContact>(1, request)
        };
        assert_eq!(stage(&log(1, false, false).await.unwrap()), Stage::AwaitingRequester, "nobody picked up");
        assert_eq!(stage(&log(2, false, true).await.unwrap()), Stage::AwaitingRequester);
        assert_eq!(stage(&log(3, true, true).await.unwrap()), Stage::Assessing);
        assert_eq!(refusal(log(3, true, true).await).reason, "ID_TAKEN");
        let read = world.read(case).await;
        assert_eq!(read.contacts.len(), 3);
        assert!(read.contacts.iter().all(|contact| contact.words.is_some() && contact.channel == "phone"));
    }
}
