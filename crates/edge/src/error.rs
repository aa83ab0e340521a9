//! What can go wrong on the way to the services and back.

use std::{borrow::Cow, fmt};

use flare_contracts::{Cause, Coded as _, Refusal, ToldRefusal};
use flare_kernel::RandomError;
use flare_seal::{Compartment, SealError};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    ContactPlan, ContactPlanError, Lifted,
    desk::{Crossed, Standing},
};

/// Why something did not happen.
#[derive(thiserror::Error)]
pub enum EdgeError {
    /// A service refused or could not be reached; its details say what and why.
    #[error("{}", .0.message())]
    Answered(#[from] Status),
    /// Refused here, before anything left the device.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Something cannot be sealed or opened with the keys at hand.
    #[error("{0}")]
    Sealed(#[from] SealError),
    /// The organisation's key is not the one this device knows.
    #[error(
        "the organisation's key is not the one this device trusts: it shows {shown}, trusted is {trusted}"
    )]
    OtherOrganisation {
        /// What was shown.
        shown: String,
        /// What is trusted.
        trusted: String,
    },
    /// The organisation's key vouches for everything that is sealed to or believed; not for this.
    #[error("the organisation does not vouch for {0}: nothing was sealed to it or believed of it")]
    Unvouched(String),
    /// Something is sealed under a key that the keys at hand do not open.
    #[error("your keys do not open key {epoch} of this case's {compartment}")]
    Closed {
        /// Of which part of the case.
        compartment: Compartment,
        /// Which of its keys; 0 when it has none yet.
        epoch: u32,
    },
    /// A text is not the one that its commitment, which votes cover, was made for.
    #[error("{0} is not the text that was put to the vote: somebody changed it")]
    Altered(String),
    /// A text stands in a place that it was not sealed for.
    #[error("another text stands in the place of {0}: somebody moved it there")]
    Misplaced(String),
    /// A service answered something that makes no sense.
    #[error("a service answered without {0}")]
    Incomplete(&'static str),
    /// The session is over, or was never begun.
    #[error("you are not logged in")]
    NoSession,
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File {
        /// Which file.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody changed the thing since it was decided on.
    #[error("it has changed since the version you decided on")]
    Changed(Box<Standing>),
    /// Words hold phrases that the contact plan forbids. Nothing was sent.
    #[error("the contact plan forbids what {field} says")]
    ForbiddenWords {
        /// Where they stand.
        field: &'static str,
        /// The phrases, as the plan has them.
        phrases: Vec<String>,
    },
    /// The contact plan is another than the one that was shown: this one. Nothing was sent.
    #[error("the contact plan has changed since it was shown to you")]
    PlanChanged(Box<ContactPlan>),
    /// The requester wrote while staff did. Nothing was sent.
    #[error("the requester wrote while you did")]
    Crossed(Box<Crossed>),
    /// A new contact plan takes back what the one before rules out. Nothing was changed.
    #[error("the new contact plan takes back what the one before rules out")]
    Lifts(Vec<Lifted>),
    /// A text is no contact plan.
    #[error("the contact plan {0}")]
    ContactPlan(#[from] ContactPlanError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl EdgeError {
    /// A refusal in the closed sets that every language has texts for. None where nothing was refused, and of a refusal
    /// that this version does not know.
    pub fn told(&self) -> Option<ToldRefusal> {
        ToldRefusal::read(&*self.refusal()?)
    }

    /// The stable reason of a service's refusal, such as `ALREADY_SUBMITTED`.
    pub fn reason(&self) -> Option<String> {
        self.refusal()?.get_details_error_info().map(|info| info.reason)
    }

    /// The status of a service's answer, or of the way to it.
    const fn status(&self) -> Option<&Status> {
        if let Self::Answered(status) = self { Some(status) } else { None }
    }

    fn has_reason(&self, reason: &str) -> bool {
        self.reason().is_some_and(|told| told == reason)
    }

    /// Whether the same call may simply be made again.
    pub fn may_pass(&self) -> bool {
        let is_away = |status: &Status| status.code() == Code::Unavailable || broke_off(status);
        self.status().is_some_and(is_away) || self.has_reason(Cause::TooBusy.code())
    }

    /// Whether what was asked about is not there, or not for the caller to know of.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|status| status.code() == Code::NotFound)
    }

    /// Whether the caller's roles do not reach so far.
    pub fn is_not_allowed(&self) -> bool {
        self.refusal().is_some_and(|status| status.code() == Code::PermissionDenied)
    }

    /// Whether somebody changed the thing since it was last seen.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Changed(_)) || self.has_reason(STALE_VERSION)
    }

    /// What was refused, by a service or before it was asked, as a service says it.
    fn refusal(&self) -> Option<Cow<'_, Status>> {
        match self {
            Self::Answered(status) => Some(Cow::Borrowed(status)),
            Self::Refused(refusal) => Some(Cow::Owned(refusal.clone().into())),
            Self::Sealed(_)
            | Self::OtherOrganisation { .. }
            | Self::Unvouched(_)
            | Self::Closed { .. }
            | Self::Altered(_)
            | Self::Misplaced(_)
            | Self::Incomplete(_)
            | Self::NoSession
            | Self::File { .. }
            | Self::Changed(_)
            | Self::ForbiddenWords { .. }
            | Self::PlanChanged(_)
            | Self::Crossed(_)
            | Self::Lifts(_)
            | Self::ContactPlan(_)
            | Self::Random(_) => None,
        }
    }
}

/// An error goes to logs, and some hold what people wrote: it is told there as it is told to everybody.
impl fmt::Debug for EdgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The reason of a refusal because somebody changed the thing meanwhile.
const STALE_VERSION: &str = "STALE_VERSION";

/// Whether the connection broke while the call was under way: the status was made here, out of an error of the transport,
/// and not by a service.
pub fn broke_off(status: &Status) -> bool {
    matches!(status.code(), Code::Unknown | Code::Internal | Code::Cancelled)
        && std::error::Error::source(status).is_some()
}

impl From<crate::FormError> for EdgeError {
    fn from(error: crate::FormError) -> Self {
        Self::Refused(error.into())
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{Cause, InputRule};

    use super::*;

    #[test]
    fn a_refusal_is_told_whoever_refused() {
        let refusal = || Refusal::invalid("amount", InputRule::TooMany { limit: 3 });
        for error in [EdgeError::from(refusal()), EdgeError::from(Status::from(refusal()))] {
            let told = error.told().unwrap();
            assert_eq!(told.cause, Cause::InvalidField);
            assert_eq!(told.fields, [("amount".to_owned(), InputRule::TooMany { limit: 3 })]);
        }
        assert_eq!(EdgeError::NoSession.told(), None);
        assert_eq!(EdgeError::from(Status::unavailable("tcp connect error")).told(), None);
    }
}
