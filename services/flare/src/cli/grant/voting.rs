//! Votes: the approver sees exactly what they sign, says yes, and signs on this device.

use clap::{Args, Subcommand};
use flare_contracts::{codes, grants::v1::Decision, text_limits, words::Worded as _};
use flare_edge::{
    EdgeError,
    desk::{GrantName, GrantSheet, check_shown},
};
use flare_kernel::GrantId;
use serde_json::json;

use super::{done, sheet};
use crate::cli::{
    CliError, Context, TextSource,
    case::{choices::code, standing::grant_line},
    prompt,
};

const TEXT: &str = "--text-file";

/// `flare grant vote`
#[derive(Subcommand, Debug)]
pub(crate) enum VoteCommand {
    /// Approve as it is
    #[command(
        after_help = "Examples:\n  flare grant vote approve grant_…\n  flare grant vote approve grant_… --shown DIGEST --yes"
    )]
    Approve(VoteArgs),
    /// Approve, with conditions that you write
    #[command(
        after_help = "Example:\n  flare grant vote approve-with-conditions grant_… --text-file conditions.txt"
    )]
    ApproveWithConditions(VoteArgs),
    /// Send it back to be changed, and say what
    #[command(after_help = "Example:\n  flare grant vote return grant_… --text-file why.txt")]
    Return(VoteArgs),
    /// Reject it, and say why
    #[command(after_help = "Example:\n  flare grant vote reject grant_… --text-file why.txt")]
    Reject(VoteArgs),
}

/// One vote.
#[derive(Args, Debug)]
pub(crate) struct VoteArgs {
    /// The grant
    grant: GrantName,
    /// A file with your conditions or reasons, or - for standard input; asked for when needed
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    /// Sign without being asked once more; then --shown says what you have looked at
    #[arg(long, requires = "shown")]
    yes: bool,
    /// Sign only what has this digest, as `flare grant show` told it; needed with --yes and --json
    #[arg(long, value_name = "DIGEST")]
    shown: Option<String>,
}

/// `flare grant conflict`
#[derive(Args, Debug)]
pub(crate) struct ConflictArgs {
    /// The grant
    grant: GrantName,
    /// What binds you
    #[arg(long, value_parser = code(codes::WHY_CONFLICTED))]
    reason: String,
}

pub(crate) async fn vote(context: &Context, command: VoteCommand) -> Result<(), CliError> {
    match command {
        VoteCommand::Approve(args) => cast(context, args, Decision::Approve).await,
        VoteCommand::ApproveWithConditions(args) => {
            cast(context, args, Decision::ApproveWithConditions).await
        }
        VoteCommand::Return(args) => cast(context, args, Decision::Return).await,
        VoteCommand::Reject(args) => cast(context, args, Decision::Reject).await,
    }
}

async fn cast(context: &Context, args: VoteArgs, decision: Decision) -> Result<(), CliError> {
    if context.output.is_json() && args.shown.is_none() {
        let message = "--shown is needed with --json: nothing is shown here, so say what you have looked at";
        return Err(CliError::usage(message));
    }
    let desk = context.desk().await?;
    let mut record = desk.grant(desk.find_grant(&args.grant).await?, None).await?;
    let proposal = record.proposal()?;
    if let Some(expected) = &args.shown {
        check_shown(expected, proposal.digest())?;
    }
    let people = desk.people().await?;
    let shown = GrantSheet::of(&record, &proposal, &people);
    sheet::write(&context.output, &shown, &people);

    let text = match (decision, &args.text_file) {
        (Decision::Approve, None) => None,
        (_, source) => {
            let option = (TEXT, text_limits::VOTE_WORDS);
            Some(context.read_text(source.as_ref(), option, "Your conditions or reasons:")?)
        }
    };
    let what = if context.output.is_json() { "what you have looked at" } else { "what is shown above" };
    let question = format!("Sign “{}” over {what}?", decision.word());
    if !args.yes && !prompt::confirm(&question, "--yes")? {
        return Err(CliError::usage("nothing was signed"));
    }
    let words = text.as_ref().map(|text| text.expose().as_str());
    let voted = desk.vote(&mut record, &proposal, decision, words).await;
    let standing = voted.map_err(|error| not_cast(error, record.id()))?;
    let said = format!("Signed: {}: {}", decision.word(), grant_line(&standing));
    let more = [("decision", json!(decision.word())), ("shown_digest", json!(shown.shown_digest))];
    context.done_with(&said, &standing, more)
}

fn not_cast(error: EdgeError, grant: GrantId) -> CliError {
    let error = CliError::from(error).named(&[("words", TEXT)]);
    if error.reason == "VOTE_ON_CHANGED_CONTENT" {
        return error.hint(format!("look at it as it is now with: flare grant show {grant}"));
    }
    error
}

pub(crate) async fn conflict(context: &Context, args: ConflictArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk.declare_conflict(desk.find_grant(&args.grant).await?, &args.reason).await?;
    done(context, "You take no part in this grant's decisions", &standing)
}
