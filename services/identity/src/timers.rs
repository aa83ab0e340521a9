//! What identity does later: let go of sessions whose time has passed.

use async_trait::async_trait;
use flare_messaging::{DueTimer, TimerHandler};
use flare_store::{Error, Tx};

use crate::store;

/// On a person's stream: their newest session ends.
pub(crate) const SESSIONS_END: &str = "sessions_end";

/// Identity's timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentityTimers;

#[async_trait]
impl TimerHandler for IdentityTimers {
    async fn fire(&self, tx: &mut Tx, due: &DueTimer) -> Result<(), Error> {
        match due.kind.as_str() {
            SESSIONS_END => store::delete_past_sessions(tx, &due.stream).await,
            // Set by another version of this program; what it was for is not known here.
            _ => Ok(()),
        }
    }
}
