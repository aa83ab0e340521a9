//! Saying something to a requester: the contact plan stands above it, always, and what it forbids is not said unawares.

use std::collections::BTreeSet;

use clap::Args;
use flare_contracts::{intake::v1::MessageKind, text_limits, words::Worded as _};
use flare_edge::{
    EdgeError,
    desk::{AllTheSame, CaseName, CaseRecord, Crossed, Words},
};

use super::plan_box::plan_box;
use crate::cli::{
    CliError, Context, Output, TextSource,
    exit::quoted,
    output::{indented, isolated},
    prompt,
};

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
    case: CaseName,
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
    case: CaseName,
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

pub(crate) async fn reply(context: &Context, args: ReplyArgs) -> Result<(), CliError> {
    speak(context, &args.case, (&args.saying, args.read), MessageKind::Text, &args.about).await
}

pub(crate) async fn ask(context: &Context, args: AskArgs) -> Result<(), CliError> {
    speak(context, &args.case, (&args.saying, args.read), MessageKind::Question, "").await
}

async fn speak(
    context: &Context,
    case: &CaseName,
    (saying, read): (&Saying, Read),
    kind: MessageKind,
    about: &str,
) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(case).await?, None).await?;
    show_plan(context, &record)?;
    if saying.text_file.is_none() && !context.output.is_json() {
        let unanswered = desk.unanswered(&record).await?;
        show_messages(&context.output, "They wrote, and nobody has answered", &unanswered);
        record.read_up_to(unanswered.newest);
    }
    if let Some(read) = read.upto {
        record.read_up_to(read);
    }
    let text = words(context, saying, None)?;
    let said = agreed(context, &mut record, saying.anyway, async |record, all_the_same| {
        desk.say(record, Words { kind, about, text: &text }, all_the_same).await
    });
    let said = said.await.map_err(|error| error.named(&[("text", "--text-file"), ("about", "--about")]))?;
    context.done(&format!("The requester can read it now: {} {}", kind.word(), said.message_id), &said)
}

/// Shows the contact plan that binds what is about to be said; without one nothing is said at all.
pub(crate) fn show_plan(context: &Context, record: &CaseRecord) -> Result<(), CliError> {
    let plan = record.plan_in_force()?;
    let output = &context.output;
    output.line(plan_box(record.codename(), Some(&plan), |text| output.red(text)));
    Ok(())
}

/// The words that will be said: given, or `composed` by the command when none were given and it composes some, or asked
/// for.
pub(crate) fn words(
    context: &Context,
    saying: &Saying,
    composed: Option<String>,
) -> Result<String, CliError> {
    match (&saying.text_file, composed) {
        (None, Some(composed)) => Ok(composed),
        (source, _) => {
            let option = ("--text-file", text_limits::MESSAGE);
            let text = context.read_text(source.as_ref(), option, "What shall the requester read?")?;
            Ok(text.expose().clone())
        }
    }
}

/// Does an act that says something to the requester. Where the contact plan forbids what it says, and where the requester
/// wrote or a colleague changed the plan meanwhile, whoever acts is shown that and asked, if anybody can be; then it is done
/// all the same, or not at all.
pub(crate) async fn agreed<T>(
    context: &Context,
    record: &mut CaseRecord,
    anyway: bool,
    act: impl AsyncFn(&mut CaseRecord, &AllTheSame) -> Result<T, EdgeError>,
) -> Result<T, CliError> {
    let mut named = BTreeSet::new();
    loop {
        let all_the_same = if anyway { AllTheSame::Everything } else { AllTheSame::Phrases(named.clone()) };
        let error = match act(record, &all_the_same).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let agrees = if let EdgeError::ForbiddenWords { phrases, .. } = &error
            && context.can_ask()
        {
            context.output.warn(format!("the contact plan forbids: {}", quoted(phrases)));
            named.extend(phrases.iter().cloned());
            prompt::confirm("Send it all the same?", "--anyway")?
        } else if let EdgeError::PlanChanged(plan) = &error {
            let output = &context.output;
            output.line("The contact plan has changed meanwhile:");
            output.line(plan_box(record.codename(), Some(plan), |text| output.red(text)));
            context.can_ask() && prompt::confirm("Send it under this plan?", "a second try")?
        } else if let EdgeError::Crossed(crossed) = &error {
            show_messages(&context.output, "They wrote while you did", crossed);
            record.read_up_to(crossed.newest);
            context.can_ask() && prompt::confirm("Send yours all the same?", "--seen")?
        } else {
            false
        };
        if !agrees {
            return Err(not_said(context, record, error));
        }
    }
}

/// The refusal of what nobody agreed to say.
fn not_said(context: &Context, record: &CaseRecord, error: EdgeError) -> CliError {
    let EdgeError::Crossed(crossed) = &error else {
        return CliError::from(error).named(&[("text", "--text-file")]);
    };
    let (case, seen) = (record.codename(), crossed.newest);
    let hint = if context.can_ask() {
        "nothing was sent".to_owned()
    } else {
        format!(
            "nothing was sent; read the thread with `flare case show {case}`, then repeat with --seen {seen}"
        )
    };
    CliError::from(error).hint(hint)
}

fn show_messages(output: &Output, heading: &str, crossed: &Crossed) {
    if crossed.messages.is_empty() {
        return;
    }
    output.heading(heading);
    for (at, text) in &crossed.messages {
        output.line(format!("{}\n{}", output.dim(output.happened_at(*at)), indented(&isolated(text))));
    }
    output.line("");
}
