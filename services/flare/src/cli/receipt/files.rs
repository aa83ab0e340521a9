//! Files of the conversation, sealed and opened on this device.

use std::path::PathBuf;

use clap::Args;
use flare_contracts::intake::v1::{ListFilesRequest, StoredFile};
use flare_edge::{CaseKeys, describe, download, receipt::ReceiptHolder, upload};
use flare_kernel::FileId;
use flare_seal::Compartment;
use serde_json::json;

use super::ReceiptSource;
use crate::cli::{
    CliError, Context, ask,
    output::isolated,
    progress::{self, FileProgress},
    retrying, when,
};

/// Rows asked for at once.
const PAGE: i32 = 200;

/// `flare receipt attach`
#[derive(Args, Debug)]
pub(crate) struct AttachArgs {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    receipt: ReceiptSource,
}

/// `flare receipt download`
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    /// Which file, as `flare receipt files` lists it
    #[arg(value_name = "FILE_ID")]
    file: FileId,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// Where it is written; a file that is there already is left alone
    #[arg(long, value_name = "NEW FILE")]
    to: PathBuf,
}

pub(super) async fn attach(args: AttachArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let keys = retrying(|| holder.thread_keys()).await?;
    let bar = FileProgress::new(context.output, "sealing and sending");
    let told = |done, all| bar.told(done, all);
    let id = context.request_id()?;
    let intake = || context.lines.intake(holder.credential());
    let sent = retrying(|| upload(intake(), &keys, Compartment::Thread, &args.file, &id, &told)).await;
    bar.finish();
    let file = sent?;
    context.output.show(&json!({ "file_id": file.to_string() }), |out| {
        out.line(format!("Sent and received. {}", out.dim(file)));
    })
}

pub(super) async fn list(source: ReceiptSource, context: &Context) -> Result<(), CliError> {
    let holder = source.open(context).await?;
    let keys = retrying(|| holder.thread_keys()).await?;
    let files = all_files(&holder, context).await?;
    let described: Vec<_> = files.iter().map(|file| (file, name_and_size(&keys, file))).collect();
    let document: Vec<_> = described
        .iter()
        .map(|(file, (name, size))| {
            json!({
                "file_id": file.file_id, "name": name, "size": size, "author": file.author,
                "at": when::rfc3339(file.at.as_ref()),
            })
        })
        .collect();
    context.output.show(&json!({ "files": document }), |out| {
        let rows = described.iter().map(|(file, (name, size))| {
            let author = if file.author == "requester" { "you" } else { "staff" }.to_owned();
            let size = size.map(progress::size).unwrap_or_default();
            vec![name.clone(), size, author, out.happened(file.at.as_ref()), file.file_id.clone()]
        });
        out.table(&["name", "size", "from", "when", "id"], rows.collect());
    })
}

/// A file that these keys do not open is listed all the same.
fn name_and_size(keys: &CaseKeys, file: &StoredFile) -> (String, Option<u64>) {
    match describe(keys, file) {
        Ok(description) => (description.name, Some(description.size)),
        Err(_) => ("(does not open here)".to_owned(), None),
    }
}

async fn all_files(holder: &ReceiptHolder, context: &Context) -> Result<Vec<StoredFile>, CliError> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListFilesRequest { case_id: String::new(), page_size: PAGE, page_token };
        let intake = context.lines.intake(holder.credential());
        let page = ask(intake, request, async |mut intake, request| intake.list_files(request).await).await?;
        all.extend(page.files);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

pub(super) async fn download_file(args: DownloadArgs, context: &Context) -> Result<(), CliError> {
    let holder = args.receipt.open(context).await?;
    let keys = retrying(|| holder.thread_keys()).await?;
    let bar = FileProgress::new(context.output, "fetching and opening");
    let told = |done, all| bar.told(done, all);
    let intake = || context.lines.intake(holder.credential());
    // A download that broke leaves nothing behind, so it can begin again.
    let fetched = retrying(|| download(intake(), &keys, args.file, &args.to, &told)).await;
    bar.finish();
    let description = fetched?;
    let document = json!({ "name": description.name, "size": description.size, "written_to": args.to });
    context.output.show(&document, |out| {
        out.line(format!(
            "{} ({}) is in {}.",
            isolated(&description.name),
            progress::size(description.size),
            args.to.display()
        ));
    })
}
