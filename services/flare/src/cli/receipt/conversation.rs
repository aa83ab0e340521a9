//! Talking with staff, and taking the request back.

use clap::{Args, ValueEnum};
use flare_edge::receipt::{ReceiptHolder, message_id};
use serde_json::json;

use super::{ReceiptSource, confirmed, name_of, the_one};
use crate::cli::{CliError, Context, TextSource, retrying, words};

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
    #[arg(long, value_enum, default_value_t = WithdrawReason::Unsaid)]
    reason: WithdrawReason,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WithdrawReason {
    HelpedElsewhere,
    TooDangerous,
    NoLongerNeeded,
    Other,
    Unsaid,
}

impl WithdrawReason {
    const fn code(self) -> &'static str {
        match self {
            Self::HelpedElsewhere => "helped_elsewhere",
            Self::TooDangerous => "too_dangerous",
            Self::NoLongerNeeded => "no_longer_needed",
            Self::Other => "other",
            Self::Unsaid => "unsaid",
        }
    }
}

pub(super) async fn messages(source: ReceiptSource, context: &Context) -> Result<(), CliError> {
    let holder = source.open(context).await?;
    let messages = retrying(|| holder.messages()).await?;
    context.output.show(&json!({ "messages": messages }), |out| {
        if messages.is_empty() {
            out.line("Nothing has been written yet.");
        }
        for message in &messages {
            let author = if message.is_own() { "you" } else { "staff" };
            let about =
                if message.about.is_empty() { String::new() } else { format!(" about {}", message.about) };
            let kind = words::message(message.kind);
            out.heading(format!("{author}, {kind}{about}, {}", out.happened_at(message.at)));
            out.line(message.text.expose());
            out.line(out.dim(&message.message_id));
        }
    })
}

pub(super) async fn write(args: WriteArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let text = context.read_text(args.text_file.as_ref(), "--text-file", "Your message:")?;
    let request_id = context.request_id()?;
    let message = retrying(|| holder.write(text.expose(), &request_id)).await?;
    sent(context, &message.to_string())
}

pub(super) async fn answer(args: AnswerArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let request_id = context.own_id()?;
    let question = match answered_before(&holder, &request_id, context).await? {
        Some(question) => question,
        None => the_one(&status.open_questions, |id| id.as_str(), args.question.as_deref(), "open question")?
            .clone(),
    };
    let text = context.read_text(args.text_file.as_ref(), "--text-file", "Your answer:")?;
    let request_id = context.request_id()?;
    let message = retrying(|| holder.answer(&question, text.expose(), &request_id)).await?;
    sent(context, &message.to_string())
}

/// The question that this very command answered already, though its own answer was lost: it is no longer open.
async fn answered_before(
    holder: &ReceiptHolder,
    request_id: &str,
    context: &Context,
) -> Result<Option<String>, CliError> {
    if !context.may_be_a_repetition() {
        return Ok(None);
    }
    let id = message_id(holder.case(), request_id).to_string();
    let messages = retrying(|| holder.messages()).await?;
    Ok(messages.into_iter().find(|message| message.message_id == id).map(|message| message.about))
}

fn sent(context: &Context, message: &str) -> Result<(), CliError> {
    context.output.show(&json!({ "message_id": message }), |out| {
        out.line(format!("Sent and received. {}", out.dim(message)));
    })
}

pub(super) async fn withdraw(args: WithdrawArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let name = name_of(&holder);
    confirmed(args.yes, &format!("Withdraw {name}? Nothing will be sent to you any more."))?;
    let request_id = context.request_id()?;
    let standing = retrying(|| holder.withdraw(args.reason.code(), Context::attempt(&request_id))).await?;
    let document = json!({
        "case_id": holder.case().to_string(),
        "standing": words::standing_code(standing),
    });
    context.output.show(&document, |out| out.line(format!("{name}: {}.", words::standing(standing))))
}
