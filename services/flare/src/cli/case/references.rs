//! References: people who can vouch, and what came of asking them.

use clap::{ArgGroup, Args, Subcommand};
use flare_contracts::{
    text_limits,
    triage::v1::{CheckMethod, CheckResult, Confidence},
    words::Worded as _,
};
use flare_edge::desk::{CaseName, NewReference, ReferenceCheck};
use flare_kernel::ReferenceId;
use serde_json::json;

use super::{choices::worded, standing::state_line, taking::SeenVersion};
use crate::cli::{CliError, Context, TextSource};

/// `flare case reference`
#[derive(Subcommand, Debug)]
pub(crate) enum ReferenceCommand {
    /// Name somebody who can vouch: never the requester, never who is paid
    #[command(
        after_help = "Examples:\n  flare case reference add case_… --from-answers 1\n  flare case reference add case_… --description-file reference.txt"
    )]
    Add(AddReferenceArgs),
    /// Say what came of asking them
    #[command(
        after_help = "Example:\n  flare case reference check case_… ref_… --method call --confidence high --result confirms \\\n    --independent --text-file check.txt"
    )]
    Check(CheckReferenceArgs),
}

/// `flare case reference add`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("whence").args(["description_file", "from_answers"])))]
pub(crate) struct AddReferenceArgs {
    /// The case
    case: CaseName,
    /// A file with who they are and how to reach them safely, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    description_file: Option<TextSource>,
    /// Take the N-th reference that the request names
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    from_answers: Option<u8>,
}

/// `flare case reference check`
#[derive(Args, Debug)]
pub(crate) struct CheckReferenceArgs {
    /// The case
    case: CaseName,
    /// The reference
    reference: ReferenceId,
    /// How they were asked
    #[arg(long, value_parser = worded::<CheckMethod>())]
    method: CheckMethod,
    /// How sure you are of what they said
    #[arg(long, value_parser = worded::<Confidence>())]
    confidence: Confidence,
    /// What they said
    #[arg(long, value_parser = worded::<CheckResult>())]
    result: CheckResult,
    /// They know of it by themselves, not from the requester
    #[arg(long)]
    independent: bool,
    /// A file with what they said, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn run(context: &Context, command: ReferenceCommand) -> Result<(), CliError> {
    match command {
        ReferenceCommand::Add(args) => add(context, args).await,
        ReferenceCommand::Check(args) => check(context, args).await,
    }
}

async fn add(context: &Context, args: AddReferenceArgs) -> Result<(), CliError> {
    const OPTION: &str = "--description-file";
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let text;
    let reference = if let Some(number) = args.from_answers {
        NewReference::OfTheAnswers(number)
    } else {
        let question = "Who are they, and how are they reached safely?";
        text = context.read_text(args.description_file.as_ref(), (OPTION, text_limits::WORDS), question)?;
        NewReference::Described(text.expose())
    };
    let added = desk.add_reference(&mut record, reference).await;
    let (reference, standing) = added.map_err(|error| {
        CliError::from(error).named(&[
            ("description", OPTION),
            ("fingerprint", OPTION),
            ("from_answers", "--from-answers"),
        ])
    })?;
    let said = format!("Added {reference}: {}", state_line(&standing));
    context.done_with(&said, &standing, [("reference_id", json!(reference.to_string()))])
}

async fn check(context: &Context, args: CheckReferenceArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let option = ("--text-file", text_limits::WORDS);
    let text = context.read_text(args.text_file.as_ref(), option, "What did they say?")?;
    let check = ReferenceCheck {
        method: args.method,
        confidence: args.confidence,
        result: args.result,
        independent: args.independent,
        words: text.expose(),
    };
    let checked = desk.check_reference(&mut record, args.reference, check).await;
    let standing = checked.map_err(|error| CliError::from(error).named(&[("words", "--text-file")]))?;
    context.done(&format!("{} {}: {}", args.reference, args.result.word(), state_line(&standing)), &standing)
}
