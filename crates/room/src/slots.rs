//! Room for so many things at once, shared out so that no place can take it all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flare_access::Place;

/// The part that one place may hold of what is short.
const SHARE: usize = 32;

/// What one place may hold of so many when there is little room left.
pub(crate) fn share(most: usize) -> usize {
    (most / SHARE).max(1)
}

/// So many slots. A newsroom or an onion service is one place for many people, so one place may hold half of them; of the
/// other half each place gets a small share, so that it takes many places to shut everybody else out.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_place: HashMap<Vec<u8>, usize>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Shared>,
    place: Option<Vec<u8>>,
}

impl Slots {
    /// So many.
    pub fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self(Arc::new(Shared { most, taken: Mutex::default() }))
    }

    /// As many, of its own.
    #[must_use]
    pub fn another(&self) -> Self {
        Self(Arc::new(Shared { most: self.0.most, taken: Mutex::default() }))
    }

    /// A slot for somebody at this place, if there is one for them; none is for a call within the process.
    pub fn take(&self, from: Option<&Place>) -> Option<Slot> {
        let Shared { most, .. } = *self.0;
        let place = from.map(|place| place.neighbourhood().to_vec());
        let mut taken = self.0.taken();
        let free = most.saturating_sub(taken.all);
        let held = place.as_ref().and_then(|place| taken.by_place.get(place)).copied().unwrap_or(0);
        if free == 0 || (free < most / 2 && held >= share(most)) {
            return None;
        }
        taken.all += 1;
        if let Some(place) = &place {
            *taken.by_place.entry(place.clone()).or_default() += 1;
        }
        drop(taken);
        Some(Slot { slots: Arc::clone(&self.0), place })
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.all -= 1;
        let Some(place) = &self.place else { return };
        if let Some(held) = taken.by_place.get_mut(place) {
            *held -= 1;
            if *held == 0 {
                taken.by_place.remove(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(slots: &Slots, from: &str) -> Vec<Slot> {
        let from = Place::of(from.parse().unwrap());
        std::iter::from_fn(|| slots.take(Some(&from))).collect()
    }

    #[test]
    fn one_place_takes_no_more_than_leaves_the_others_half() {
        let slots = Slots::new(512);
        let flood = all(&slots, "192.0.2.7");
        assert_eq!(flood.len(), 257);
        assert_eq!(all(&slots, "192.0.2.8").len(), 16, "kept at the time: dropped at the end of this line");
        let crowd: Vec<_> = (0..15).map(|nth| all(&slots, &format!("2001:db8:{nth:x}:9::1"))).collect();
        assert_eq!(crowd.iter().map(Vec::len).collect::<Vec<_>>(), vec![16; 15]);
        assert_eq!(all(&slots, "2001:db8:0:ffff::1").len(), 0, "a neighbour of one of them");
        assert_eq!(all(&slots, "192.0.2.9").len(), 15, "the rest");

        drop(crowd);
        drop(flood);
        assert_eq!(slots.0.taken().all, 0);
        assert!(slots.0.taken().by_place.is_empty(), "places are not remembered");
        assert_eq!(std::iter::from_fn(|| slots.take(None)).take(600).collect::<Vec<_>>().len(), 512);
    }

    #[test]
    fn few_slots_are_shared_too() {
        let slots = Slots::new(2);
        let both = all(&slots, "192.0.2.7");
        assert_eq!((both.len(), all(&slots, "192.0.2.8").len()), (2, 0));
        drop(both);
        assert_eq!(all(&slots.another(), "192.0.2.8").len(), 2);
        assert!(Slots::new(0).take(None).is_none());
    }
}
