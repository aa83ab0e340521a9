//! A session cache that all replicas share.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use flare_access::{Clock, LocalSessionCache, SessionCache};
use redis::AsyncCommands;

use crate::redis_link::RedisLink;

/// Redis takes no expiry beyond this; nothing here is worth remembering for longer.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// How many missed changes are made good after an outage. Beyond that a value's own end must do.
const MISSED: usize = 16_384;

/// Remembers in Redis; in this process while Redis is away.
///
/// What was changed during an outage is removed from Redis before anything is read from it again by this process, so
/// that a session that was ended does not come back. Other replicas may see it until then, or until it ends by itself.
pub struct RedisSessionCache {
    link: RedisLink,
    local: LocalSessionCache,
    /// Keys that Redis may know another value of.
    missed: Mutex<BTreeSet<String>>,
}

impl RedisSessionCache {
    /// Remembers over this link, and by `clock` while it is down.
    pub fn new(link: RedisLink, clock: Arc<dyn Clock>) -> Self {
        Self { link, local: LocalSessionCache::new(clock), missed: Mutex::default() }
    }

    fn missed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn miss(&self, keys: impl IntoIterator<Item = String>) {
        let mut missed = self.missed();
        missed.extend(keys);
        while missed.len() > MISSED {
            missed.pop_first();
        }
    }

    /// Whether Redis now knows nothing that was changed in its absence.
    async fn made_good(&self) -> bool {
        let missed = mem::take(&mut *self.missed());
        if missed.is_empty() {
            return true;
        }
        let keys: Vec<_> = missed.iter().collect();
        let removed = self.link.ask(async |redis| redis.del::<_, ()>(keys).await).await.is_some();
        if !removed {
            self.miss(missed);
        }
        removed
    }
}

#[async_trait]
impl SessionCache for RedisSessionCache {
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let there = self.link.key("session", key);
        if self.made_good().await
            && let Some(answer) =
                self.link.ask(async |redis| redis.get::<_, Option<Vec<u8>>>(&there).await).await
        {
            return answer;
        }
        self.local.get(key).await
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Duration) {
        let there = self.link.key("session", key);
        let millis = u64::try_from(ttl.min(LONGEST).as_millis()).unwrap_or(u64::MAX).max(1);
        let put = self
            .link
            .ask(async |redis| redis.pset_ex::<_, _, ()>(&there, value.as_slice(), millis).await)
            .await;
        if put.is_some() {
            self.missed().remove(&there);
            // What this process remembered during one outage must not come back in the next.
            self.local.forget(key).await;
        } else {
            self.miss([there]);
            self.local.put(key, value, ttl).await;
        }
    }

    async fn forget(&self, key: &str) {
        let there = self.link.key("session", key);
        self.local.forget(key).await;
        if self.link.ask(async |redis| redis.del::<_, ()>(&there).await).await.is_none() {
            self.miss([there]);
        }
    }
}
