//! Where requests wait while the services are away: sealed files on the portal's own volume.
//!
//! It promises: once a code is shown, its request is at intake or on the disk; what lies there goes to intake once, whatever
//! dies in between; a stolen disk shows how many wait, since when and how long they are, and nothing else. What lies there
//! is sealed under the portal's key, and beneath it the answers are sealed to the team as ever; no receipt is among it.

mod fate;
mod folder;
mod gauges;
#[cfg(test)]
pub(crate) mod tests;
mod waiting_room;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flare_access::Place;
use flare_edge::KeyBundle;
use flare_kernel::Timestamp;
use tokio::sync::Notify;

pub(crate) use fate::{Fate, fate};
use folder::{Folder, Name};
pub use waiting_room::Drain;
pub(crate) use waiting_room::WaitingRoom;

/// While less than this is left, nobody is invited to write: what is being typed now still finds room.
const RESERVE: u64 = 4 * 1024 * 1024;
/// One place may fill half of the room, and of the rest this part, as of all that is shared out.
const SHARE: u64 = 32;
/// Beside the room of what waits, this part of it is for what intake refuses, and as much for what no key opens: neither
/// takes the room of those who come next.
const ASIDE: u64 = 4;

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
    /// What no key opens.
    unreadable: BTreeSet<Name>,
    /// From which place this process took what waits, and its size. Entries from before it started are nobody's.
    from: BTreeMap<Name, (Vec<u8>, u64)>,
    /// After which entry the next pass begins, so that one that always fails keeps no other from its turn.
    after: Option<Name>,
}

/// What waits, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SpoolFigures {
    /// Requests on the disk that are not at intake; those refused or unreadable among them.
    waiting: u64,
    /// The bytes of the room that are taken. What is refused or unreadable has room of its own; what is unreadable beyond
    /// that takes of this one.
    bytes: u64,
    /// Since when the oldest waits that is neither refused nor unreadable.
    oldest: Option<Timestamp>,
    /// Those that intake refuses, such as other words of a request that it has: somebody must look. The oldest go when
    /// together they take more than a quarter of the room.
    refused: u64,
    /// Those that no key opens: somebody must look.
    unreadable: u64,
    /// Whether the last thing that was to be written could not be, and nothing else has been since.
    fails: bool,
}

/// What became of a request that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is on the disk, now or since before; perhaps beside other words of the same form.
    Yes { beside_other_words: bool },
    /// There is no room, or none for more from its place.
    Full,
}

impl Spool {
    /// Opens the folder, and makes it where there is none. What waits there takes `limit_bytes` at most; what was sent on,
    /// and is kept for a while, as much again; what is refused or unreadable half of that.
    pub fn open(folder: &Path, limit_bytes: u64) -> io::Result<Self> {
        let folder = Folder::open(folder)?;
        let known = Known {
            figures: SpoolFigures::default(),
            bundle: None,
            bundle_is_written: false,
            // Asked before anybody is invited to write.
            keys_answer: false,
            intake_answers: true,
            unreadable: BTreeSet::new(),
            from: BTreeMap::new(),
            after: None,
        };
        let (writing, known) = (Mutex::new(()), Mutex::new(known));
        let inner = Inner { folder, limit_bytes, writing, known, came: Notify::new() };
        inner.measure()?;
        Ok(Self(Arc::new(inner)))
    }

