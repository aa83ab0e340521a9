//! Waiting longer after each failure, with jitter so that replicas do not come back in step.

use std::time::Duration;

/// How long to wait before trying again: doubling from `first` to `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Starts at `first` and never waits longer than `most`.
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// The longest wait.
    pub const fn most(&self) -> Duration {
        self.most
    }

    /// The next wait: between half of the doubled span and all of it.
    pub fn next_wait(&mut self) -> Duration {
        let full = self.first.saturating_mul(1 << self.failures.min(20)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        // Without random bytes there is no jitter, and waiting goes on.
        let jitter = crate::random::<1>().map_or(u8::MAX, |[byte]| byte);
        full / 2 + (full / 2).mul_f64(f64::from(jitter) / f64::from(u8::MAX))
    }

    /// Forgets the failures so far.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_begin_again_after_a_reset() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(2));
        let mut backoff = Backoff::new(first, most);
        for full in [100, 200, 400, 800, 1_600, 2_000, 2_000].map(Duration::from_millis) {
            let wait = backoff.next_wait();
            assert!(wait >= full / 2 && wait <= full, "{wait:?} is not within {full:?}");
        }
        for _ in 0..100 {
            assert!(backoff.next_wait() <= most);
        }
        backoff.reset();
        assert!(backoff.next_wait() <= first);
    }
}
