//! Files of the conversation, sealed and opened on this device.

use std::path::PathBuf;

use clap::Args;
use flare_edge::retrying;
use flare_kernel::FileId;
use serde_json::json;

use super::ReceiptSource;
use crate::cli::{
    CliError, Context,
    output::isolated,
    progress::{self, FileProgress},
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
    let bar = FileProgress::new(context.output, "sealing and sending");
    let told = |done, all| bar.told(done, all);
    let sent = holder.attach(&args.file, &context.key.use_it(), &told).await;
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
    let bar = FileProgress::new(context.output, "fetching and opening");
    let told = |done, all| bar.told(done, all);
    let fetched = holder.download(args.file, &args.to, &told).await;
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
