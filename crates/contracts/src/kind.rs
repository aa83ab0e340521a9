//! In which ways a call can be refused, and what a closed set of reasons says of each.

use tonic::Code;

use crate::Coded;

/// The closed set of ways in which a call can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The input breaks a rule whatever the state; the violations say which.
    Invalid,
    /// Nobody has shown who they are, or the proof is wrong or too old.
    Unauthenticated,
    /// They have, and may not.
    Forbidden,
    /// There is no such thing, or the caller may not know of it: the two look alike.
    NotFound,
    /// The state does not allow this step; the message says which states do.
    State,
    /// Somebody changed it since the caller last looked; look again and repeat.
    Stale,
    /// The idempotency key was used for something else.
    Reused,
    /// Too many calls, or something is full; later is fine.
    Exhausted,
    /// Something Flare needs is away; later is fine.
    Unavailable,
    /// There was no answer before the deadline. The call may have had its effect.
    Late,
}

impl Kind {
    /// The same in gRPC.
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::State => Code::FailedPrecondition,
            Self::Stale => Code::Aborted,
            Self::Reused => Code::AlreadyExists,
            Self::Exhausted => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::Late => Code::DeadlineExceeded,
        }
    }
}

/// Why a call is refused: a member of a closed set, which says of each in which way it refuses.
pub trait Reason: Coded {
    /// Which way of refusing.
    fn kind(&self) -> Kind;
}
