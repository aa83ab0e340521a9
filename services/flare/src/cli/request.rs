//! `flare request`: asking for help, without an account.

mod questions;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use flare_edge::{
    Doubt, Form,
    receipt::{ReceiptHolder, Request, Status},
    retrying,
};
use flare_seal::{Receipt, RequestSeed};
use serde_json::json;

use super::{
    CliError, Context, Exit, Output, TextSource,
    first_contact::{self, FirstContact},
    receipt,
    secret_file::SecretFile,
    words::today,
};

/// What a requester sends.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Send a request; the receipt that you get is the only way back to it
    #[command(after_help = "Examples:
  flare request submit              you are asked; two answers are enough
  flare request submit --form request.json --receipt-file receipt \\
    --organisation '01234 56789 01234 56789 01234 56789'

Before anything is sent you are shown who will read it: compare the numbers with those that the organisation publishes.

A form is a JSON object; \"contact\" (a safe way to reach you) and \"happened\" (what happened) are enough:
  {\"contact\": \"Signal, +1-202-555-0142, after 18:00\",
   \"happened\": \"…\", \"never\": \"Do not phone.\"}
With \"danger\": \"yes\" (or \"no\", \"not sure\"), say whether somebody could be killed, injured,
arrested or taken within a day: a request with yes is read before the others.

Nobody can give you another receipt: write it down, or keep its file where nobody else can read it.")]
    Submit(SubmitArgs),
    /// Add or replace answers of a request that was sent
    #[command(after_help = "Example:
  flare request add --form more.json --receipt-file receipt

Only what stands in the form is added or replaced; what was sent before stays as it was.")]
    Add(AddArgs),
}

/// `flare request submit`
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// A file with the answers (JSON), or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    form: Option<TextSource>,
    /// Where the receipt is written; without it, it is shown once on the terminal
    #[arg(long, value_name = "NEW FILE")]
    receipt_file: Option<PathBuf>,
    /// Send once more with the receipt that is in --receipt-file already, after a connection broke
    #[arg(long, requires = "receipt_file", requires = "form")]
    again: bool,
    #[command(flatten)]
    contact: FirstContact,
}

/// `flare request add`
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// A file with the answers (JSON), or - for standard input
    #[arg(long, value_name = "FILE|-")]
    form: TextSource,
    #[command(flatten)]
    receipt: receipt::ReceiptSource,
    #[command(flatten)]
    contact: FirstContact,
}

/// Does it.
pub(crate) async fn run(command: RequestCommand, context: &Context) -> Result<(), CliError> {
    match command {
        RequestCommand::Submit(args) => submit(args, context).await,
        RequestCommand::Add(args) => add(args, context).await,
    }
}

/// A receipt, and where it is to be kept.
enum Kept {
    /// In this new file, from before anything is sent.
    New(SecretFile),
    /// It was there already.
    Already,
    /// In its holder's hands.
    Shown,
}

