//! Since when a request waited that could not come in at once.

use flare_kernel::{Duration, Timestamp};

/// The longest wait that is believed; one that was longer counts as this. It is how far ahead in its lane's queue a portal
/// whose clock is wrong, or that is in other hands, can put a request.
const LONGEST: Duration = Duration::from_days(14);

/// The time from which staff's clock runs for a request that comes in now and is told to wait since then: never later
/// than now, and never longer ago than is believed.
pub(crate) fn waiting_since(told: Timestamp, now: Timestamp) -> Timestamp {
    let oldest = Timestamp::from_micros(now.as_micros().saturating_sub(LONGEST.as_micros()));
    told.clamp(oldest, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_old_as_is_told_but_never_of_tomorrow_nor_older_than_two_weeks() {
        let now = Timestamp::from_micros(1_795_305_600_000_000);
        let at = |hours: i64| now.plus(Duration::from_micros(hours * 3_600_000_000));
        for (told, expected) in [
            (at(0), now),
            (at(-5), at(-5)),
            (at(-14 * 24), at(-14 * 24)),
            (at(-14 * 24).plus(Duration::from_micros(-1)), at(-14 * 24)),
            (at(-400 * 24), at(-14 * 24)),
            (Timestamp::from_micros(i64::MIN), at(-14 * 24)),
            (now.plus(Duration::from_micros(1)), now),
            (at(5), now),
            (Timestamp::from_micros(i64::MAX), now),
        ] {
            assert_eq!(waiting_since(told, now), expected, "{told}");
        }
        let begin = Timestamp::from_micros(i64::MIN);
        assert_eq!(waiting_since(begin, begin), begin, "no arithmetic overflows");
    }
}
