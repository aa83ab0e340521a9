//! The refusals of the access layer: few, stable, and the same words for everyone.

use std::time::Duration;

use flare_contracts::{Kind, Refusal};

/// The RPC needs credentials and none were shown.
pub(crate) fn no_credentials() -> Refusal {
    Refusal::new(Kind::Unauthenticated, "NO_CREDENTIALS", "this call needs credentials")
}

/// The credentials are not of any form Flare knows, or nobody here made them. Which of the two stays unsaid.
pub(crate) fn bad_credentials() -> Refusal {
    Refusal::new(Kind::Unauthenticated, "BAD_CREDENTIALS", "these credentials are not good here")
}

/// The credentials were good and have ended; fresh ones will do.
pub(crate) fn expired_credentials() -> Refusal {
    Refusal::new(Kind::Unauthenticated, "EXPIRED_CREDENTIALS", "these credentials have ended; get fresh ones")
}

/// The caller is known and the rule of the RPC does not name them.
pub(crate) fn not_allowed() -> Refusal {
    Refusal::new(Kind::Forbidden, "NOT_ALLOWED", "this call is not open to you")
}

/// Too many calls from one place or about one receipt.
pub(crate) fn too_many_calls(after: Duration) -> Refusal {
    Refusal::new(Kind::Exhausted, "TOO_MANY_CALLS", "too many calls; wait a little").retry_after(after)
}

/// The deadline passed before there was an answer.
pub(crate) fn too_late() -> Refusal {
    Refusal::new(
        Kind::Late,
        "DEADLINE_EXCEEDED",
        "no answer in time; the change may still have been made, so repeat the call with the same request_id",
    )
}
