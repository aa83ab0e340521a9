//! What follows from whether somebody is said to be in danger.

use flare_kernel::Lane;

use crate::intake::v1::Danger;

/// The lane of a case that is in `lane`, once this was said of danger: yes is critical, doubt is urgent at least. Nothing
/// that is said lowers a lane; staff do that.
pub const fn lane_in_danger(danger: Danger, lane: Lane) -> Lane {
    match (danger, lane) {
        (Danger::Yes, Lane::Critical | Lane::Urgent | Lane::Standard) | (Danger::NotSure, Lane::Critical) => {
            Lane::Critical
        }
        (Danger::NotSure, Lane::Urgent | Lane::Standard) => Lane::Urgent,
        (Danger::No | Danger::Unspecified, lane) => lane,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_is_critical_doubt_is_urgent_and_nothing_lowers_a_lane() {
        for lane in Lane::ALL {
            assert_eq!(lane_in_danger(Danger::Yes, lane), Lane::Critical);
            assert_eq!(lane_in_danger(Danger::NotSure, lane), lane.min(Lane::Urgent));
            assert_eq!(lane_in_danger(Danger::No, lane), lane);
            assert_eq!(lane_in_danger(Danger::Unspecified, lane), lane);
        }
    }
}
