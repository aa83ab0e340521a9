//! The one way from the pages to the services: what a requester does, over `flare-edge`.

use flare_contracts::{
    input::timestamp_in,
    intake::v1::{MessageKind, Standing as Stands},
};
use flare_edge::{EdgeError, Form, IfNothing, KeyBundle, Lines, Others, ReceiptHolder, Reference, need_kind};
use flare_kernel::{CaseId, Date, Language, Money, Place, Timestamp};
use flare_seal::{Receipt, Sensitive};
use sha2::{Digest, Sha256};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    answers::{Answers, Fault, says_something},
    keys::Slip,
};

/// How often further answers are tried when somebody else's came between.
const TRIES: usize = 3;
/// The longest message, in bytes.
pub(crate) const LONGEST_MESSAGE: usize = 16_000;

/// Acts for whoever sits before a page.
pub(crate) struct Requester {
    lines: Lines,
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
    /// What the code opens.
    pub(crate) case: CaseId,
    /// Whose turn.
    pub(crate) turn: Turn,
    /// Since when.
    pub(crate) since: Option<Timestamp>,
}

/// A message, opened.
pub(crate) struct Written {
    /// Whether staff wrote it.
    pub(crate) from_us: bool,
    /// When.
    pub(crate) at: Option<Timestamp>,
    /// The words.
    pub(crate) text: Sensitive<String>,
}

impl Requester {
    /// Over these lines.
    pub(crate) fn new(lines: Lines) -> Self {
        Self { lines }
    }

    /// Sends a form. The same form again is the same request; other words under it go on as further answers. Both ids grow
    /// from the form and its words, so that any replica that gets it knows.
    pub(crate) async fn send(&self, slip: &Slip, answers: &Answers) -> Result<Sent, NotDone> {
        let form = form_of(answers);
        if form.answers().is_err() {
            return Err(NotDone::Faults(vec![Fault::RestLong]));
        }
        let receipt = slip.receipt();
        let bundle = KeyBundle::fetch(&self.lines, None).await.map_err(away)?;
        let id = |act: &str| request_id(slip, act, &form);
        let request = ReceiptHolder::compose(&bundle, &form, &receipt, &id("request")).map_err(away)?;
        match ReceiptHolder::submit(&self.lines, request).await {
            Ok(_) => Ok(Sent::Request),
            Err(error) if reason(&error).as_deref() == Some("REQUEST_ID_REUSED") => Ok(Sent::Request),
            Err(error) if reason(&error).as_deref() == Some("ALREADY_SUBMITTED") => {
                self.add(&bundle, &form, &receipt, &id("answers")).await
            }
            Err(error) => Err(not_done(&error)),
        }
    }

    async fn add(
        &self,
        bundle: &KeyBundle,
        form: &Form,
        receipt: &Receipt,
        id: &str,
    ) -> Result<Sent, NotDone> {
        let holder = ReceiptHolder::open(&self.lines, receipt, receipt.case_id()).map_err(away)?;
        for _ in 0..TRIES {
            let status = holder.status().await.map_err(|error| not_done(&error))?;
            let next = |name: &str| {
                let written = status.answers.iter().find(|answer| answer.name == name);
                written.map_or(0, |answer| answer.version) + 1
            };
            let next = (status.request_epoch + 1, next);
            let answers = holder.compose_answers(bundle, form, next, id).map_err(away)?;
            match holder.add_answers(answers).await {
                Ok(()) => return Ok(Sent::OtherWords),
                Err(error) if reason(&error).as_deref() == Some("REQUEST_ID_REUSED") => {
                    return Ok(Sent::OtherWords);
                }
                Err(EdgeError::Answered(status)) if status.code() == Code::Aborted => {}
                Err(error) => return Err(not_done(&error)),
            }
        }
        Err(NotDone::Away)
    }

