//! The parts of an upload in the object store. They go again unless something comes of it.

use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::{runtime::Handle, task::JoinHandle};

use super::part_path;
use crate::store::files::File;

/// The parts that were stored so far. Dropped, as when a caller hangs up, they are deleted; what cannot be deleted, and
/// what a crash leaves, is the sweeper's.
pub(crate) struct Parts {
    files: Arc<dyn ObjectStore>,
    file: File,
    stored: u64,
    /// A part on its way: it would appear after its deletion if that did not wait for it.
    storing: Option<JoinHandle<Result<(), object_store::Error>>>,
}

impl Parts {
    pub(crate) fn new(files: Arc<dyn ObjectStore>, file: File) -> Self {
        Self { files, file, stored: 0, storing: None }
    }

    pub(crate) async fn store(&mut self, part: Vec<Bytes>) -> Result<(), object_store::Error> {
        let path = part_path(&self.file, self.stored);
        // Counted before it is known to be there: what is not there is not missed when it is deleted.
        self.stored += 1;
        let files = Arc::clone(&self.files);
        let put = async move { files.put(&path, PutPayload::from_iter(part)).await.map(drop) };
        let storing = self.storing.insert(tokio::spawn(put)).await;
        self.storing = None;
        storing.map_err(|source| object_store::Error::JoinError { source })?
    }

    /// Leaves the parts where they are: they belong to a file now, or perhaps.
    pub(crate) fn keep(mut self) {
        self.stored = 0;
    }

    /// Deletes them, whether or not anybody waits until it is done.
    pub(crate) async fn discard(mut self) {
        if let Some(deletion) = self.delete() {
            // It logs what it meets; that it was cut short by the end of the process is no news.
            drop(deletion.await);
        }
    }

    fn delete(&mut self) -> Option<JoinHandle<()>> {
        let stored = std::mem::take(&mut self.stored);
        if stored == 0 {
            return None;
        }
        tracing::debug!(parts = stored, "an upload came to nothing");
        let (files, file, storing) = (Arc::clone(&self.files), self.file.clone(), self.storing.take());
        // Without a runtime the process is ending.
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move {
            if let Some(storing) = storing {
                drop(storing.await);
            }
            for part in 0..stored {
                if let Err(error) = files.delete(&part_path(&file, part)).await {
                    tracing::warn!(%error, "a part of a file is left to the sweeper");
                }
            }
        }))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        drop(self.delete());
    }
}
