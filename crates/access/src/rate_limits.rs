//! How often something may be done.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use flare_kernel::{Duration as Span, Timestamp};

use crate::{Clock, bounded::Bounded};

/// So many calls in so much time; all of them at once if need be. No calls at all when `calls` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many calls.
    pub calls: u32,
    /// In how much time.
    pub per: Duration,
}

/// Whether one more call is within a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is, and it has been counted.
    Allowed,
    /// It is not, and it has not been counted; after this time one will be.
    RetryAfter(Duration),
}

/// Counts calls. One count for all replicas where there is something to share it in, one for each process otherwise.
///
/// An implementation that cannot reach its store counts in process instead: a lost counter must never stop a request
/// for help.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Counts one call of `key`, which names who is counted and for what. Never content, an address or a name.
    async fn allow(&self, key: &str, limit: Limit) -> Decision;
}

/// How many keys are counted at most: about 10 MB.
const KEYS: usize = 65_536;

/// In microseconds, the longest time a limit can have: some 146,000 years, so that no sum of it overflows.
const FOR_EVER: i64 = i64::MAX / 2;

/// Counts in this process.
///
/// This is the generic cell rate algorithm (ITU-T I.371): each key has one instant, at which its calls so far will
/// have been worked off at the limit's pace, and a call is refused when that instant lies further ahead than the
/// limit's time. Unlike counting by fixed windows it never lets twice the calls through around a window's edge.
pub struct LocalRateLimits {
    worked_off: Mutex<Bounded<Timestamp>>,
    clock: Arc<dyn Clock>,
}

impl LocalRateLimits {
    /// Counts by this clock. When there are too many keys, those that called least are forgotten first.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_keys(KEYS, clock)
    }

    fn with_keys(keys: usize, clock: Arc<dyn Clock>) -> Self {
        Self { worked_off: Mutex::new(Bounded::new(keys)), clock }
    }
}

#[async_trait]
impl RateLimits for LocalRateLimits {
    async fn allow(&self, key: &str, limit: Limit) -> Decision {
        let now = self.clock.now();
        let per = i64::try_from(limit.per.as_micros()).unwrap_or(i64::MAX).min(FOR_EVER);
        let Some(pace) = per.checked_div(i64::from(limit.calls)) else {
            return Decision::RetryAfter(limit.per);
        };
        let mut worked_off = self.worked_off.lock().unwrap_or_else(PoisonError::into_inner);
        // Further ahead than a full count there is nothing, unless the clock was set back: then the count begins anew
        // rather than lock everyone out until the clock has caught up.
        let full = now.plus(Span::from_micros(per));
        let so_far = worked_off.get(key, now).copied().filter(|at| *at <= full).unwrap_or(now);
        let next = so_far.plus(Span::from_micros(pace));
        let excess = next.since(now).as_micros() - per;
        if excess > 0 {
            return Decision::RetryAfter(Duration::from_micros(excess.unsigned_abs()));
        }
        worked_off.insert(key, next, next);
        Decision::Allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::FixedClock;

    const THREE_A_MINUTE: Limit = Limit { calls: 3, per: Duration::from_mins(1) };

    #[tokio::test]
    async fn a_limit_lets_its_calls_through_and_then_one_at_its_pace() {
        let clock = FixedClock::new();
        let limits = LocalRateLimits::new(clock.clone());
        for _ in 0..3 {
            assert_eq!(limits.allow("a", THREE_A_MINUTE).await, Decision::Allowed);
        }
        let wait = Decision::RetryAfter(Duration::from_secs(20));
        assert_eq!(limits.allow("a", THREE_A_MINUTE).await, wait);
        assert_eq!(limits.allow("a", THREE_A_MINUTE).await, wait, "a refused call is not counted");
        assert_eq!(limits.allow("b", THREE_A_MINUTE).await, Decision::Allowed, "each key has its own count");

        clock.forward(Duration::from_secs(19));
        assert_eq!(limits.allow("a", THREE_A_MINUTE).await, Decision::RetryAfter(Duration::from_secs(1)));
        clock.forward(Duration::from_secs(1));
        assert_eq!(limits.allow("a", THREE_A_MINUTE).await, Decision::Allowed);
        assert_eq!(limits.allow("a", THREE_A_MINUTE).await, wait);
    }

    #[tokio::test]
    async fn after_its_time_a_limit_is_whole_again_and_no_more_than_whole() {
        let clock = FixedClock::new();
        let limits = LocalRateLimits::new(clock.clone());
        for pause in [Duration::ZERO, Duration::from_mins(1), Duration::from_hours(1)] {
            clock.forward(pause);
            let mut allowed = 0;
            while limits.allow("a", THREE_A_MINUTE).await == Decision::Allowed {
                allowed += 1;
            }
            assert_eq!(allowed, 3);
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_locks_nobody_out() {
        let clock = FixedClock::new();
        let limits = LocalRateLimits::new(clock.clone());
        for pause in [Duration::ZERO, Duration::from_hours(1)] {
            clock.back(pause);
            for _ in 0..3 {
                assert_eq!(limits.allow("a", THREE_A_MINUTE).await, Decision::Allowed);
            }
            assert_eq!(
                limits.allow("a", THREE_A_MINUTE).await,
                Decision::RetryAfter(Duration::from_secs(20))
            );
        }
    }

    #[tokio::test]
    async fn extreme_limits_are_kept() {
        let limits = LocalRateLimits::new(FixedClock::new());
        let none = Limit { calls: 0, per: Duration::from_secs(7) };
        assert_eq!(limits.allow("none", none).await, Decision::RetryAfter(Duration::from_secs(7)));
        let once = Limit { calls: 1, per: Duration::MAX };
        assert_eq!(limits.allow("once", once).await, Decision::Allowed);
        assert!(matches!(limits.allow("once", once).await, Decision::RetryAfter(_)));
        let countless = Limit { calls: u32::MAX, per: Duration::from_secs(1) };
        for _ in 0..1_000 {
            assert_eq!(limits.allow("countless", countless).await, Decision::Allowed);
        }
    }

    #[tokio::test]
    async fn a_flood_of_keys_takes_no_more_room_and_forgets_who_called_least() {
        let limits = LocalRateLimits::with_keys(100, FixedClock::new());
        for _ in 0..3 {
            limits.allow("loud", THREE_A_MINUTE).await;
        }
        for key in 0..1_000 {
            limits.allow(&key.to_string(), THREE_A_MINUTE).await;
            assert!(limits.worked_off.lock().unwrap().len() <= 100);
        }
        assert!(matches!(limits.allow("loud", THREE_A_MINUTE).await, Decision::RetryAfter(_)));
    }
}