async fn submit(args: SubmitArgs, context: &Context) -> Result<(), CliError> {
    let output = context.output;
    if args.receipt_file.is_none() && !output.is_terminal() {
        return Err(CliError::usage(
            "--receipt-file is needed: a receipt is shown on a terminal only, and here is none",
        ));
    }
    let form = match &args.form {
        Some(source) => {
            let form = read_form(source, "--form")?;
            warn_of(output, form.check(today())?);
            form
        }
        // Whoever was asked one by one is told what is odd there, and has nothing to give again.
        None => questions::ask()?,
    };
    form.answers()?;
    let trusted = context.trusted(&args.contact).await?;
    let bundle = &trusted.bundle;
    output.line("This goes to, and opens for nobody but:");
    first_contact::show(context, bundle);
    let (receipt, kept) = match args.receipt_file.as_deref() {
        Some(path) if args.again => (receipt::read(path)?, Kept::Already),
        Some(path) => {
            let receipt = Receipt::draw()?;
            let file = SecretFile::keep(path, receipt.words().expose())?;
            (receipt, Kept::New(file))
        }
        None => (Receipt::draw()?, Kept::Shown),
    };
    let request = Request::compose(bundle, &form, (&receipt, &RequestSeed::generate()?), context.key.text())?;
    let case = request.case();
    let arrived = if args.again { arrived(&receipt, context).await? } else { None };
    if let Some(Status { codename: name, .. }) = arrived {
        return output.show(&json!({ "case_id": case.to_string(), "codename": name }), |out| {
            let named = if name.is_empty() { String::new() } else { format!(", as {name}") };
            out.line(format!("It had arrived already{named}. Nothing was sent again."));
        });
    }
    let sent = retrying(|| request.submit(&context.lines)).await.map_err(CliError::from);
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) if error.may_have_been_done() => {
            // It may have arrived all the same: whoever sent it keeps the way back.
            if matches!(kept, Kept::Shown) {
                show_once(output, &receipt);
            }
            return Err(error.hint(again_hint(args.receipt_file.as_deref())));
        }
        Err(error) => {
            if let Kept::New(file) = kept {
                file.forget();
            }
            return Err(error);
        }
    };
    let document = json!({
        "case_id": answer.case_id, "version": answer.version,
        "received": answer.received, "receipt_file": args.receipt_file,
        "organisation": trusted.json(),
    });
    output.show(&document, |out| {
        out.line(out.bold("Your request is received."));
        if let Some(path) = args.receipt_file.as_deref() {
            let path = path.display();
            out.line(format!("Your receipt is in {path}. It is the only way back to your request."));
            out.line(format!("Next: flare receipt status --receipt-file {path}"));
        } else {
            show_once(*out, &receipt);
            out.line("Next: flare receipt status");
        }
    })
}

/// What a receipt opens already, if it does: sent once more, a request would be sealed under other keys and look like
/// another one.
async fn arrived(receipt: &Receipt, context: &Context) -> Result<Option<Status>, CliError> {
    let holder = ReceiptHolder::open(&context.lines, receipt)?;
    match retrying(|| holder.status()).await.map_err(CliError::from) {
        Ok(status) => Ok(Some(status)),
        Err(error) if matches!(error.exit, Exit::NotAllowed | Exit::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn again_hint(path: Option<&Path>) -> String {
    let Some(path) = path else {
        return "it may have arrived all the same: look with: flare receipt status".to_owned();
    };
    let path = path.display();
    format!(
        "it may have arrived all the same: look with: flare receipt status --receipt-file {path}; \
         or send it once more with the same receipt: --receipt-file {path} --again"
    )
}

/// Reads a form from a file or standard input.
pub(crate) fn read_form(source: &TextSource, option: &str) -> Result<Form, CliError> {
    let bytes = source.bytes(option)?;
    Form::parse(bytes.expose()).map_err(|refusal| CliError::from(refusal).named(&[("form", option)]))
}

/// Says what is odd about a form that can be sent.
pub(crate) fn warn_of(output: Output, doubts: Vec<Doubt>) {
    for Doubt { field, rule } in doubts {
        output.warn(format!("{field} {rule}"));
    }
}

/// Shows a receipt, in both its forms, this one time.
pub(crate) fn show_once(output: Output, receipt: &Receipt) {
    output.heading("Your receipt. It is shown only now; write down one of the two forms:");
    output.line(format!("  {}", receipt.words().expose()));
    output.line(format!("  {}", receipt.digits().expose()));
    output.line("Whoever has it can read and write in your name. Nobody can give you another one.");
    output.line("Check what you wrote with: flare receipt check");
}

async fn add(args: AddArgs, context: &Context) -> Result<(), CliError> {
    let form = read_form(&args.form, "--form")?;
    warn_of(context.output, form.check_further(today())?);
    let mut names: Vec<_> = form.further_answers()?.into_iter().map(|(name, _)| name).collect();
    names.extend(form.says_of_danger().then_some("danger"));
    let holder = args.receipt.open(context).await?;
    let bundle = context.trusted(&args.contact).await?.bundle;
    let status = retrying(|| holder.status()).await?;
    // Sealed once: another try would draw another key.
    let request = holder.compose_answers(&bundle, &form, &status, &context.key.use_it())?;
    retrying(|| holder.add_answers(&request)).await?;
    context.output.show(&json!({ "case_id": holder.case().to_string(), "answers": names }), |out| {
        out.line(format!("Sent and received: {}.", names.join(", ").replace("request.", "")));
    })
}
