//! `flare inbox`: what needs the person who is logged in.

use std::{collections::HashSet, time::Duration};

use clap::{Args, Subcommand};
use flare_contracts::{
    input,
    limits::NOTICES_AT_ONCE,
    notification::v1::{ListInboxRequest, MarkReadRequest, Notice},
};
use flare_edge::Session;
use flare_kernel::NoticeId;
use serde_json::json;

use super::{CliError, Context, Output, ask, case::choices::Worded as _, when};

/// Rows asked for at once.
const PAGE: i32 = input::MAX_PAGE;
/// How often `--watch` looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// `flare inbox`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  flare inbox                        what is unread: critical first, then oldest first
  flare inbox --watch                stay, and show what comes in
  flare inbox read notice_…          mark as read
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
    let session = context.session().await?;
    match args.command {
        Some(InboxCommand::Read(args)) => mark_read(args, &session, context).await,
        None if args.watch => watch(&session, context).await,
        None => {
            let notices = unread(&session, context).await?;
            let document: Vec<_> = notices.iter().map(document).collect();
            context.output.show(&json!({ "notices": document }), |out| {
                if notices.is_empty() {
                    out.line("Nothing needs you now.");
                } else {
                    tell(*out, &notices);
                }
            })
        }
    }
}

async fn unread(session: &Session, context: &Context) -> Result<Vec<Notice>, CliError> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let notification = context.lines.notification(&session.credential().await?);
        let request = ListInboxRequest { page_size: PAGE, page_token };
        let page = ask(notification, request, async |mut service, request| service.list_inbox(request).await)
            .await?;
        all.extend(page.notices);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

async fn watch(session: &Session, context: &Context) -> Result<(), CliError> {
    if context.output.is_json() {
        return Err(CliError::usage(
            "--watch goes without --json: a watch has no end, and a document has one",
        ));
    }
    let mut known = HashSet::new();
    let mut away = false;
    loop {
        match unread(session, context).await {
            Ok(notices) => {
                away = false;
                let fresh: Vec<_> =
                    notices.into_iter().filter(|notice| known.insert(notice.notice_id.clone())).collect();
                if !fresh.is_empty() {
                    // Distances in time are told from now, not from when the watch began.
                    tell(context.output_now(), &fresh);
                }
            }
            Err(error) if error.may_pass() => {
                if !std::mem::replace(&mut away, true) {
                    context.output.warn("the service cannot be reached; the watch goes on");
                }
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn tell(out: Output, notices: &[Notice]) {
    let rows = notices.iter().map(|notice| {
        let about = if notice.grant_id.is_empty() { &notice.case_id } else { &notice.grant_id };
        vec![
            notice.lane().word().to_owned(),
            notice.codename.clone(),
            notice.ask.replace('_', " "),
            out.due(notice.due.as_ref()),
            about.clone(),
            notice.notice_id.clone(),
        ]
    });
    out.table(&["lane", "case", "asks", "until", "about", "notice"], rows.collect());
}

fn document(notice: &Notice) -> serde_json::Value {
    json!({
        "notice_id": notice.notice_id, "lane": notice.lane().word(), "case_id": notice.case_id,
        "codename": notice.codename, "grant_id": notice.grant_id, "ask": notice.ask,
        "due": when::rfc3339(notice.due.as_ref()), "raised": when::rfc3339(notice.raised.as_ref()),
    })
}

async fn mark_read(args: ReadArgs, session: &Session, context: &Context) -> Result<(), CliError> {
    let notice_ids: Vec<String> = if args.all {
        unread(session, context).await?.into_iter().map(|notice| notice.notice_id).collect()
    } else {
        args.notices.iter().map(ToString::to_string).collect()
    };
    let mut marked = 0;
    for (index, some) in notice_ids.chunks(NOTICES_AT_ONCE).enumerate() {
        let request_id = context.request_id_of(&index.to_string())?;
        let request = MarkReadRequest { request_id, notice_ids: some.to_vec() };
        let notification = context.lines.notification(&session.credential().await?);
        let answer =
            ask(notification, request, async |mut service, request| service.mark_read(request).await).await?;
        marked += answer.marked;
    }
    context.output.show(&json!({ "marked": marked }), |out| out.line(format!("Marked as read: {marked}.")))
}
