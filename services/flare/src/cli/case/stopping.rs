//! Stopping a case and letting it go on: withdraw, pause, hold, resume, close, reopen.

use clap::Args;
use flare_contracts::{codes, text_limits};
use flare_edge::desk::{CaseName, CaseStanding, Stopped};

use super::{choices::code, standing::state_line, taking::SeenVersion};
use crate::cli::{CliError, Context, TextSource};

/// `flare case withdraw`
#[derive(Args, Debug)]
pub(crate) struct WithdrawArgs {
    /// The case
    case: CaseName,
    /// Why, as the requester says
    #[arg(long, value_parser = code(codes::WHY_WITHDRAWN))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case pause`
#[derive(Args, Debug)]
pub(crate) struct PauseArgs {
    /// The case
    case: CaseName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_PAUSED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case hold`
#[derive(Args, Debug)]
pub(crate) struct HoldArgs {
    /// The case
    case: CaseName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_HELD))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case resume`
#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// The case
    case: CaseName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_RESUMED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case close`
#[derive(Args, Debug)]
pub(crate) struct CloseArgs {
    /// The case
    case: CaseName,
    /// How it ends; a withdrawn case closes as withdrawn, and no other does
    #[arg(long, value_parser = code(codes::EXITS))]
    exit: String,
    /// A file with a note for staff, or - for standard input
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case reopen`
#[derive(Args, Debug)]
pub(crate) struct ReopenArgs {
    /// The case
    case: CaseName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_REOPENED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn withdraw(context: &Context, args: WithdrawArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let stopping = desk.withdraw(desk.find_case(&args.case).await?, &args.reason, args.version.seen).await?;
    stopped(context, &stopping, "is withdrawn")
}

pub(crate) async fn pause(context: &Context, args: PauseArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let stopping = desk.pause(desk.find_case(&args.case).await?, &args.reason, args.version.seen).await?;
    stopped(context, &stopping, "is paused: nothing goes out until it is resumed")
}

pub(crate) async fn hold(context: &Context, args: HoldArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let stopping = desk.hold(desk.find_case(&args.case).await?, &args.reason, args.version.seen).await?;
    stopped(context, &stopping, "is held for an inquiry")
}

fn stopped(context: &Context, stopped: &Stopped, said: &str) -> Result<(), CliError> {
    let (standing, money) = (&stopped.standing, money_line(stopped.money_stopped));
    let said = format!("{} {said}: {}\n{money}", standing.codename, state_line(standing));
    context.done(&said, stopped)
}

/// Whether money still moves. Never says that it stopped before grants said so.
const fn money_line(money_stopped: bool) -> &'static str {
    if money_stopped {
        "Money has stopped."
    } else {
        "Money was asked to stop; it may still move until that is confirmed. Look again in a moment."
    }
}

pub(crate) async fn resume(context: &Context, args: ResumeArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk.resume(desk.find_case(&args.case).await?, &args.reason, args.version.seen).await?;
    moved(context, &standing, "goes on")
}

pub(crate) async fn close(context: &Context, args: CloseArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let note = context.read_optional_text(args.text_file.as_ref(), ("--text-file", text_limits::NOTE))?;
    let note = note.as_ref().map(|note| note.expose().as_str());
    let closed = desk.close(&mut record, &args.exit, note).await;
    let standing = closed
        .map_err(|error| CliError::from(error).named(&[("words", "--text-file"), ("exit", "--exit")]))?;
    moved(context, &standing, "is closed")
}

pub(crate) async fn reopen(context: &Context, args: ReopenArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk.reopen(desk.find_case(&args.case).await?, &args.reason, args.version.seen).await?;
    moved(context, &standing, "is open again")
}

fn moved(context: &Context, standing: &CaseStanding, said: &str) -> Result<(), CliError> {
    context.done(&format!("{} {said}: {}", standing.codename, state_line(standing)), standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_said_to_have_stopped_only_when_it_has() {
        assert_eq!(money_line(true), "Money has stopped.");
        assert!(money_line(false).contains("may still move"));
    }
}
