//! Votes: the approver sees exactly what they sign, says yes, and signs on this device.

use clap::{Args, Subcommand};
use flare_contracts::{
    codes, fields,
    grants::v1::{CastVoteRequest, Decision, DeclareConflictRequest},
};
use flare_kernel::GrantId;
use flare_seal::Compartment;
use flare_typed::text::clean_value;
use serde_json::json;

use super::{
    record::{GrantRecord, settle, settle_with},
    sheet::{Sheet, digest_text},
};
use crate::cli::{
    CliError, Context, TextSource,
    case::{
        choices::{Worded as _, code},
        desk::{Desk, call},
    },
    prompt,
};

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
    grant: GrantId,
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
    grant: GrantId,
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
    let desk = Desk::open(context).await?;
    let mut record = GrantRecord::read(&desk, args.grant, None).await?;
    let shown = record.shown()?;
    check_shown(args.shown.as_deref(), shown.digest())?;
    let people = desk.staff().await?;
    Sheet { record: &record, shown: &shown, people: &people }.write(&context.output);

    let field = fields::vote(desk.session.staff_id());
    let text = match (decision, &args.text_file) {
        (Decision::Approve, None) => None,
        (_, source) => {
            let option = ("--text-file", field.longest);
            Some(context.read_text(source.as_ref(), option, "Your conditions or reasons:")?)
        }
    };
    let what = if context.output.is_json() { "what you have looked at" } else { "what is shown above" };
    let question = format!("Sign “{}” over {what}?", decision.word());
    if !args.yes && !prompt::confirm(&question, "--yes")? {
        return Err(CliError::usage("nothing was signed"));
    }
    let me = desk.session.staff_id().to_string();
    let mine =
        record.grant.votes.iter().filter(|vote| vote.voter == me).filter_map(|vote| vote.words.as_ref());
    let version = mine.map(|words| words.version).max().unwrap_or_default() + 1;
    if text.is_some() {
        record.begin_key_to_write(&desk, Compartment::Proposal).await?;
    }
    let words = text.map(|text| record.keys.seal_committed(&field, version, text.expose())).transpose()?;
    let request = CastVoteRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        decision: decision.into(),
        shown_digest: shown.digest().to_vec(),
        signature: desk.session.sign_vote(shown.digest(), decision, words.as_ref()),
        words,
    };
    let answer = call!(desk, grants.cast_vote(request)).map_err(|error| {
        if error.reason == "VOTE_ON_CHANGED_CONTENT" {
            return error.hint(format!("look at it as it is now with: flare grant show {}", args.grant));
        }
        error.named(&[("words", "--text-file")])
    });
    let more = [("decision", json!(decision.word())), ("shown_digest", json!(digest_text(shown.digest())))];
    settle_with(&desk, args.grant, answer, &format!("Signed: {}", decision.word()), more).await
}

/// Refuses to sign what is not what somebody looked at before.
fn check_shown(expected: Option<&str>, shown: &[u8; 32]) -> Result<(), CliError> {
    match expected {
        Some(expected) if !clean_value(expected).eq_ignore_ascii_case(&digest_text(shown)) => {
            let message = "the grant is not what that digest was shown for; look at it again and vote on it as it is now";
            Err(CliError::stale("VOTE_ON_CHANGED_CONTENT", message))
        }
        _ => Ok(()),
    }
}

pub(crate) async fn conflict(context: &Context, args: ConflictArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = DeclareConflictRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        reason: args.reason,
    };
    let answer = call!(desk, grants.declare_conflict(request));
    settle(&desk, args.grant, answer, "You take no part in this grant's decisions").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn what_has_changed_since_it_was_looked_at_is_not_signed() {
        let digest = [0xab; 32];
        assert!(check_shown(None, &digest).is_ok());
        assert!(check_shown(Some(&"AB".repeat(32)), &digest).is_ok());
        assert!(check_shown(Some(&format!("\u{2066}{}\u{2069}", "ab".repeat(32))), &digest).is_ok());
        let error = check_shown(Some(&"ac".repeat(32)), &digest).unwrap_err();
        assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "VOTE_ON_CHANGED_CONTENT"));
    }
}
