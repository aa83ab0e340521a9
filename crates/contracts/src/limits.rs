//! How many there may be, and how large a number: what a service refuses beyond, and the command line does not offer. Texts
//! have theirs in [`text_limits`](crate::text_limits), answers in [`answers`](crate::answers), pages in [`input`](crate::input).

/// The most needs that one grant may answer.
pub const NEEDS_OF_A_GRANT: usize = 20;
/// The fewest votes that a grant may require: nobody decides alone.
pub const FEWEST_VOTES: u32 = 2;
/// The most votes that a grant may require.
pub const MOST_VOTES: u32 = 9;
/// The highest of the scores that a recommendation gives; the lowest is 0.
pub const HIGHEST_SCORE: u32 = 4;
/// The most ways to reach its requester that a case is recognised by.
pub const FINGERPRINTS_OF_A_CASE: usize = 10;
/// The most notices that one call may mark as read.
pub const NOTICES_AT_ONCE: usize = 200;
/// The most rows of a page of events, and of streams that are held up.
pub const EVENTS_AT_ONCE: i32 = 500;
