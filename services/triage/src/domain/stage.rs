//! Where a case stands, as people see it.

use std::{fmt, str::FromStr};

use flare_contracts::{Coded, Kind, Params, Reason, triage::v1};
use flare_kernel::{StaffId, UnknownCode, codes};

codes! {
    /// How far our own work is.
    pub(crate) enum Work {
        /// Nobody owns it yet.
        Submitted = "submitted",
        /// Owned; the assessment has not begun.
        Acknowledged = "acknowledged",
        /// Some need is open, or none is known.
        Assessing = "assessing",
        /// Every need has ended or waits for a grant or a referral.
        Decided = "decided",
    }
}

/// Who paused a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pauser {
    /// A member of staff, whom another one must follow to resume it.
    Staff(StaffId),
    /// The requester, by freezing their code. Whoever resumes it is the second person.
    Requester,
}

codes! {
    /// How a case ended.
    pub(crate) enum Ended {
        /// The requester wants nothing more.
        Withdrawn = "withdrawn",
        /// We are done.
        Closed = "closed",
    }
}

/// The one stage that people see, out of all that is true of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Submitted,
    Acknowledged,
    Assessing,
    AwaitingRequester,
    Decided,
    Paused,
    Held,
    Withdrawn,
    Closed,
}

impl fmt::Display for Pauser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(id) => id.fmt(f),
            Self::Requester => f.write_str("requester"),
        }
    }
}

impl FromStr for Pauser {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        if text == "requester" {
            return Ok(Self::Requester);
        }
        text.parse().map(Self::Staff).map_err(|_| UnknownCode)
    }
}

impl Stage {
    /// Every stage, in the order of the way of a case.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Acknowledged,
        Self::Assessing,
        Self::AwaitingRequester,
        Self::Decided,
        Self::Paused,
        Self::Held,
        Self::Withdrawn,
        Self::Closed,
    ];

    /// What people call it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Acknowledged => "acknowledged",
            Self::Assessing => "being assessed",
            Self::AwaitingRequester => "awaiting the requester",
            Self::Decided => "decided",
            Self::Paused => "paused",
            Self::Held => "held",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }
}

impl From<Stage> for v1::Stage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Submitted => Self::Submitted,
            Stage::Acknowledged => Self::Acknowledged,
            Stage::Assessing => Self::Assessing,
            Stage::AwaitingRequester => Self::AwaitingRequester,
            Stage::Decided => Self::Decided,
            Stage::Paused => Self::Paused,
            Stage::Held => Self::Held,
            Stage::Withdrawn => Self::Withdrawn,
            Stage::Closed => Self::Closed,
        }
    }
}

/// An act that the stage does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{act} while the case is {}; this one is {}", words(.allowed), .found.as_str())]
pub(crate) struct WrongStage {
    /// Such as "a case can be acknowledged".
    pub(crate) act: &'static str,
    /// The stages that allow it.
    pub(crate) allowed: &'static [Stage],
    /// The stage it is in.
    pub(crate) found: Stage,
}

fn words(stages: &[Stage]) -> String {
    match stages.split_last() {
        None => String::new(),
        Some((only, [])) => only.as_str().to_owned(),
        Some((last, others)) => {
            let others: Vec<_> = others.iter().map(|stage| stage.as_str()).collect();
            format!("{} or {}", others.join(", "), last.as_str())
        }
    }
}

impl Coded for WrongStage {
    fn code(&self) -> &'static str {
        "WRONG_STAGE"
    }

    fn params(&self) -> Params {
        let found = self.found.as_str().to_owned();
        vec![("act", self.act.to_owned()), ("allowed", words(self.allowed)), ("found", found)]
    }
}

impl Reason for WrongStage {
    fn kind(&self) -> Kind {
        Kind::State
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_allowed() {
        let wrong = WrongStage {
            act: "a case can be assessed",
            allowed: &[Stage::Acknowledged, Stage::Assessing, Stage::AwaitingRequester],
            found: Stage::Closed,
        };
        assert_eq!(
            wrong.to_string(),
            "a case can be assessed while the case is acknowledged, being assessed or awaiting the requester; this one \
             is closed"
        );
    }
}
