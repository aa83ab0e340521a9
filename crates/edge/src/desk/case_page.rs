//! A whole case, opened: everything that an officer sees of it.

use flare_contracts::{
    common::v1::{Mode, NeedKind, Trigger},
    fields, input,
    intake::v1::{
        self as intake, Channel, ConsentState, Danger, GetRequestResponse, Listing, MessageKind, Purpose,
        RequesterKind,
    },
    triage::v1::{
        self as triage, CheckMethod, CheckResult, Confidence, Outcome, PersonStatus, ReferralState, Scores,
    },
    words::Worded as _,
};
use flare_kernel::{CaseId, Timestamp};
use serde::{Serialize, Serializer};

use super::{
    CaseRecord, Desk, People,
    answers::{Answers, Writings, day},
    case_record::{CLOSED, shown},
    queue::QueueLine,
};
use crate::{
    ContactPlan, EdgeError,
    view::{hyphened_code, money_text, text_or_none, word},
};

/// A whole case. Texts are opened; what does not open says so in its place.
#[derive(Serialize)]
pub struct CasePage {
    /// As it stands in lists.
    pub case: QueueLine,
    /// The number of its last change.
    pub version: i64,
    /// How its requester may be reached.
    #[serde(flatten)]
    pub plan: ShownPlan,
    /// What is wrong with its keys.
    #[serde(flatten)]
    pub keys: KeyFaults,
    /// Time that ran against us so far, in seconds.
    pub our_clock_seconds: i64,
    /// Time since it was sent, in seconds.
    pub total_clock_seconds: i64,
    /// What is listed about the request.
    #[serde(flatten)]
    pub listed: Listed,
    /// The code it was closed with; empty unless it is closed.
    #[serde(serialize_with = "hyphened_code")]
    pub exit: String,
    /// Words on how it was closed; none unless some were given.
    pub exit_words: Option<String>,
    /// What was answered.
    #[serde(flatten)]
    pub answers: Answers,
    /// Whom it is about.
    pub persons: Vec<Person>,
    /// What they lack.
    pub needs: Vec<Need>,
    /// Who can vouch.
    pub references: Vec<Reference>,
    /// Which other organisations were asked.
    pub referrals: Vec<Referral>,
    /// What staff noted, oldest first.
    pub notes: Vec<Note>,
    /// Contacts outside Flare, oldest first.
    pub contacts: Vec<Contact>,
    /// The grants that officers asked for, oldest first.
    pub recommendations: Vec<Recommendation>,
    /// Its grants.
    pub grants: Vec<LinkedGrant>,
    /// The thread with the requester, oldest first.
    pub messages: Vec<Message>,
    /// The staff, to name whoever did something.
    #[serde(skip)]
    pub people: People,
}

/// The contact plan, as far as its reader opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownPlan {
    /// The plan; none where there is none yet, and where it does not open.
    pub contact_plan: Option<ContactPlan>,
    /// There is one, and this reader cannot read it.
    pub contact_plan_closed: bool,
}

/// What is wrong with the keys of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyFaults {
    /// Those that are wrapped to this reader in wraps that do not open, such as "request 2". They hide what is sealed under
    /// them, and nothing else.
    pub broken_keys: Vec<String>,
    /// Nothing that the requester wrote opens.
    pub sealed_to_nobody: bool,
    /// The request came with a receipt, and the case is shown with another one.
    pub foreign_receipt: bool,
}

/// What is listed about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The way on which it came.
    #[serde(serialize_with = "word")]
    pub channel: Channel,
    /// Who asks.
    #[serde(serialize_with = "word")]
    pub requester: RequesterKind,
    /// Somebody asks for them.
    pub on_behalf: bool,
    /// What was said of danger.
    pub danger: SaidOfDanger,
    /// The language, BCP 47.
    pub language: String,
    /// Preventive or reactive.
    #[serde(serialize_with = "word")]
    pub mode: Mode,
    /// Negative or positive.
    #[serde(serialize_with = "word")]
    pub trigger: Trigger,
    /// What was agreed to.
    #[serde(serialize_with = "consents")]
    pub consents: Vec<(Purpose, ConsentState)>,
    /// Whether a receipt opens the case now.
    pub has_receipt: bool,
}

