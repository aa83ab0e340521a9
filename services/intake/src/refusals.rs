//! The refusals that more than one place gives.

use flare_contracts::{Kind, Refusal};

/// A receipt that is not known, or whose proof is wrong: the two look alike.
pub(crate) fn unknown_receipt() -> Refusal {
    Refusal::new(
        Kind::Unauthenticated,
        "UNKNOWN_RECEIPT",
        "there is no case for this receipt; check how it was written",
    )
}

/// A second request where one stands.
pub(crate) fn already_submitted() -> Refusal {
    let message = "this request was sent before with other content, and what was sent first is kept; \
                   add or replace answers with the receipt instead";
    Refusal::new(Kind::Reused, "ALREADY_SUBMITTED", message)
}

/// A receipt that opens another case.
pub(crate) fn receipt_in_use() -> Refusal {
    Refusal::new(Kind::Reused, "RECEIPT_IN_USE", "this receipt opens a case already; draw a new one")
        .field("receipt.lookup_id", "must be new")
}

/// A case that has its receipt.
pub(crate) fn has_receipt() -> Refusal {
    let message = "a receipt can be issued while the case has none; this one has an active receipt; \
                   if it may be in other hands, freeze it first";
    Refusal::new(Kind::State, "RECEIPT_ACTIVE", message)
}

/// A case without a receipt that opens it.
pub(crate) fn no_receipt() -> Refusal {
    let message = "a receipt can be frozen while it opens the case; this case has none that does";
    Refusal::new(Kind::State, "NO_ACTIVE_RECEIPT", message)
}

/// A message id that was used.
pub(crate) fn message_exists() -> Refusal {
    Refusal::new(
        Kind::Reused,
        "MESSAGE_ID_REUSED",
        "a message with this id was posted already; draw a new id",
    )
    .field("message_id", "must be new")
}

/// A file id that was used.
pub(crate) fn file_exists() -> Refusal {
    Refusal::new(Kind::Reused, "FILE_ID_REUSED", "a file with this id was attached already; draw a new id")
        .field("file_id", "must be new")
}

/// An RPC that the access layer should not have let through.
pub(crate) fn not_allowed() -> Refusal {
    Refusal::new(Kind::Forbidden, "NOT_ALLOWED", "this is for the holder of a receipt and for staff")
}

/// A case with as many bytes of files as one may have.
pub(crate) fn case_files_full() -> Refusal {
    let message = "the files of a case may take 1 GiB together, and this one would go beyond";
    Refusal::new(Kind::Exhausted, "CASE_FILES_FULL", message)
}

/// The object store is away, or full.
pub(crate) fn files_unavailable() -> Refusal {
    let message = "files cannot be stored or read now; messages and answers can; try again in a moment";
    Refusal::new(Kind::Unavailable, "FILES_UNAVAILABLE", message)
}
