//! The teams that hold keys.

use flare_contracts::{InputRule, Refusal};
use flare_kernel::codes;

codes! {
    /// A team with a key of its own.
    #[derive(PartialOrd, Ord)]
    pub(crate) enum Team {
        /// Opens requests, threads, notes, proposals and payments.
        Triage = "triage",
        /// Opens proposals.
        Approvers = "approvers",
        /// Opens proposals and payments.
        Finance = "finance",
    }
}

impl Team {
    /// The team a field of the input names.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|_| {
            let words: Vec<_> = Self::ALL.iter().map(|team| team.as_str()).collect();
            Refusal::invalid(field, InputRule::OneOf { words: words.join(", ") })
        })
    }
}
