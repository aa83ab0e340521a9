//! Where requests wait while the services are away: sealed files on the portal's own volume.
//!
//! It promises: once a code is shown, its request is at intake or on the disk; what lies there goes to intake once, whatever
//! dies in between; a stolen disk shows how many wait, since when and how long they are, and nothing else. What lies there
//! is sealed under the portal's key, and beneath it the answers are sealed to the team as ever; no receipt is among it.

mod fate;
mod folder;
mod gauges;
mod sending;
#[cfg(test)]
mod tests;
mod waiting_room;

use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flare_edge::KeyBundle;
use flare_kernel::Timestamp;
use tokio::sync::Notify;

use folder::{Folder, Name};
pub use waiting_room::Drain;
pub(crate) use waiting_room::WaitingRoom;

/// While less than this is left, nobody is invited to write: what is being typed now still finds room.
const RESERVE: u64 = 4 * 1024 * 1024;

/// A folder in which requests wait. Clones share it.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    folder: Folder,
    limit_bytes: u64,
    /// Held while the disk is looked at or written to, so that two clicks at once are one entry. Pages do not wait for it.
    writing: Mutex<()>,
    known: Mutex<Known>,
    /// Told when something new waits.
    came: Notify,
}

/// What this process knows without looking at the disk.
struct Known {
    figures: SpoolFigures,
    /// The last keys that were fetched and verified.
    bundle: Option<KeyBundle>,
    /// Whether `bundle` was written by this process, under its newest key.
    bundle_is_written: bool,
    /// Whether keys came when they were last asked for.
    keys_answer: bool,
    /// Whether intake answered when a request was last sent.
    intake_answers: bool,
    /// Whose words intake refuses.
    refused: BTreeSet<Name>,
    /// What no key opens.
    unreadable: BTreeSet<Name>,
    /// After which entry the next pass begins, so that one that always fails keeps no other from its turn.
    after: Option<Name>,
}

/// What waits, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolFigures {
    /// Requests on the disk that are not at intake; those refused or unreadable among them.
    pub waiting: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Since when the oldest waits that is neither refused nor unreadable.
    pub oldest: Option<Timestamp>,
    /// Those that intake refuses, such as other words of a request that it has: somebody must look.
    pub refused: u64,
    /// Those that no key opens: somebody must look.
    pub unreadable: u64,
}

/// What became of a request that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is on the disk, now or since before; perhaps beside other words of the same form.
    Yes { beside_other_words: bool },
    /// There is no room.
    Full,
}

impl Spool {
    /// Opens the folder, and makes it where there is none. What waits there takes `limit_bytes` at most; what was sent on,
    /// and is kept for a while, as much again.
    pub fn open(folder: &Path, limit_bytes: u64) -> io::Result<Self> {
        let folder = Folder::open(folder)?;
        let known = Known {
            figures: SpoolFigures::default(),
            bundle: None,
            bundle_is_written: false,
            keys_answer: true,
            intake_answers: true,
            refused: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            after: None,
        };
        let (writing, known) = (Mutex::new(()), Mutex::new(known));
        let inner = Inner { folder, limit_bytes, writing, known, came: Notify::new() };
        inner.measure()?;
        Ok(Self(Arc::new(inner)))
    }

    /// What waits, as of the last change or pass.
    pub fn figures(&self) -> SpoolFigures {
        self.0.known().figures
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether whoever begins to write now can be taken, as far as is known.
    fn takes(&self) -> bool {
        let known = self.known();
        let has_room = known.figures.bytes.saturating_add(RESERVE) <= self.limit_bytes;
        (known.keys_answer && known.intake_answers) || (known.bundle.is_some() && has_room)
    }

    /// Looks at the disk.
    fn measure(&self) -> io::Result<()> {
        let _writing = self.writing();
        let waiting = self.folder.waiting()?;
        let mut bytes = 0;
        for name in &waiting {
            bytes += self.folder.size(name)?;
        }
        let mut known = self.known();
        known.refused.retain(|name| waiting.contains(name));
        known.unreadable.retain(|name| waiting.contains(name));
        let count = |names: usize| u64::try_from(names).unwrap_or(u64::MAX);
        known.figures = SpoolFigures {
            waiting: count(waiting.len()),
            bytes,
            oldest: waiting.iter().find(|name| known.can_go(name)).map(|name| name.at),
            refused: count(known.refused.len()),
            unreadable: count(known.unreadable.len()),
        };
        Ok(())
    }

    /// Keeps a sealed request, unless the same words of the same form lie there already.
    fn keep(&self, name: Name, sealed: &[u8]) -> io::Result<Kept> {
        let _writing = self.writing();
        let waiting = self.folder.waiting()?;
        let of_form: Vec<_> = waiting.iter().filter(|other| other.form == name.form).collect();
        let beside_other_words = of_form.iter().any(|other| other.words != name.words);
        if of_form.iter().any(|other| other.words == name.words) {
            // Whoever put it there may have died before it was sure to last.
            self.folder.sync_waiting()?;
            return Ok(Kept::Yes { beside_other_words });
        }
        let size = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        if self.known().figures.bytes.saturating_add(size) > self.limit_bytes {
            return Ok(Kept::Full);
        }
        // Later than whatever came before under this form, though the clock was set back.
        let last = of_form.iter().map(|other| other.at.as_micros()).max();
        let at = last.map_or(name.at, |last| name.at.max(Timestamp::from_micros(last.saturating_add(1))));
        self.folder.put(&Name { at, ..name }, sealed)?;
        let figures = &mut self.known().figures;
        figures.waiting += 1;
        figures.bytes += size;
        figures.oldest = Some(figures.oldest.map_or(at, |oldest| oldest.min(at)));
        self.came.notify_one();
        Ok(Kept::Yes { beside_other_words })
    }
}

impl Known {
    /// Whether an entry is neither refused nor unreadable.
    fn can_go(&self, name: &Name) -> bool {
        !self.refused.contains(name) && !self.unreadable.contains(name)
    }

    /// The entries whose turn it is, beginning after the one that was tried last: of each form only the first.
    fn in_turn(&self, waiting: &BTreeSet<Name>) -> Vec<Name> {
        let mut forms = BTreeSet::new();
        let able = waiting.iter().filter(|name| self.can_go(name));
        let (later, earlier): (Vec<Name>, Vec<Name>) = able
            .filter(|name| forms.insert(name.form))
            .partition(|name| self.after.is_none_or(|after| **name > after));
        later.into_iter().chain(earlier).collect()
    }
}
