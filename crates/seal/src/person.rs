//! The one seed a member of staff has, and the keys that come from it.

use crate::{RecipientSecret, SigningKey, derive::derive, sensitive::secret_bytes};

secret_bytes! {
    /// What a person's keys come from. It never leaves their device but sealed under their passphrase.
    PersonSeed
}

impl PersonSeed {
    /// What opens the keys that are wrapped to this person.
    pub fn recipient(&self) -> RecipientSecret {
        RecipientSecret::from_bytes(*derive(&self.0, "flare/v1/person/recipient"))
    }

    /// What signs this person's votes.
    pub fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(*derive(&self.0, "flare/v1/person/signer"))
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn the_derivation_is_fixed() {
        let seed = PersonSeed::from_bytes([0x42; 32]);
        assert_eq!(
            HEXLOWER.encode(seed.recipient().expose()),
            "a3c609e065aca13b73a61071539a89bbd5e070b89469dfd952ce3b7a3a6aecac"
        );
        assert_eq!(
            HEXLOWER.encode(seed.signer().expose()),
            "5a949f8ccbfd41f91c6597bb61f0bf7bebe62c40e922fd9e322bc608535038a1"
        );
    }
}
