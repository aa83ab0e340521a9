//! How long what people write may be, in characters. Whoever seals a text counts them. A service sees only how long the
//! sealing is, and refuses what no text of so many characters could be. The answers of a request have theirs in [`answers`](crate::answers).

/// A message between a requester and staff.
pub const MESSAGE: usize = 20_000;
/// How, when and by whom a requester may be reached.
pub const CONTACT_PLAN: usize = 4_000;
/// Most of what staff write about a case.
pub const WORDS: usize = 8_000;
/// A note, the reasons for a grant, and closing words.
pub const NOTE: usize = 20_000;
/// What is said of a file: its name, type and size.
pub const FILE_DESCRIPTION: usize = 1_000;
/// What a grant is for.
pub const SCOPE: usize = 8_000;
/// A grant's budget.
pub const BUDGET: usize = 10_000;
/// For whom a grant is.
pub const BENEFICIARY: usize = 2_000;
/// Who is paid, and where.
pub const PAYEE: usize = 4_000;
/// What somebody says with a vote.
pub const VOTE_WORDS: usize = 4_000;

/// The most bytes that so many characters take: each takes at most four in UTF-8.
pub const fn most_bytes(characters: usize) -> usize {
    4 * characters
}
