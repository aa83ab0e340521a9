//! Waiting on conditions, never on the clock alone.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that has no bound of its own. Generous: the machine may be small and busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` finds what it looks for; fails when that takes longer than a minute.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// Looks until `look` finds what it looks for; fails when that takes longer than `patience`.
pub(crate) fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < patience, "not within {patience:?}: {what}");
        thread::sleep(PAUSE);
    }
}
