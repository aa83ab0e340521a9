//! The one way from the pages to the services: what a requester does, over `flare-edge`.

use flare_edge::{
    EdgeError, Form, IfNothing, KeyBundle, Lines, Others, Reference, need_kind,
    receipt::{FormSent, Message, ReceiptHolder, Standing as Stands, Status, send_form},
};
use flare_kernel::Timestamp;
use flare_seal::{Receipt, RequestSeed};
use flare_typed::text::has_visible;
use tonic::Code;

use crate::{
    answers::{Answers, Fault},
    keys::Slip,
};

/// The longest message, in bytes.
pub(crate) const LONGEST_MESSAGE: usize = 16_000;

/// Acts for whoever sits before a page.
pub(crate) struct Requester {
    lines: Lines,
    /// The fingerprint of the organisation to which anything is sealed; without one, whichever answers.
    organisation: Option<String>,
}

/// What became of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is a request now, or was one already.
    Request,
    /// Its request had been sent with other words: these stand beside them.
    OtherWords,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// The code opens nothing here.
    NotFound,
    /// Something is away, or busy: later is fine.
    Away,
    /// It cannot be sent as it is.
    Faults(Vec<Fault>),
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Ours, by then if that is known.
    Ours(Option<Timestamp>),
    /// Theirs: something was asked.
    Theirs,
    /// Nobody's until it is safe.
    Paused,
    /// It has ended.
    Ended,
}

/// Where a request stands, with nothing that convicts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Whose turn.
    pub(crate) turn: Turn,
    /// Since when.
    pub(crate) since: Option<Timestamp>,
}

impl Requester {
    /// Over these lines.
    pub(crate) fn new(lines: Lines, organisation: Option<String>) -> Self {
        Self { lines, organisation }
    }

    /// Sends a form. The same form again is the same request; other words under it go on as further answers.
    pub(crate) async fn send(&self, slip: &Slip, answers: &Answers) -> Result<Sent, NotDone> {
        let form = form_of(answers);
        if form.answers().is_err() {
            return Err(NotDone::Faults(vec![Fault::RestLong]));
        }
        let bundle = KeyBundle::fetch(&self.lines, self.organisation.as_deref()).await;
        let bundle = bundle.map_err(|error| not_done(&error))?;
        let of_form = (&slip.receipt(), &RequestSeed::from_bytes(*slip.secret()));
        match send_form(&self.lines, &bundle, &form, of_form).await {
            Ok(FormSent::Request(_)) => Ok(Sent::Request),
            Ok(FormSent::FurtherAnswers) => Ok(Sent::OtherWords),
            Err(error) => Err(not_done(&error)),
        }
    }

    /// Where a code's request stands.
    pub(crate) async fn look(&self, receipt: &Receipt) -> Result<Standing, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let turn = match status.standing {
            Stands::WaitingForYou => Turn::Theirs,
            _ if !status.open_questions.is_empty() => Turn::Theirs,
            Stands::Closed | Stands::Withdrawn => Turn::Ended,
            Stands::Paused => Turn::Paused,
            Stands::Unspecified
            | Stands::Received
            | Stands::Acknowledged
            | Stands::BeingAssessed
            | Stands::HelpBeingPrepared
            | Stands::InApproval
            | Stands::HelpActive
            | Stands::Reporting
            | Stands::AskedToStop => Turn::Ours(status.we_answer_by),
        };
        let since = status.steps.iter().filter_map(|step| step.at).max();
        Ok(Standing { turn, since })
    }

    async fn find(&self, receipt: &Receipt) -> Result<(ReceiptHolder, Status), NotDone> {
        ReceiptHolder::find(&self.lines, receipt).await.map_err(|error| not_done(&error))
    }

    /// What was written, oldest first.
    pub(crate) async fn messages(&self, receipt: &Receipt) -> Result<Vec<Message>, NotDone> {
        let (holder, _) = self.find(receipt).await?;
        holder.messages().await.map_err(|error| not_done(&error))
    }

    /// Writes to staff: an answer to what they asked last, if they wait for one. The same id and words again are the same
    /// message.
    pub(crate) async fn write(&self, receipt: &Receipt, text: &str, id: &str) -> Result<(), NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let written = match status.open_questions.last() {
            Some(question) => holder.answer(question, text, id).await,
            None => holder.write(text, "", id).await,
        };
        match written {
            Ok(_) => Ok(()),
            Err(error) => match error.reason().as_deref() {
                // Sent twice: the question it answered is no longer open, so the second reads as another kind.
                Some("REQUEST_ID_REUSED" | "MESSAGE_ID_REUSED") => Ok(()),
                _ => Err(not_done(&error)),
            },
        }
    }
}

/// Never the error's own words: they may name what is behind the portal.
fn not_done(error: &EdgeError) -> NotDone {
    if let EdgeError::Answered(status) = error
        && matches!(status.code(), Code::NotFound | Code::Unauthenticated | Code::PermissionDenied)
    {
        return NotDone::NotFound;
    }
    tracing::warn!(%error, "a page could not be answered");
    NotDone::Away
}

