//! A file that is whole in the object store becomes part of its case.

use flare_contracts::{
    Cause, Refusal,
    events::v1::{FileAttached, IntakeEvent},
    input,
    intake::v1::UploadFileResponse,
};
use flare_kernel::Duration;
use flare_store::{Error, Tx, Write, keys};

use crate::{
    author::Author,
    files::{MAX_CASE_BYTES, MAX_UPLOAD_HOURS, MAX_UPLOAD_TIME, UploadId},
    refusals,
    store::{self, files::File},
};

/// Attaches it.
#[derive(Clone)]
pub(crate) struct AttachFile {
    pub(crate) file: File,
    pub(crate) author: Author,
}

impl Write for AttachFile {
    type Output = UploadFileResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<UploadFileResponse, Error> {
        let file = &self.file;
        let view = super::locked(tx, file.case).await?;
        check(tx, file, file.size).await?;
        if elapsed(file, tx)?.as_micros() > MAX_UPLOAD_TIME.as_micros() {
            return Err(Refusal::from(Cause::UploadTooSlow { hours: MAX_UPLOAD_HOURS }).into());
        }
        let event: IntakeEvent = FileAttached {
            case_id: file.case.to_string(),
            file_id: file.id.to_string(),
            by_requester: self.author.is_requester(),
        }
        .into();
        tx.append(file.case, view.lane, self.author.name(), &event)?;
        let version = tx.version(file.case);
        store::files::insert(tx, version, file).await?;
        if self.author.is_requester() {
            super::record_contact(tx, view).await?;
        }
        let size = i64::try_from(file.size).map_err(|_| Error::Corrupt("files.size".to_owned()))?;
        Ok(UploadFileResponse { size, version })
    }
}

/// How long the upload took: the sweeper takes what took a day for abandoned.
fn elapsed(file: &File, tx: &Tx) -> Result<Duration, Error> {
    let upload: UploadId = file.upload.parse().map_err(|_| Error::Corrupt("files.upload".to_owned()))?;
    Ok(tx.now().since(upload.begun))
}

/// Refuses a file that is there already, under an old key, or too much with the case's others; says what those take.
async fn check(tx: &mut Tx, file: &File, bytes: u64) -> Result<u64, Error> {
    if store::files::find(tx, file.id).await?.is_some() {
        return Err(refusals::file_exists().into());
    }
    let [newest] = keys::newest(tx, file.case, [file.compartment]).await?;
    if file.epoch != newest {
        return Err(input::old_epoch("header", newest).into());
    }
    let stored = store::files::bytes_of_case(tx, file.case).await?;
    if stored.saturating_add(bytes) > MAX_CASE_BYTES {
        return Err(refusals::case_files_full().into());
    }
    Ok(stored)
}

/// Looks before an upload whether it could be attached, so that nobody sends 100 MiB for a refusal.
pub(crate) struct BeginUpload {
    pub(crate) file: File,
}

/// What to do with an upload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Receive it.
    Receive {
        /// Under this name.
        upload: UploadId,
        /// What the case's files take already.
        of_files: u64,
    },
    /// The file is there; perhaps this very call put it there.
    Known,
}

impl Write for BeginUpload {
    type Output = Begin;

    async fn apply(&self, tx: &mut Tx) -> Result<Begin, Error> {
        super::locked(tx, self.file.case).await?;
        if store::files::find(tx, self.file.id).await?.is_some() {
            return Ok(Begin::Known);
        }
        let of_files = check(tx, &self.file, 0).await?;
        Ok(Begin::Receive { upload: UploadId::draw(tx.now())?, of_files })
    }
}
