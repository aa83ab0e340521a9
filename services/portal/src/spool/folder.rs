//! The files of a spool. Whatever is returned as written lasts: the file and the folder that names it are synced.
//!
//! ```text
//! lock                     held by whoever sends entries on
//! keys                     the last verified keys
//! waiting/TIME-FORM-WORDS  one request; both ids are keyed hashes
//! refused/TIME-FORM-WORDS  the same, which intake refuses
//! drained/TIME-FORM-WORDS  the same, at intake since TIME
//! drafts/…                 what is not written to its end
//! ```

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use flare_kernel::{Duration, Timestamp};

/// Longer than any entry; what is longer was not written here.
const LONGEST: u64 = 2 * 1024 * 1024;
/// How long what was sent on is kept.
pub(super) const KEPT: Duration = Duration::from_days(14);
/// A draft that old has no writer any more.
const DRAFT_LIFE: Duration = Duration::from_hours(1);

/// What an entry's file is called: when it came, and which words of which form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// When it came; of one that was sent on, when that was.
    pub(super) at: Timestamp,
    /// The same for each sending of one form.
    pub(super) form: [u8; 16],
    /// The same for the same words under it.
    pub(super) words: [u8; 16],
}

impl Name {
    /// As the file is called.
    pub(super) fn to_text(self) -> String {
        let [form, words] = [self.form, self.words].map(|id| HEXLOWER.encode(&id));
        format!("{:020}-{form}-{words}", self.at.as_micros())
    }

    /// The entry that a file of this name is; none where the name is not one of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let [at, form, words] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
        let id = |text: &str| HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok();
        let name = Self { at: Timestamp::from_micros(at.parse().ok()?), form: id(form)?, words: id(words)? };
        (name.to_text() == text).then_some(name)
    }
}

/// See the module.
pub(super) struct Folder {
    path: PathBuf,
    /// How many more steps are done before the process dies, in a test.
    #[cfg(test)]
    pub(super) steps_left: std::sync::Mutex<Option<usize>>,
}

