//! Reads a file back, chunk by chunk as it was sent.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use flare_contracts::{
    Cause, Refusal, input,
    intake::v1::{DownloadFileResponse, StoredFile, download_file_response::Part},
};
use flare_seal::{Compartment, SEALED_FILE_CHUNK_LEN};
use futures::{Stream, StreamExt as _, stream};
use object_store::{ObjectStore, ObjectStoreExt as _};
use tonic::Status;

use super::{PART_LEN, part_path};
use crate::{
    Intake,
    admission::Admitted,
    store::{self, files::File},
};

/// A file on its way to whoever asked.
pub type Download = Pin<Box<dyn Stream<Item = Result<DownloadFileResponse, Status>> + Send>>;

impl Intake {
    /// Sends a file of the case. A receipt opens the thread's files only; any other looks as if it were not there.
    pub(crate) async fn send_file(&self, by: &Admitted, file_id: &str) -> Result<Download, Status> {
        let id = input::id("file_id", file_id)?;
        let found = store::files::find(&mut self.database.clone(), id).await?;
        let may_see = |file: &File| {
            file.case == by.case && (!by.author.is_requester() || file.compartment == Compartment::Thread)
        };
        let (file, stored) =
            found.filter(|(file, _)| may_see(file)).ok_or_else(|| Refusal::not_found("file"))?;
        let header = stream::once(async move { Ok(header(stored)) });
        Ok(Box::pin(header.chain(chunks(Arc::clone(&self.files), file))))
    }
}

fn header(stored: StoredFile) -> DownloadFileResponse {
    DownloadFileResponse { part: Some(Part::Header(stored)) }
}

/// A file being read: at most one part of it is in memory.
struct Reading {
    files: Arc<dyn ObjectStore>,
    file: File,
    next_part: u64,
    part: Bytes,
}

fn chunks(
    files: Arc<dyn ObjectStore>,
    file: File,
) -> impl Stream<Item = Result<DownloadFileResponse, Status>> + Send {
    let reading = Reading { files, file, next_part: 0, part: Bytes::new() };
    stream::try_unfold(reading, |mut reading| async move {
        let chunk = reading.next_chunk().await?;
        Ok(chunk.map(|chunk| (DownloadFileResponse { part: Some(Part::Chunk(chunk.into())) }, reading)))
    })
}

impl Reading {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Status> {
        if self.part.is_empty() {
            let begin = self.next_part * PART_LEN;
            if begin >= self.file.size {
                return Ok(None);
            }
            self.part = self.fetch(PART_LEN.min(self.file.size - begin)).await?;
            self.next_part += 1;
        }
        let len = self.part.len().min(SEALED_FILE_CHUNK_LEN);
        Ok(Some(self.part.split_to(len)))
    }

    async fn fetch(&self, expected: u64) -> Result<Bytes, Status> {
        let path = part_path(&self.file, self.next_part);
        let read = async { self.files.get(&path).await?.bytes().await };
        let part = read.await.map_err(|error| {
            tracing::error!(%error, "a part of a file could not be read");
            Status::from(Refusal::from(Cause::FilesUnavailable))
        })?;
        if part.len() as u64 != expected {
            tracing::error!(
                part = self.next_part,
                "a part of a file has another length than it was stored with"
            );
            return Err(Status::data_loss("this file is damaged where it is stored"));
        }
        Ok(part)
    }
}
