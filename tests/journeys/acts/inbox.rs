//! What people are asked to do.

use super::{list, text};
use crate::harness::{Desk, until};

/// The notices in somebody's inbox about a thing, by what they ask.
pub(crate) fn asked_of(desk: &Desk, about: &str) -> Vec<String> {
    let inbox = desk.read(&["inbox"]);
    list(&inbox["notices"])
        .iter()
        .filter(|notice| notice["case_id"] == about || notice["grant_id"] == about)
        .map(|notice| text(&notice["ask"]))
        .collect()
}

/// Waits until somebody's inbox asks this of them.
pub(crate) fn is_asked(desk: &Desk, about: &str, ask: &str) {
    let mut last = Vec::new();
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until(&format!("the inbox asks to {ask}"), || {
            last = asked_of(desk, about);
            last.iter().any(|asked| asked == ask).then_some(())
        });
    }));
    assert!(seen.is_ok(), "the inbox asks {last:?} about {about}, not to {ask}");
}
