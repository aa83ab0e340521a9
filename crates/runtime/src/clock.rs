//! The time of this machine, for the life of tokens and the counting of calls.
//!
//! Decisions and timers take theirs from the database; see `flare-store`.

use std::time::{SystemTime, UNIX_EPOCH};

use flare_access::Clock;
use flare_kernel::Timestamp;

/// The clock of the operating system: the only place that asks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[allow(clippy::disallowed_methods, reason = "this is the place the ban points to")]
        Timestamp::from_micros(micros(SystemTime::now()))
    }
}

/// Microseconds since 1970; negative before.
fn micros(time: SystemTime) -> i64 {
    let whole = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(span) => whole(span),
        Err(error) => -whole(error.duration()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_goes_forward_and_knows_the_century() {
        let first = SystemClock.now();
        assert!(first.as_micros() > 1_700_000_000_000_000);
        assert!(SystemClock.now() >= first);
    }

    #[test]
    fn a_clock_set_before_1970_is_negative_rather_than_a_panic() {
        assert_eq!(micros(UNIX_EPOCH - Duration::from_secs(2)), -2_000_000);
        assert_eq!(micros(UNIX_EPOCH + Duration::from_micros(7)), 7);
    }
}
