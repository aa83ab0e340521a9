//! Cases that begin outside the form, the receipt that may come later, and answers that an officer adds.

use std::path::PathBuf;

use clap::Args;
use flare_contracts::intake::v1::{
    AddAnswersRequest, Channel, IssueReceiptRequest, OpenRequestRequest, RequesterKind,
};
use flare_edge::{CaseKeys, Form, fresh_epoch, lock, next_epoch, seal_answers};
use flare_kernel::{CaseId, codename};
use flare_seal::{Compartment, Receipt};
use serde_json::json;

use super::{
    choices::{Worded as _, worded},
    desk::{Desk, call},
    record::CaseRecord,
};
use crate::cli::{
    CliError, Context, Exit, TextSource,
    request::read_form,
    secret_file::{self, SecretFile},
    when,
};

/// `flare case open`
#[derive(Args, Debug)]
pub(crate) struct OpenArgs {
    /// How they asked
    #[arg(long, value_parser = worded::<Channel>())]
    from: Channel,
    /// What they told: the request form as JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    form: TextSource,
    /// Issue a receipt at once and keep it in this new file, to be handed over
    #[arg(long, value_name = "FILE")]
    receipt_file: Option<PathBuf>,
}

/// `flare case issue-receipt`
#[derive(Args, Debug)]
pub(crate) struct IssueReceiptArgs {
    /// The case
    case: CaseId,
    /// The new file that will hold the receipt; on a terminal it is shown once instead
    #[arg(long, value_name = "FILE")]
    receipt_file: Option<PathBuf>,
}

/// `flare case add-answers`
#[derive(Args, Debug)]
pub(crate) struct AddAnswersArgs {
    /// The case
    case: CaseId,
    /// The answers to add or replace: the request form as JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    form: TextSource,
}

pub(crate) async fn open(context: &Context, args: OpenArgs) -> Result<(), CliError> {
    if args.from == Channel::Form {
        return Err(CliError::refused(
            "--from",
            "must be signal, phone, mail, peer or visit; a form is sent with: flare request submit",
        ));
    }
    let form = read_form(&args.form, "--form")?;
    let desk = Desk::open(context).await?;
    // The receipt is kept before the case exists: a case whose receipt was lost could not be followed by its requester.
    let mut kept = args.receipt_file.as_deref().map(SecretFile::create).transpose()?;
    let receipt = kept.as_mut().map(draw_into).transpose()?;
    let case = receipt.as_ref().map_or_else(|| desk.drawn("open"), Receipt::case_id);
    let request = compose(&desk, case, args.from, &form, receipt.as_ref())?;
    let opened = or_forget(call!(desk, intake.open_request(request)), kept)?;
    let document = json!({
        "case_id": opened.case_id,
        "codename": codename(case),
        "channel": args.from.word(),
        "received": when::rfc3339(opened.received.as_ref()),
        "version": opened.version,
        "receipt_file": args.receipt_file.as_ref().map(|path| path.display().to_string()),
    });
    context.output.show(&document, |output| {
        output.record(&[
            ("case", codename(case)),
            ("id", opened.case_id.clone()),
            ("received", output.happened(opened.received.as_ref())),
            (
                "receipt",
                args.receipt_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            ),
        ]);
        output.line(format!("Take it with: flare case acknowledge {case}"));
    })
}

fn compose(
    desk: &Desk<'_>,
    case: CaseId,
    channel: Channel,
    form: &Form,
    receipt: Option<&Receipt>,
) -> Result<OpenRequestRequest, CliError> {
    let bundle = desk.session.bundle();
    let (key, request_epoch) = fresh_epoch(bundle, case, Compartment::Request, None)?;
    let recipient = receipt.map(Receipt::recipient);
    let (_, thread_epoch) = fresh_epoch(bundle, case, Compartment::Thread, recipient.as_ref())?;
    let mut keys = CaseKeys::new(case);
    keys.insert(Compartment::Request, 1, key);
    Ok(OpenRequestRequest {
        request_id: desk.request_id(),
        case_id: case.to_string(),
        channel: channel.into(),
        receipt: receipt.map(lock),
        listing: Some(form.listing()?),
        answers: seal_answers(&keys, form, |_| 1)?,
        keys: vec![request_epoch, thread_epoch],
    })
}

