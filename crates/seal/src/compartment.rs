//! The sealed parts of a case, and the key of one of them.

use std::{fmt, str::FromStr};

use crate::sensitive::secret_bytes;

/// One of the sealed parts of a case; each opens for other people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compartment {
    /// Answers. Opens for triage.
    Request,
    /// Messages, agreement, report. Opens for triage and the receipt.
    Thread,
    /// Staff notes, persons, contact plan, reference checks, reasons in words. Opens for triage.
    Notes,
    /// Scope and budget. Opens for triage, approvers and finance.
    Proposal,
    /// Payee details. Opens for finance and triage.
    Payment,
}

/// A text that names no compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of request, thread, notes, proposal, payment")]
pub struct UnknownCompartment;

impl Compartment {
    /// Every compartment.
    pub const ALL: [Self; 5] = [Self::Request, Self::Thread, Self::Notes, Self::Proposal, Self::Payment];

    /// Its name, which is part of every address: it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Thread => "thread",
            Self::Notes => "notes",
            Self::Proposal => "proposal",
            Self::Payment => "payment",
        }
    }

    /// The readers that each of its keys must be wrapped to: without one of them, somebody who must act sees nothing,
    /// and without the recovery key what was sealed can be lost for good. A receipt opens the thread beside them.
    pub const fn readers(self) -> &'static [&'static str] {
        match self {
            Self::Request | Self::Thread | Self::Notes => &["team:triage", "recovery"],
            Self::Proposal => &["team:triage", "team:approvers", "team:finance", "recovery"],
            Self::Payment => &["team:triage", "team:finance", "recovery"],
        }
    }
}

impl fmt::Display for Compartment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Compartment {
    type Err = UnknownCompartment;

    fn from_str(text: &str) -> Result<Self, UnknownCompartment> {
        Self::ALL.into_iter().find(|compartment| compartment.as_str() == text).ok_or(UnknownCompartment)
    }
}

secret_bytes! {
    /// The key of one compartment of one case in one epoch.
    CompartmentKey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_fixed() {
        let names = Compartment::ALL.map(Compartment::as_str);
        assert_eq!(names, ["request", "thread", "notes", "proposal", "payment"]);
        for compartment in Compartment::ALL {
            assert_eq!(compartment.to_string().parse(), Ok(compartment));
        }
        assert_eq!("Thread".parse::<Compartment>(), Err(UnknownCompartment));
    }

    #[test]
    fn keys_are_drawn_afresh() {
        assert_ne!(
            CompartmentKey::generate().unwrap().expose(),
            CompartmentKey::generate().unwrap().expose()
        );
    }
}
