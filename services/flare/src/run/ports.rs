//! What the roles share through Redis, or keep in this process where there is none.

use std::sync::Arc;

use flare_access::{Clock, LocalRateLimits, LocalSessionCache, RateLimits, SessionCache};
use flare_runtime::{RedisLink, RedisRateLimits, RedisSessionCache, Settings, Tasks};

use super::RunError;

/// Limits, sessions and the clock of this process.
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    limits: Arc<dyn RateLimits>,
    sessions: Arc<dyn SessionCache>,
}

impl Shared {
    /// Redis where the settings name one; it may be away.
    pub(crate) fn new(settings: &Settings, clock: &Arc<dyn Clock>, tasks: &Tasks) -> Result<Self, RunError> {
        let clock = Arc::clone(clock);
        if settings.cache.url.is_empty() {
            let limits = Arc::new(LocalRateLimits::new(Arc::clone(&clock)));
            let sessions = Arc::new(LocalSessionCache::new(Arc::clone(&clock)));
            return Ok(Self { clock, limits, sessions });
        }
        let link = RedisLink::start(&settings.cache.url, format!("{}flare:", settings.broker.prefix), tasks)?;
        let limits = Arc::new(RedisRateLimits::new(link.clone(), Arc::clone(&clock)));
        let sessions = Arc::new(RedisSessionCache::new(link, Arc::clone(&clock)));
        Ok(Self { clock, limits, sessions })
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn limits(&self) -> Arc<dyn RateLimits> {
        Arc::clone(&self.limits)
    }

    pub(crate) fn sessions(&self) -> Arc<dyn SessionCache> {
        Arc::clone(&self.sessions)
    }
}
