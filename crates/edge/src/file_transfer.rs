//! Files, sealed and opened as they stream: no more than a few chunks are ever in memory.

use std::path::Path;

use flare_contracts::{
    fields, input,
    intake::v1::{
        DownloadFileRequest, FileHeader, StoredFile, UploadFileRequest, download_file_response,
        intake_client::IntakeClient, upload_file_request,
    },
};
use flare_kernel::{CaseId, FileId};
use flare_seal::{Compartment, FILE_CHUNK_LEN, FileAddress, FileOpener, FileSealer, Sensitive};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_stream::wrappers::ReceiverStream;

use crate::{CaseKeys, EdgeError, Line};

/// Told how many bytes of the file have gone, and how many there are.
pub type Progress<'p> = &'p (dyn Fn(u64, u64) + Send + Sync);

/// What a sealed file is, in the field `file.<file id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The file's own name, without its folder.
    pub name: String,
    /// Its exact size in bytes.
    pub size: u64,
    /// SHA-256 of its content, in hexadecimal: tells a file that is sent again from another of the same name and size.
    pub sha256: String,
}

/// Seals a file and sends it. Sent again under the same request id after a lost answer, it is the same file.
pub async fn upload(
    mut intake: IntakeClient<Line>,
    keys: &CaseKeys,
    compartment: Compartment,
    path: &Path,
    request_id: &str,
    progress: Progress<'_>,
) -> Result<FileId, EdgeError> {
    let failed = |source| EdgeError::File { what: path.display().to_string(), source };
    let mut source = File::open(path).await.map_err(failed)?;
    let size = source.metadata().await.map_err(failed)?.len();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sha256 = digest(&mut source).await.map_err(failed)?;
    let file = file_id(keys.case(), request_id);
    let (key, epoch) = keys.newest_key(compartment)?;
    let address = FileAddress { case: keys.case(), compartment, epoch, file };
    let (mut sealer, seal_header) = FileSealer::new(key, &address)?;
    let description = serde_json::to_string(&Description { name, size, sha256 })
        .map_err(|error| failed(std::io::Error::other(error)))?;
    let header = FileHeader {
        request_id: request_id.to_owned(),
        case_id: keys.case().to_string(),
        file_id: file.to_string(),
        compartment: input::compartment_out(compartment).into(),
        epoch,
        description: Some(keys.seal(&fields::file(file, compartment), 1, &description)?),
        seal_header,
    };
    let (parts, stream) = mpsc::channel(4);
    let sending = async {
        let part = |part| UploadFileRequest { part: Some(part) };
        // A send fails when the service ends the call early; its answer then says why.
        if parts.send(part(upload_file_request::Part::Header(header))).await.is_err() {
            return Ok(());
        }
        let mut sent = 0;
        loop {
            let chunk = read_chunk(&mut source).await.map_err(failed)?;
            sent += chunk.len() as u64;
            let last = sent >= size || chunk.len() < FILE_CHUNK_LEN;
            let bytes = sealer.seal_chunk(&chunk, last)?;
            if parts.send(part(upload_file_request::Part::Chunk(bytes))).await.is_err() {
                return Ok(());
            }
            progress(sent, size);
            if last {
                drop(parts);
                return sealer.finish().map_err(EdgeError::from);
            }
        }
    };
    let (done, answered) = tokio::join!(sending, intake.upload_file(ReceiverStream::new(stream)));
    answered?;
    done?;
    Ok(file)
}

/// The file that a request id names.
fn file_id(case: CaseId, request_id: &str) -> FileId {
    let digest: [u8; 32] = Sha256::new_with_prefix(b"flare/file/1")
        .chain_update(case.as_bytes())
        .chain_update(request_id)
        .finalize()
        .into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    FileId::from_bytes(bytes)
}

/// What a file holds, in short; it is at its beginning again afterwards.
async fn digest(source: &mut File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    loop {
        let chunk = read_chunk(source).await?;
        hasher.update(&chunk);
        if chunk.len() < FILE_CHUNK_LEN {
            break;
        }
    }
    source.rewind().await?;
    Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
}

async fn read_chunk(source: &mut File) -> std::io::Result<Vec<u8>> {
    let mut chunk = vec![0; FILE_CHUNK_LEN];
    let mut filled = 0;
    while filled < chunk.len() {
        let read = source.read(&mut chunk[filled..]).await?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    chunk.truncate(filled);
    Ok(chunk)
}

/// What a stored file is, opened.
pub fn describe(keys: &CaseKeys, file: &StoredFile) -> Result<Description, EdgeError> {
    let compartment = input::compartment("compartment", file.compartment)?;
    let sealed = file.description.as_ref().ok_or(EdgeError::Incomplete("a file's description"))?;
    let id = file.file_id.parse().map_err(|_| EdgeError::Incomplete("the id of a file"))?;
    let text: Sensitive<String> = keys.open(&fields::file(id, compartment), sealed)?;
    serde_json::from_str(text.expose()).map_err(|_| EdgeError::Incomplete("a readable description of a file"))
}

/// A file for its owner alone, which must not be there yet: what is written to it is no longer sealed.
async fn create_private(target: &Path) -> std::io::Result<File> {
    tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(target).await
}

/// Fetches a file and opens it into `target`, which must not exist yet. A file that does not open to its end leaves
/// nothing behind.
pub async fn download(
    mut intake: IntakeClient<Line>,
    keys: &CaseKeys,
    file: FileId,
    target: &Path,
    progress: Progress<'_>,
) -> Result<Description, EdgeError> {
    let failed = |source| EdgeError::File { what: target.display().to_string(), source };
    let request = DownloadFileRequest { case_id: keys.case().to_string(), file_id: file.to_string() };
    let mut stream = intake.download_file(request).await?.into_inner();
    let header = match stream.message().await?.and_then(|first| first.part) {
        Some(download_file_response::Part::Header(header)) => header,
        Some(download_file_response::Part::Chunk(_)) | None => {
            return Err(EdgeError::Incomplete("a file's header"));
        }
    };
    let description = describe(keys, &header)?;
    let compartment = input::compartment("compartment", header.compartment)?;
    let key = keys.key_of(compartment, header.epoch)?;
    let address = FileAddress { case: keys.case(), compartment, epoch: header.epoch, file };
    let mut opener = FileOpener::new(key, &address, &header.seal_header)?;
    let mut out = create_private(target).await.map_err(failed)?;
    let written = async {
        let mut done = 0;
        let mut held: Option<Vec<u8>> = None;
        loop {
            let next = match stream.message().await?.and_then(|message| message.part) {
                Some(download_file_response::Part::Chunk(chunk)) => Some(chunk),
                Some(download_file_response::Part::Header(_)) => {
                    return Err(EdgeError::Incomplete("a file's chunk"));
                }
                None => None,
            };
            if let Some(sealed) = held.take() {
                let chunk = opener.open_chunk(&sealed, next.is_none())?;
                out.write_all(chunk.expose()).await.map_err(failed)?;
                done += chunk.expose().len() as u64;
                progress(done, description.size);
            }
            if next.is_none() {
                opener.finish()?;
                return out.sync_all().await.map_err(failed);
            }
            held = next;
        }
    }
    .await;
    if let Err(error) = written {
        tokio::fs::remove_file(target).await.map_err(failed)?;
        return Err(error);
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_no_longer_sealed_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("letter.txt");
        let made = create_private(&target).await.unwrap();
        assert_eq!(made.metadata().await.unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create_private(&target).await.is_err(), "nothing is written over");
    }
}
