//! A case as somebody saw it when they decided to act on it.

use flare_access::Staff;
use flare_contracts::{Refusal, input};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Error, Tx};

use crate::{domain::Case, store};

/// The case that an officer acts on, at the version they saw: what they decided of it holds for no other.
#[derive(Clone, Copy)]
pub(crate) struct SeenCase {
    pub(crate) case: CaseId,
    version: i64,
    pub(crate) officer: StaffId,
}

impl SeenCase {
    pub(crate) fn parse(by: &Staff, case_id: &str, version: i64) -> Result<Self, Refusal> {
        Ok(Self { case: input::id("case_id", case_id)?, version: input::version(version)?, officer: by.id })
    }

    /// Locks and reads the case, unless it was changed since.
    pub(crate) async fn lock(&self, tx: &mut Tx) -> Result<Case, Error> {
        let case = store::lock_case(tx, self.case).await?;
        tx.expect_version(self.case, self.version)?;
        Ok(case)
    }
}
