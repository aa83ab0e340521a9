//! Receives a file, part by part.

use bytes::Bytes;
use flare_access::Caller;
use flare_contracts::{
    Kind, Refusal, input,
    intake::v1::{FileHeader, UploadFileRequest, UploadFileResponse, upload_file_request::Part},
};
use flare_seal::{FILE_HEADER_LEN, SEALED_FILE_CHUNK_LEN};
use flare_store::{Error, Once};
use futures::{Stream, StreamExt as _};
use object_store::{ObjectStoreExt as _, PutPayload};
use tonic::Status;

use super::{MAX_FILE_BYTES, PART_LEN, part_path};
use crate::{
    Intake,
    author::Author,
    commands::attach_file::{AttachFile, Begin, BeginUpload},
    keys::HELD,
    refusals,
    store::{self, files::File},
};

/// The most text that a file's description may hold: name, type and size.
const MAX_DESCRIPTION: usize = 1_000;

impl Intake {
    /// Receives a file and attaches it. One that breaks off, or is refused, leaves nothing that anybody can see.
    pub(crate) async fn receive_file(
        &self,
        caller: &Caller,
        mut sent: impl Stream<Item = Result<UploadFileRequest, Status>> + Send + Unpin,
    ) -> Result<UploadFileResponse, Status> {
        let header = match sent.next().await.transpose()?.and_then(|message| message.part) {
            Some(Part::Header(header)) => header,
            Some(Part::Chunk(_)) | None => return Err(Refusal::invalid("header", "must come first").into()),
        };
        let (once, mut attach) = self.read_header(caller, header).await?;
        match self.database.write(BeginUpload { file: attach.file.clone() }).await? {
            Begin::Known => return Ok(self.database.once(once, attach).await?),
            Begin::Receive(upload) => attach.file.upload = upload.to_string(),
        }
        let mut parts = 0;
        let received = self.store_parts(&attach.file, &mut parts, &mut sent).await;
        let outcome = match received {
            Ok(size) => {
                attach.file.size = size;
                self.database.once(once, attach.clone()).await.map_err(Status::from)
            }
            Err(status) => Err(status),
        };
        self.tidy(&attach.file, parts, outcome.is_err()).await;
        outcome
    }

    async fn read_header(&self, caller: &Caller, header: FileHeader) -> Result<(Once, AttachFile), Error> {
        let by = self.admit(caller, &header.case_id).await?;
        // The sealing's header is drawn afresh each time; the description's tag tells one file from another.
        let content = FileHeader { seal_header: Vec::new(), ..header.clone() };
        let once = Once::new(by.scope, "UploadFile", &header.request_id, &content)?;
        Ok((once, AttachFile { file: file(by.case, &by.author, header)?, author: by.author }))
    }

    /// Stores what is sent in parts, counting them, and returns the bytes of all.
    async fn store_parts(
        &self,
        file: &File,
        parts: &mut u64,
        sent: &mut (impl Stream<Item = Result<UploadFileRequest, Status>> + Send + Unpin),
    ) -> Result<u64, Status> {
        let (mut size, mut part, mut part_len) = (0_u64, Vec::<Bytes>::new(), 0_u64);
        let mut ended = false;
        while let Some(message) = sent.next().await.transpose()? {
            let chunk = match message.part {
                Some(Part::Chunk(chunk)) => chunk,
                Some(Part::Header(_)) | None => {
                    return Err(Refusal::invalid("chunk", "must be all that follows the header").into());
                }
            };
            if ended || chunk.is_empty() || chunk.len() > SEALED_FILE_CHUNK_LEN {
                let rule =
                    format!("must be {SEALED_FILE_CHUNK_LEN} bytes; the last may be shorter, but not empty");
                return Err(Refusal::invalid("chunk", rule).into());
            }
            ended = chunk.len() < SEALED_FILE_CHUNK_LEN;
            size += chunk.len() as u64;
            part_len += chunk.len() as u64;
            if size > MAX_FILE_BYTES {
                let message = "a file may take at most 100 MiB, sealed";
                return Err(Refusal::new(Kind::Invalid, "FILE_TOO_LARGE", message).into());
            }
            part.push(chunk.into());
            if part_len == PART_LEN {
                self.store_part(file, parts, std::mem::take(&mut part)).await?;
                part_len = 0;
            }
        }
        if size == 0 {
            return Err(Refusal::invalid("chunk", "must come at least once").into());
        }
        if part_len > 0 {
            self.store_part(file, parts, part).await?;
        }
        Ok(size)
    }

    async fn store_part(&self, file: &File, parts: &mut u64, part: Vec<Bytes>) -> Result<(), Status> {
        let path = part_path(file, *parts);
        // Counted before it is known to be there: what is not there is not missed when it is deleted.
        *parts += 1;
        self.files.put(&path, PutPayload::from_iter(part)).await.map(drop).map_err(|error| {
            tracing::error!(%error, "a part of a file could not be stored");
            refusals::files_unavailable().into()
        })
    }

    /// Deletes the parts of an upload of which nothing came: it was refused, or the same call was answered before. What
    /// cannot be deleted, and what a crash leaves, is the sweeper's.
    async fn tidy(&self, file: &File, parts: u64, failed: bool) {
        let attached = match store::files::find(&mut self.database.clone(), file.id).await {
            Ok(found) => found.is_some_and(|(known, _)| known.upload == file.upload),
            // Nobody knows whether it was attached; it stays.
            Err(_) => true,
        };
        if attached {
            return;
        }
        tracing::debug!(failed, parts, "an upload came to nothing");
        for part in 0..parts {
            if let Err(error) = self.files.delete(&part_path(file, part)).await {
                tracing::warn!(%error, "a part of a file is left to the sweeper");
            }
        }
    }
}

/// The file that a header announces; its upload and size are not known yet.
fn file(case: flare_kernel::CaseId, author: &Author, header: FileHeader) -> Result<File, Refusal> {
    let id = input::id("header.file_id", &header.file_id)?;
    let compartment = input::compartment("header.compartment", header.compartment)?;
    if !HELD.contains(&compartment) {
        return Err(Refusal::invalid("header.compartment", "must be request or thread"));
    }
    let name = store::files::description_name(id);
    let description = input::sealed("header.description", header.description, &name, MAX_DESCRIPTION)?;
    if description.version != 1 {
        return Err(Refusal::invalid("header.description.version", "must be 1"));
    }
    if description.epoch != header.epoch {
        return Err(Refusal::invalid("header.description.epoch", "must be the file's epoch"));
    }
    if header.seal_header.len() != FILE_HEADER_LEN {
        return Err(Refusal::invalid("header.seal_header", format!("must be {FILE_HEADER_LEN} bytes")));
    }
    Ok(File {
        id,
        case,
        upload: String::new(),
        compartment,
        epoch: header.epoch,
        description,
        seal_header: header.seal_header,
        size: 0,
        author: author.name(),
    })
}
