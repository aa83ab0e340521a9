//! Rate limits that all replicas share.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use flare_access::{Clock, Decision, Limit, LocalRateLimits, RateLimits};
use redis::Script;

use crate::redis_link::RedisLink;

/// The same algorithm as [`LocalRateLimits`], in one step on the server and by the server's clock: the key holds the
/// instant at which its calls so far will have been worked off. It answers the microseconds to wait, 0 for none.
const COUNT: &str = r"
local pace, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local worked_off = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + pace
local excess = worked_off - now - per
if excess > 0 then return excess end
redis.call('SET', KEYS[1], string.format('%.0f', worked_off), 'PX', math.ceil((worked_off - now) / 1000))
return 0
";

/// The longest time a limit may span: what Lua's numbers count exactly, with room to spare.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Counts in Redis; in this process while Redis is away.
pub struct RedisRateLimits {
    link: RedisLink,
    script: Script,
    local: LocalRateLimits,
}

impl RedisRateLimits {
    /// Counts over this link, and by `clock` while it is down.
    pub fn new(link: RedisLink, clock: Arc<dyn Clock>) -> Self {
        Self { link, script: Script::new(COUNT), local: LocalRateLimits::new(clock) }
    }
}

#[async_trait]
impl RateLimits for RedisRateLimits {
    async fn allow(&self, key: &str, limit: Limit) -> Decision {
        let per = limit.per.min(LONGEST).as_micros();
        let Some(pace) = per.checked_div(limit.calls.into()) else {
            return Decision::RetryAfter(limit.per);
        };
        let micros = |span: u128| u64::try_from(span).unwrap_or(u64::MAX);
        let key_there = self.link.key("limit", key);
        let answer = self.link.ask(async |redis| {
            self.script.key(&key_there).arg(micros(pace)).arg(micros(per)).invoke_async::<u64>(redis).await
        });
        match answer.await {
            Some(0) => Decision::Allowed,
            Some(wait) => Decision::RetryAfter(Duration::from_micros(wait)),
            None => self.local.allow(key, limit).await,
        }
    }
}
