//! What is known of a case: persons, needs, notes, contacts.

use clap::{Args, Subcommand};
use flare_contracts::{
    codes,
    common::v1::NeedKind,
    fields,
    triage::v1::{
        AddNeedRequest, AddNoteRequest, AddPersonRequest, LogContactRequest, PersonStatus, ReopenNeedRequest,
        SetPersonStatusRequest,
    },
};
use flare_kernel::{CaseId, ContactId, NeedId, NoteId, PersonId};
use serde_json::json;

use super::{
    choices::{Worded as _, code, worded},
    desk::{Desk, call},
    record::{CaseRecord, seen_version, state_json, state_line},
    taking::SeenVersion,
};
use crate::cli::{CliError, Context, TextSource};

/// `flare case person`
#[derive(Subcommand, Debug)]
pub(crate) enum PersonCommand {
    /// Add a person the case is about
    #[command(
        after_help = "Example:\n  flare case person add case_… --status unreachable --description-file person.txt"
    )]
    Add(AddPersonArgs),
    /// Say how a person is now
    #[command(after_help = "Example:\n  flare case person status case_… person_… safe")]
    Status(PersonStatusArgs),
}

/// `flare case person add`
#[derive(Args, Debug)]
pub(crate) struct AddPersonArgs {
    /// The case
    case: CaseId,
    /// How they are
    #[arg(long, value_parser = worded::<PersonStatus>())]
    status: PersonStatus,
    /// A file with who they are, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    description_file: Option<TextSource>,
}

/// `flare case person status`
#[derive(Args, Debug)]
pub(crate) struct PersonStatusArgs {
    /// The case
    case: CaseId,
    /// The person
    person: PersonId,
    /// How they are
    #[arg(value_parser = worded::<PersonStatus>())]
    status: PersonStatus,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case need`
#[derive(Subcommand, Debug)]
pub(crate) enum NeedCommand {
    /// Add something that one or more persons lack
    #[command(after_help = "Example:\n  flare case need add case_… relocation --person person_…")]
    Add(AddNeedArgs),
    /// Open a need again: take back a recommendation without a grant, or review a decline of somebody else's
    #[command(after_help = "Example:\n  flare case need reopen case_… need_… --reason review")]
    Reopen(ReopenNeedArgs),
}

/// `flare case need reopen`
#[derive(Args, Debug)]
pub(crate) struct ReopenNeedArgs {
    /// The case
    case: CaseId,
    /// The need
    need: NeedId,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_NEED_REOPENED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case need add`
#[derive(Args, Debug)]
pub(crate) struct AddNeedArgs {
    /// The case
    case: CaseId,
    /// What is lacking
    #[arg(value_parser = worded::<NeedKind>())]
    kind: NeedKind,
    /// Who lacks it; may be given several times
    #[arg(long = "person", value_name = "ID")]
    persons: Vec<PersonId>,
}

/// `flare case note`
#[derive(Args, Debug)]
pub(crate) struct NoteArgs {
    /// The case
    case: CaseId,
    /// A file with the note, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
}

/// `flare case contact`
#[derive(Args, Debug)]
pub(crate) struct ContactArgs {
    /// The case
    case: CaseId,
    /// On which channel
    #[arg(long, value_parser = code(codes::CONTACT_CHANNELS))]
    channel: String,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    result: Reached,
    /// A file with what was said, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
}

/// Who came to whom.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Way {
    /// They came to us
    #[arg(long)]
    inbound: bool,
    /// We went to them
    #[arg(long)]
    outbound: bool,
}

/// Whether anybody answered.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Reached {
    /// Somebody was reached
    #[arg(long)]
    reached: bool,
    /// Nobody was reached
    #[arg(long)]
    not_reached: bool,
}

pub(crate) async fn person(context: &Context, command: PersonCommand) -> Result<(), CliError> {
    match command {
        PersonCommand::Add(args) => add_person(context, args).await,
        PersonCommand::Status(args) => set_person_status(context, args).await,
    }
}