/// What was said of danger: with the request, and each time since. Nobody's word replaces another's, for it may not be the
/// same person who says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SaidOfDanger {
    /// With the request; unspecified when nothing was.
    #[serde(serialize_with = "word")]
    pub first: Danger,
    /// Since, oldest first.
    pub later: Vec<LaterDanger>,
}

/// What somebody said of danger, later than the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LaterDanger {
    /// What.
    #[serde(serialize_with = "word")]
    pub danger: Danger,
    /// "requester" or a staff id.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
}

/// Somebody whom a case is about.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Their id.
    pub person_id: String,
    /// How they are.
    #[serde(serialize_with = "word")]
    pub status: PersonStatus,
    /// Who they are.
    pub description: Option<String>,
}

/// What somebody lacks.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Its id.
    pub need_id: String,
    /// Which kind.
    #[serde(serialize_with = "word")]
    pub kind: NeedKind,
    /// How it ended, if it did.
    #[serde(serialize_with = "word")]
    pub outcome: Outcome,
    /// Who lack it.
    pub person_ids: Vec<String>,
    /// Why it was declined, as a code; empty otherwise.
    #[serde(serialize_with = "hyphened_code")]
    pub reason: String,
    /// The newest words on how it ended.
    pub words: Option<String>,
}

/// Somebody who can vouch, and what came of asking them.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Its id.
    pub reference_id: String,
    /// Who they are and how they are reached.
    pub description: Option<String>,
    /// How they were asked; unspecified until they were.
    #[serde(serialize_with = "word")]
    pub method: CheckMethod,
    /// How much weight it has.
    #[serde(serialize_with = "word")]
    pub confidence: Confidence,
    /// What they said.
    #[serde(serialize_with = "word")]
    pub result: CheckResult,
    /// The id of who asked them; empty until somebody did.
    pub checked_by: String,
    /// They know of it by themselves.
    pub independent: bool,
    /// What was said.
    pub words: Option<String>,
}

/// Another organisation that was asked to take a need.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Referral {
    /// Its id.
    pub referral_id: String,
    /// Which need.
    pub need_id: String,
    /// What came of it.
    #[serde(serialize_with = "word")]
    pub state: ReferralState,
    /// When they were asked.
    #[serde(serialize_with = "text_or_none")]
    pub sent: Option<Timestamp>,
    /// Who was asked, and what they were told.
    pub description: Option<String>,
}

/// A note of staff.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its id.
    pub note_id: String,
    /// The id of who wrote it.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// What it says.
    pub text: Option<String>,
}

/// A contact that happened outside Flare.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Its id.
    pub contact_id: String,
    /// The id of who logged it.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// On which way.
    pub channel: String,
    /// From them, not to them.
    pub inbound: bool,
    /// Whether they were reached.
    pub reached: bool,
    /// What was said.
    pub words: Option<String>,
}

/// A grant that an officer asked for.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Recommendation {
    /// The needs that it is to answer.
    pub need_ids: Vec<String>,
    /// How much, such as `9400.00 EUR`.
    pub amount: String,
    /// The officer's scores in a line; none when the amount needed none.
    pub scores: Option<String>,
    /// The id of the officer.
    pub author: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// Why; none when the same needs were recommended again since.
    pub words: Option<String>,
}

/// A grant of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkedGrant {
    /// Its id.
    pub grant_id: String,
    /// How far it is, as a code such as `in_approval`.
    pub stage: String,
}

/// A message of the thread.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// What it is.
    #[serde(serialize_with = "word")]
    pub kind: MessageKind,
    /// "requester" or a staff id.
    pub author: String,
    /// When it was written.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// Its place in the thread.
    pub place: i64,
    /// The question, need or grant it is about; may be empty.
    pub about: String,
    /// What it says; none where it does not open.
    pub text: Option<String>,
}

