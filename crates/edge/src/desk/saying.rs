//! Saying something to a requester. What the contact plan forbids is not said unawares, what the requester wrote meanwhile
//! is read first, and words that were sent once are not sent again.

use std::collections::BTreeSet;

use flare_contracts::{
    Cause, Coded as _,
    common::v1::SealedField,
    fields, input,
    intake::v1::{Message, MessageKind, PostMessageRequest},
    words::Worded as _,
};
use flare_kernel::{MessageId, Timestamp};
use serde::Serialize;

use super::{
    CaseRecord, Desk,
    case_record::{OF_TRIAGE, not_acknowledged},
};
use crate::{
    ContactPlan, EdgeError,
    call::call,
    view::{text_or_none, word},
};

/// Who wrote a message that staff did not.
const REQUESTER: &str = "requester";

/// Which of the phrases that the contact plan forbids whoever writes says all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllTheSame {
    /// Those that they were shown, and no others.
    Phrases(BTreeSet<String>),
    /// Whatever it is.
    Everything,
}

/// What is said to a requester.
#[derive(Clone, Copy)]
pub struct Words<'w> {
    /// What kind of message it is.
    pub kind: MessageKind,
    /// The need, grant or question it is about; empty when it is about none.
    pub about: &'w str,
    /// What the requester reads.
    pub text: &'w str,
}

/// What was said.
#[derive(Clone, Serialize)]
pub struct Said {
    /// The case.
    pub case_id: String,
    /// Its name on screens that others may see.
    pub codename: String,
    /// The message.
    pub message_id: String,
    /// What kind of message it is.
    #[serde(serialize_with = "word")]
    pub kind: MessageKind,
    /// What it is about.
    pub about: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// The plan that bound it.
    pub contact_plan: ContactPlan,
}

/// What the requester wrote since staff last read the thread.
#[derive(Clone, PartialEq, Eq)]
pub struct Crossed {
    /// The newest place of the thread: whoever has read it says so with [`CaseRecord::read_up_to`].
    pub newest: i64,
    /// What they wrote, oldest first: when, and the words as they may be shown.
    pub messages: Vec<(Option<Timestamp>, String)>,
}

impl Default for AllTheSame {
    fn default() -> Self {
        Self::Phrases(BTreeSet::new())
    }
}

impl AllTheSame {
    fn holds(&self, phrase: &String) -> bool {
        match self {
            Self::Phrases(phrases) => phrases.contains(phrase),
            Self::Everything => true,
        }
    }
}

