//! The files of the conversation, as the holder of a receipt is shown them.

use std::path::Path;

use flare_contracts::{
    input,
    intake::v1::{ListFilesRequest, StoredFile},
};
use flare_kernel::{FileId, Timestamp};
use flare_seal::Compartment;
use serde::{Serialize, Serializer};

use super::{PAGE, ReceiptHolder};
use crate::{
    CaseKeys, Description, EdgeError, Progress, call::retrying, describe, download, upload,
    view::text_or_none,
};

/// A file of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its id.
    pub file_id: String,
    /// What it is called; none where it does not open.
    #[serde(serialize_with = "shown")]
    pub name: Option<String>,
    /// Its exact size in bytes; none where it does not open.
    pub size: Option<u64>,
    /// "requester" or a staff id.
    pub author: String,
    /// When it was sent.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
}

impl File {
    /// Its name as it may be shown.
    pub fn shown_name(&self) -> &str {
        name_or_closed(self.name.as_deref())
    }

    /// Whether the holder of the receipt sent it.
    pub fn is_own(&self) -> bool {
        self.author == "requester"
    }
}

impl ReceiptHolder {
    /// The files of the conversation, oldest first. One that this receipt does not open is listed all the same.
    pub async fn files(&self) -> Result<Vec<File>, EdgeError> {
        let keys = self.thread_keys().await?;
        let mut files = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListFilesRequest { case_id: String::new(), page_size: PAGE, page_token };
            let page = self.intake().list_files(request).await?.into_inner();
            files.extend(page.files.into_iter().map(|file| read(&keys, file)));
            if page.next_page_token.is_empty() {
                return Ok(files);
            }
            page_token = page.next_page_token;
        }
    }

    /// Seals a file for staff and sends it. Sent again under the same key after a lost answer, it is the same file.
    pub async fn attach(&self, file: &Path, key: &str, progress: Progress<'_>) -> Result<FileId, EdgeError> {
        let keys = self.thread_keys().await?;
        let intake = || self.lines.intake(self.credential());
        retrying(|| upload(intake(), &keys, Compartment::Thread, file, key, progress)).await
    }

    /// Fetches a file and opens it into a new one. A download that broke leaves nothing behind, so it can begin again.
    pub async fn download(
        &self,
        file: FileId,
        to: &Path,
        progress: Progress<'_>,
    ) -> Result<Description, EdgeError> {
        let keys = self.thread_keys().await?;
        let intake = || self.lines.intake(self.credential());
        retrying(|| download(intake(), &keys, file, to, progress)).await
    }
}

fn read(keys: &CaseKeys, file: StoredFile) -> File {
    let description = describe(keys, &file).ok();
    let (name, size) = description.map(|description| (description.name, description.size)).unzip();
    File {
        name,
        size,
        at: file.at.as_ref().map(input::timestamp_in),
        file_id: file.file_id,
        author: file.author,
    }
}

fn name_or_closed(name: Option<&str>) -> &str {
    name.unwrap_or("(does not open here)")
}

#[allow(clippy::ref_option, reason = "serde hands out a reference to the field")]
fn shown<S: Serializer>(name: &Option<String>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(name_or_closed(name.as_deref()))
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::{Compartment as Wire, SealedField},
        fields,
    };
    use flare_kernel::CaseId;
    use flare_seal::CompartmentKey;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_that_does_not_open_is_listed_all_the_same() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        keys.insert(Compartment::Thread, 1, CompartmentKey::generate().unwrap());
        let description = r#"{"name":"letter.pdf","size":12,"sha256":"00"}"#;
        let field = fields::file(FileId::from_bytes([1; 16]), Compartment::Thread);
        let sealed = keys.seal(&field, 1, description).unwrap();
        let stored = StoredFile {
            file_id: FileId::from_bytes([1; 16]).to_string(),
            compartment: Wire::Thread.into(),
            epoch: 1,
            description: Some(sealed.clone()),
            author: "requester".to_owned(),
            at: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
            ..StoredFile::default()
        };
        let closed = StoredFile {
            description: Some(SealedField { epoch: 2, ..sealed }),
            author: "staff_1".to_owned(),
            at: None,
            ..stored.clone()
        };
        let files = [stored, closed].map(|file| read(&keys, file));
        assert_eq!(files.clone().map(|file| file.is_own()), [true, false]);
        assert_eq!(files[1].name, None, "what is shown in its place is no name");
        assert_eq!(
            serde_json::to_value(&files).unwrap(),
            json!([
                {
                    "file_id": FileId::from_bytes([1; 16]).to_string(), "name": "letter.pdf", "size": 12, "author": "requester",
                    "at": "2026-11-21T22:26:40Z",
                },
                {
                    "file_id": FileId::from_bytes([1; 16]).to_string(), "name": "(does not open here)", "size": null, "author": "staff_1",
                    "at": null,
                },
            ])
        );
    }
}
