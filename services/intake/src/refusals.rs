//! The refusals that more than one place gives, and those of the tables.

use flare_contracts::{Cause, InputRule, Refusal};

use crate::files::MAX_CASE_BYTES;

/// A receipt that opens another case.
pub(crate) fn receipt_in_use() -> Refusal {
    Refusal::from(Cause::ReceiptInUse).field("receipt.lookup_id", InputRule::NotNew)
}

/// A message id that was used.
pub(crate) fn message_exists() -> Refusal {
    Refusal::from(Cause::MessageIdReused).field("message_id", InputRule::NotNew)
}

/// A file id that was used.
pub(crate) fn file_exists() -> Refusal {
    Refusal::from(Cause::FileIdReused).field("file_id", InputRule::NotNew)
}

/// A case with as many bytes of files as one may have.
pub(crate) fn case_files_full() -> Refusal {
    Cause::CaseFilesFull { mebibytes: MAX_CASE_BYTES >> 20 }.into()
}
