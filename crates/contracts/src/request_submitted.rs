//! What follows from how a request came in.

use flare_kernel::Timestamp;

use crate::{events::v1::RequestSubmitted, input};

impl RequestSubmitted {
    /// Since when our time runs for a request whose event is of `came_in`: its sender was told by when we answer when the
    /// request began to wait, if it had to.
    pub fn asked_at(&self, came_in: Timestamp) -> Timestamp {
        self.waiting_since.as_ref().map_or(came_in, input::timestamp_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_time_runs_from_when_a_request_began_to_wait() {
        let (before, came_in) = (Timestamp::from_micros(5), Timestamp::from_micros(9));
        let waited = |waiting_since| RequestSubmitted { waiting_since, ..RequestSubmitted::default() };
        assert_eq!(waited(None).asked_at(came_in), came_in);
        assert_eq!(waited(Some(input::timestamp_out(before))).asked_at(came_in), before);
    }
}
