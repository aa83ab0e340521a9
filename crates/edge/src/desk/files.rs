//! Files of a case: sealed as they go, opened as they come.

use std::path::Path;

use flare_contracts::{
    common::v1::Compartment as WireCompartment,
    input,
    intake::v1::{ListFilesRequest, StoredFile},
};
use flare_kernel::{FileId, Timestamp};
use flare_seal::Compartment;
use serde::{Serialize, Serializer};

use super::{AllTheSame, CLOSED, CaseRecord, Desk, PAGE};
use crate::{
    CaseKeys, Description, EdgeError, Progress,
    call::{call, retrying},
    describe, download, upload,
    view::{text_or_none, word},
};

/// A file of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseFile {
    /// Its id.
    pub file_id: String,
    /// What it is called; none where it does not open.
    #[serde(serialize_with = "shown")]
    pub name: Option<String>,
    /// Its exact size in bytes; none where it does not open.
    pub size: Option<u64>,
    #[serde(serialize_with = "word")]
    compartment: WireCompartment,
    /// The name of whoever sent it, or "requester".
    pub author: String,
    /// When it was sent.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
}

impl CaseFile {
    /// Its name as it may be shown.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(CLOSED)
    }

    /// Whether the requester can open it too.
    pub fn opens_for_requester(&self) -> bool {
        self.compartment == WireCompartment::Thread
    }
}

#[allow(clippy::ref_option, reason = "serde hands out a reference to the field")]
fn shown<S: Serializer>(name: &Option<String>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(name.as_deref().unwrap_or(CLOSED))
}

impl Desk {
    /// Attaches a file for triage or, if so wanted, for the requester too. They see its name wherever it is saved, so what
    /// the contact plan forbids must not stand in it.
    pub async fn attach(
        &self,
        record: &mut CaseRecord,
        (file, for_requester): (&Path, bool),
        all_the_same: &AllTheSame,
        progress: Progress<'_>,
    ) -> Result<FileId, EdgeError> {
        let compartment = if for_requester {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            self.check_said(record, ("FILE", &name), all_the_same).await?;
            record.make_thread_writable(self).await?;
            Compartment::Thread
        } else {
            record.make_request_writable(self).await?;
            Compartment::Request
        };
        let (intake, key) = (self.intake().await?, self.key.use_it());
        retrying(|| upload(intake.clone(), &record.keys, compartment, file, &key, progress)).await
    }

    /// The files of a case.
    pub async fn files(&self, record: &CaseRecord) -> Result<Vec<CaseFile>, EdgeError> {
        let people = self.people().await?;
        let view = |file| view(&record.keys, file, |author| people.name(author));
        let mut files = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListFilesRequest { case_id: record.id.to_string(), page_size: PAGE, page_token };
            let page = call!(self, intake.list_files(request))?;
            files.extend(page.files.into_iter().map(view));
            if page.next_page_token.is_empty() {
                return Ok(files);
            }
            page_token = page.next_page_token;
        }
    }

    /// Fetches a file and opens it into a new one. A download that broke leaves nothing behind, so it can begin again.
    pub async fn download(
        &self,
        record: &CaseRecord,
        (file, to): (FileId, &Path),
        progress: Progress<'_>,
    ) -> Result<Description, EdgeError> {
        let intake = self.intake().await?;
        retrying(|| download(intake.clone(), &record.keys, file, to, progress)).await
    }
}

fn view(keys: &CaseKeys, file: StoredFile, name_of: impl Fn(&str) -> String) -> CaseFile {
    let (name, size) =
        describe(keys, &file).ok().map(|description| (description.name, description.size)).unzip();
    CaseFile {
        name,
        size,
        compartment: file.compartment(),
        author: name_of(&file.author),
        at: file.at.as_ref().map(input::timestamp_in),
        file_id: file.file_id,
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::SealedField, fields};
    use flare_kernel::CaseId;
    use flare_seal::CompartmentKey;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_says_for_whom_it_opens_and_is_listed_even_when_it_does_not() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        let id = FileId::from_bytes([2; 16]);
        let mut stored = |compartment, wire: WireCompartment| {
            keys.insert(compartment, 1, CompartmentKey::generate().unwrap());
            let description = r#"{"name":"letter.pdf","size":12,"sha256":"00"}"#;
            StoredFile {
                file_id: id.to_string(),
                compartment: wire.into(),
                epoch: 1,
                description: Some(keys.seal(&fields::file(id, compartment), 1, description).unwrap()),
                author: "staff_1".to_owned(),
                at: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
                ..StoredFile::default()
            }
        };
        let thread = stored(Compartment::Thread, WireCompartment::Thread);
        let request = stored(Compartment::Request, WireCompartment::Request);
        let sealed = request.description.clone().unwrap();
        let closed = StoredFile { description: Some(SealedField { epoch: 2, ..sealed }), ..request.clone() };
        for (file, (name, size), compartment, for_requester) in [
            (thread, ("letter.pdf", json!(12)), "thread", true),
            (request, ("letter.pdf", json!(12)), "request", false),
            (closed, (CLOSED, json!(null)), "request", false),
        ] {
            let file = view(&keys, file, |author| author.replace("staff_1", "omar"));
            assert_eq!((file.shown_name(), file.opens_for_requester()), (name, for_requester));
            assert_eq!(
                serde_json::to_value(&file).unwrap(),
                json!({
                    "file_id": id.to_string(), "name": name, "size": size, "compartment": compartment,
                    "author": "omar", "at": "2026-11-21T22:26:40Z",
                })
            );
        }
    }
}
