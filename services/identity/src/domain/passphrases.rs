//! What a passphrase is stretched with.
//!
//! Everybody's passphrase is stretched alike. If people could choose, the answer to "what is this name stretched with"
//! would tell a name that exists from one that does not.

use flare_contracts::{Refusal, identity::v1::Stretching, input};
use flare_seal::{Argon2Params, PassphraseRule};

use crate::refusals::IdentityRule;

/// A salt and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretched {
    /// The salt.
    pub(crate) salt: [u8; 16],
    /// Argon2id's parameters.
    pub(crate) params: Argon2Params,
}

impl Stretched {
    /// The parameters on the wire.
    pub(crate) fn stretching(&self) -> Stretching {
        let params = self.params;
        Stretching { memory_kib: params.memory_kib(), passes: params.passes(), lanes: params.lanes() }
    }
}

/// The parameters in the input: this installation's, no others.
pub(crate) fn stretching(rule: PassphraseRule, value: Option<Stretching>) -> Result<Argon2Params, Refusal> {
    let value = input::required("stretching", value)?;
    let params = Argon2Params::within(rule, value.memory_kib, value.passes, value.lanes);
    let accepted = |params: &Argon2Params| match rule {
        PassphraseRule::Standard => *params == Argon2Params::STANDARD,
        PassphraseRule::Sandbox => *params == Argon2Params::STANDARD || *params == Argon2Params::for_tests(),
    };
    params.ok().filter(accepted).ok_or_else(|| {
        let standard = Argon2Params::STANDARD;
        let (memory_kib, passes, lanes) = (standard.memory_kib(), standard.passes(), standard.lanes());
        Refusal::invalid("stretching", IdentityRule::StretchedOtherwise { memory_kib, passes, lanes })
    })
}

/// The parameters that go with a false salt.
pub(crate) const fn false_stretching(rule: PassphraseRule) -> Argon2Params {
    match rule {
        PassphraseRule::Standard => Argon2Params::STANDARD,
        PassphraseRule::Sandbox => Argon2Params::for_tests(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(params: Argon2Params) -> Stretching {
        Stretched { salt: [0; 16], params }.stretching()
    }

    #[test]
    fn everybody_is_stretched_alike() {
        let (standard, light) = (wire(Argon2Params::STANDARD), wire(Argon2Params::for_tests()));
        let stronger = Stretching { passes: 8, ..standard };
        let weaker = Stretching { passes: 3, ..standard };
        let accepted = |rule, value| stretching(rule, Some(value)).is_ok();
        assert!(accepted(PassphraseRule::Standard, standard));
        assert!(accepted(PassphraseRule::Sandbox, standard) && accepted(PassphraseRule::Sandbox, light));
        assert!(!accepted(PassphraseRule::Standard, light));
        for rule in [PassphraseRule::Standard, PassphraseRule::Sandbox] {
            assert!(!accepted(rule, stronger) && !accepted(rule, weaker));
            assert_eq!(stretching(rule, None).unwrap_err().violations[0].field, "stretching");
            assert!(accepted(rule, wire(false_stretching(rule))), "a false answer must look like a true one");
        }
    }
}
