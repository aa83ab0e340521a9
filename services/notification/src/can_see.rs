//! Asking triage who may know of a case.

use async_trait::async_trait;
use flare_kernel::{CaseId, StaffId};

/// Triage could not be asked; later it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("triage could not be asked who may see a case")]
pub struct TriageAway;

/// Who may know of a case. Asked whenever somebody is about to be told, never inside a transaction.
#[async_trait]
pub trait CanSee: Send + Sync + 'static {
    /// Those of `staff` who may know of the case now.
    async fn can_see(&self, case: CaseId, staff: &[StaffId]) -> Result<Vec<StaffId>, TriageAway>;
}
