//! An officer is given the id of a case that they are about to open without a receipt.

use flare_contracts::intake::v1::ReserveCaseResponse;
use flare_kernel::{CaseId, StaffId};
use flare_store::{Error, Tx, Write};

use crate::store;

/// Draws the id: whoever could choose one could take the id of a request that is still on its way.
pub(crate) struct ReserveCase {
    pub(crate) staff: StaffId,
}

impl Write for ReserveCase {
    type Output = ReserveCaseResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<ReserveCaseResponse, Error> {
        let case = CaseId::random()?;
        store::requests::reserve(tx, case, self.staff).await?;
        Ok(ReserveCaseResponse { case_id: case.to_string() })
    }
}