impl Desk {
    /// Writes to the requester's thread. Refused, with nothing sent, when the words hold what the contact plan, as it is
    /// now, forbids and `all_the_same` does not name ([`EdgeError::ForbiddenWords`]), and when the requester wrote since
    /// the place that the writer has read ([`EdgeError::Crossed`]).
    pub async fn say(
        &self,
        record: &mut CaseRecord,
        words: Words<'_>,
        all_the_same: &AllTheSame,
    ) -> Result<Said, EdgeError> {
        let plan = self.check_said(record, ("text", words.text), all_the_same).await?;
        record.make_thread_writable(self).await?;
        let message = self.message_of(record, words.kind, words.about);
        let request = PostMessageRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            message_id: message.to_string(),
            kind: words.kind.into(),
            text: Some(record.keys.seal(&fields::message(message), 1, words.text)?),
            about: words.about.to_owned(),
            contact_plan_kept: true,
            seen: record.request.newest_message,
        };
        let posted = match call!(self, intake.post_message(request)) {
            Ok(posted) => posted,
            Err(error) if error.reason().is_some_and(|reason| reason == Cause::MessagesCrossed.code()) => {
                let thread = self.messages(record.id).await?;
                return Err(EdgeError::Crossed(Box::new(
                    record.written_since(&thread, record.request.newest_message),
                )));
            }
            Err(error) => return Err(error),
        };
        Ok(Said {
            case_id: record.id.to_string(),
            codename: record.codename().to_owned(),
            message_id: message.to_string(),
            kind: words.kind,
            about: words.about.to_owned(),
            at: posted.at.as_ref().map(input::timestamp_in),
            contact_plan: plan,
        })
    }

    /// Says something about a grant as it is at a version, ahead of an act on it. Whoever is cut off between the words and
    /// the act, and acts again, finds the same message: its id follows from the grant, the version, the kind and the words.
    pub(super) async fn say_ahead(
        &self,
        record: &mut CaseRecord,
        words: Words<'_>,
        version: i64,
        all_the_same: &AllTheSame,
    ) -> Result<Said, EdgeError> {
        self.check_said(record, ("text", words.text), all_the_same).await?;
        record.make_thread_writable(self).await?;
        // Sealed for its tag alone.
        let tag = record.keys.seal(&fields::WORDS_AHEAD, 1, words.text)?.tag;
        self.key.derive_from(&format!("{}/{version}/{}", words.about, words.kind.as_str_name()), &tag);
        self.say(record, words, all_the_same).await
    }

    /// Passes on why an act would be refused before which something is said: nothing that was said can be taken back. When
    /// this very act has said its words before, under the same key, it is only brought to its end, and what it changed
    /// itself does not stop it.
    pub(super) async fn check_ahead(
        &self,
        record: &CaseRecord,
        (kind, about): (MessageKind, &str),
        check: Result<(), EdgeError>,
    ) -> Result<(), EdgeError> {
        let Err(error) = check else { return Ok(()) };
        if self.key.may_be_a_repetition() {
            let message = self.message_of(record, kind, about).to_string();
            if self.messages(record.id).await?.iter().any(|said| said.message_id == message) {
                return Ok(());
            }
        }
        Err(error)
    }

    /// Reads the contact plan as it is now, and refuses what it forbids, and to say anything under another plan than the one
    /// that was shown: what a colleague added while somebody wrote binds too. Whoever acts again has been shown it. A case without a plan is one that nobody has taken: then nothing is said at all.
    pub(super) async fn check_said(
        &self,
        record: &mut CaseRecord,
        (field, text): (&'static str, &str),
        all_the_same: &AllTheSame,
    ) -> Result<ContactPlan, EdgeError> {
        let now = self.read_case(record.id).await?;
        let written = |plan: &Option<SealedField>| plan.as_ref().map_or(0, |plan| plan.version);
        // An older one would lack the words that were added since.
        if now.version < record.case.version
            || written(&now.contact_plan) < written(&record.case.contact_plan)
        {
            return Err(EdgeError::Misplaced(fields::CONTACT_PLAN.name.into_owned()));
        }
        let shown = record.contact_plan().ok().flatten();
        self.session.open_more(&mut record.keys, &OF_TRIAGE, &now.keys);
        record.case.contact_plan = now.contact_plan;
        let plan = record.plan_in_force()?;
        if shown.as_ref() != Some(&plan) {
            return Err(EdgeError::PlanChanged(Box::new(plan)));
        }
        let mut phrases = plan.forbidden_in(text).phrases;
        phrases.retain(|phrase| !all_the_same.holds(phrase));
        if phrases.is_empty() { Ok(plan) } else { Err(EdgeError::ForbiddenWords { field, phrases }) }
    }

    /// What the requester wrote since staff last did.
    pub async fn unanswered(&self, record: &CaseRecord) -> Result<Crossed, EdgeError> {
        let thread = self.messages(record.id).await?;
        let answered = thread.iter().rev().find(|message| message.author != REQUESTER);
        Ok(record.written_since(&thread, answered.map_or(0, |message| message.place)))
    }

    /// The message that this act writes.
    fn message_of(&self, record: &CaseRecord, kind: MessageKind, about: &str) -> MessageId {
        self.drawn(&format!("{}/{}/{about}", record.id, kind.word()))
    }
}

