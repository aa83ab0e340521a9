//! Which keys intake holds, and those of them that a receipt opens.

use flare_contracts::{common::v1::KeyEpoch, input::RECEIPT};
use flare_kernel::CaseId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Reads, keys, sql};

use crate::receipt::REQUESTERS_THREAD;

/// The compartments that intake holds.
pub(crate) const HELD: &[Compartment] = &[Compartment::Request, Compartment::Thread];

/// The epochs of the thread that the case's receipt opens, each with its wrap to the receipt alone.
pub(crate) async fn of_receipt(
    reads: &mut impl Reads,
    case: CaseId,
    service: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let query = sql("SELECT compartment, epoch, recipient, generation, wrapped, author \
                     FROM key_wraps JOIN key_epochs USING (stream, compartment, epoch) \
                     WHERE stream = $1 AND compartment = 'thread' AND recipient = $2 AND thread = $3 \
                     AND epoch >= (SELECT first_epoch FROM receipts \
                                   WHERE case_id = $1 AND thread = $3 AND frozen_at IS NULL) \
                     ORDER BY epoch");
    let query = query.bind(case.to_string()).bind(RECEIPT).bind(i64::from(REQUESTERS_THREAD));
    keys::gather(&reads.rows(query).await?, case, &[Compartment::Thread], service)
}
