//! The refusals of the access layer: few, stable, and the same words for everyone.

use std::time::Duration;

use flare_contracts::{Cause, Refusal};

/// The RPC needs credentials and none were shown.
pub(crate) fn no_credentials() -> Refusal {
    Cause::NoCredentials.into()
}

/// The credentials are not of any form Flare knows, or nobody here made them. Which of the two stays unsaid.
pub(crate) fn bad_credentials() -> Refusal {
    Cause::BadCredentials.into()
}

/// The credentials were good and have ended; fresh ones will do.
pub(crate) fn expired_credentials() -> Refusal {
    Cause::ExpiredCredentials.into()
}

/// The caller is known and the rule of the RPC does not name them.
pub(crate) fn not_allowed() -> Refusal {
    Cause::NotAllowed.into()
}

/// Too many calls from one place or about one receipt.
pub(crate) fn too_many_calls(after: Duration) -> Refusal {
    Refusal::from(Cause::TooManyCalls).retry_after(after)
}

/// The deadline passed before there was an answer.
pub(crate) fn too_late() -> Refusal {
    Cause::DeadlineExceeded.into()
}
