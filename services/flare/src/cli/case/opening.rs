//! Cases that begin outside the form, the receipt that may come later, and answers that an officer adds.

use std::path::{Path, PathBuf};

use clap::Args;
use flare_contracts::{
    fields,
    intake::v1::{
        AddAnswersRequest, Channel, GetRequestRequest, IssueReceiptRequest, OpenRequestRequest,
        OpenRequestResponse, RequesterKind, ReserveCaseRequest,
    },
};
use flare_edge::{
    CaseKeys, EdgeError, Form,
    receipt::{ReceiptHolder, lock, seal_answers},
};
use flare_kernel::{CaseId, codename};
use flare_seal::{Compartment, Receipt, RecipientPublic};
use serde_json::json;

use super::{
    choices::{Worded as _, worded},
    desk::{Desk, call},
    record::CaseRecord,
};
use crate::cli::{
    CliError, Context, Exit, TextSource, receipt,
    request::{read_form, show_once, warn_of},
    retrying,
    secret_file::{self, SecretFile},
    when,
    words::today,
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
    #[arg(long, value_name = "NEW FILE")]
    receipt_file: Option<PathBuf>,
    /// Open it once more with the receipt that is in --receipt-file already, after a connection broke
    #[arg(long, requires = "receipt_file")]
    again: bool,
}