fn draw_into(file: &mut SecretFile) -> Result<Receipt, CliError> {
    let receipt = Receipt::draw()?;
    file.keep(receipt.words().expose())?;
    Ok(receipt)
}

/// Lets a receipt go that opens nothing, because what it was for was refused. When nobody knows whether it was done, the
/// receipt stays.
fn or_forget<T>(answer: Result<T, CliError>, kept: Option<SecretFile>) -> Result<T, CliError> {
    answer.map_err(|error| {
        let Some(file) = kept else { return error };
        if error.exit == Exit::Unavailable {
            return error
                .hint("it may have been done all the same: keep the receipt's file until you have looked");
        }
        file.forget();
        error
    })
}

pub(crate) async fn issue_receipt(context: &Context, args: IssueReceiptArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    if record.request.has_receipt {
        return Err(CliError::state(
            "RECEIPT_EXISTS",
            "the case has a receipt; only a case without one is given one",
        ));
    }
    let mut kept = secret_file::destination(args.receipt_file.as_deref(), "--receipt-file", context.output)?;
    let receipt = kept.as_mut().map_or_else(|| Receipt::draw().map_err(CliError::from), draw_into)?;
    let epoch = record.keys.newest(Compartment::Thread) + 1;
    let recipient = receipt.recipient();
    let bundle = desk.session.bundle();
    let (_, key) = next_epoch(bundle, args.case, Compartment::Thread, epoch, Some(&recipient))?;
    let request = IssueReceiptRequest {
        request_id: desk.request_id(),
        case_id: args.case.to_string(),
        receipt: Some(lock(&receipt)),
        key: Some(key),
    };
    let issued = or_forget(call!(desk, intake.issue_receipt(request)), kept)?;
    let document = json!({
        "case_id": args.case.to_string(),
        "version": issued.version,
        "receipt_file": args.receipt_file.as_ref().map(|path| path.display().to_string()),
    });
    context.output.show(&document, |output| {
        let Some(path) = &args.receipt_file else {
            output.line("This receipt is shown once. Hand it over on a safe way: as words, or as digits.\n");
            output.line(receipt.words().expose());
            return output.line(receipt.digits().expose());
        };
        output.line(format!("The receipt is in {}. Hand it over, then delete the file.", path.display()));
    })
}

pub(crate) async fn add_answers(context: &Context, args: AddAnswersArgs) -> Result<(), CliError> {
    let form = read_form(&args.form, "--form")?;
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    let version_of = |name: &str| {
        record
            .request
            .answers
            .iter()
            .find(|answer| answer.name == name)
            .map_or(1, |answer| answer.version + 1)
    };
    let answers = form
        .further_answers()?
        .into_iter()
        .map(|(name, text)| record.keys.seal(Compartment::Request, name, version_of(name), &text))
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = answers.iter().map(|answer| answer.name.clone()).collect();
    let request = AddAnswersRequest {
        request_id: desk.request_id(),
        case_id: args.case.to_string(),
        answers,
        key: None,
    };
    let added =
        call!(desk, intake.add_answers(request)).map_err(|error| error.named(&[("answers", "--form")]))?;
    let document = json!({"case_id": args.case.to_string(), "version": added.version, "answers": names});
    desk.done(&format!("Added to {}: {}", record.codename(), names.join(", ")), &document)
}

/// Whom a request is about, in a word.
pub(crate) fn requester(kind: RequesterKind, on_behalf: bool) -> String {
    let asked = if on_behalf { " (somebody asks for them)" } else { "" };
    format!("{}{asked}", kind.word())
}