async fn add_person(context: &Context, args: AddPersonArgs) -> Result<(), CliError> {
    const OPTION: &str = "--description-file";
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?.with_notes_to_write(&desk).await?;
    let person: PersonId = desk.drawn(&args.case.to_string());
    let field = fields::person(person);
    let text = context.read_text(args.description_file.as_ref(), (OPTION, field.longest), "Who are they?")?;
    let request = AddPersonRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        person_id: person.to_string(),
        status: args.status.into(),
        description: Some(record.seal_note(&field, 1, text.expose())?),
    };
    let state =
        call!(desk, triage.add_person(request)).map_err(|error| error.named(&[("description", OPTION)]))?;
    let mut document = state_json(&state);
    document["person_id"] = json!(person.to_string());
    desk.done(&format!("Added {person}, {}: {}", args.status.word(), state_line(&state)), &document)
}

async fn set_person_status(context: &Context, args: PersonStatusArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let request = SetPersonStatusRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        version,
        person_id: args.person.to_string(),
        status: args.status.into(),
    };
    let answer = call!(desk, triage.set_person_status(request));
    let state = desk.settled(args.case, answer).await?;
    desk.done(
        &format!("{} is {}: {}", args.person, args.status.word(), state_line(&state)),
        &state_json(&state),
    )
}

pub(crate) async fn need(context: &Context, command: NeedCommand) -> Result<(), CliError> {
    match command {
        NeedCommand::Add(args) => add_need(context, args).await,
        NeedCommand::Reopen(args) => reopen_need(context, args).await,
    }
}

async fn reopen_need(context: &Context, args: ReopenNeedArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let request = ReopenNeedRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        version,
        need_id: args.need.to_string(),
        reason: args.reason,
    };
    let answer = call!(desk, triage.reopen_need(request));
    let state = desk.settled(args.case, answer).await?;
    desk.done(&format!("{} is open again: {}", args.need, state_line(&state)), &state_json(&state))
}

async fn add_need(context: &Context, args: AddNeedArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let need: NeedId = desk.drawn(&format!("{}/{}", args.case, args.kind.word()));
    let request = AddNeedRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        need_id: need.to_string(),
        kind: args.kind.into(),
        person_ids: args.persons.iter().map(ToString::to_string).collect(),
    };
    let state =
        call!(desk, triage.add_need(request)).map_err(|error| error.named(&[("person_ids", "--person")]))?;
    let mut document = state_json(&state);
    document["need_id"] = json!(need.to_string());
    desk.done(&format!("Added {need}, {}: {}", args.kind.word(), state_line(&state)), &document)
}

pub(crate) async fn note(context: &Context, args: NoteArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?.with_notes_to_write(&desk).await?;
    let note: NoteId = desk.drawn(&args.case.to_string());
    let field = fields::note(note);
    let text = context.read_text(args.text_file.as_ref(), ("--text-file", field.longest), "The note:")?;
    let request = AddNoteRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        note_id: note.to_string(),
        text: Some(record.seal_note(&field, 1, text.expose())?),
    };
    let state =
        call!(desk, triage.add_note(request)).map_err(|error| error.named(&[("text", "--text-file")]))?;
    let mut document = state_json(&state);
    document["note_id"] = json!(note.to_string());
    desk.done(&format!("Noted on {}: {}", record.codename(), state_line(&state)), &document)
}

pub(crate) async fn contact(context: &Context, args: ContactArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?.with_notes_to_write(&desk).await?;
    let contact: ContactId = desk.drawn(&args.case.to_string());
    let field = fields::contact(contact);
    let text =
        context.read_text(args.text_file.as_ref(), ("--text-file", field.longest), "What was said?")?;
    let request = LogContactRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        contact_id: contact.to_string(),
        channel: args.channel,
        inbound: args.way.inbound,
        reached: args.result.reached,
        words: Some(record.seal_note(&field, 1, text.expose())?),
    };
    let state =
        call!(desk, triage.log_contact(request)).map_err(|error| error.named(&[("words", "--text-file")]))?;
    let mut document = state_json(&state);
    document["contact_id"] = json!(contact.to_string());
    desk.done(&format!("Logged on {}: {}", record.codename(), state_line(&state)), &document)
}
