//! What can go wrong on the way to the services and back.

use std::borrow::Cow;

use flare_contracts::{Refusal, ToldRefusal};
use flare_kernel::RandomError;
use flare_seal::{Compartment, SealError};
use tonic::Status;
use tonic_types::StatusExt as _;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
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
            | Self::Incomplete(_)
            | Self::NoSession
            | Self::File { .. }
            | Self::Random(_) => None,
        }
    }
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