    /// Where a code's request stands.
    pub(crate) async fn look(&self, receipt: &Receipt) -> Result<Standing, NotDone> {
        let holder = ReceiptHolder::open(&self.lines, receipt, receipt.case_id()).map_err(away)?;
        let status = holder.status().await.map_err(|error| not_done(&error))?;
        let by = status.we_answer_by.as_ref().map(timestamp_in);
        let turn = match status.standing() {
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
            | Stands::AskedToStop => Turn::Ours(by),
        };
        let since = status.steps.iter().filter_map(|step| step.at.as_ref()).map(timestamp_in).max();
        let case = status.case_id.parse().map_err(|_| NotDone::Away)?;
        Ok(Standing { case, turn, since })
    }

    /// What was written, oldest first.
    pub(crate) async fn messages(&self, receipt: &Receipt, case: CaseId) -> Result<Vec<Written>, NotDone> {
        let holder = ReceiptHolder::open(&self.lines, receipt, case).map_err(away)?;
        let messages = holder.messages().await.map_err(|error| not_done(&error))?;
        let opened = messages.into_iter().map(|(message, text)| Written {
            from_us: message.author != "requester",
            at: message.at.as_ref().map(timestamp_in),
            text,
        });
        Ok(opened.collect())
    }

    /// Writes to staff: an answer to what they asked last, if they wait for one. The same id and words again are the same
    /// message.
    pub(crate) async fn write(
        &self,
        receipt: &Receipt,
        case: CaseId,
        text: &str,
        id: &str,
    ) -> Result<(), NotDone> {
        let holder = ReceiptHolder::open(&self.lines, receipt, case).map_err(away)?;
        let status = holder.status().await.map_err(|error| not_done(&error))?;
        let question = status.open_questions.last();
        let kind = if question.is_some() { MessageKind::Answer } else { MessageKind::Text };
        let about = question.map_or("", String::as_str);
        match holder.write(kind, text, about, id).await {
            Ok(_) => Ok(()),
            Err(error) => match reason(&error).as_deref() {
                // Sent twice: the question it answered is no longer open, so the second reads as another kind.
                Some("REQUEST_ID_REUSED" | "MESSAGE_ID_REUSED") => Ok(()),
                _ => Err(not_done(&error)),
            },
        }
    }
}

fn away(error: EdgeError) -> NotDone {
    not_done(&error)
}

/// Never the error's own words: they may name what is behind the portal.
fn not_done(error: &EdgeError) -> NotDone {
    match error {
        EdgeError::Answered(status)
            if matches!(status.code(), Code::NotFound | Code::Unauthenticated | Code::PermissionDenied) =>
        {
            NotDone::NotFound
        }
        error => {
            tracing::warn!(%error, "a page could not be answered");
            NotDone::Away
        }
    }
}

fn reason(error: &EdgeError) -> Option<String> {
    match error {
        EdgeError::Answered(status) => Some(status.get_details_error_info()?.reason),
        _ => None,
    }
}

/// The id of an act, the same whenever the same words are sent with the same form.
fn request_id(slip: &Slip, act: &str, form: &Form) -> String {
    let mut digest = Sha256::new_with_prefix(b"flare/portal/request-id/1");
    digest.update(slip.secret());
    digest.update(act);
    digest.update(format!("{form:?}"));
    data_encoding::HEXLOWER.encode(&digest.finalize()[..16])
}

