//! `flare inbox`: what needs the person who is logged in.

use std::{collections::HashSet, time::Duration};

use clap::{Args, Subcommand};
use flare_contracts::words::Worded as _;
use flare_edge::desk::{Desk, InboxLine};
use flare_kernel::NoticeId;
use serde_json::json;

use super::{CliError, Context, Output, when};

/// How often `--watch` looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The columns of a list of notices.
const COLUMNS: [&str; 6] = ["lane", "case", "asks", "due", "notice", "due at"];
/// Those of them that a row can do without, the first of them first.
const DISPENSABLE: [&str; 2] = ["due at", "notice"];
/// What is told while notices are held back.
const HELD_BACK: &str = "more is kept back for now: nobody could say which cases you may see";

/// `flare inbox`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  flare inbox                        what is unread: critical first, then oldest first
  flare inbox --watch                stay, and show what comes in
  flare inbox read notice_…          mark as read; a narrow terminal leaves the ids out, --json shows them
  flare inbox read --all"
)]
pub(crate) struct InboxArgs {
    /// Stay until interrupted, and show what comes in
    #[arg(long)]
    watch: bool,
    #[command(subcommand)]
    command: Option<InboxCommand>,
}

#[derive(Debug, Subcommand)]
enum InboxCommand {
    /// Mark notices as read
    #[command(after_help = "Examples:\n  flare inbox read notice_… notice_…\n  flare inbox read --all")]
    Read(ReadArgs),
}

#[derive(Args, Debug)]
struct ReadArgs {
    /// Which notices
    #[arg(value_name = "NOTICE", required_unless_present = "all")]
    notices: Vec<NoticeId>,
    /// All that are unread now
    #[arg(long, conflicts_with = "notices")]
    all: bool,
}

/// Does it.
pub(crate) async fn run(args: InboxArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    match args.command {
        Some(InboxCommand::Read(args)) => mark_read(args, &desk, context).await,
        None if args.watch => watch(&desk, context).await,
        None => {
            let inbox = desk.inbox().await?;
            context.output.show(&inbox, |out| {
                if inbox.notices.is_empty() {
                    out.line("Nothing needs you now.");
                } else {
                    tell(*out, &inbox.notices);
                }
                if inbox.held_back {
                    out.warn(HELD_BACK);
                }
            })
        }
    }
}

async fn watch(desk: &Desk, context: &Context) -> Result<(), CliError> {
    if context.output.is_json() {
        return Err(CliError::usage(
            "--watch goes without --json: a watch has no end, and a document has one",
        ));
    }
    let mut known = HashSet::new();
    let (mut away, mut held_back) = (false, false);
    loop {
        match desk.inbox().await {
            Ok(inbox) => {
                away = false;
                let fresh: Vec<_> = inbox
                    .notices
                    .into_iter()
                    .filter(|notice| known.insert(notice.notice_id.clone()))
                    .collect();
                if !fresh.is_empty() {
                    // Distances in time are told from now, not from when the watch began.
                    tell(context.output_now(), &fresh);
                }
                if inbox.held_back && !held_back {
                    context.output.warn(HELD_BACK);
                }
                held_back = inbox.held_back;
            }
            Err(error) if error.may_pass() => {
                if !std::mem::replace(&mut away, true) {
                    context.output.warn("the service cannot be reached; the watch goes on");
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn tell(out: Output, notices: &[InboxLine]) {
    let rows: Vec<_> = notices.iter().map(|notice| row(notice, &out)).collect();
    out.table_that_fits(&COLUMNS, &rows, &DISPENSABLE);
}

fn row(notice: &InboxLine, out: &Output) -> Vec<String> {
    // A case that has no name yet is told by its id.
    let case = if notice.codename.is_empty() { &notice.case_id } else { &notice.codename };
    vec![
        notice.lane.word().to_owned(),
        case.clone(),
        notice.ask.replace('_', " "),
        out.left(notice.due),
        notice.notice_id.clone(),
        when::told(notice.due, when::utc),
    ]
}

async fn mark_read(args: ReadArgs, desk: &Desk, context: &Context) -> Result<(), CliError> {
    let notice_ids: Vec<String> = if args.all {
        desk.inbox().await?.notices.into_iter().map(|notice| notice.notice_id).collect()
    } else {
        args.notices.iter().map(ToString::to_string).collect()
    };
    let marked = desk.mark_read(&notice_ids).await?;
    context.done(&format!("Marked as read: {marked}."), &json!({ "marked": marked }))
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::{CaseId, Duration as Span, Timestamp};

    use super::*;
    use crate::cli::output::table_that_fits;

    #[test]
    fn a_row_of_the_inbox_fits_terminals_of_80_100_and_140_columns() {
        let now = Timestamp::from_micros(1_795_300_000_000_000);
        let output = Output::new(false, now);
        let notice = |codename: &str| InboxLine {
            notice_id: NoticeId::from_bytes([0xff; 16]).to_string(),
            lane: Lane::Critical,
            case_id: CaseId::from_bytes([0xff; 16]).to_string(),
            codename: codename.to_owned(),
            grant_id: String::new(),
            ask: "acknowledge_overdue".to_owned(),
            due: Some(now.plus(Span::from_hours(-24))),
            raised: None,
        };
        for (codename, most, columns) in [
            ("graceful-terrapin-27", 80, 4),
            ("graceful-terrapin-27", 100, 5),
            ("graceful-terrapin-27", 140, 6),
            // A request that triage has not opened yet.
            ("", 80, 4),
            ("", 140, 6),
        ] {
            let rows = [row(&notice(codename), &output)];
            let shown = table_that_fits(&COLUMNS, &rows, &DISPENSABLE, Some(most));
            assert!(shown.lines().all(|line| line.chars().count() <= most), "{most}\n{shown}");
            assert_eq!(shown.contains("case_"), codename.is_empty(), "{shown}");
            let kept = COLUMNS.iter().filter(|column| shown.contains(&column.to_uppercase())).count();
            assert_eq!(kept, columns, "{most}\n{shown}");
        }
    }
}
