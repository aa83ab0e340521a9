//! A request is withdrawn.

use flare_edge::receipt::Try;
use flare_kernel::Timestamp;
use flare_seal::Receipt;

use super::{Acted, acted};
use crate::{
    acts::stopped_at,
    requester::{NotDone, Requester},
};

/// Whether a request was stopped.
pub(crate) enum Stopped {
    /// It goes on.
    No,
    /// It was; then, where that is known.
    At(Option<Timestamp>),
}

impl Requester {
    /// Whether the request was stopped.
    pub(crate) async fn stopped(&self, receipt: &Receipt) -> Result<Stopped, NotDone> {
        let (_, status) = self.find(receipt).await?;
        Ok(if status.is_stopped() { Stopped::At(stopped_at(&status)) } else { Stopped::No })
    }

    /// Withdraws the request.
    pub(crate) async fn stop(&self, receipt: &Receipt, reason: &str, act: Try<'_>) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        if status.is_stopped() {
            return Ok(Acted::Before(stopped_at(&status)));
        }
        acted(&status, holder.withdraw(reason, act).await.map(|(_, version)| version), None)
    }
}