impl Desk {
    /// Reads a whole case and opens it.
    pub async fn case_page(&self, case: CaseId) -> Result<CasePage, EdgeError> {
        let record = self.case(case, None).await?;
        let messages = self.messages(case).await?;
        let writings = self.writings(&record).await?;
        Ok(CasePage::of(&record, &messages, &writings, self.people().await?))
    }
}

impl CasePage {
    fn of(record: &CaseRecord, messages: &[intake::Message], writings: &Writings, people: People) -> Self {
        let case = &record.case;
        let summary = case.summary.clone().unwrap_or_default();
        let line = QueueLine::of(&summary, &people);
        let answers = Answers::of(record, writings, day(line.submitted));
        let grant = |grant: &triage::LinkedGrant| LinkedGrant {
            grant_id: grant.grant_id.clone(),
            stage: grant.stage.clone(),
        };
        Self {
            case: line,
            version: case.version,
            plan: ShownPlan::of(record),
            keys: KeyFaults {
                broken_keys: record.broken_keys(),
                sealed_to_nobody: record.is_sealed_to_nobody(),
                foreign_receipt: record.has_foreign_receipt(),
            },
            our_clock_seconds: case.our_clock_seconds,
            total_clock_seconds: case.total_clock_seconds,
            listed: Listed::of(&record.request),
            exit: case.exit.clone(),
            exit_words: case.exit_words.as_ref().map(|words| shown(&record.keys, &fields::CLOSE, words)),
            answers,
            persons: case.persons.iter().map(|person| Person::of(record, person)).collect(),
            needs: case.needs.iter().map(|need| Need::of(record, need)).collect(),
            references: case.references.iter().map(|one| Reference::of(record, one)).collect(),
            referrals: case.referrals.iter().map(|referral| Referral::of(record, referral)).collect(),
            notes: case.notes.iter().map(|note| Note::of(record, note)).collect(),
            contacts: case.contacts.iter().map(|contact| Contact::of(record, contact)).collect(),
            recommendations: case.recommendations.iter().map(|one| Recommendation::of(record, one)).collect(),
            grants: case.grants.iter().map(grant).collect(),
            messages: messages.iter().map(|message| Message::of(record, message)).collect(),
            people,
        }
    }
}

impl ShownPlan {
    /// A plan that does not open hides nothing of the rest.
    fn of(record: &CaseRecord) -> Self {
        let plan = record.contact_plan();
        Self { contact_plan_closed: plan.is_err(), contact_plan: plan.ok().flatten() }
    }
}

impl Listed {
    fn of(request: &GetRequestResponse) -> Self {
        let listing = request.listing.clone().unwrap_or_default();
        Self {
            channel: request.channel(),
            requester: listing.kind(),
            on_behalf: listing.on_behalf,
            danger: SaidOfDanger::of(&listing, &request.later_danger),
            mode: listing.mode(),
            trigger: listing.trigger(),
            consents: listing.consents.iter().map(|consent| (consent.purpose(), consent.state())).collect(),
            has_receipt: request.has_receipt,
            language: listing.language,
        }
    }
}

impl SaidOfDanger {
    fn of(listing: &Listing, later: &[intake::DangerAnswer]) -> Self {
        let later = later.iter().map(|said| LaterDanger {
            danger: said.danger(),
            author: said.author.clone(),
            at: said.at.as_ref().map(input::timestamp_in),
        });
        Self { first: listing.danger(), later: later.collect() }
    }
}

impl Person {
    fn of(record: &CaseRecord, person: &triage::Person) -> Self {
        Self {
            person_id: person.person_id.clone(),
            status: person.status(),
            description: record.note_on(fields::person, &person.person_id, person.description.as_ref()),
        }
    }
}

