//! What is known of a case: persons, needs, notes, contacts.

use clap::{Args, Subcommand};
use flare_contracts::{
    codes, common::v1::NeedKind, text_limits, triage::v1::PersonStatus, words::Worded as _,
};
use flare_edge::desk::{CaseName, LoggedContact};
use flare_kernel::{NeedId, PersonId};
use serde_json::json;

use super::{
    choices::{code, worded},
    standing::state_line,
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
    case: CaseName,
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
    case: CaseName,
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
    case: CaseName,
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
    case: CaseName,
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
    case: CaseName,
    /// A file with the note, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
}

/// `flare case contact`
#[derive(Args, Debug)]
pub(crate) struct ContactArgs {
    /// The case
    case: CaseName,
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
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let option = (OPTION, text_limits::WORDS);
    let text = context.read_text(args.description_file.as_ref(), option, "Who are they?")?;
    let added = desk.add_person(&mut record, args.status, text.expose()).await;
    let (person, standing) =
        added.map_err(|error| CliError::from(error).named(&[("description", OPTION)]))?;
    let said = format!("Added {person}, {}: {}", args.status.word(), state_line(&standing));
    context.done_with(&said, &standing, [("person_id", json!(person.to_string()))])
}

async fn set_person_status(context: &Context, args: PersonStatusArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk
        .set_person_status(desk.find_case(&args.case).await?, args.person, args.status, args.version.seen)
        .await?;
    let said = format!("{} is {}: {}", args.person, args.status.word(), state_line(&standing));
    context.done(&said, &standing)
}

pub(crate) async fn need(context: &Context, command: NeedCommand) -> Result<(), CliError> {
    match command {
        NeedCommand::Add(args) => add_need(context, args).await,
        NeedCommand::Reopen(args) => reopen_need(context, args).await,
    }
}

async fn reopen_need(context: &Context, args: ReopenNeedArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk
        .reopen_need(desk.find_case(&args.case).await?, args.need, &args.reason, args.version.seen)
        .await?;
    context.done(&format!("{} is open again: {}", args.need, state_line(&standing)), &standing)
}

async fn add_need(context: &Context, args: AddNeedArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let added = desk.add_need(desk.find_case(&args.case).await?, args.kind, &args.persons).await;
    let (need, standing) =
        added.map_err(|error| CliError::from(error).named(&[("person_ids", "--person")]))?;
    let said = format!("Added {need}, {}: {}", args.kind.word(), state_line(&standing));
    context.done_with(&said, &standing, [("need_id", json!(need.to_string()))])
}

pub(crate) async fn note(context: &Context, args: NoteArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let option = ("--text-file", text_limits::NOTE);
    let text = context.read_text(args.text_file.as_ref(), option, "The note:")?;
    let noted = desk.add_note(&mut record, text.expose()).await;
    let (note, standing) = noted.map_err(|error| CliError::from(error).named(&[("text", "--text-file")]))?;
    let said = format!("Noted on {}: {}", record.codename(), state_line(&standing));
    context.done_with(&said, &standing, [("note_id", json!(note.to_string()))])
}

pub(crate) async fn contact(context: &Context, args: ContactArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let option = ("--text-file", text_limits::WORDS);
    let text = context.read_text(args.text_file.as_ref(), option, "What was said?")?;
    let logged = LoggedContact {
        channel: &args.channel,
        inbound: args.way.inbound,
        reached: args.result.reached,
        words: text.expose(),
    };
    let logged = desk.log_contact(&mut record, logged).await;
    let (contact, standing) =
        logged.map_err(|error| CliError::from(error).named(&[("words", "--text-file")]))?;
    let said = format!("Logged on {}: {}", record.codename(), state_line(&standing));
    context.done_with(&said, &standing, [("contact_id", json!(contact.to_string()))])
}