/// The answers as a form holds them, as they were typed: nobody is kept from sending by an amount or a date. What the form
/// has no place for stands under "anything", with the name of its question.
pub(crate) fn form_of(answers: &Answers) -> Form {
    let mut notes = Notes::default();
    notes.add("Danger within 24 hours", &answers.danger);
    notes.add("To be called", &answers.name);
    notes.add("This phone or computer (mine: nobody else uses it)", &answers.phone);
    notes.tick("Works without an outlet", answers.alone);
    notes.tick("Asked us before", answers.before);
    let persons = answers.people.trim().parse().unwrap_or(0);
    if persons == 0 {
        notes.add("About how many people, as typed", &answers.people);
    }
    let (needs, odd): (Vec<_>, Vec<_>) =
        answers.needs.iter().cloned().partition(|need| need_kind(need).is_some());
    for need in &odd {
        notes.add("Need, as sent", need);
    }
    let contact = if answers.only_here() {
        format!("Only on this page, with the code.\n{}", answers.reach)
    } else {
        answers.reach.clone()
    };
    let kinds = ["individual", "outlet", "organisation", "unregistered group"];
    let kind = notes.keep_if("Kind, as sent", &answers.kind, kinds.contains(&answers.kind.as_str()));
    let day = if answers.danger == "yes" && !has_visible(&answers.day) {
        "Somebody could be killed, injured, arrested or taken (ticked on the page)".to_owned()
    } else {
        answers.day.clone()
    };
    let others = answers.others.iter().filter(|other| has_visible(&other.name));
    let references = answers.references.iter();
    let references = references.filter(|who| has_visible(&who.name) || has_visible(&who.contact));
    notes.text(&answers.anything);
    Form {
        language: answers.language.clone(),
        country_now: answers.now.clone(),
        country_incident: answers.place.clone(),
        kind,
        happened: answers.story.clone(),
        if_nothing: IfNothing { day, week: answers.week.clone(), month: answers.month.clone() },
        needs,
        amount: answers.amount.clone(),
        currency: answers.currency.clone(),
        needed_by: answers.by.clone(),
        contact: contact.trim().to_owned(),
        payment: answers.payment.clone(),
        endangering_money: answers.endangering.clone(),
        others: others.map(|other| Others { name: other.name.clone(), may_check: other.may }).collect(),
        references: references
            .map(|who| Reference { who: who.name.clone(), contact: who.contact.clone(), may_name: who.may })
            .collect(),
        persons,
        anything: notes.0,
        ..Form::default()
    }
}

/// What stands under "anything".
#[derive(Default)]
struct Notes(String);

impl Notes {
    fn text(&mut self, text: &str) {
        if has_visible(text) {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(text);
        }
    }

    fn add(&mut self, question: &str, answer: &str) {
        if has_visible(answer) {
            self.text(&format!("{question}: {answer}"));
        }
    }

    fn tick(&mut self, statement: &str, holds: bool) {
        if holds {
            self.text(statement);
        }
    }

    /// The text where it belongs, if it `fits` there; else it is noted and its place stays empty.
    fn keep_if(&mut self, question: &str, text: &str, fits: bool) -> String {
        if fits {
            return text.to_owned();
        }
        self.add(question, text);
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Answers {
        Answers { story: "They came.".to_owned(), reach: "Signal".to_owned(), ..Answers::default() }
    }

    #[test]
    fn everything_is_sent_as_it_was_typed() {
        let form = form_of(&Answers {
            now: "Sudan".to_owned(),
            amount: "about 500".to_owned(),
            by: "tomorrow".to_owned(),
            people: "six".to_owned(),
            language: "Zaghawa please".to_owned(),
            kind: "king".to_owned(),
            needs: vec!["legal".to_owned(), "helicopter".to_owned()],
            anything: "Thank you.".to_owned(),
            ..two()
        });
        let sent = form.answers().unwrap();
        for text in
            ["Sudan", "about 500", "tomorrow", "six", "Zaghawa please", "king", "helicopter", "Thank you."]
        {
            assert!(sent.iter().any(|(_, answer)| answer.contains(text)), "{text}: {sent:?}");
        }
        assert_eq!(form.needs, ["legal"]);
    }

    #[test]
    fn danger_makes_it_critical_and_no_word_is_lost_for_it() {
        use flare_contracts::common::v1::Lane;
        let yes = Answers { danger: "yes".to_owned(), ..two() };
        assert_eq!(form_of(&yes).listing().unwrap().lane_hint(), Lane::Critical);
        assert_eq!(form_of(&two()).listing().unwrap().lane_hint(), Lane::Urgent);
        let said = form_of(&Answers { day: "They come back".to_owned(), ..yes });
        assert_eq!(said.if_nothing.day, "They come back");
    }
}
