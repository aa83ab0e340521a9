//! Saying something to a requester: the contact plan stands above it, always, and what it forbids is not said unawares.

use clap::Args;
use flare_contracts::{
    fields,
    intake::v1::{MessageKind, PostMessageRequest},
    text_limits,
};
use flare_edge::ContactPlan;
use flare_kernel::{CaseId, MessageId};
use serde_json::{Value, json};

use super::{
    choices::Worded as _,
    crossing::{post_seen, show_unanswered},
    desk::Desk,
    plan_box::plan_box,
    record::{CaseRecord, not_acknowledged},
};
use crate::cli::{CliError, Context, TextSource, output::isolated, prompt, when};

/// What is said, and whether a forbidden word may stand in it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Saying {
    /// A file with what the requester will read, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<TextSource>,
    /// Send it even though it holds a word that the contact plan forbids
    #[arg(long)]
    pub(crate) anyway: bool,
}

/// `flare case reply`
#[derive(Args, Debug)]
pub(crate) struct ReplyArgs {
    /// The case
    case: CaseId,
    #[command(flatten)]
    saying: Saying,
    /// The need, grant or question it is about
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    about: String,
    #[command(flatten)]
    read: Read,
}

/// `flare case ask`
#[derive(Args, Debug)]
pub(crate) struct AskArgs {
    /// The case
    case: CaseId,
    #[command(flatten)]
    saying: Saying,
    #[command(flatten)]
    read: Read,
}

/// How far the writer has read.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Read {
    /// The newest place in the thread that you have read, as `case show` gives it; without it, the newest as this begins
    #[arg(long = "seen", value_name = "PLACE")]
    upto: Option<i64>,
}

/// What was said.
pub(crate) struct Said {
    pub(crate) message: MessageId,
    pub(crate) json: Value,
}

pub(crate) async fn reply(context: &Context, args: ReplyArgs) -> Result<(), CliError> {
    speak(context, args.case, (&args.saying, args.read), MessageKind::Text, &args.about).await
}

pub(crate) async fn ask(context: &Context, args: AskArgs) -> Result<(), CliError> {
    speak(context, args.case, (&args.saying, args.read), MessageKind::Question, "").await
}

async fn speak(
    context: &Context,
    case: CaseId,
    (saying, read): (&Saying, Read),
    kind: MessageKind,
    about: &str,
) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut record = CaseRecord::read(&desk, case, None).await?;
    let plan = show_plan(context, &record)?;
    if saying.text_file.is_none() && !context.output.is_json() {
        record.request.newest_message = show_unanswered(&desk, &record).await?;
    }
    if let Some(read) = read.upto {
        record.request.newest_message = read;
    }
    let text = words(context, saying, &plan, None)?;
    let said = post(&desk, &mut record, &plan, (kind, about), &text).await?;
    desk.done(&format!("The requester can read it now: {} {}", kind.word(), said.message), &said.json)
}

/// Shows the contact plan that binds what is about to be said; without one nothing is said at all.
pub(crate) fn show_plan(context: &Context, record: &CaseRecord) -> Result<ContactPlan, CliError> {
    let plan = record.contact_plan()?.ok_or_else(|| not_acknowledged(record.id))?;
    let output = &context.output;
    output.line(plan_box(&record.codename(), Some(&plan), |text| output.red(text)));
    Ok(plan)
}

/// The words that will be said: given, or `composed` by the command when none were given and it composes some, or asked
/// for. What the plan forbids stops them, unless whoever writes says to go on.
pub(crate) fn words(
    context: &Context,
    saying: &Saying,
    plan: &ContactPlan,
    composed: Option<String>,
) -> Result<String, CliError> {
    let text = match (&saying.text_file, composed) {
        (None, Some(composed)) => composed,
        (source, _) => context
            .read_text(
                source.as_ref(),
                ("--text-file", text_limits::MESSAGE),
                "What shall the requester read?",
            )?
            .expose()
            .clone(),
    };
    check_said(context, ("--text-file", &text), plan, saying.anyway)?;
    Ok(text)
}

