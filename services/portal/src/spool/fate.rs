//! What becomes of a request that could not be sent.

use flare_contracts::Cause;
use flare_edge::EdgeError;
use tonic::Code;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It may go later: something is away, late or at fault.
    Later,
    /// It may go later: a limit keeps it back.
    Limited,
    /// It never goes as it is.
    Refused,
}

impl Fate {
    /// What it tells of whether the service is there; nothing for a limit, which another's calls may bring about.
    pub(super) const fn answers(self) -> Option<bool> {
        match self {
            Self::Later => Some(false),
            Self::Limited => None,
            Self::Refused => Some(true),
        }
    }
}

/// Decides it.
pub(crate) fn fate(error: &EdgeError) -> Fate {
    match error {
        EdgeError::Answered(_) if is_limit(error) => Fate::Limited,
        EdgeError::Answered(status) => of_status(status.code(), error.reason().is_some()),
        EdgeError::Refused(_) => Fate::Refused,
        // What staff alone are told, at their desks.
        EdgeError::Changed(_)
        | EdgeError::ForbiddenWords { .. }
        | EdgeError::PlanChanged(_)
        | EdgeError::Crossed(_)
        | EdgeError::Lifts(_)
        | EdgeError::ContactPlan(_)
        // About keys and what was sealed under them: of the services, not of what somebody wrote.
        | EdgeError::Sealed(_)
        | EdgeError::OtherOrganisation { .. }
        | EdgeError::Unvouched(_)
        | EdgeError::Closed { .. }
        | EdgeError::Altered(_)
        | EdgeError::Misplaced(_)
        | EdgeError::Incomplete(_)
        | EdgeError::NoSession
        | EdgeError::File { .. }
        | EdgeError::Random(_) => Fate::Later,
    }
}

/// Whether it was refused for how much is asked for at once, by a service or on the way to it.
fn is_limit(error: &EdgeError) -> bool {
    error.told().is_some_and(|told| matches!(told.cause, Cause::TooBusy | Cause::TooManyCalls))
}

/// By the code of an answer, and whether it had a reason: each refusal of a service has one, and an answer of whatever lies
/// between says nothing of the request.
pub(super) const fn of_status(code: Code, has_reason: bool) -> Fate {
    match code {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => {
            if has_reason {
                Fate::Refused
            } else {
                Fate::Later
            }
        }
        // The last may have been done: sent again, it is the same request.
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::DeadlineExceeded => Fate::Later,
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{Cause, Refusal};
    use tonic::Status;

    use super::*;

    #[test]
    fn what_is_away_comes_back_and_what_is_refused_does_not() {
        for (cause, expected) in [
            (Cause::StoreUnavailable, Fate::Later),
            (Cause::TooBusy, Fate::Limited),
            (Cause::TooManyCalls, Fate::Limited),
            (Cause::DeadlineExceeded, Fate::Later),
            (Cause::NoRandomness, Fate::Later),
            (Cause::NothingSent { seconds: 10 }, Fate::Later),
            (Cause::AlreadySubmitted, Fate::Refused),
            (Cause::ReceiptInUse, Fate::Refused),
            (Cause::InvalidField, Fate::Refused),
            (Cause::UnreadableMessage, Fate::Refused),
            (Cause::MessageTooLarge { limit: 1, length: 2 }, Fate::Refused),
        ] {
            let error = EdgeError::from(Status::from(Refusal::from(cause.clone())));
            assert_eq!(fate(&error), expected, "{cause}");
        }
    }

    #[test]
    fn an_answer_without_a_reason_is_none_of_a_service() {
        for code in (0..17).map(Code::from) {
            assert_eq!(fate(&EdgeError::from(Status::new(code, "from a proxy"))), Fate::Later, "{code:?}");
        }
    }
}