/// The answers as a form holds them. What cannot stand where it belongs stands as it was typed under "anything", with the
/// name of its question: nobody is kept from sending by an amount or a date.
fn form_of(answers: &Answers) -> Form {
    let mut notes = Notes::default();
    notes.add("Danger within 24 hours", &answers.danger);
    notes.add("To be called", &answers.name);
    notes.add("This phone or computer (mine: nobody else uses it)", &answers.phone);
    notes.tick("Works without an outlet", answers.alone);
    notes.tick("Asked us before", answers.before);
    let place =
        |notes: &mut Notes, question, text: &str| notes.keep_if(question, text, Place::parse(text).is_ok());
    let date =
        |notes: &mut Notes, question, text: &str| notes.keep_if(question, text, Date::parse(text).is_ok());
    let money = format!("{} {}", answers.amount, answers.currency);
    let is_money = Money::parse(&answers.amount, &answers.currency).is_ok();
    if !is_money {
        notes.add("Amount, as typed", money.trim());
    }
    let persons = answers.people.trim().parse().unwrap_or(0);
    if persons == 0 {
        notes.add("About how many people, as typed", &answers.people);
    }
    let wish = notes.keep_if(
        "Language to write in, as typed",
        &answers.language,
        Language::parse(&answers.language).is_ok(),
    );
    let (now, incident) = (
        place(&mut notes, "Country now, as typed", &answers.now),
        place(&mut notes, "Country of the incident, as typed", &answers.place),
    );
    let needed_by = date(&mut notes, "Needed by, as typed", &answers.by);
    let (needs, odd): (Vec<_>, Vec<_>) =
        answers.needs.iter().cloned().partition(|need| need_kind(need).is_some());
    odd.iter().for_each(|need| notes.add("Need, as sent", need));
    let contact = if answers.only_here() {
        format!("Only on this page, with the code.\n{}", answers.reach)
    } else {
        answers.reach.clone()
    };
    let kinds = ["individual", "outlet", "organisation", "unregistered group"];
    let kind = notes.keep_if("Kind, as sent", &answers.kind, kinds.contains(&answers.kind.as_str()));
    let day = if answers.danger == "yes" && !says_something(&answers.day) {
        "Somebody could be killed, injured, arrested or taken (ticked on the page)".to_owned()
    } else {
        answers.day.clone()
    };
    let others = answers.others.iter().filter(|other| says_something(&other.name));
    let references = answers.references.iter();
    let references = references.filter(|who| says_something(&who.name) || says_something(&who.contact));
    notes.text(&answers.anything);
    Form {
        language: wish,
        country_now: now,
        country_incident: incident,
        kind,
        happened: answers.story.clone(),
        if_nothing: IfNothing { day, week: answers.week.clone(), month: answers.month.clone() },
        needs,
        amount: if is_money { answers.amount.clone() } else { String::new() },
        currency: if is_money { answers.currency.clone() } else { String::new() },
        needed_by,
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
        if says_something(text) {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(text);
        }
    }

    fn add(&mut self, question: &str, answer: &str) {
        if says_something(answer) {
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
    fn what_cannot_stand_in_its_place_is_kept_as_typed() {
        let form = form_of(&Answers {
            now: "Sudan".to_owned(),
            place: "SD".to_owned(),
            amount: "about 500".to_owned(),
            by: "tomorrow".to_owned(),
            people: "six".to_owned(),
            language: "Zaghawa please".to_owned(),
            kind: "king".to_owned(),
            needs: vec!["legal".to_owned(), "helicopter".to_owned()],
            anything: "Thank you.".to_owned(),
            ..two()
        });
        for text in
            ["Sudan", "about 500", "tomorrow", "six", "Zaghawa please", "king", "helicopter", "Thank you."]
        {
            assert!(form.anything.contains(text), "{text}");
        }
        assert_eq!(
            (form.country_incident.as_str(), form.needs.as_slice()),
            ("SD", ["legal".to_owned()].as_slice())
        );
        assert!(form.answers().is_ok());
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

    #[test]
    fn the_same_words_under_the_same_form_have_the_same_id() {
        let slip = Slip::draw(Timestamp::from_micros(0)).unwrap();
        let other_slip = Slip::draw(Timestamp::from_micros(0)).unwrap();
        let id = |slip: &Slip, act, answers: &Answers| request_id(slip, act, &form_of(answers));
        let first = id(&slip, "request", &two());
        assert_eq!(first, id(&slip, "request", &two()));
        assert_ne!(first, id(&slip, "answers", &two()));
        assert_ne!(first, id(&other_slip, "request", &two()));
        assert_ne!(first, id(&slip, "request", &Answers { alone: true, ..two() }));
    }
}