/// Checks what is about to be said, which an option or argument gave, against the plan. Where it forbids something, whoever
/// writes is asked, if anybody can be.
pub(crate) fn check_said(
    context: &Context,
    (option, text): (&str, &str),
    plan: &ContactPlan,
    anyway: bool,
) -> Result<(), CliError> {
    let ask = |found: &[String]| {
        context.output.warn(format!("the contact plan forbids: {}", quoted(found)));
        prompt::confirm("Send it all the same?", "--anyway")
    };
    check_words((option, text), plan, anyway, prompt::is_possible().then_some(&ask))
}

/// Asks whoever writes whether these forbidden phrases shall be said all the same.
type Ask<'a> = dyn Fn(&[String]) -> Result<bool, CliError> + 'a;

fn check_words(
    (option, text): (&str, &str),
    plan: &ContactPlan,
    anyway: bool,
    ask: Option<&Ask<'_>>,
) -> Result<(), CliError> {
    let found = plan.forbidden_in(text).phrases;
    if found.is_empty() || anyway {
        return Ok(());
    }
    if let Some(ask) = ask
        && ask(&found)?
    {
        return Ok(());
    }
    let rule = format!("must not say {}: the contact plan forbids it", quoted(&found));
    let mut error = CliError::refused(option, rule)
        .hint("nothing was sent; say it differently, or give --anyway if it must be said");
    "FORBIDDEN_WORDS".clone_into(&mut error.reason);
    Err(error)
}

fn quoted(phrases: &[String]) -> String {
    phrases.iter().map(|phrase| format!("“{}”", isolated(phrase))).collect::<Vec<_>>().join(", ")
}

/// The message that this command writes.
pub(crate) fn message_of(
    desk: &Desk<'_>,
    record: &CaseRecord,
    (kind, about): (MessageKind, &str),
) -> MessageId {
    desk.drawn(&format!("{}/{}/{about}", record.id, kind.word()))
}

/// Writes to the requester's thread. What is said is a kind of message and what it is about.
pub(crate) async fn post(
    desk: &Desk<'_>,
    record: &mut CaseRecord,
    plan: &ContactPlan,
    (kind, about): (MessageKind, &str),
    text: &str,
) -> Result<Said, CliError> {
    record.begin_thread_to_write(desk).await?;
    let message = message_of(desk, record, (kind, about));
    let request = PostMessageRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        message_id: message.to_string(),
        kind: kind.into(),
        text: Some(record.keys.seal(&fields::message(message), 1, text)?),
        about: about.to_owned(),
        contact_plan_kept: true,
        seen: record.request.newest_message,
    };
    let answer = post_seen(desk, record, request)
        .await
        .map_err(|error| error.named(&[("text", "--text-file"), ("about", "--about")]))?;
    let json = json!({
        "case_id": record.case_id(),
        "codename": record.codename(),
        "message_id": message.to_string(),
        "kind": kind.word(),
        "about": about,
        "at": when::rfc3339(answer.at.as_ref()),
        "contact_plan": plan,
    });
    Ok(Said { message, json })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::cli::exit::Exit;

    fn plan() -> ContactPlan {
        ContactPlan {
            how: "Signal".to_owned(),
            never_say: vec!["El Fasher".to_owned()],
            ..ContactPlan::default()
        }
    }

    #[test]
    fn a_forbidden_word_stops_a_text_when_nobody_can_be_asked() {
        let error = check_words(("--text-file", "we are in el fasher"), &plan(), false, None).unwrap_err();
        assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "FORBIDDEN_WORDS"));
        assert!(error.for_people().contains("--text-file must not say “El Fasher”"));
        assert!(check_words(("--text-file", "we are in el fasher"), &plan(), true, None).is_ok());
        assert!(check_words(("--text-file", "we are on the way"), &plan(), false, None).is_ok());
    }

    #[test]
    fn whoever_is_asked_is_told_the_word_and_decides() {
        let told = RefCell::new(Vec::new());
        for (answer, sent) in [(true, true), (false, false)] {
            let ask = |found: &[String]| {
                told.borrow_mut().extend_from_slice(found);
                Ok(answer)
            };
            assert_eq!(check_words(("FILE", "El-Fasher.pdf"), &plan(), false, Some(&ask)).is_ok(), sent);
        }
        assert_eq!(told.into_inner(), ["El Fasher", "El Fasher"]);
    }
}
