//! A worker takes messages that are due.

use flare_kernel::Duration;
use flare_store::{Error, Tx, Write};

use crate::store::{self, Message};

/// How long a worker has; then another may take the same message, and it may be published twice with one id. No longer,
/// for what a killed worker held is that late.
pub(crate) const LEASE: Duration = Duration::from_secs(25);

/// Takes so many at most.
pub(crate) struct ClaimMessages {
    pub(crate) limit: i64,
}

impl Write for ClaimMessages {
    type Output = Vec<Message>;

    async fn apply(&self, tx: &mut Tx) -> Result<Vec<Message>, Error> {
        store::claim_messages(tx, tx.now().plus(LEASE), self.limit).await
    }
}
