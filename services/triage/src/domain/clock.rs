//! Our clock: the time that runs against us, paused while we wait for the requester.

use flare_kernel::{Duration, Timestamp};

/// What has run so far, and since when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OurClock {
    pub(crate) spent: Duration,
    pub(crate) since: Option<Timestamp>,
}

impl OurClock {
    /// A clock that starts with the request.
    pub(crate) const fn started(at: Timestamp) -> Self {
        Self { spent: Duration::ZERO, since: Some(at) }
    }

    /// Lets it run or stops it; doing either twice changes nothing.
    pub(crate) fn set_running(&mut self, run: bool, now: Timestamp) {
        match (self.since, run) {
            (Some(_), true) | (None, false) => {}
            (None, true) => self.since = Some(now),
            (Some(_), false) => *self = Self { spent: self.at(now), since: None },
        }
    }

    /// What has run by `now`. A request that was received by a clock ahead of ours counts from ours.
    pub(crate) fn at(self, now: Timestamp) -> Duration {
        let running = self.since.map_or(0, |since| now.since(since).as_micros().max(0));
        Duration::from_micros(self.spent.as_micros().saturating_add(running))
    }
}
