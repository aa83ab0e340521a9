//! Talking with staff, and taking the request back.

use clap::Args;
use flare_contracts::{codes, text_limits::MESSAGE};
use flare_edge::{
    receipt::{Outcome, Posted, ReceiptHolder, message_id},
    retrying,
};
use serde_json::json;

use super::{ReceiptSource, confirmed, name_of, the_one};
use crate::cli::{CliError, Context, TextSource, case::choices::code, output::isolated, words};

/// `flare receipt write`
#[derive(Args, Debug)]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    receipt: ReceiptSource,
    /// A file with your words, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

/// `flare receipt answer`
#[derive(Args, Debug)]
pub(crate) struct AnswerArgs {
    #[command(flatten)]
    receipt: ReceiptSource,
    /// Which question; needed only when there are several
    #[arg(long, value_name = "MESSAGE")]
    question: Option<String>,
    /// A file with your words, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

/// `flare receipt withdraw`
#[derive(Args, Debug)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    receipt: ReceiptSource,
    /// Why, if you want to say
    #[arg(long, value_parser = code(codes::WHY_WITHDRAWN), default_value = codes::UNSAID)]
    reason: String,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

/// `flare receipt change`
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    receipt: ReceiptSource,
    /// The grant that it is about, if it is about one
    #[arg(long)]
    grant: Option<String>,
    /// A file with your words, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

/// `flare receipt review`
#[derive(Args, Debug)]
pub(crate) struct ReviewArgs {
    /// Which need; needed only when several were declined
    need: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// A file with your words, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

/// `flare receipt freeze`
#[derive(Args, Debug)]
pub(crate) struct FreezeArgs {
    #[command(flatten)]
    receipt: ReceiptSource,
    /// What happened to it; others have seen it, unless you say otherwise
    #[arg(long, value_parser = code(codes::WHY_FROZEN), default_value = "seen-by-others")]
    reason: String,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

pub(super) async fn messages(source: ReceiptSource, context: &Context) -> Result<(), CliError> {
    let holder = source.open(context).await?;
    let thread = retrying(|| holder.thread()).await?;
    context.output.show(&json!(thread), |out| {
        match (thread.messages.is_empty(), thread.unopened) {
            (true, 0) => out.line("Nothing has been written yet."),
            (_, 0) => {}
            (_, unopened) => {
                out.line(format!("Messages from before this receipt, which it does not open: {unopened}."));
            }
        }
        for message in &thread.messages {
            let author = if message.is_own() { "you" } else { "staff" };
            let about =
                if message.about.is_empty() { String::new() } else { format!(" about {}", message.about) };
            let kind = words::message(message.kind);
            out.heading(format!("{author}, {kind}{about}, {}", out.happened_at(message.at)));
            out.line(isolated(message.text.expose()));
            out.line(out.dim(&message.message_id));
        }
    })
}

pub(super) async fn write(args: WriteArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let text = context.read_text(args.text_file.as_ref(), ("--text-file", MESSAGE), "Your message:")?;
    let request_id = context.key.use_it();
    let posted = retrying(|| holder.write(text.expose(), "", &request_id)).await?;
    sent(context, &posted)
}

pub(super) async fn answer(args: AnswerArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let request_id = context.key.text().to_owned();
    let question = match answered_before(&holder, &request_id, context).await? {
        Some(question) => question,
        None => the_one(&status.open_questions, |id| id.as_str(), args.question.as_deref(), "open question")?
            .clone(),
    };
    let text = context.read_text(args.text_file.as_ref(), ("--text-file", MESSAGE), "Your answer:")?;
    let request_id = context.key.use_it();
    let posted = retrying(|| holder.answer(&question, text.expose(), &request_id)).await?;
    sent(context, &posted)
}

/// The question that this very command answered already, though its own answer was lost: it is no longer open.
async fn answered_before(
    holder: &ReceiptHolder,
    request_id: &str,
    context: &Context,
) -> Result<Option<String>, CliError> {
    if !context.key.may_be_a_repetition() {
        return Ok(None);
    }
    let id = message_id(holder.case(), request_id).to_string();
    let messages = retrying(|| holder.messages()).await?;
    Ok(messages.into_iter().find(|message| message.message_id == id).map(|message| message.about))
}

pub(super) async fn change(args: ChangeArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let text = context.read_text(args.text_file.as_ref(), ("--text-file", MESSAGE), "What should change?")?;
    let about = args.grant.unwrap_or_default();
    let request_id = context.key.use_it();
    let posted = retrying(|| holder.ask_change(text.expose(), &about, &request_id)).await?;
    sent(context, &posted)
}

pub(super) async fn review(args: ReviewArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let declined: Vec<_> = status.needs.iter().filter(|need| need.outcome == Outcome::Declined).collect();
    let need = the_one(&declined, |need| need.need_id.as_str(), args.need.as_deref(), "declined need")?;
    let text =
        context.read_text(args.text_file.as_ref(), ("--text-file", MESSAGE), "What should they look at?")?;
    let request_id = context.key.use_it();
    let posted = retrying(|| holder.ask_review(text.expose(), &need.need_id, &request_id)).await?;
    sent(context, &posted)
}

fn sent(context: &Context, posted: &Posted) -> Result<(), CliError> {
    let message = posted.message_id.to_string();
    context.output.show(&json!({ "message_id": message }), |out| {
        out.line(format!("Sent and received. {}", out.dim(&message)));
    })
}

pub(super) async fn withdraw(args: WithdrawArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let name = name_of(&status);
    confirmed(args.yes, &format!("Withdraw {name}? Nothing will be sent to you any more."))?;
    let request_id = context.key.use_it();
    let (standing, _) = retrying(|| holder.withdraw(&args.reason, Context::attempt(&request_id))).await?;
    let document = json!({
        "case_id": holder.case().to_string(),
        "standing": words::standing_code(standing),
    });
    context.output.show(&document, |out| out.line(format!("{name}: {}.", words::standing(standing))))
}

/// The receipt is not asked where its case is: one that is frozen already says so here, and opens nothing else.
pub(super) async fn freeze(args: FreezeArgs, context: &Context) -> Result<(), CliError> {
    confirmed(args.yes, "End what this receipt opens, for good? Staff reach you in the way you gave them.")?;
    let holder = args.receipt.frozen_or_not(context).await?;
    let request_id = context.key.use_it();
    let since = retrying(|| holder.freeze(&args.reason, Context::attempt(&request_id))).await?;
    let document = json!({ "frozen": since.map(|at| at.to_string()) });
    context.output.show(&document, |out| {
        out.line(format!("This receipt opens nothing any more, since {}.", out.happened_at(since)));
        out.line("No money moves until staff have reached you in the way you gave them.");
    })
}