impl Need {
    fn of(record: &CaseRecord, need: &triage::Need) -> Self {
        Self {
            need_id: need.need_id.clone(),
            kind: need.kind(),
            outcome: need.outcome(),
            person_ids: need.person_ids.clone(),
            reason: need.reason.clone(),
            words: record.note_on(fields::need, &need.need_id, need.words.as_ref()),
        }
    }
}

impl Reference {
    fn of(record: &CaseRecord, reference: &triage::Reference) -> Self {
        Self {
            reference_id: reference.reference_id.clone(),
            description: record.note_on(
                fields::reference,
                &reference.reference_id,
                reference.description.as_ref(),
            ),
            method: reference.method(),
            confidence: reference.confidence(),
            result: reference.result(),
            checked_by: reference.checked_by.clone(),
            independent: reference.independent,
            words: record.note_on(fields::reference_check, &reference.reference_id, reference.words.as_ref()),
        }
    }
}

impl Referral {
    fn of(record: &CaseRecord, referral: &triage::Referral) -> Self {
        Self {
            referral_id: referral.referral_id.clone(),
            need_id: referral.need_id.clone(),
            state: referral.state(),
            sent: referral.sent.as_ref().map(input::timestamp_in),
            description: record.note_on(
                fields::referral,
                &referral.referral_id,
                referral.description.as_ref(),
            ),
        }
    }
}

impl Note {
    fn of(record: &CaseRecord, note: &triage::Note) -> Self {
        Self {
            note_id: note.note_id.clone(),
            author: note.author.clone(),
            at: note.at.as_ref().map(input::timestamp_in),
            text: record.note_on(fields::note, &note.note_id, note.text.as_ref()),
        }
    }
}

impl Contact {
    fn of(record: &CaseRecord, contact: &triage::Contact) -> Self {
        Self {
            contact_id: contact.contact_id.clone(),
            author: contact.author.clone(),
            at: contact.at.as_ref().map(input::timestamp_in),
            channel: contact.channel.clone(),
            inbound: contact.inbound,
            reached: contact.reached,
            words: record.note_on(fields::contact, &contact.contact_id, contact.words.as_ref()),
        }
    }
}

impl Recommendation {
    fn of(record: &CaseRecord, recommendation: &triage::Recommendation) -> Self {
        Self {
            need_ids: recommendation.need_ids.clone(),
            amount: money_text(recommendation.amount.as_ref()),
            scores: recommendation.scores.as_ref().map(score_text),
            author: recommendation.author.clone(),
            at: recommendation.at.as_ref().map(input::timestamp_in),
            words: record.note_on(
                fields::recommendation,
                recommendation.need_ids.first().map(String::as_str).unwrap_or_default(),
                recommendation.words.as_ref(),
            ),
        }
    }
}

impl Message {
    fn of(record: &CaseRecord, message: &intake::Message) -> Self {
        let text = record.note_on(fields::message, &message.message_id, message.text.as_ref());
        Self {
            message_id: message.message_id.clone(),
            kind: message.kind(),
            author: message.author.clone(),
            at: message.at.as_ref().map(input::timestamp_in),
            place: message.place,
            about: message.about.clone(),
            text: text.filter(|text| text != CLOSED),
        }
    }
}

/// An officer's scores in a line.
fn score_text(scores: &Scores) -> String {
    format!(
        "relevance {} · result {} · fit {} · quality {} · added value {}",
        scores.relevance_to_context,
        scores.potential_for_result,
        scores.fit_with_what_we_support,
        scores.quality_and_feasibility,
        scores.added_value
    )
}

