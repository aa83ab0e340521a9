//! Stopping a case and letting it go on: withdraw, pause, hold, resume, close, reopen.

use clap::Args;
use flare_contracts::{
    codes, fields,
    triage::v1::{
        CaseState, CloseCaseRequest, HoldCaseRequest, PauseCaseRequest, ReopenCaseRequest, ResumeCaseRequest,
        StopReply, WithdrawCaseRequest,
    },
};
use flare_edge::EdgeError;
use flare_kernel::CaseId;
use serde_json::json;

use super::{
    choices::code,
    desk::{Desk, call},
    record::{CaseRecord, seen_version, state_json, state_line},
    taking::SeenVersion,
};
use crate::cli::{CliError, Context, TextSource};

/// `flare case withdraw`
#[derive(Args, Debug)]
pub(crate) struct WithdrawArgs {
    /// The case
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_REOPENED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn withdraw(context: &Context, args: WithdrawArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let (case_id, reason) = (args.case.to_string(), args.reason);
    let request = WithdrawCaseRequest { request_id: desk.request_id()?, case_id, version, reason };
    let answer = call!(desk, triage.withdraw_case(request));
    stopped(&desk, args.case, answer, "is withdrawn").await
}

pub(crate) async fn pause(context: &Context, args: PauseArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let (case_id, reason) = (args.case.to_string(), args.reason);
    let request = PauseCaseRequest { request_id: desk.request_id()?, case_id, version, reason };
    let answer = call!(desk, triage.pause_case(request));
    stopped(&desk, args.case, answer, "is paused: nothing goes out until it is resumed").await
}

pub(crate) async fn hold(context: &Context, args: HoldArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let (case_id, reason) = (args.case.to_string(), args.reason);
    let request = HoldCaseRequest { request_id: desk.request_id()?, case_id, version, reason };
    let answer = call!(desk, triage.hold_case(request));
    stopped(&desk, args.case, answer, "is held for an inquiry").await
}

async fn stopped(
    desk: &Desk<'_>,
    case: CaseId,
    answer: Result<StopReply, CliError>,
    said: &str,
) -> Result<(), CliError> {
    let reply = desk.settled(case, answer).await?;
    let state = reply.state.ok_or(EdgeError::Incomplete("the case's state"))?;
    let mut document = state_json(&state);
    document["money_stopped"] = json!(reply.money_stopped);
    let money = money_line(reply.money_stopped);
    desk.done(&format!("{} {said}: {}\n{money}", flare_kernel::codename(case), state_line(&state)), &document)
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
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let (case_id, reason) = (args.case.to_string(), args.reason);
    let request = ResumeCaseRequest { request_id: desk.request_id()?, case_id, version, reason };
    let answer = call!(desk, triage.resume_case(request));
    moved(&desk, args.case, answer, "goes on").await
}

pub(crate) async fn close(context: &Context, args: CloseArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let option = ("--text-file", fields::CLOSE.longest);
    let text = context.read_optional_text(args.text_file.as_ref(), option)?;
    let next = record.case.exit_words.as_ref().map_or(1, |words| words.version + 1);
    let words = text.map(|text| record.seal_note(&fields::CLOSE, next, text.expose())).transpose()?;
    let request = CloseCaseRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        exit: args.exit,
        words,
    };
    let answer = call!(desk, triage.close_case(request))
        .map_err(|error| error.named(&[("words", "--text-file"), ("exit", "--exit")]));
    moved(&desk, args.case, answer, "is closed").await
}

pub(crate) async fn reopen(context: &Context, args: ReopenArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let (case_id, reason) = (args.case.to_string(), args.reason);
    let request = ReopenCaseRequest { request_id: desk.request_id()?, case_id, version, reason };
    let answer = call!(desk, triage.reopen_case(request));
    moved(&desk, args.case, answer, "is open again").await
}

async fn moved(
    desk: &Desk<'_>,
    case: CaseId,
    answer: Result<CaseState, CliError>,
    said: &str,
) -> Result<(), CliError> {
    let state = desk.settled(case, answer).await?;
    desk.done(
        &format!("{} {said}: {}", flare_kernel::codename(case), state_line(&state)),
        &state_json(&state),
    )
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
