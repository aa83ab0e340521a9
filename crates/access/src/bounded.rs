//! A map that cannot grow without end, whatever callers send.

use std::collections::HashMap;

use flare_kernel::Timestamp;

/// Texts and what is known about each until some instant. When it is full, the half that ends first is forgotten:
/// dropping many at once keeps the cost of each insertion small and constant on average, also under attack.
pub(crate) struct Bounded<V> {
    entries: HashMap<String, Entry<V>>,
    capacity: usize,
}

struct Entry<V> {
    value: V,
    until: Timestamp,
}

impl<V> Bounded<V> {
    /// A map of at most `capacity` texts, and at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity: capacity.max(1) }
    }

    /// What is known about `key`, unless that has ended.
    pub(crate) fn get(&self, key: &str, now: Timestamp) -> Option<&V> {
        self.entries.get(key).filter(|entry| entry.until > now).map(|entry| &entry.value)
    }

    pub(crate) fn insert(&mut self, key: &str, value: V, until: Timestamp) {
        if let Some(entry) = self.entries.get_mut(key) {
            *entry = Entry { value, until };
            return;
        }
        if self.entries.len() >= self.capacity {
            self.forget_half();
        }
        self.entries.insert(key.to_owned(), Entry { value, until });
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    fn forget_half(&mut self) {
        let mut ends: Vec<Timestamp> = self.entries.values().map(|entry| entry.until).collect();
        let mut forget = ends.len().div_ceil(2);
        let (_, last, _) = ends.select_nth_unstable(forget - 1);
        self.entries.retain(|_, entry| {
            let keep = entry.until > *last || forget == 0;
            forget -= usize::from(!keep);
            keep
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_full_map_forgets_the_half_that_ends_first() {
        let mut map = Bounded::new(4);
        for (key, until) in [("d", 40), ("b", 20), ("a", 10), ("c", 30), ("e", 50)] {
            map.insert(key, until, at(until));
        }
        let known: Vec<_> = ["a", "b", "c", "d", "e"].map(|key| map.get(key, at(0)).copied()).into();
        assert_eq!(known, [None, None, Some(30), Some(40), Some(50)]);
    }

    #[test]
    fn what_has_ended_is_not_known_and_what_is_removed_is_gone() {
        let mut map = Bounded::new(4);
        map.insert("a", (), at(10));
        assert!(map.get("a", at(9)).is_some() && map.get("a", at(10)).is_none());
        map.remove("a");
        assert_eq!(map.len(), 0);
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may_and_always_the_newest(
            capacity in 0_usize..9,
            inserted in prop::collection::vec((0_u8..40, 1_i64..6), 1..200),
        ) {
            let mut map = Bounded::new(capacity);
            for (key, until) in inserted {
                let key = key.to_string();
                map.insert(&key, until, at(until));
                prop_assert!(map.len() <= capacity.max(1));
                prop_assert_eq!(map.get(&key, at(0)), Some(&until));
            }
        }
    }
}
