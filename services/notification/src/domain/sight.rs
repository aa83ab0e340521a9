//! Whether somebody may be told of a case now.

use flare_kernel::Lane;

/// What triage says about a person and a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// They may know of it.
    Visible,
    /// They may not, or triage does not know the case yet.
    Hidden,
    /// Triage could not be asked.
    Unknown,
}

/// While triage cannot be asked a notice waits, but for a critical one to a head: somebody must know.
pub(crate) const fn may_be_told(sight: Sight, lane: Lane, is_head: bool) -> bool {
    match (sight, lane) {
        (Sight::Visible, _) => true,
        (Sight::Unknown, Lane::Critical) => is_head,
        (Sight::Unknown, Lane::Urgent | Lane::Standard) | (Sight::Hidden, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_heads_critical_notice_does_not_wait_for_triage() {
        for sight in [Sight::Visible, Sight::Hidden, Sight::Unknown] {
            for lane in Lane::ALL {
                for is_head in [false, true] {
                    let expected = sight == Sight::Visible
                        || (sight == Sight::Unknown && lane == Lane::Critical && is_head);
                    assert_eq!(may_be_told(sight, lane, is_head), expected, "{sight:?} {lane} {is_head}");
                }
            }
        }
    }
}
