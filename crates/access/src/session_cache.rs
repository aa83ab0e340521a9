//! Remembering for a while what would otherwise be asked again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use flare_kernel::Duration as Span;

use crate::{Clock, bounded::Bounded};

/// A cache that may forget anything at any time, and that nobody notices when it does. It holds ids and listed
/// metadata only; a key is never a token or another secret itself.
#[async_trait]
pub trait SessionCache: Send + Sync {
    /// What was put under this key, unless it has ended or been forgotten.
    async fn get(&self, key: &str) -> Option<Vec<u8>>;
    /// Remembers a value for at most this long, in place of any earlier one.
    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration);
    /// Forgets a key.
    async fn forget(&self, key: &str);
}

/// How many keys are remembered at most.
const KEYS: usize = 16_384;

/// A longer value is not remembered, so that the whole cache stays within 64 MiB.
const VALUE_LEN: usize = 4_096;

/// Remembers in this process.
pub struct LocalSessionCache {
    values: Mutex<Bounded<Vec<u8>>>,
    clock: Arc<dyn Clock>,
}

impl LocalSessionCache {
    /// Remembers by this clock. When there are too many keys, those that end first are forgotten first.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_keys(KEYS, clock)
    }

    fn with_keys(keys: usize, clock: Arc<dyn Clock>) -> Self {
        Self { values: Mutex::new(Bounded::new(keys)), clock }
    }
}

#[async_trait]
impl SessionCache for LocalSessionCache {
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let now = self.clock.now();
        self.values.lock().unwrap_or_else(PoisonError::into_inner).get(key, now).cloned()
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration) {
        let until =
            self.clock.now().plus(Span::from_micros(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX)));
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if value.len() > VALUE_LEN {
            // The earlier value is no longer true.
            values.remove(key);
        } else {
            values.insert(key, value, until);
        }
    }

    async fn forget(&self, key: &str) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::FixedClock;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_value_is_remembered_until_it_ends_is_replaced_or_forgotten() {
        let clock = FixedClock::new();
        let cache = LocalSessionCache::new(clock.clone());
        assert_eq!(cache.get("a").await, None);
        cache.put("a", vec![1], MINUTE).await;
        clock.forward(MINUTE.checked_sub(Duration::from_micros(1)).unwrap());
        assert_eq!(cache.get("a").await, Some(vec![1]));
        cache.put("a", vec![2], MINUTE).await;
        clock.forward(Duration::from_secs(1));
        assert_eq!(cache.get("a").await, Some(vec![2]));
        clock.forward(MINUTE);
        assert_eq!(cache.get("a").await, None);

        cache.put("b", vec![3], Duration::MAX).await;
        assert_eq!(cache.get("b").await, Some(vec![3]));
        cache.forget("b").await;
        assert_eq!(cache.get("b").await, None);
    }

    #[tokio::test]
    async fn neither_many_keys_nor_long_values_make_it_grow() {
        let cache = LocalSessionCache::with_keys(10, FixedClock::new());
        for key in 0..100 {
            cache.put(&key.to_string(), vec![0; VALUE_LEN], MINUTE).await;
            assert!(cache.values.lock().unwrap().len() <= 10);
            assert!(cache.get(&key.to_string()).await.is_some());
        }
        cache.put("99", vec![0; VALUE_LEN + 1], MINUTE).await;
        assert_eq!(cache.get("99").await, None, "neither the long value nor the one it replaced");
    }
}
