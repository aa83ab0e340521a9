//! A refusal: what a caller did wrong or must wait for, said once and turned into a gRPC status in one place.

use std::{collections::HashMap, fmt, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

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

/// One field and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the request message, or the name a person knows it by at the edge.
    pub field: String,
    /// The rule, as a sentence part: "must not be empty".
    pub rule: String,
}

/// Why a call was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which way of refusing.
    pub kind: Kind,
    /// Stable, in upper snake case: what a program may branch on.
    pub reason: &'static str,
    /// For people. Never content, never infrastructure.
    pub message: String,
    /// The fields at fault, when fields are.
    pub violations: Vec<Violation>,
    /// How long to wait before trying again, when that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal without fields.
    pub fn new(kind: Kind, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, reason, message: message.into(), violations: Vec::new(), retry_after: None }
    }

    /// The refusal of one field of the input.
    pub fn invalid(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, "INVALID_FIELD", "the request breaks a rule").field(field, rule)
    }

    /// The refusal of an id that names nothing the caller may know of. `what` is a word such as "case".
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, "NOT_FOUND", format!("there is no such {what}"))
    }

    /// Names one more field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, rule: impl Into<String>) -> Self {
        self.violations.push(Violation { field: field.into(), rule: rule.into() });
        self
    }

    /// Says how long to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl Kind {
    fn code(self) -> Code {
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (index, violation) in self.violations.iter().enumerate() {
            let lead = if index == 0 { ": " } else { "; " };
            write!(f, "{lead}{} {}", violation.field, violation.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut details = ErrorDetails::with_error_info(refusal.reason, "flare", HashMap::new());
        for violation in &refusal.violations {
            details.add_bad_request_violation(&violation.field, &violation.rule);
        }
        if let Some(wait) = refusal.retry_after {
            details.set_retry_info(Some(wait));
        }
        Self::with_error_details(refusal.kind.code(), refusal.to_string(), details)
    }
}
