//! The folder of the sealed files: how much room it has, and whether it is the one that all replicas of intake share.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use flare_intake::{FreeBytes, Intake};
use flare_kernel::random;

use super::RunError;

/// The file that marks the folder. Intake's database holds the same mark.
const MARK: &str = "this-is-where-flare-keeps-files";

/// Makes the folder where there is none.
pub(crate) fn open(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// How much room there is in a folder; none while nobody can tell.
pub(crate) fn free_bytes(folder: PathBuf) -> Arc<FreeBytes> {
    Arc::new(move || match rustix::fs::statvfs(&folder) {
        Ok(found) => Some(found.f_bavail.saturating_mul(found.f_frsize)),
        Err(error) => {
            tracing::warn!(%error, "nobody can tell how much room there is for files");
            None
        }
    })
}

/// Refuses a folder that is not the one in which the other replicas look: a file that is acknowledged by one of them would
/// not be there for the others, nor after this machine is replaced.
pub(crate) async fn refuse_another(folder: &Path, intake: &Intake) -> Result<(), RunError> {
    let here = match (read(folder)?, intake.files_mark().await?) {
        (Some(here), _) => here,
        // Whoever starts first marks the folder, and the database after it.
        (None, None) => write(folder)?,
        (None, Some(mark)) => return Err(another(folder, &mark)),
    };
    let kept = intake.keep_files_mark(&here).await?;
    if kept == here { Ok(()) } else { Err(another(folder, &kept)) }
}

fn another(folder: &Path, mark: &str) -> RunError {
    format!(
        "files.dir: {} is not the folder in which this installation keeps its files. All replicas of intake must share \
         one; its file {MARK} holds {mark}",
        folder.display()
    )
    .into()
}

fn read(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(MARK)) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a fresh mark whole, and returns it, or that of a replica that was faster.
fn write(folder: &Path) -> Result<String, RunError> {
    let mark = HEXLOWER.encode(&random::<16>()?);
    let draft = folder.join(format!("{MARK}.{mark}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{mark}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, folder.join(MARK));
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {
            fs::File::open(folder)?.sync_all()?;
            Ok(mark)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(read(folder)?.ok_or("the mark of the files' folder came and went")?)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use flare_seal::ServiceKey;
    use flare_testkit::{Sandbox, on_both_engines};
    use object_store::memory::InMemory;

    use super::*;

    fn intake(sandbox: &Sandbox) -> Intake {
        let key = Arc::new(ServiceKey::from_bytes([1; 32]));
        Intake::new(sandbox.database.clone(), key, Arc::new(InMemory::new()))
    }

    on_both_engines!(replicas_share_a_folder_or_do_not_start, flare_intake::SCHEMA);
    async fn replicas_share_a_folder_or_do_not_start(sandbox: Sandbox) {
        let (shared, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (one, two) = (intake(&sandbox), intake(&sandbox));
        refuse_another(shared.path(), &one).await.unwrap();
        refuse_another(shared.path(), &two).await.unwrap();
        let refused = refuse_another(other.path(), &two).await.unwrap_err().to_string();
        assert!(refused.contains(read(shared.path()).unwrap().unwrap().as_str()), "{refused}");
        assert_eq!(read(other.path()).unwrap(), None, "a folder that is refused is not marked");

        write(other.path()).unwrap();
        assert!(refuse_another(other.path(), &two).await.is_err(), "another installation's");
        fs::remove_file(shared.path().join(MARK)).unwrap();
        assert!(refuse_another(shared.path(), &one).await.is_err(), "a volume that is not mounted");
    }

    #[test]
    fn whoever_marks_second_finds_the_first_mark() {
        let folder = tempfile::tempdir().unwrap();
        let mark = write(folder.path()).unwrap();
        assert_eq!(write(folder.path()).unwrap(), mark);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays");
    }

    #[test]
    fn the_room_of_a_folder_is_known_while_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_bytes(folder.path().join("files"));
        assert_eq!(free(), None);
        open(&folder.path().join("files")).unwrap();
        assert!(free().is_some_and(|bytes| bytes > 0));
    }
}
