//! Removes uploads of which nothing came: a crash or a caller who hung up left them without a row.

use std::time::Duration;

use flare_store::Error;
use futures::StreamExt as _;
use object_store::{ObjectStoreExt as _, path::Path};
use tokio_util::sync::CancellationToken;

use super::{ABANDONED_AFTER, UploadId};
use crate::{Intake, store};

/// The most objects that one sweep deletes; the next one goes on.
const MOST_PER_SWEEP: usize = 10_000;
/// Between two sweeps.
const PAUSE: Duration = Duration::from_hours(6);

impl Intake {
    /// Sweeps at once and then every six hours, until told to stop. A sweep that fails is logged and tried again at its
    /// next time: what it leaves costs room and nothing else.
    pub async fn run_sweeper(&self, stop: CancellationToken) {
        loop {
            let sweep = stop.run_until_cancelled(self.sweep());
            match sweep.await {
                None => return,
                Some(Ok(0)) => {}
                Some(Ok(objects)) => tracing::info!(objects, "swept away uploads that came to nothing"),
                Some(Err(error)) => {
                    tracing::warn!(%error, "uploads that came to nothing could not be swept away");
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    /// Deletes objects of uploads that began more than a day ago and have no row, and says how many.
    pub async fn sweep(&self) -> Result<usize, SweepError> {
        let abandoned = self.abandoned().await?;
        // After the list is read to its end: a folder that goes while it is read would break it off.
        for object in &abandoned {
            match self.files.delete(object).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(abandoned.len())
    }

    async fn abandoned(&self) -> Result<Vec<Path>, SweepError> {
        let now = self.database.now().await?;
        let mut objects = self.files.list(None);
        let (mut found, mut last) = (Vec::new(), None);
        while found.len() < MOST_PER_SWEEP
            && let Some(object) = objects.next().await.transpose()?
        {
            let Some((file, upload)) = parse(&object.location) else { continue };
            if now.since(upload.begun).as_micros() <= ABANDONED_AFTER.as_micros() {
                continue;
            }
            // The parts of one upload come one after the other.
            let abandoned = match last {
                Some((known, abandoned)) if known == upload => abandoned,
                Some(_) | None => !self.is_attached(file, upload).await?,
            };
            last = Some((upload, abandoned));
            if abandoned {
                found.push(object.location);
            }
        }
        Ok(found)
    }

    async fn is_attached(&self, file: flare_kernel::FileId, upload: UploadId) -> Result<bool, Error> {
        let found = store::files::find(&mut self.database.clone(), file).await?;
        Ok(found.is_some_and(|(file, _)| file.upload == upload.to_string()))
    }
}

/// Why a sweep broke off.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The object store failed.
    #[error(transparent)]
    Files(#[from] object_store::Error),
}

/// The file and upload that a path belongs to; nothing for what is not ours.
fn parse(path: &Path) -> Option<(flare_kernel::FileId, UploadId)> {
    let parts: Vec<_> = path.parts().collect();
    let [_, file, upload, _] = parts.as_slice() else { return None };
    Some((file.as_ref().parse().ok()?, upload.as_ref().parse().ok()?))
}
