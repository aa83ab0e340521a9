//! Files in the object store: how an upload is named there, received, read back, and swept away when nothing came of it.
//!
//! An upload is stored in parts of 64 sealed chunks under `<case>/<file>/<upload>/<part>`, so that neither side ever
//! holds more than one part in memory and every byte that was written can be listed. A file exists once its row does;
//! what lies in the object store without a row is invisible. Receipts are free, so nothing that one can begin may fill
//! the disk: what is under way counts, and below `files.keep_free_bytes` files are refused so that answers find room.

pub(crate) mod download;
mod parts;
pub(crate) mod sweep;
pub(crate) mod under_way;
mod upload;

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use flare_kernel::{Duration, RandomError, Timestamp, random};
use flare_seal::SEALED_FILE_CHUNK_LEN;
use object_store::path::Path;

use crate::store::files::File;

/// The most sealed bytes of one file: 100 MiB.
pub const MAX_FILE_BYTES: u64 = 100 * 1024 * 1024;
/// The most sealed bytes of all files of one case: 1 GiB.
pub const MAX_CASE_BYTES: u64 = 1024 * 1024 * 1024;
/// How many hours an upload may take.
pub(crate) const MAX_UPLOAD_HOURS: i64 = 12;
/// The same as a span.
pub(crate) const MAX_UPLOAD_TIME: Duration = Duration::from_hours(MAX_UPLOAD_HOURS);
/// When an upload without a row is taken for abandoned; well after the longest.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);
/// Sealed bytes of each part but the last.
const PART_LEN: u64 = 64 * SEALED_FILE_CHUNK_LEN as u64;

/// Names one upload: when it began, by the database's clock, and 8 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UploadId {
    pub(crate) begun: Timestamp,
    random: [u8; 8],
}

/// A text that names no upload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoUpload;

impl UploadId {
    pub(crate) fn draw(now: Timestamp) -> Result<Self, RandomError> {
        Ok(Self { begun: now, random: random()? })
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.begun.as_micros(), HEXLOWER.encode(&self.random))
    }
}

impl FromStr for UploadId {
    type Err = NoUpload;

    fn from_str(text: &str) -> Result<Self, NoUpload> {
        let (begun, random) = text.split_once('-').ok_or(NoUpload)?;
        let random = HEXLOWER.decode(random.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            begun: begun.parse().map(Timestamp::from_micros).map_err(|_| NoUpload)?,
            random: random.ok_or(NoUpload)?,
        })
    }
}

/// Where a part of a file's upload is stored.
fn part_path(file: &File, part: u64) -> Path {
    Path::from_iter([file.case.to_string(), file.id.to_string(), file.upload.clone(), format!("{part:05}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uploads_name_tells_when_it_began() {
        let upload = UploadId::draw(Timestamp::from_micros(1_795_305_600_000_000)).unwrap();
        assert_eq!(upload.to_string().parse(), Ok(upload));
        for text in ["", "5", "5-", "5-00", "x-0011223344556677", "-0011223344556677"] {
            assert_eq!(text.parse::<UploadId>(), Err(NoUpload), "{text}");
        }
    }
}
