//! Where the time comes from.

use flare_kernel::Timestamp;

/// The time, for the life of tokens and the counting of calls. The process's own clock in production, a fixed one in
/// tests.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}
