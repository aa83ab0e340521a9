//! Receives a file, part by part.

use std::sync::Arc;

use bytes::Bytes;
use flare_access::Caller;
use flare_contracts::{
    Cause, InputRule, KeyScope, Refusal, fields, input,
    intake::v1::{FileHeader, UploadFileRequest, UploadFileResponse, upload_file_request::Part},
};
use flare_seal::{FILE_HEADER_LEN, SEALED_FILE_CHUNK_LEN};
use flare_store::{Error, Once};
use futures::{Stream, StreamExt as _};
use tonic::Status;

use super::{MAX_FILE_BYTES, PART_LEN, parts::Parts, under_way::Upload};
use crate::{
    Intake,
    author::Author,
    commands::{AttachFile, Begin, BeginUpload},
    store::{self, files::File, keys::HELD},
};

impl Intake {
    /// Receives a file and attaches it. One that breaks off, or is refused, leaves nothing that anybody can see.
    ///
    /// Nothing of what is sent is awaited before the caller has proved who they are: a stream that stays silent would
    /// keep a slot for as long as it may.
    pub(crate) async fn receive_file(
        &self,
        caller: &Caller,
        mut sent: impl Stream<Item = Result<UploadFileRequest, Status>> + Send + Unpin,
    ) -> Result<UploadFileResponse, Status> {
        self.prove(caller).await?;
        let header = match sent.next().await.transpose()?.and_then(|message| message.part) {
            Some(Part::Header(header)) => header,
            Some(Part::Chunk(_)) | None => {
                return Err(Refusal::invalid("header", InputRule::HeaderNotFirst).into());
            }
        };
        let (once, mut attach) = self.read_header(caller, header).await?;
        let of_files = match self.database.write(BeginUpload { file: attach.file.clone() }).await? {
            Begin::Known => return Ok(self.database.once(once, attach).await?),
            Begin::Receive { upload, of_files } => {
                attach.file.upload = upload.to_string();
                of_files
            }
        };
        let mut under_way = self.under_way.begin(attach.file.case)?;
        let mut parts = Parts::new(Arc::clone(&self.files), attach.file.clone());
        match receive(&mut parts, &mut under_way, of_files, &mut sent).await {
            Ok(size) => attach.file.size = size,
            Err(status) => {
                parts.discard().await;
                return Err(status);
            }
        }
        self.attach(once, attach, parts).await
    }

    /// Attaches what was received. From here on the parts go only when it is certain that nothing came of them: a
    /// commit whose answer was lost may still land, and a file that was acknowledged must be there.
    async fn attach(
        &self,
        once: Once,
        attach: AttachFile,
        parts: Parts,
    ) -> Result<UploadFileResponse, Status> {
        let file = attach.file.clone();
        let mut unsure = Unsure(Some(parts));
        let outcome = self.database.once(once, attach).await;
        let nothing_came = match &outcome {
            // It may be the answer to the same call, made before, whose own upload was attached.
            Ok(_) => store::files::find(&mut self.database.clone(), file.id)
                .await
                .is_ok_and(|found| found.is_none_or(|(known, _)| known.upload != file.upload)),
            Err(Error::Refused(_)) => true,
            Err(_) => false,
        };
        if let Some(parts) = unsure.0.take_if(|_| nothing_came) {
            parts.discard().await;
        }
        Ok(outcome?)
    }

    async fn read_header(&self, caller: &Caller, header: FileHeader) -> Result<(Once, AttachFile), Error> {
        let by = self.admit(caller, &header.case_id).await?;
        // The sealing's header is drawn afresh each time; the description's tag tells one file from another.
        let content = FileHeader { seal_header: Vec::new(), ..header.clone() };
        let once = Once::new(by.key_scope(), "UploadFile", &header.request_id, &content)?;
        Ok((once, AttachFile { file: file(by.case, &by.author, header)?, author: by.author }))
    }
}

/// Parts of which nobody knows whether they belong to a file: what is still here when the caller is gone stays.
struct Unsure(Option<Parts>);

impl Drop for Unsure {
    fn drop(&mut self) {
        if let Some(parts) = self.0.take() {
            parts.keep();
        }
    }
}

/// Stores what is sent in parts, and returns the bytes of all.
async fn receive(
    parts: &mut Parts,
    under_way: &mut Upload,
    of_files: u64,
    sent: &mut (impl Stream<Item = Result<UploadFileRequest, Status>> + Send + Unpin),
) -> Result<u64, Status> {
    let (mut size, mut part, mut part_len) = (0_u64, Vec::<Bytes>::new(), 0_u64);
    let mut ended = false;
    while let Some(message) = sent.next().await.transpose()? {
        let chunk = match message.part {
            Some(Part::Chunk(chunk)) => chunk,
            Some(Part::Header(_)) | None => {
                return Err(Refusal::invalid("chunk", InputRule::NotAChunk).into());
            }
        };
        if ended || chunk.is_empty() || chunk.len() > SEALED_FILE_CHUNK_LEN {
            let rule = InputRule::NotAWholeChunk { bytes: SEALED_FILE_CHUNK_LEN };
            return Err(Refusal::invalid("chunk", rule).into());
        }
        ended = chunk.len() < SEALED_FILE_CHUNK_LEN;
        size += chunk.len() as u64;
        part_len += chunk.len() as u64;
        if size > MAX_FILE_BYTES {
            return Err(Refusal::from(Cause::FileTooLarge { mebibytes: MAX_FILE_BYTES >> 20 }).into());
        }
        part.push(chunk.into());
        if part_len == PART_LEN {
            under_way.take(part_len, of_files)?;
            store_part(parts, std::mem::take(&mut part)).await?;
            part_len = 0;
        }
    }
    if size == 0 {
        return Err(Refusal::invalid("chunk", InputRule::NoChunk).into());
    }
    if part_len > 0 {
        under_way.take(part_len, of_files)?;
        store_part(parts, part).await?;
    }
    Ok(size)
}

async fn store_part(parts: &mut Parts, part: Vec<Bytes>) -> Result<(), Status> {
    parts.store(part).await.map_err(|error| {
        tracing::error!(%error, "a part of a file could not be stored");
        Refusal::from(Cause::FilesUnavailable).into()
    })
}

/// The file that a header announces; its upload and size are not known yet.
fn file(case: flare_kernel::CaseId, author: &Author, header: FileHeader) -> Result<File, Refusal> {
    let id = input::id("header.file_id", &header.file_id)?;
    let compartment = input::compartment("header.compartment", header.compartment)?;
    if !HELD.contains(&compartment) {
        let words = "request, thread".to_owned();
        return Err(Refusal::invalid("header.compartment", InputRule::OneOf { words }));
    }
    let description =
        input::sealed("header.description", header.description, &fields::file(id, compartment))?;
    if description.version != 1 {
        return Err(Refusal::invalid("header.description.version", InputRule::NotTheNumber { number: 1 }));
    }
    if description.epoch != header.epoch {
        return Err(Refusal::invalid("header.description.epoch", InputRule::NotTheFilesEpoch));
    }
    if header.seal_header.len() != FILE_HEADER_LEN {
        return Err(Refusal::invalid(
            "header.seal_header",
            InputRule::NotTheLength { bytes: FILE_HEADER_LEN },
        ));
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
