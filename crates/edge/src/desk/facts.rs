//! What is known of a case: persons, needs, notes, contacts.

use flare_contracts::{
    common::v1::NeedKind,
    fields,
    triage::v1::{
        AddNeedRequest, AddNoteRequest, AddPersonRequest, LogContactRequest, PersonStatus, ReopenNeedRequest,
        SetPersonStatusRequest,
    },
    words::Worded as _,
};
use flare_kernel::{CaseId, ContactId, NeedId, NoteId, PersonId};

use super::{CaseRecord, CaseStanding, Desk};
use crate::{EdgeError, call::call};

/// A contact that happened outside Flare.
#[derive(Clone, Copy)]
pub struct LoggedContact<'w> {
    /// On which channel, one of `codes::CONTACT_CHANNELS`.
    pub channel: &'w str,
    /// Whether they came to us.
    pub inbound: bool,
    /// Whether anybody answered.
    pub reached: bool,
    /// What was said.
    pub words: &'w str,
}

impl Desk {
    /// Adds a person whom a case is about.
    pub async fn add_person(
        &self,
        record: &mut CaseRecord,
        status: PersonStatus,
        description: &str,
    ) -> Result<(PersonId, CaseStanding), EdgeError> {
        record.make_notes_writable(self).await?;
        let person: PersonId = self.drawn(&record.id.to_string());
        let request = AddPersonRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            person_id: person.to_string(),
            status: status.into(),
            description: Some(record.seal_note(&fields::person(person), 1, description)?),
        };
        Ok((person, call!(self, triage.add_person(request))?.into()))
    }

    /// Says how a person is now.
    pub async fn set_person_status(
        &self,
        case: CaseId,
        person: PersonId,
        status: PersonStatus,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        let version = self.case_version(case, seen).await?;
        let request = SetPersonStatusRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            version,
            person_id: person.to_string(),
            status: status.into(),
        };
        let answer = call!(self, triage.set_person_status(request));
        Ok(self.case_changed(case, answer).await?.into())
    }

    /// Adds something that one or more persons lack.
    pub async fn add_need(
        &self,
        case: CaseId,
        kind: NeedKind,
        persons: &[PersonId],
    ) -> Result<(NeedId, CaseStanding), EdgeError> {
        let need: NeedId = self.drawn(&format!("{case}/{}", kind.word()));
        let request = AddNeedRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            need_id: need.to_string(),
            kind: kind.into(),
            person_ids: persons.iter().map(ToString::to_string).collect(),
        };
        Ok((need, call!(self, triage.add_need(request))?.into()))
    }

    /// Opens a need again: takes back a recommendation without a grant, or reviews a decline of somebody else's.
    pub async fn reopen_need(
        &self,
        case: CaseId,
        need: NeedId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        let version = self.case_version(case, seen).await?;
        let request = ReopenNeedRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            version,
            need_id: need.to_string(),
            reason: reason.to_owned(),
        };
        let answer = call!(self, triage.reopen_need(request));
        Ok(self.case_changed(case, answer).await?.into())
    }

    /// Writes a note for staff.
    pub async fn add_note(
        &self,
        record: &mut CaseRecord,
        text: &str,
    ) -> Result<(NoteId, CaseStanding), EdgeError> {
        record.make_notes_writable(self).await?;
        let note: NoteId = self.drawn(&record.id.to_string());
        let request = AddNoteRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            note_id: note.to_string(),
            text: Some(record.seal_note(&fields::note(note), 1, text)?),
        };
        Ok((note, call!(self, triage.add_note(request))?.into()))
    }

    /// Logs a contact that happened outside Flare.
    pub async fn log_contact(
        &self,
        record: &mut CaseRecord,
        logged: LoggedContact<'_>,
    ) -> Result<(ContactId, CaseStanding), EdgeError> {
        record.make_notes_writable(self).await?;
        let contact: ContactId = self.drawn(&record.id.to_string());
        let request = LogContactRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            contact_id: contact.to_string(),
            channel: logged.channel.to_owned(),
            inbound: logged.inbound,
            reached: logged.reached,
            words: Some(record.seal_note(&fields::contact(contact), 1, logged.words)?),
        };
        Ok((contact, call!(self, triage.log_contact(request))?.into()))
    }
}
