//! Files of a case: sealed as they go, opened as they come.

use std::path::PathBuf;

use clap::Args;
use flare_contracts::{
    common::v1::Compartment,
    intake::v1::{ListFilesRequest, StoredFile},
};
use flare_edge::{describe, download as fetch, upload};
use flare_kernel::{CaseId, FileId};
use flare_seal as seal;
use serde_json::{Value, json};

use super::{
    choices::Worded as _,
    desk::{Desk, PAGE, People, call},
    record::{CLOSED, CaseRecord},
    saying::check_said,
};
use crate::cli::{
    CliError, Context,
    output::isolated,
    progress::{FileProgress, size},
    retrying, when,
};

/// `flare case attach`
#[derive(Args, Debug)]
pub(crate) struct AttachArgs {
    /// The case
    case: CaseId,
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
    case: CaseId,
}

/// `flare case download`
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    /// The case
    case: CaseId,
    /// Which file, as `flare case files` lists it
    #[arg(value_name = "FILE_ID")]
    file: FileId,
    /// Where it is written; a file that is there already is left alone
    #[arg(long, alias = "out", value_name = "NEW FILE")]
    to: PathBuf,
}

pub(crate) async fn attach(context: &Context, args: AttachArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut record = CaseRecord::read(&desk, args.case, None).await?;
    let compartment = if args.for_requester {
        // The requester sees the name wherever the file is saved.
        if let Some(plan) = record.contact_plan()? {
            let name = args.file.file_name().unwrap_or_default().to_string_lossy();
            check_said(context, ("FILE", &name), &plan, args.anyway)?;
        }
        record.begin_thread_to_write(&desk).await?;
        seal::Compartment::Thread
    } else {
        record.begin_request_to_write(&desk).await?;
        seal::Compartment::Request
    };
    let progress = FileProgress::new(context.output, "sending");
    let tell = |done, all| progress.told(done, all);
    let (intake, id) = (desk.intake().await?, desk.request_id()?);
    let sent = retrying(|| upload(intake.clone(), &record.keys, compartment, &args.file, &id, &tell)).await;
    progress.finish();
    let file = sent.map_err(|error| error.named(&[("header", "FILE"), ("chunk", "FILE")]))?;
    let document = json!({"case_id": record.case_id(), "file_id": file.to_string(), "for_requester": args.for_requester});
    desk.done(&format!("Attached to {} as {file}", record.codename()), &document)
}

pub(crate) async fn files(context: &Context, args: FilesArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    let mut files = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListFilesRequest { case_id: record.case_id(), page_size: PAGE, page_token };
        let page = call!(desk, intake.list_files(request))?;
        files.extend(page.files);
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    let people = desk.staff().await?;
    let listed: Vec<_> = files.iter().map(|file| file_json(&record, file, &people)).collect();
    context.output.show(&json!({"files": listed}), |output| {
        if files.is_empty() {
            return output.line("No file is attached.");
        }
        let row = |file: &StoredFile| {
            let (name, bytes) = described(&record, file);
            vec![
                name,
                bytes.map(size).unwrap_or_default(),
                opens_for(file).to_owned(),
                people.name(&file.author),
                output.happened(file.at.as_ref()),
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
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    let progress = FileProgress::new(context.output, "fetching");
    let tell = |done, all| progress.told(done, all);
    let intake = desk.intake().await?;
    // A download that broke leaves nothing behind, so it can begin again.
    let got = retrying(|| fetch(intake.clone(), &record.keys, args.file, &args.to, &tell)).await;
    progress.finish();
    let description = got?;
    let document = json!({
        "case_id": record.case_id(),
        "file_id": args.file.to_string(),
        "name": description.name,
        "size": description.size,
        "written_to": args.to.display().to_string(),
    });
    let said =
        format!("“{}” ({}) is in {}", isolated(&description.name), size(description.size), args.to.display());
    desk.done(&said, &document)
}

fn described(record: &CaseRecord, file: &StoredFile) -> (String, Option<u64>) {
    describe(&record.keys, file)
        .map_or_else(|_| (CLOSED.to_owned(), None), |description| (description.name, Some(description.size)))
}

fn opens_for(file: &StoredFile) -> &'static str {
    match file.compartment() {
        Compartment::Thread => "triage and the requester",
        Compartment::Request => "triage",
        Compartment::Unspecified | Compartment::Notes | Compartment::Proposal | Compartment::Payment => {
            file.compartment().word()
        }
    }
}

fn file_json(record: &CaseRecord, file: &StoredFile, people: &People) -> Value {
    let (name, size) = described(record, file);
    json!({
        "file_id": file.file_id,
        "name": name,
        "size": size,
        "compartment": file.compartment().word(),
        "author": people.name(&file.author),
        "at": when::rfc3339(file.at.as_ref()),
    })
}
