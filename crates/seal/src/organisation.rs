//! The organisation's own key: it signs which keys are its teams', its people's and the recovery key, and can open what
//! nobody else can any more.
//!
//! Edges keep the fingerprint of the public key. A key that is not signed by it is refused, so whoever writes the database
//! cannot slip one in and be given what is wrapped to a team, to a person or for recovery, nor sign as anybody.

use flare_kernel::StaffId;
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

/// A person's public keys, which the organisation vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonKeys {
    /// Whose they are.
    pub staff: StaffId,
    /// SHA-256 of the key that a team's secret is wrapped to: whoever only checks signatures need not carry the key itself.
    pub encryption_digest: [u8; 32],
    /// What verifies their signatures.
    pub signing: [u8; 32],
}

impl OrganisationSeed {
    /// What signs the keys of teams and people.
    pub fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(*derive(&self.0, "flare/v1/organisation/signer"))
    }

    /// What opens the wraps that are made for recovery.
    pub fn recovery(&self) -> RecipientSecret {
        RecipientSecret::from_bytes(*derive(&self.0, "flare/v1/organisation/recovery"))
    }
}

const DOMAIN: &str = "flare/v1/team-key";
const RECOVERY_DOMAIN: &str = "flare/v1/recovery-key";
const PERSON_DOMAIN: &str = "flare/v1/person-keys";

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

/// Vouches for the recovery key: everything is wrapped to it.
pub fn sign_recovery_key(organisation: &OrganisationSeed, key: &RecipientPublic) -> [u8; 64] {
    sign(RECOVERY_DOMAIN, &organisation.signer(), &key.to_bytes())
}

/// Checks that the organisation vouches for a recovery key.
pub fn verify_recovery_key(
    organisation: &[u8; 32],
    key: &RecipientPublic,
    signature: &[u8],
) -> Result<(), SealError> {
    verify(RECOVERY_DOMAIN, organisation, &key.to_bytes(), signature)
}

impl PersonKeys {
    /// The keys of a person.
    pub fn new(staff: StaffId, encryption: &RecipientPublic, signing: [u8; 32]) -> Self {
        Self { staff, encryption_digest: Sha256::digest(encryption.to_bytes()).into(), signing }
    }

    /// What a person reads out, of the keys that were made on their device, to whoever vouches for them; written like the
    /// organisation's.
    pub fn fingerprint(&self) -> String {
        groups(&self.signed_bytes())
    }

    fn signed_bytes(&self) -> Vec<u8> {
        encode(PERSON_DOMAIN, &[self.staff.as_bytes(), &self.encryption_digest, &self.signing])
    }
}

/// Vouches for a person's keys: the certificate that goes with them.
pub fn certify(organisation: &OrganisationSeed, keys: &PersonKeys) -> [u8; 64] {
    sign(PERSON_DOMAIN, &organisation.signer(), &keys.signed_bytes())
}

/// Checks that the organisation vouches for a person's keys.
pub fn verify_certificate(
    organisation: &[u8; 32],
    keys: &PersonKeys,
    certificate: &[u8],
) -> Result<(), SealError> {
    verify(PERSON_DOMAIN, organisation, &keys.signed_bytes(), certificate)
}

/// What two people read to each other to know that they hold the same organisation's key.
pub fn fingerprint(organisation: &[u8; 32]) -> String {
    groups(&[b"flare/v1/organisation/fingerprint".as_slice(), organisation].concat())
}

/// Six groups of five digits, so that it reads alike in every language. Each group is five bytes of a SHA-256, modulo
/// 100,000.
fn groups(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
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

    #[test]
    fn only_the_signed_recovery_key_is_vouched_for() {
        let (organisation, key) = (seed().signer().public(), seed().recovery().public().unwrap());
        let signature = sign_recovery_key(&seed(), &key);
        verify_recovery_key(&organisation, &key, &signature).unwrap();
        let slipped_in = RecipientSecret::generate().unwrap().public().unwrap();
        assert!(verify_recovery_key(&organisation, &slipped_in, &signature).is_err());
        let as_a_team = TeamKey { team: "recovery".to_owned(), generation: 1, public: key.clone() };
        let elsewhere = sign_team_key(&seed(), &as_a_team);
        assert!(verify_recovery_key(&organisation, &key, &elsewhere).is_err());
    }

    #[test]
    fn a_certificate_holds_for_one_person_and_their_very_keys() {
        let encryption = RecipientSecret::from_bytes([0x24; 32]).public().unwrap();
        let keys = PersonKeys::new(StaffId::from_bytes([1; 16]), &encryption, [2; 32]);
        let (organisation, certificate) = (seed().signer().public(), certify(&seed(), &keys));
        verify_certificate(&organisation, &keys, &certificate).unwrap();
        for other in [
            PersonKeys { staff: StaffId::from_bytes([3; 16]), ..keys },
            PersonKeys { encryption_digest: [4; 32], ..keys },
            PersonKeys { signing: [5; 32], ..keys },
        ] {
            assert!(matches!(
                verify_certificate(&organisation, &other, &certificate),
                Err(SealError::Signature)
            ));
            assert_ne!(other.fingerprint(), keys.fingerprint());
        }
        assert_eq!(keys.fingerprint().len(), 35);
    }
}