/// What was agreed to, by the words of what for.
fn consents<S: Serializer>(consents: &[(Purpose, ConsentState)], out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(consents.iter().map(|(purpose, state)| (purpose.word(), state.word())))
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        answers,
        common::v1::{Lane, Money, SealedField},
        fields::{self, Field},
        triage::v1::{CaseSummary, GetCaseResponse, Stage, WaitsFor},
    };
    use flare_kernel::{ContactId, MessageId, NeedId, NoteId, PersonId, ReferenceId, ReferralId};
    use flare_seal::{Compartment, CompartmentKey};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Answer, CaseKeys,
        desk::answers::{OpenedAnswer, Writing},
    };

    const CASE: CaseId = CaseId::from_bytes([1; 16]);
    const SENT: Timestamp = Timestamp::from_micros(1_795_300_000_000_000);
    const LATER: Timestamp = Timestamp::from_micros(1_795_300_060_000_000);
    const AT: &str = "2026-11-21T22:26:40Z";

    fn keys() -> CaseKeys {
        let mut keys = CaseKeys::new(CASE);
        for compartment in [Compartment::Request, Compartment::Thread, Compartment::Notes] {
            keys.insert(compartment, 1, CompartmentKey::generate().unwrap());
        }
        keys
    }

    fn sealed(keys: &CaseKeys, field: &Field, text: &str) -> SealedField {
        keys.seal(field, 1, text).unwrap()
    }

    fn summary() -> CaseSummary {
        CaseSummary {
            case_id: CASE.to_string(),
            codename: "amber-kestrel-27".to_owned(),
            lane: Lane::Urgent.into(),
            stage: Stage::Closed.into(),
            owner: "staff_1".to_owned(),
            submitted: Some(input::timestamp_out(SENT)),
            due: None,
            next: "nothing".to_owned(),
            has_news: false,
            waits_for: WaitsFor::Unspecified.into(),
        }
    }

    fn case(keys: &CaseKeys) -> GetCaseResponse {
        let at = || Some(input::timestamp_out(SENT));
        let plan = r#"{"how":"Signal","never_say":["the town"]}"#;
        let closed = SealedField { epoch: 9, ..sealed(keys, &fields::CLOSE, "x") };
        GetCaseResponse {
            summary: Some(summary()),
            version: 12,
            contact_plan: Some(sealed(keys, &fields::CONTACT_PLAN, plan)),
            persons: vec![triage::Person {
                person_id: PersonId::from_bytes([2; 16]).to_string(),
                status: PersonStatus::Safe.into(),
                description: Some(sealed(keys, &fields::person(PersonId::from_bytes([2; 16])), "A reporter")),
            }],
            needs: vec![triage::Need {
                need_id: NeedId::from_bytes([3; 16]).to_string(),
                kind: NeedKind::Medical.into(),
                outcome: Outcome::Declined.into(),
                person_ids: vec![PersonId::from_bytes([2; 16]).to_string()],
                reason: "no_funds".to_owned(),
                words: Some(sealed(keys, &fields::need(NeedId::from_bytes([3; 16])), "None is left")),
            }],
            references: vec![triage::Reference {
                reference_id: ReferenceId::from_bytes([4; 16]).to_string(),
                description: Some(sealed(
                    keys,
                    &fields::reference(ReferenceId::from_bytes([4; 16])),
                    "An editor",
                )),
                method: CheckMethod::InPerson.into(),
                confidence: Confidence::High.into(),
                result: CheckResult::Confirms.into(),
                checked_by: "staff_1".to_owned(),
                words: None,
                independent: true,
            }],
            notes: vec![triage::Note {
                note_id: NoteId::from_bytes([5; 16]).to_string(),
                author: "staff_1".to_owned(),
                at: at(),
                text: Some(sealed(keys, &fields::note(NoteId::from_bytes([5; 16])), "They called")),
            }],
            contacts: vec![triage::Contact {
                contact_id: ContactId::from_bytes([6; 16]).to_string(),
                author: "staff_1".to_owned(),
                at: at(),
                channel: "phone".to_owned(),
                inbound: true,
                reached: false,
                words: Some(sealed(
                    keys,
                    &fields::contact(ContactId::from_bytes([6; 16])),
                    "Nobody answered",
                )),
            }],
            referrals: vec![triage::Referral {
                referral_id: ReferralId::from_bytes([7; 16]).to_string(),
                need_id: NeedId::from_bytes([3; 16]).to_string(),
                state: ReferralState::Unanswered.into(),
                sent: at(),
                description: Some(sealed(
                    keys,
                    &fields::referral(ReferralId::from_bytes([7; 16])),
                    "A clinic",
                )),
            }],
            grants: vec![triage::LinkedGrant {
                grant_id: "grant_1".to_owned(),
                stage: "in_approval".to_owned(),
            }],
            our_clock_seconds: 60,
            total_clock_seconds: 90,
            recommendations: vec![triage::Recommendation {
                need_ids: vec![NeedId::from_bytes([3; 16]).to_string()],
                amount: Some(Money { currency: "EUR".to_owned(), minor_units: 940_000 }),
                scores: Some(Scores { relevance_to_context: 4, ..Scores::default() }),
                author: "staff_1".to_owned(),
                at: at(),
                words: None,
            }],
            exit: "no_longer_needed".to_owned(),
            exit_words: Some(closed),
            ..GetCaseResponse::default()
        }
    }

    fn request(keys: &CaseKeys) -> GetRequestResponse {
        let answer = |name, text: &str| sealed(keys, &fields::answer(name), text);
        let consent =
            intake::Consent { purpose: Purpose::Help.into(), state: ConsentState::CannotBeAsked.into() };
        GetRequestResponse {
            channel: Channel::Phone.into(),
            listing: Some(Listing {
                language: "fr".to_owned(),
                kind: RequesterKind::UnregisteredGroup.into(),
                on_behalf: true,
                consents: vec![consent],
                mode: Mode::Reactive.into(),
                trigger: Trigger::Negative.into(),
                danger: Danger::NotSure.into(),
                ..Listing::default()
            }),
            answers: vec![
                answer(answers::CONTACT, "Signal"),
                answer(answers::AMOUNT, r#"{"amount":"250.000","currency":"IQD"}"#),
                SealedField { epoch: 9, ..answer(answers::NEVER, "x") },
            ],
            has_receipt: true,
            later_danger: vec![intake::DangerAnswer {
                danger: Danger::Yes.into(),
                author: "requester".to_owned(),
                at: Some(input::timestamp_out(SENT)),
            }],
            ..GetRequestResponse::default()
        }
    }

    /// The contact, which was another one when the request was sent.
    fn writings() -> Writings {
        let writing = |version: u32, at: Timestamp, text: &str| Writing {
            name: answers::CONTACT.to_owned(),
            version,
            author: "requester".to_owned(),
            at: Some(at),
            answer: OpenedAnswer::Open { answer: Answer::Text(text.to_owned()), reading: None },
        };
        Writings(vec![writing(1, SENT, "Mail"), writing(2, LATER, "Signal")])
    }

    fn page() -> Value {
        let keys = keys();
        let text = |text: &str| sealed(&keys, &fields::message(MessageId::from_bytes([8; 16])), text);
        let message = |place: i64, text: SealedField| intake::Message {
            message_id: MessageId::from_bytes([8; 16]).to_string(),
            kind: MessageKind::Question.into(),
            author: "staff_1".to_owned(),
            at: Some(input::timestamp_out(SENT)),
            text: Some(text),
            about: NeedId::from_bytes([3; 16]).to_string(),
            place,
        };
        let messages = [message(1, text("Where?")), message(2, SealedField { epoch: 9, ..text("x") })];
        let (case, request) = (case(&keys), request(&keys));
        let record = CaseRecord { id: CASE, case, request, keys, seen: None };
        let people = People::named(&[("staff_1", "amal")]);
        serde_json::to_value(CasePage::of(&record, &messages, &writings(), people)).unwrap()
    }

    #[test]
    fn a_case_is_printed_as_it_always_was_and_an_answer_that_does_not_open_holds_nothing() {
        let line = QueueLine::of(&summary(), &People::named(&[("staff_1", "amal")]));
        let message = |place: i64, text: Option<&str>| {
            json!({
                "message_id": MessageId::from_bytes([8; 16]).to_string(), "kind": "question", "author": "staff_1", "at": AT,
                "place": place, "about": NeedId::from_bytes([3; 16]).to_string(), "text": text,
            })
        };
        let expected = json!({
            "case": line, "version": 12,
            "contact_plan": { "how": "Signal", "when": "", "who": "", "never_do": "", "never_say": ["the town"] },
            "contact_plan_closed": false, "broken_keys": [], "sealed_to_nobody": false,
            "foreign_receipt": false, "our_clock_seconds": 60, "total_clock_seconds": 90,
            "channel": "phone", "requester": "unregistered-group", "on_behalf": true,
            "danger": {
                "first": "not-sure", "later": [{ "danger": "yes", "author": "requester", "at": AT }],
            },
            "language": "fr", "mode": "reactive", "trigger": "negative",
            "consents": { "help": "cannot-be-asked" }, "has_receipt": true, "exit": "no-longer-needed",
            "exit_words": CLOSED,
            "answers": {
                "request.contact": "Signal", "request.never": null,
                "request.amount": { "amount": "250.000", "currency": "IQD" },
            },
            "answers_read": { "request.amount": "reads two ways: 250000.000 IQD or 250.000 IQD" },
            "answers_changed": {
                "request.contact": { "author": "requester", "at": "2026-11-21T22:27:40Z", "first": "Mail" },
            },
            "persons": [{ "person_id": PersonId::from_bytes([2; 16]).to_string(), "status": "safe", "description": "A reporter" }],
            "needs": [{
                "need_id": NeedId::from_bytes([3; 16]).to_string(), "kind": "medical", "outcome": "declined", "person_ids": [PersonId::from_bytes([2; 16]).to_string()],
                "reason": "no-funds", "words": "None is left",
            }],
            "references": [{
                "reference_id": ReferenceId::from_bytes([4; 16]).to_string(), "description": "An editor", "method": "in-person",
                "confidence": "high", "result": "confirms", "checked_by": "staff_1", "independent": true,
                "words": null,
            }],
            "referrals": [{
                "referral_id": ReferralId::from_bytes([7; 16]).to_string(), "need_id": NeedId::from_bytes([3; 16]).to_string(), "state": "unanswered", "sent": AT,
                "description": "A clinic",
            }],
            "notes": [{ "note_id": NoteId::from_bytes([5; 16]).to_string(), "author": "staff_1", "at": AT, "text": "They called" }],
            "contacts": [{
                "contact_id": ContactId::from_bytes([6; 16]).to_string(), "author": "staff_1", "at": AT, "channel": "phone",
                "inbound": true, "reached": false, "words": "Nobody answered",
            }],
            "recommendations": [{
                "need_ids": [NeedId::from_bytes([3; 16]).to_string()], "amount": "9400.00 EUR",
                "scores": "relevance 4 · result 0 · fit 0 · quality 0 · added value 0",
                "author": "staff_1", "at": AT, "words": null,
            }],
            "grants": [{ "grant_id": "grant_1", "stage": "in_approval" }],
            "messages": [message(1, Some("Where?")), message(2, None)],
        });
        assert_eq!(page(), expected);
    }

    #[test]
    fn a_plan_that_does_not_open_is_told_and_hides_nothing_of_the_rest() {
        let keys = keys();
        let (mut case, request) = (case(&keys), request(&keys));
        case.contact_plan.as_mut().unwrap().epoch = 9;
        let record = CaseRecord { id: CASE, case, request, keys, seen: None };
        let page = CasePage::of(&record, &[], &writings(), People::named(&[]));
        assert_eq!(page.plan, ShownPlan { contact_plan: None, contact_plan_closed: true });
        assert_eq!(page.notes[0].text.as_deref(), Some("They called"));
    }
}
