//! The teams that hold keys.

use flare_contracts::{InputRule, Refusal};

/// A team with a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Team {
    /// Opens requests, threads, notes, proposals and payments.
    Triage,
    /// Opens proposals.
    Approvers,
    /// Opens proposals and payments.
    Finance,
}

impl Team {
    /// Every team there is.
    pub(crate) const ALL: [Self; 3] = [Self::Triage, Self::Approvers, Self::Finance];

    /// The name in proto and database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Approvers => "approvers",
            Self::Finance => "finance",
        }
    }

    /// The team a field of the input names.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|team| team.as_str() == text);
        let words = || Self::ALL.map(Self::as_str).join(", ");
        found.ok_or_else(|| Refusal::invalid(field, InputRule::OneOf { words: words() }))
    }
}
