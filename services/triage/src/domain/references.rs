//! Who can vouch: never the requester, never a payee, nobody twice.

use flare_contracts::{Coded, Kind, Params, Reason};

use super::{CheckMethod, CheckResult, Confidence};
use crate::refusals::TriageRefusal;

/// The most references that one case may have.
pub(crate) const MOST: usize = 20;

/// What a checked reference said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) method: CheckMethod,
    pub(crate) confidence: Confidence,
    pub(crate) result: CheckResult,
    pub(crate) independent: bool,
}

/// The fingerprints known in a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    pub(crate) requester: Vec<[u8; 32]>,
    pub(crate) references: Vec<[u8; 32]>,
    pub(crate) payees: Vec<[u8; 32]>,
}

/// Why somebody cannot vouch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VouchRefusal {
    #[error("the requester cannot vouch for themselves; name somebody else")]
    Requester,
    #[error("whoever is paid by this cannot vouch for it; name somebody else")]
    Payee,
    #[error("{}", TriageRefusal::ReferenceNamed)]
    Named,
    #[error("a case has at most {MOST} references")]
    TooMany,
}

impl Coded for VouchRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Requester => "REFERENCE_IS_REQUESTER",
            Self::Payee => "REFERENCE_IS_PAYEE",
            Self::Named => TriageRefusal::ReferenceNamed.code(),
            Self::TooMany => "TOO_MANY_REFERENCES",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Requester | Self::Payee | Self::Named => Params::new(),
            Self::TooMany => vec![("limit", MOST.to_string())],
        }
    }
}

impl Reason for VouchRefusal {
    fn kind(&self) -> Kind {
        Kind::State
    }
}

/// Whether the person behind a fingerprint may vouch.
pub(crate) fn may_vouch(fingerprint: &[u8; 32], known: &Fingerprints) -> Result<(), VouchRefusal> {
    if known.requester.contains(fingerprint) {
        return Err(VouchRefusal::Requester);
    }
    if known.payees.contains(fingerprint) {
        return Err(VouchRefusal::Payee);
    }
    if known.references.contains(fingerprint) {
        return Err(VouchRefusal::Named);
    }
    if known.references.len() >= MOST {
        return Err(VouchRefusal::TooMany);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_vouches_for_themselves_for_their_money_or_twice() {
        let known =
            Fingerprints { requester: vec![[1; 32]], references: vec![[2; 32]], payees: vec![[3; 32]] };
        assert_eq!(may_vouch(&[1; 32], &known), Err(VouchRefusal::Requester));
        assert_eq!(may_vouch(&[2; 32], &known), Err(VouchRefusal::Named));
        assert_eq!(may_vouch(&[3; 32], &known), Err(VouchRefusal::Payee));
        assert_eq!(may_vouch(&[4; 32], &known), Ok(()));
        let references = (0..20).map(|number| [number; 32]).collect();
        let full = Fingerprints { references, ..Fingerprints::default() };
        assert_eq!(may_vouch(&[40; 32], &full), Err(VouchRefusal::TooMany));
    }
}
