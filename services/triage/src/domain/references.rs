//! Who can vouch: never the requester, never a payee, nobody twice.

use flare_contracts::{Kind, Refusal};

use super::{CheckMethod, CheckResult, Confidence};

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
    #[error("this person is named as a reference of this case already")]
    Named,
    #[error("a case has at most {MOST} references")]
    TooMany,
}

impl From<VouchRefusal> for Refusal {
    fn from(refusal: VouchRefusal) -> Self {
        let reason = match refusal {
            VouchRefusal::Requester => "REFERENCE_IS_REQUESTER",
            VouchRefusal::Payee => "REFERENCE_IS_PAYEE",
            VouchRefusal::Named => "REFERENCE_NAMED",
            VouchRefusal::TooMany => "TOO_MANY_REFERENCES",
        };
        Self::new(Kind::State, reason, refusal.to_string())
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