/// `flare case issue-receipt`
#[derive(Args, Debug)]
pub(crate) struct IssueReceiptArgs {
    /// The case
    case: CaseId,
    /// The new file that will hold the receipt; on a terminal it is shown once instead
    #[arg(long, value_name = "NEW FILE")]
    receipt_file: Option<PathBuf>,
    /// Issue once more the receipt that is in --receipt-file already, after a connection broke
    #[arg(long, requires = "receipt_file")]
    again: bool,
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
    warn_of(context.output, form.check(today())?);
    let desk = Desk::open(context).await?;
    let (receipt, kept) = match args.receipt_file.as_deref() {
        Some(path) => {
            let (receipt, kept) = kept_receipt(path, args.again)?;
            (Some(receipt), kept)
        }
        None => (None, None),
    };
    let case = match &receipt {
        Some(receipt) => receipt.case_id()?,
        None => reserve(&desk).await?,
    };
    // Sealed once more it would look like another request, so whoever repeats the command looks first.
    let repeats = args.again || (receipt.is_none() && context.may_be_a_repetition());
    let opened = if repeats { opened_before(&desk, case).await? } else { None };
    let opened = if let Some(opened) = opened {
        opened
    } else {
        let request = compose(&desk, case, args.from, &form, receipt.as_ref())?;
        call!(desk, intake.open_request(request))
            .map_err(|error| SecretFile::forget_if_refused(kept, error, AGAIN))?
    };
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

/// The id of a case that is opened without a receipt: intake draws it, the same for the same command.
async fn reserve(desk: &Desk<'_>) -> Result<CaseId, CliError> {
    let request = ReserveCaseRequest { request_id: desk.request_id()? };
    let reserved = call!(desk, intake.reserve_case(request))?;
    reserved.case_id.parse().map_err(|_| CliError::from(EdgeError::Incomplete("the id of a case")))
}

/// What to do when nobody knows whether a receipt came to open something.
const AGAIN: &str = "it may have been done all the same: the receipt's file is kept; give the same command again with --again";

/// A receipt in its file, before the case that it opens: a case whose receipt was lost could not be followed by its
/// requester.
fn kept_receipt(path: &Path, again: bool) -> Result<(Receipt, Option<SecretFile>), CliError> {
    if again {
        return Ok((receipt::read(path)?, None));
    }
    let receipt = Receipt::draw()?;
    let file = SecretFile::keep(path, receipt.words().expose())?;
    Ok((receipt, Some(file)))
}

/// What an earlier try of the same command opened, if it arrived.
async fn opened_before(desk: &Desk<'_>, case: CaseId) -> Result<Option<OpenRequestResponse>, CliError> {
    match call!(desk, intake.get_request(GetRequestRequest { case_id: case.to_string() })) {
        Ok(found) => Ok(Some(OpenRequestResponse {
            case_id: case.to_string(),
            received: found.received,
            version: found.version,
        })),
        Err(error) if error.exit == Exit::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn compose(
    desk: &Desk<'_>,
    case: CaseId,
    channel: Channel,
    form: &Form,
    receipt: Option<&Receipt>,
) -> Result<OpenRequestRequest, CliError> {
    let (key, request_epoch) = desk.session.draw_epoch(case, Compartment::Request, 1, None)?;
    let recipient = receipt.map(receipt_recipient).transpose()?;
    let (_, thread_epoch) = desk.session.draw_epoch(case, Compartment::Thread, 1, recipient.as_ref())?;
    let mut keys = CaseKeys::new(case);
    keys.insert(Compartment::Request, 1, key);
    Ok(OpenRequestRequest {
        // With a receipt, the receipt tells one case from another.
        request_id: if receipt.is_some() { desk.own_id() } else { desk.request_id()? },
        case_id: case.to_string(),
        channel: channel.into(),
        receipt: receipt.map(lock).transpose()?,
        listing: Some(form.listing()?),
        answers: seal_answers(&keys, form, |_| 1)?,
        keys: vec![request_epoch, thread_epoch],
    })
}

pub(crate) async fn issue_receipt(context: &Context, args: IssueReceiptArgs) -> Result<(), CliError> {
    secret_file::check_destination(args.receipt_file.as_deref(), "--receipt-file", context.output)?;
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    if record.request.has_receipt && !args.again {
        return Err(CliError::state(
            "RECEIPT_EXISTS",
            "the case has a receipt; only a case without one is given one",
        ));
    }
    let (receipt, kept) = match args.receipt_file.as_deref() {
        Some(path) => kept_receipt(path, args.again)?,
        None => (Receipt::draw()?, None),
    };
    let version = if record.request.has_receipt {
        check_opens(context, &receipt, args.case).await?
    } else {
        let request = issue(&desk, &record, &receipt)?;
        let issued = call!(desk, intake.issue_receipt(request)).map_err(|error| {
            if args.receipt_file.is_none() && error.may_have_been_done() {
                show_once(context.output, &receipt);
            }
            SecretFile::forget_if_refused(kept, error, AGAIN)
        })?;
        issued.version
    };
    let document = json!({
        "case_id": args.case.to_string(),
        "version": version,
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

/// What a thread's key is wrapped to.
fn receipt_recipient(receipt: &Receipt) -> Result<RecipientPublic, CliError> {
    Ok(receipt.keys()?.encryption)
}

fn issue(desk: &Desk<'_>, record: &CaseRecord, receipt: &Receipt) -> Result<IssueReceiptRequest, CliError> {
    let epoch = record.keys.newest(Compartment::Thread) + 1;
    let recipient = receipt_recipient(receipt)?;
    let (_, key) = desk.session.draw_epoch(record.id, Compartment::Thread, epoch, Some(&recipient))?;
    Ok(IssueReceiptRequest {
        request_id: desk.own_id(),
        case_id: record.case_id(),
        receipt: Some(lock(receipt)?),
        key: Some(key),
        author: Some(desk.session.vouch_for_receipt(record.id, receipt)?),
    })
}

/// Finds out whether the receipt that a case has is this one; gives the version that its holder sees.
async fn check_opens(context: &Context, receipt: &Receipt, case: CaseId) -> Result<i64, CliError> {
    match retrying(|| ReceiptHolder::find(&context.lines, receipt)).await {
        Ok((_, status)) if status.case_id == case => Ok(status.version),
        Err(error) if error.may_have_been_done() => Err(error),
        Ok(_) | Err(_) => Err(CliError::state(
            "RECEIPT_EXISTS",
            "the case has another receipt than the one in --receipt-file",
        )),
    }
}

pub(crate) async fn add_answers(context: &Context, args: AddAnswersArgs) -> Result<(), CliError> {
    let form = read_form(&args.form, "--form")?;
    let desk = Desk::open(context).await?;
    let mut record = CaseRecord::read(&desk, args.case, None).await?;
    // A key that the requester drew for later answers is theirs alone to seal under.
    warn_of(context.output, form.check_further(today())?);
    let further = form.further_answers()?;
    let key = if further.is_empty() || record.keys.holds(Compartment::Request) {
        None
    } else {
        let epoch = record.keys.newest(Compartment::Request) + 1;
        let (key, wire) = desk.session.draw_epoch(args.case, Compartment::Request, epoch, None)?;
        record.keys.insert(Compartment::Request, epoch, key);
        Some(wire)
    };
    let version_of = |name: &str| {
        record
            .request
            .answers
            .iter()
            .find(|answer| answer.name == name)
            .map_or(1, |answer| answer.version + 1)
    };
    let answers = further
        .into_iter()
        .map(|(name, text)| record.keys.seal(&fields::answer(name), version_of(name), &text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<_> = answers.iter().map(|answer| answer.name.clone()).collect();
    names.extend(form.says_of_danger().then(|| "danger".to_owned()));
    let request = AddAnswersRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        answers,
        key,
        danger: form.listing()?.danger,
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
