//! Somebody writes to the thread.

use flare_contracts::{
    Cause, InputRule, Refusal,
    events::v1::{IntakeEvent, MessagePosted},
    fields, input,
    intake::v1::{MessageKind, PostMessageRequest, PostMessageResponse},
};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys};

use crate::{
    Intake,
    admission::Admitted,
    author::Author,
    domain::message::{self, About},
    store::{self, messages::NewMessage},
};

/// Writes a message of the requester or of staff.
pub(crate) struct PostMessage {
    case: CaseId,
    author: Author,
    message: NewMessage,
    about: About,
    /// The newest message that staff were shown.
    seen: i64,
}

impl Command for PostMessage {
    type Service = Intake;
    type By = Admitted;
    type Request = PostMessageRequest;

    fn parse(_: &Intake, by: &Admitted, request: PostMessageRequest) -> Result<Self, Error> {
        let id = input::id("message_id", &request.message_id)?;
        let kind: MessageKind = input::choice("kind", request.kind)?;
        message::may_write(&by.author, kind)?;
        let about = message::about(kind, &request.about)?;
        let text = input::sealed("text", request.text, &fields::message(id))?;
        if text.version != 1 {
            return Err(Refusal::invalid("text.version", InputRule::NotTheNumber { number: 1 }).into());
        }
        if !by.author.is_requester() && !request.contact_plan_kept {
            let refusal = Refusal::from(Cause::ContactPlanNotKept);
            return Err(refusal.field("contact_plan_kept", InputRule::NotTrue).into());
        }
        let message = NewMessage { id, kind, author: by.author.name(), about: about.text(), text };
        Ok(Self { case: by.case, author: by.author.clone(), message, about, seen: request.seen })
    }
}

impl Write for PostMessage {
    type Output = PostMessageResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<PostMessageResponse, Error> {
        let view = super::locked(tx, self.case).await?;
        if !self.author.is_requester() {
            view.may_be_written_to()?;
            let newest = store::messages::newest_of_requester(tx, self.case).await?;
            message::has_seen(self.seen, newest)?;
        }
        let [newest] = keys::newest(tx, self.case, [Compartment::Thread]).await?;
        if self.message.text.epoch != newest {
            return Err(input::old_epoch("text", newest).into());
        }
        if let About::Question(question) = self.about {
            let known = store::messages::find(tx, self.case, question).await?;
            if known.is_none_or(|known| known.kind != MessageKind::Question) {
                return Err(Refusal::invalid("about", InputRule::NotAskedHere).into());
            }
            store::messages::close_question(tx, self.case, question, self.message.id).await?;
        }
        tx.append(self.case, view.lane, self.author.name(), &self.event())?;
        let version = tx.version(self.case);
        store::messages::insert(tx, self.case, version, &self.message).await?;
        if self.author.is_requester() {
            super::record_contact(tx, view).await?;
        }
        Ok(PostMessageResponse { at: Some(input::timestamp_out(tx.now())), version })
    }
}

impl PostMessage {
    fn event(&self) -> IntakeEvent {
        MessagePosted {
            case_id: self.case.to_string(),
            message_id: self.message.id.to_string(),
            kind: self.message.kind.into(),
            by_requester: self.author.is_requester(),
            about: self.message.about.clone(),
        }
        .into()
    }
}
