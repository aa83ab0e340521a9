//! Files of a case: sealed as they go, opened as they come.

use std::path::PathBuf;

use clap::Args;
use flare_edge::desk::{CaseFile, CaseName};
use flare_kernel::FileId;
use serde_json::json;

use super::saying::{agreed, show_plan};
use crate::cli::{
    CliError, Context,
    output::isolated,
    progress::{FileProgress, size},
};

/// `flare case attach`
#[derive(Args, Debug)]
pub(crate) struct AttachArgs {
    /// The case
    case: CaseName,
    /// The file
    file: PathBuf,
    /// Let the requester open it too, with their receipt; without this it is for triage only
    #[arg(long)]
    for_requester: bool,
    /// Send it even though its name holds a word that the contact plan forbids
    #[arg(long, requires = "for_requester")]
    anyway: bool,
}

/// `flare case files`
#[derive(Args, Debug)]
pub(crate) struct FilesArgs {
    /// The case
    case: CaseName,
}

/// `flare case download`
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    /// The case
    case: CaseName,
    /// Which file, as `flare case files` lists it
    #[arg(value_name = "FILE_ID")]
    file: FileId,
    /// Where it is written; a file that is there already is left alone
    #[arg(long, alias = "out", value_name = "NEW FILE")]
    to: PathBuf,
}

pub(crate) async fn attach(context: &Context, args: AttachArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, None).await?;
    if args.for_requester {
        show_plan(context, &record)?;
    }
    let progress = FileProgress::new(context.output, "sending");
    let tell = |done, all| progress.told(done, all);
    let attached = agreed(context, &mut record, args.anyway, async |record, all_the_same| {
        desk.attach(record, (&args.file, args.for_requester), all_the_same, &tell).await
    });
    let attached = attached.await;
    progress.finish();
    let file = attached.map_err(|error| error.named(&[("header", "FILE"), ("chunk", "FILE")]))?;
    let document = json!({
        "case_id": record.id().to_string(),
        "file_id": file.to_string(),
        "for_requester": args.for_requester,
    });
    context.done(&format!("Attached to {} as {file}", record.codename()), &document)
}

pub(crate) async fn files(context: &Context, args: FilesArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let files = desk.files(&record).await?;
    context.output.show(&json!({"files": files}), |output| {
        if files.is_empty() {
            return output.line("No file is attached.");
        }
        let row = |file: &CaseFile| {
            vec![
                isolated(file.shown_name()),
                file.size.map(size).unwrap_or_default(),
                if file.opens_for_requester() { "triage and the requester" } else { "triage" }.to_owned(),
                file.author.clone(),
                output.happened_at(file.at),
                file.file_id.clone(),
            ]
        };
        output.table(&["name", "size", "opens for", "by", "at", "id"], files.iter().map(row).collect());
    })
}

pub(crate) async fn download(context: &Context, args: DownloadArgs) -> Result<(), CliError> {
    if args.to.symlink_metadata().is_ok() {
        return Err(CliError::refused("--to", "must name a new file; this one is there already"));
    }
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let progress = FileProgress::new(context.output, "fetching");
    let tell = |done, all| progress.told(done, all);
    let got = desk.download(&record, (args.file, &args.to), &tell).await;
    progress.finish();
    let description = got?;
    let document = json!({
        "case_id": record.id().to_string(),
        "file_id": args.file.to_string(),
        "name": description.name,
        "size": description.size,
        "written_to": args.to.display().to_string(),
    });
    let said =
        format!("“{}” ({}) is in {}", isolated(&description.name), size(description.size), args.to.display());
    context.done(&said, &document)
}
