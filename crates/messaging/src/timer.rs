//! What a service does when a time has come.

use async_trait::async_trait;
use flare_kernel::Timestamp;
use flare_store::Tx;

/// A timer whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTimer {
    /// On whose history it was set.
    pub stream: String,
    /// What it is for: the word it was set with.
    pub kind: String,
    /// When it was due; it may fire later, never earlier.
    pub due: Timestamp,
}

/// A service's answer to its own timers.
#[async_trait]
pub trait TimerHandler: Send + Sync + 'static {
    /// Does what is due. The stream is locked and the timer gone, in the same transaction: it fires once, and setting
    /// it again here is a new timer. An error undoes everything, and the timer fires again later.
    async fn fire(&self, tx: &mut Tx, due: &DueTimer) -> Result<(), flare_store::Error>;
}