impl CaseRecord {
    /// The contact plan that binds whatever is said. A case without one is one that nobody has taken: that is refused.
    pub fn plan_in_force(&self) -> Result<ContactPlan, EdgeError> {
        self.contact_plan()?.ok_or_else(not_acknowledged)
    }

    /// What the requester wrote after a place in the thread.
    fn written_since(&self, thread: &[Message], place: i64) -> Crossed {
        let text = |message: &Message| {
            self.note_on(fields::message, &message.message_id, message.text.as_ref()).unwrap_or_default()
        };
        let messages = thread
            .iter()
            .filter(|message| message.place > place && message.author == REQUESTER)
            .map(|message| (message.at.as_ref().map(input::timestamp_in), text(message)));
        Crossed {
            newest: thread.iter().map(|message| message.place).max().unwrap_or_default(),
            messages: messages.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{intake::v1::GetRequestResponse, triage::v1::GetCaseResponse};
    use flare_kernel::CaseId;
    use flare_seal::{Compartment, CompartmentKey};

    use super::*;
    use crate::CaseKeys;

    fn record() -> CaseRecord {
        let id = CaseId::from_bytes([1; 16]);
        let mut keys = CaseKeys::new(id);
        for compartment in [Compartment::Notes, Compartment::Thread] {
            keys.insert(compartment, 1, CompartmentKey::generate().unwrap());
        }
        let (case, request) = (GetCaseResponse::default(), GetRequestResponse::default());
        CaseRecord { id, case, request, keys, seen: None }
    }

    fn message(record: &CaseRecord, place: u8, author: &str) -> Message {
        let id = MessageId::from_bytes([place; 16]);
        let text = record.keys.seal(&fields::message(id), 1, &place.to_string()).unwrap();
        Message {
            message_id: id.to_string(),
            place: place.into(),
            author: author.to_owned(),
            text: Some(text),
            ..Message::default()
        }
    }

    #[test]
    fn what_the_requester_wrote_since_is_news_and_what_staff_wrote_is_not() {
        let record = record();
        let thread = [(2, REQUESTER), (3, "staff_1"), (5, REQUESTER), (6, "staff_2"), (9, REQUESTER)];
        let thread = thread.map(|(place, author)| message(&record, place, author));
        for (place, news) in [(0, &["2", "5", "9"][..]), (2, &["5", "9"]), (6, &["9"]), (9, &[])] {
            let since = record.written_since(&thread, place);
            let texts: Vec<_> = since.messages.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!((texts.as_slice(), since.newest), (news, 9), "since {place}");
        }
        assert!(record.written_since(&[], 0) == Crossed { newest: 0, messages: Vec::new() });
    }

    #[test]
    fn nothing_is_said_in_a_case_without_a_plan_and_any_plan_that_opens_binds() {
        let mut record = record();
        let untaken = record.plan_in_force().unwrap_err();
        assert_eq!(untaken.reason().as_deref(), Some("NOT_ACKNOWLEDGED"));
        let plan = ContactPlan { how: "Signal".to_owned(), ..ContactPlan::default() };
        let sealed = record.keys.seal(&fields::CONTACT_PLAN, 1, &plan.to_text().unwrap()).unwrap();
        record.case.contact_plan = Some(sealed);
        assert_eq!(record.plan_in_force().unwrap(), plan);
    }

    #[test]
    fn only_the_phrases_that_were_shown_are_said_all_the_same() {
        let shown = AllTheSame::Phrases(BTreeSet::from(["radio".to_owned()]));
        for (all_the_same, radio, bridge) in [
            (AllTheSame::default(), false, false),
            (shown, true, false),
            (AllTheSame::Everything, true, true),
        ] {
            let holds = |phrase: &str| all_the_same.holds(&phrase.to_owned());
            assert_eq!((holds("radio"), holds("bridge")), (radio, bridge), "{all_the_same:?}");
        }
    }
}
