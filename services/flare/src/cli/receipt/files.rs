//! Files of the conversation, sealed and opened on this device.

use std::path::PathBuf;

use clap::Args;
use flare_edge::{download, upload};
use flare_kernel::FileId;
use flare_seal::Compartment;
use serde_json::json;

use super::ReceiptSource;
use crate::cli::{
    CliError, Context,
    output::isolated,
    progress::{self, FileProgress},
    retrying,
};

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
    let files = retrying(|| holder.files()).await?;
    context.output.show(&json!({ "files": files }), |out| {
        let rows = files.iter().map(|file| {
            let author = if file.is_own() { "you" } else { "staff" }.to_owned();
            let size = file.size.map(progress::size).unwrap_or_default();
            let name = file.shown_name().to_owned();
            vec![name, size, author, out.happened_at(file.at), file.file_id.clone()]
        });
        out.table(&["name", "size", "from", "when", "id"], rows.collect());
    })
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