impl Folder {
    /// Opens the folder, for its owner alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        for folder in ["waiting", "refused", "drained", "drafts"] {
            DirBuilder::new().recursive(true).mode(0o700).create(path.join(folder))?;
        }
        sync(path)?;
        sync(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        Ok(Self {
            path: path.to_owned(),
            #[cfg(test)]
            steps_left: std::sync::Mutex::new(None),
        })
    }

    /// Between any two steps that change the disk, a test can let the process die here.
    #[cfg_attr(not(test), allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "only tests stop"))]
    fn step(&self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(left) = &mut *self.steps_left.lock().unwrap() {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the process died"))?;
        }
        Ok(())
    }

    /// What waits, the oldest first.
    pub(super) fn waiting(&self) -> io::Result<BTreeSet<Name>> {
        names(&self.path.join("waiting"))
    }

    /// What intake refuses, the oldest first.
    pub(super) fn refused(&self) -> io::Result<BTreeSet<Name>> {
        names(&self.path.join("refused"))
    }

    /// What was sent on, the oldest first.
    pub(super) fn drained(&self) -> io::Result<BTreeSet<Name>> {
        names(&self.path.join("drained"))
    }

    /// How long the file of an entry is that waits; 0 where it is gone.
    pub(super) fn size(&self, name: &Name) -> io::Result<u64> {
        size(&self.path.join("waiting").join(name.to_text()))
    }

    /// What is in the file of an entry that waits; none where it is gone, or no entry.
    pub(super) fn read(&self, name: &Name) -> io::Result<Option<Vec<u8>>> {
        read(&self.path.join("waiting").join(name.to_text()))
    }

    /// Puts an entry to the others that wait.
    pub(super) fn put(&self, name: &Name, sealed: &[u8]) -> io::Result<()> {
        self.write(&self.path.join("waiting").join(name.to_text()), sealed, name.at)
    }

    /// Makes sure that what waits is named on the disk.
    pub(super) fn sync_waiting(&self) -> io::Result<()> {
        self.step()?;
        sync(&self.path.join("waiting"))
    }

    /// Moves an entry that was sent on.
    pub(super) fn set_aside(&self, name: &Name, now: Timestamp) -> io::Result<()> {
        self.put_in("drained", name, &Name { at: now, ..*name })
    }

    /// Moves an entry that intake refuses, so that it is not among those that wait, after a restart neither.
    pub(super) fn refuse(&self, name: &Name) -> io::Result<()> {
        self.put_in("refused", name, name)
    }

    fn put_in(&self, folder: &str, name: &Name, renamed: &Name) -> io::Result<()> {
        let (from, to) = (self.path.join("waiting"), self.path.join(folder));
        self.step()?;
        fs::rename(from.join(name.to_text()), to.join(renamed.to_text()))?;
        // First where it is now: a crash in between shows it twice rather than nowhere.
        self.step()?;
        sync(&to)?;
        self.step()?;
        sync(&from)
    }

    /// Removes the oldest of what intake refuses while together it takes more than `most_bytes`; how many it removed.
    pub(super) fn forget_refused(&self, most_bytes: u64) -> io::Result<usize> {
        let folder = self.path.join("refused");
        let (mut bytes, mut removed) = (0, 0);
        for name in self.refused()?.into_iter().rev() {
            let file = folder.join(name.to_text());
            bytes += size(&file)?;
            if bytes > most_bytes {
                self.step()?;
                fs::remove_file(file)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes what was sent on long ago, and the oldest of the rest while together they take more than `most_bytes`.
    ///
    /// What cannot be removed keeps nothing else; the first such error is returned.
    pub(super) fn forget_old(&self, now: Timestamp, most_bytes: u64) -> io::Result<()> {
        let folder = self.path.join("drained");
        let (mut bytes, mut removed) = (0, Ok(()));
        for name in self.drained()?.into_iter().rev() {
            let file = folder.join(name.to_text());
            bytes += size(&file).unwrap_or(0);
            if now.since(name.at) > KEPT || bytes > most_bytes {
                self.step()?;
                removed = removed.and(fs::remove_file(file));
            }
        }
        for entry in fs::read_dir(self.path.join("drafts"))? {
            let entry = entry?;
            let begun = entry.file_name().to_str().and_then(|name| name.split('-').next()?.parse().ok());
            if begun.is_none_or(|begun| now.since(Timestamp::from_micros(begun)) > DRAFT_LIFE) {
                self.step()?;
                removed = removed.and(fs::remove_file(entry.path()));
            }
        }
        removed
    }

    /// Whether something can be written here now.
    pub(super) fn try_disk(&self, now: Timestamp) -> io::Result<()> {
        let file = self.path.join("drafts").join(format!("{}-try", now.as_micros()));
        self.write(&file, b"?", now)?;
        fs::remove_file(file)
    }

    /// The sealed keys, if there are any.
    pub(super) fn keys(&self) -> io::Result<Option<Vec<u8>>> {
        read(&self.path.join("keys"))
    }

    /// Puts the sealed keys in the place of those before.
    pub(super) fn put_keys(&self, sealed: &[u8], now: Timestamp) -> io::Result<()> {
        self.write(&self.path.join("keys"), sealed, now)
    }

    /// The lock of whoever sends entries on, until it is dropped; none while another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let options = || OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).to_owned();
        let file = options().open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Writes a file whole or not at all.
    fn write(&self, file: &Path, bytes: &[u8], now: Timestamp) -> io::Result<()> {
        let random: [u8; 8] = flare_kernel::random().map_err(io::Error::other)?;
        let draft =
            self.path.join("drafts").join(format!("{}-{}", now.as_micros(), HEXLOWER.encode(&random)));
        self.step()?;
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let written = self
            .step()
            .and_then(|()| out.write_all(bytes))
            .and_then(|()| self.step())
            .and_then(|()| out.sync_all())
            .and_then(|()| self.step())
            .and_then(|()| fs::rename(&draft, file));
        if let Err(error) = written {
            // No room on the disk: what was begun is not left to fill it. The first error is what counts.
            if self.step().is_ok() {
                let _ = fs::remove_file(&draft);
            }
            return Err(error);
        }
        self.step()?;
        sync(file.parent().unwrap_or(&self.path))
    }
}

fn names(folder: &Path) -> io::Result<BTreeSet<Name>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().to_str().and_then(Name::parse));
    }
    Ok(names)
}

fn size(file: &Path) -> io::Result<u64> {
    Ok(or_gone(fs::metadata(file))?.map_or(0, |about| about.len()))
}

fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = or_gone(File::open(file))? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// None for what is gone: another process on the same volume may have moved it.
fn or_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
