//! The organisation's own key: it signs which keys are its teams', and can open what nobody else can any more.
//!
//! Edges keep the fingerprint of the public key. A team's key that is not signed by it is refused, so whoever writes the
//! database cannot slip one in and be given what is wrapped to the team.

use sha2::{Digest, Sha256};

use crate::{
    RecipientPublic, RecipientSecret, SealError, SigningKey, derive::derive, encoding::encode,
    sensitive::secret_bytes, sign, verify,
};

secret_bytes! {
    /// What the organisation's keys come from. Kept offline.
    OrganisationSeed
}

/// A team's public key, which the organisation vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamKey {
    /// The team's name.
    pub team: String,
    /// Counts from 1 with each new key of the team.
    pub generation: u32,
    /// What keys for the team are wrapped to.
    pub public: RecipientPublic,
}

impl OrganisationSeed {
    /// What signs the teams' keys.
    pub fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(*derive(&self.0, "flare/v1/organisation/signer"))
    }

    /// What opens the wraps that are made for recovery.
    pub fn recovery(&self) -> RecipientSecret {
        RecipientSecret::from_bytes(*derive(&self.0, "flare/v1/organisation/recovery"))
    }
}

const DOMAIN: &str = "flare/v1/team-key";

impl TeamKey {
    fn signed_bytes(&self) -> Vec<u8> {
        encode(DOMAIN, &[self.team.as_bytes(), &self.generation.to_be_bytes(), &self.public.to_bytes()])
    }
}

/// Vouches for a team's key.
pub fn sign_team_key(organisation: &OrganisationSeed, key: &TeamKey) -> [u8; 64] {
    sign(DOMAIN, &organisation.signer(), &key.signed_bytes())
}

/// Checks that the organisation vouches for a team's key.
pub fn verify_team_key(organisation: &[u8; 32], key: &TeamKey, signature: &[u8]) -> Result<(), SealError> {
    verify(DOMAIN, organisation, &key.signed_bytes(), signature)
}

/// What two people read to each other to know that they hold the same organisation's key: six groups of five digits, so
/// that it reads alike in every language. Each group is five bytes of a SHA-256, modulo 100,000.
pub fn fingerprint(organisation: &[u8; 32]) -> String {
    let hash =
        Sha256::new().chain_update("flare/v1/organisation/fingerprint").chain_update(organisation).finalize();
    let groups = hash.as_chunks::<5>().0.iter().map(|group| {
        let number = group.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn seed() -> OrganisationSeed {
        OrganisationSeed::from_bytes([0x42; 32])
    }

    fn team() -> TeamKey {
        let public = RecipientSecret::from_bytes([0x24; 32]).public().unwrap();
        TeamKey { team: "triage".to_owned(), generation: 1, public }
    }

    #[test]
    fn the_derivation_and_the_fingerprint_are_fixed() {
        assert_eq!(
            HEXLOWER.encode(seed().signer().expose()),
            "36cfaf669e9a5764394f6b68c5887a4c8df3f0986557b78d88e47a2506905cb3"
        );
        assert_eq!(
            HEXLOWER.encode(seed().recovery().expose()),
            "298db5b6e106bb5025b98ced8d11a18494e2e0fcca0e117d418e97dbffc43192"
        );
        assert_eq!(fingerprint(&[0x42; 32]), "94890 79068 36820 13751 31523 13643");
        assert_ne!(fingerprint(&[0x42; 32]), fingerprint(&[0x43; 32]));
    }

    #[test]
    fn only_the_signed_key_of_the_signed_team_is_vouched_for() {
        let (organisation, signature) = (seed().signer().public(), sign_team_key(&seed(), &team()));
        verify_team_key(&organisation, &team(), &signature).unwrap();
        let slipped_in = RecipientSecret::generate().unwrap().public().unwrap();
        for other in [
            TeamKey { team: "finance".to_owned(), ..team() },
            TeamKey { generation: 2, ..team() },
            TeamKey { public: slipped_in, ..team() },
        ] {
            let refused = verify_team_key(&organisation, &other, &signature);
            assert!(matches!(refused, Err(SealError::Signature)));
        }
        let impostor = OrganisationSeed::generate().unwrap().signer().public();
        assert!(matches!(verify_team_key(&impostor, &team(), &signature), Err(SealError::Signature)));
    }
}
