//! Cases that begin outside the form, the receipt that may come later, and answers that an officer adds.

use std::path::{Path, PathBuf};

use clap::Args;
use flare_contracts::{intake::v1::Channel, words::Worded as _};
use flare_edge::desk::CaseName;
use flare_seal::Receipt;
use serde_json::json;

use super::choices::worded;
use crate::cli::{
    CliError, Context, TextSource, receipt,
    request::{read_form, show_once, warn_of},
    secret_file::{self, SecretFile},
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
    case: CaseName,
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
    case: CaseName,
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
    let desk = context.desk().await?;
    let (receipt, kept) = match args.receipt_file.as_deref() {
        Some(path) => {
            let (receipt, kept) = kept_receipt(path, args.again)?;
            (Some(receipt), kept)
        }
        None => (None, None),
    };
    let repeats = args.again || (receipt.is_none() && context.key.may_be_a_repetition());
    let opened = desk.open_case((args.from, &form), receipt.as_ref(), repeats).await;
    let opened = opened.map_err(|error| SecretFile::forget_if_refused(kept, error.into(), AGAIN))?;
    let case = opened.case_id.parse().map_err(|_| CliError::unexpected("the id of a case makes no sense"))?;
    let codename = desk.name_once_known(case).await;
    let receipt_file = args.receipt_file.as_ref().map(|path| path.display().to_string());
    context.output.json(&json!({
        "case_id": opened.case_id,
        "codename": codename,
        "channel": opened.channel.word(),
        "received": opened.received.map(|at| at.to_string()),
        "version": opened.version,
        "receipt_file": receipt_file,
    }))?;
    context.output.record(&[
        ("case", codename.clone().unwrap_or_default()),
        ("id", opened.case_id.clone()),
        ("received", context.output.happened_at(opened.received)),
        ("receipt", receipt_file.unwrap_or_default()),
    ]);
    context
        .output
        .line(format!("Take it with: flare case acknowledge {}", codename.unwrap_or(opened.case_id)));
    Ok(())
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

pub(crate) async fn issue_receipt(context: &Context, args: IssueReceiptArgs) -> Result<(), CliError> {
    secret_file::check_destination(args.receipt_file.as_deref(), "--receipt-file", context.output)?;
    let desk = context.desk().await?;
    let case = desk.find_case(&args.case).await?;
    let record = desk.case(case, None).await?;
    record.check_issuable(args.again)?;
    let (receipt, kept) = match args.receipt_file.as_deref() {
        Some(path) => kept_receipt(path, args.again)?,
        None => (Receipt::draw()?, None),
    };
    let issued = desk.issue_receipt(&record, &receipt, args.again).await;
    let version = issued.map_err(|error| {
        let error = CliError::from(error);
        if args.receipt_file.is_none() && error.may_have_been_done() {
            show_once(context.output, &receipt);
        }
        SecretFile::forget_if_refused(kept, error, AGAIN)
    })?;
    let document = json!({
        "case_id": case.to_string(),
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

pub(crate) async fn add_answers(context: &Context, args: AddAnswersArgs) -> Result<(), CliError> {
    let form = read_form(&args.form, "--form")?;
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    warn_of(context.output, form.check_further(today())?);
    let added = desk.add_answers(&mut record, &form).await;
    let added = added.map_err(|error| CliError::from(error).named(&[("answers", "--form")]))?;
    context.done(&format!("Added to {}: {}", record.codename(), added.answers.join(", ")), &added)
}
