//! Waiting: until there is work, until a stop, and longer after each failure.

use std::time::Duration;

use flare_store::Listener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a worker waits at most after a failure. Meanwhile it hears no hint, so that this is how late work may be once
/// what was away is back; and no longer than a killed replica's work lies. Some thirty workers that each ask once in this
/// while are no burden to a database that is coming back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a worker that has just handled so many events waits before it goes on: under load, what comes meanwhile
/// shares its commit. The more came at once the longer, up to 200 ms. The first event after a quiet while waits for nothing.
pub(crate) fn breath(handled: usize) -> Duration {
    Duration::from_millis(10) * u32::try_from(handled).unwrap_or(u32::MAX).min(20)
}

/// How long to wait after this many failures in a row: doubling from `first` to `most`, of which the second half is
/// drawn, so that replicas do not come back in step.
pub(crate) fn wait_after(failures: i64, first: Duration, most: Duration) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 21) - 1).unwrap_or_default();
    let full = first.saturating_mul(1 << doublings).min(most);
    // Without random bytes there is no jitter, and waiting goes on.
    let jitter = flare_kernel::random::<1>().map_or(u8::MAX, |[byte]| byte);
    full / 2 + (full / 2).mul_f64(f64::from(jitter) / f64::from(u8::MAX))
}

/// The same as a span that databases add to an instant.
pub(crate) fn delay_after(failures: i64, first: Duration, most: Duration) -> flare_kernel::Duration {
    let micros = wait_after(failures, first, most).as_micros();
    flare_kernel::Duration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// A worker's failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Pause(i64);

impl Pause {
    /// One more; how long to wait now: a quarter of a second at first, at most [`LONGEST_PAUSE`].
    pub(crate) fn longer(&mut self) -> Duration {
        self.0 = self.0.saturating_add(1);
        wait_after(self.0, Duration::from_millis(250), LONGEST_PAUSE)
    }

    /// It works again.
    pub(crate) fn over(&mut self) {
        self.0 = 0;
    }

    /// Whether this is the first failure since it last worked: the one to log.
    pub(crate) fn is_new(&self) -> bool {
        self.0 == 0
    }
}

/// Waits for a hint or for `wait` to pass; false when the worker is to stop.
pub(crate) async fn rest(token: &CancellationToken, listener: Option<&mut Listener>, wait: Duration) -> bool {
    let woken = async {
        match listener {
            Some(listener) => listener.hint().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = token.cancelled() => false,
        () = woken => true,
        () = sleep(wait) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_are_never_shorter_than_half() {
        let (first, most) = (Duration::from_secs(1), Duration::from_mins(1));
        for (failures, full) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1_000, 60), (i64::MAX, 60)] {
            let (wait, full) = (wait_after(failures, first, most), Duration::from_secs(full));
            assert!(wait >= full / 2 && wait <= full, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn a_worker_that_fails_comes_back_within_five_seconds_and_seldom() {
        let mut pause = Pause::default();
        let waits: Vec<_> = (0..50).map(|_| pause.longer()).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(5)), "{waits:?}");
        assert!(waits[5..].iter().all(|wait| *wait >= Duration::from_millis(2_500)), "{waits:?}");
        pause.over();
        assert!(pause.longer() <= Duration::from_millis(250), "what failed long ago counts no more");
    }

    #[tokio::test]
    async fn a_stop_ends_the_rest_at_once() {
        let token = CancellationToken::new();
        token.cancel();
        assert!(!rest(&token, None, Duration::MAX).await);
    }
}