    /// What waits, as of the last change or pass.
    #[cfg(test)]
    fn figures(&self) -> SpoolFigures {
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

    /// Whether whoever begins to write now at this place can be taken, as far as is known.
    fn takes(&self, place: Option<&Place>) -> bool {
        let known = self.known();
        let has_room = self.has_room(&known, place, RESERVE);
        (known.keys_answer && known.intake_answers)
            || (known.bundle.is_some() && has_room && !known.figures.fails)
    }

    /// Whether so many bytes more from this place find room.
    fn has_room(&self, known: &Known, place: Option<&Place>, bytes: u64) -> bool {
        let free = self.limit_bytes.saturating_sub(known.figures.bytes);
        let in_share = || place.is_none_or(|place| known.held(place) < self.limit_bytes / SHARE);
        bytes <= free && (free >= self.limit_bytes / 2 || in_share())
    }

    /// The most that what is refused takes, and what no key opens before it takes of the room.
    fn limit_aside(&self) -> u64 {
        self.limit_bytes / ASIDE
    }

    /// Looks at the disk.
    fn measure(&self) -> io::Result<()> {
        let _writing = self.writing();
        let (waiting, refused) = (self.folder.waiting()?, self.folder.refused()?.len());
        let mut sizes = BTreeMap::new();
        for name in &waiting {
            sizes.insert(*name, self.folder.size(name)?);
        }
        let mut known = self.known();
        known.unreadable.retain(|name| waiting.contains(name));
        known.from.retain(|name, _| waiting.contains(name));
        let all: u64 = sizes.values().sum();
        let unreadable: u64 = known.unreadable.iter().filter_map(|name| sizes.get(name)).sum();
        let count = |names: usize| u64::try_from(names).unwrap_or(u64::MAX);
        known.figures = SpoolFigures {
            waiting: count(waiting.len() + refused),
            bytes: all - unreadable.min(self.limit_aside()),
            oldest: waiting.iter().find(|name| known.can_go(name)).map(|name| name.at),
            refused: count(refused),
            unreadable: count(known.unreadable.len()),
            fails: known.figures.fails,
        };
        Ok(())
    }

    /// Keeps a sealed request from this place, unless the same words of the same form lie there already.
    fn keep(&self, name: Name, sealed: &[u8], place: Option<&Place>) -> io::Result<Kept> {
        let _writing = self.writing();
        let (waiting, refused) = (self.folder.waiting()?, self.folder.refused()?);
        let drained = self.folder.drained()?;
        if refused.iter().any(|other| (other.form, other.words) == (name.form, name.words)) {
            return Ok(Kept::Yes { beside_other_words: true });
        }
        let of_form: Vec<_> = waiting.iter().filter(|other| other.form == name.form).collect();
        // Intake has those that were sent on: it refuses other words of their form.
        let others = of_form.iter().copied().chain(&refused).chain(&drained);
        let beside_other_words =
            others.filter(|other| other.form == name.form).any(|other| other.words != name.words);
        if of_form.iter().any(|other| other.words == name.words) {
            // Whoever put it there may have died before it was sure to last.
            self.folder.sync_waiting()?;
            return Ok(Kept::Yes { beside_other_words });
        }
        let size = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        if !self.has_room(&self.known(), place, size) {
            return Ok(Kept::Full);
        }
        // Later than whatever came before under this form, though the clock was set back.
        let last = of_form.iter().map(|other| other.at.as_micros()).max();
        let at = last.map_or(name.at, |last| name.at.max(Timestamp::from_micros(last.saturating_add(1))));
        let name = Name { at, ..name };
        self.folder.put(&name, sealed)?;
        let mut known = self.known();
        if let Some(place) = place {
            known.from.insert(name, (place.neighbourhood().to_vec(), size));
        }
        let figures = &mut known.figures;
        figures.waiting += 1;
        figures.bytes += size;
        figures.oldest = Some(figures.oldest.map_or(at, |oldest| oldest.min(at)));
        self.came.notify_one();
        Ok(Kept::Yes { beside_other_words })
    }
}

/// What fetched keys are beside those that are kept.
#[derive(Clone, Debug)]
enum Keys {
    /// The same, and on the disk.
    Kept,
    /// Older than these.
    Older(Box<KeyBundle>),
    /// To be kept.
    New,
}

impl Known {
    fn beside(&self, fetched: &KeyBundle) -> Keys {
        match &self.bundle {
            Some(kept) if fetched.is_older_than(kept) => Keys::Older(Box::new(kept.clone())),
            Some(kept) if self.bundle_is_written && kept.to_bytes() == fetched.to_bytes() => Keys::Kept,
            Some(_) | None => Keys::New,
        }
    }

    /// Whether a key opens an entry, as far as is known.
    fn can_go(&self, name: &Name) -> bool {
        !self.unreadable.contains(name)
    }

    /// How much of what waits came from this place, in bytes.
    fn held(&self, place: &Place) -> u64 {
        let of_place = self.from.values().filter(|(from, _)| from == place.neighbourhood());
        of_place.map(|(_, bytes)| bytes).sum()
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
