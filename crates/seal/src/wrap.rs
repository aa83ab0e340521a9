//! Keys given to people and teams: HPKE (RFC 9180) in base mode with the X-Wing hybrid KEM, HKDF-SHA256 and
//! ChaCha20-Poly1305.
//!
//! A wrap is the encapsulated key (1,120 bytes) and the sealed 32 bytes with their tag (48 bytes). What it is for goes
//! into the key schedule as `info`, so a wrap opens only for the purpose it was made for. Wrapping needs public keys only,
//! and so proves nothing about who wrapped.

use std::fmt;

use data_encoding::HEXLOWER;
use flare_kernel::CaseId;
use hpke::{
    Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::XWing, rand_core::CryptoRng, single_shot_open, single_shot_seal_with_rng,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Compartment, CompartmentKey, SealError, Sensitive, encoding::encode, rng::with_randomness,
    sensitive::secret_bytes,
};

/// Bytes of a wrap.
pub const WRAPPED_LEN: usize = ENCAPSULATED_LEN + 32 + 16;
const ENCAPSULATED_LEN: usize = 1120;

secret_bytes! {
    /// The secret of somebody who can be given keys: an X-Wing decapsulation key.
    RecipientSecret
}

/// The public key of somebody who can be given keys.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientPublic(<XWing as Kem>::PublicKey);

/// What a wrapped compartment key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapContext<'a> {
    /// The case.
    pub case: CaseId,
    /// The compartment whose key is wrapped.
    pub compartment: Compartment,
    /// That key's epoch.
    pub epoch: u32,
    /// Who is to open it, such as `team:triage` or `receipt`.
    pub recipient: &'a str,
}

impl RecipientSecret {
    /// The public key that belongs to it.
    pub fn public(&self) -> Result<RecipientPublic, SealError> {
        self.private_key().map(|key| RecipientPublic(XWing::sk_to_pk(&key)))
    }

    fn private_key(&self) -> Result<<XWing as Kem>::PrivateKey, SealError> {
        Deserializable::from_bytes(self.expose())
            .map_err(|_| SealError::Malformed { what: "a recipient's secret" })
    }
}

impl RecipientPublic {
    /// The key in these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Deserializable::from_bytes(bytes).map(Self).map_err(|_| SealError::PublicKey)
    }

    /// The key's 1,216 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }
}

impl fmt::Debug for RecipientPublic {
    /// The beginning of its hash: a public key is too long to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientPublic({})", HEXLOWER.encode(&Sha256::digest(self.to_bytes())[..8]))
    }
}

/// Wraps a compartment's key to one reader.
pub fn wrap_key(
    recipient: &RecipientPublic,
    key: &CompartmentKey,
    context: &WrapContext<'_>,
) -> Result<Vec<u8>, SealError> {
    with_randomness(|rng| wrap_with(rng, recipient, key.expose(), &context.encode()))?
}

/// Unwraps what [`wrap_key`] gave for the same context.
pub fn unwrap_key(
    secret: &RecipientSecret,
    wrapped: &[u8],
    context: &WrapContext<'_>,
) -> Result<CompartmentKey, SealError> {
    unwrap(secret, wrapped, &context.encode()).map(|bytes| CompartmentKey::from_bytes(*bytes))
}

/// Wraps a secret that is not a compartment's key, such as a team's, to one person. Every part of `context` must be the
/// same when it is unwrapped.
pub fn wrap_secret(
    recipient: &RecipientPublic,
    secret: &[u8; 32],
    context: &[&str],
) -> Result<Vec<u8>, SealError> {
    with_randomness(|rng| wrap_with(rng, recipient, secret, &encode_secret_context(context)))?
}

/// Unwraps what [`wrap_secret`] gave for the same context.
pub fn unwrap_secret(
    secret: &RecipientSecret,
    wrapped: &[u8],
    context: &[&str],
) -> Result<Sensitive<[u8; 32]>, SealError> {
    unwrap(secret, wrapped, &encode_secret_context(context)).map(|bytes| Sensitive::new(*bytes))
}

impl WrapContext<'_> {
    fn encode(&self) -> Vec<u8> {
        encode(
            "flare/v1/wrap/compartment-key",
            &[
                self.case.as_bytes(),
                self.compartment.as_str().as_bytes(),
                &self.epoch.to_be_bytes(),
                self.recipient.as_bytes(),
            ],
        )
    }
}

fn encode_secret_context(context: &[&str]) -> Vec<u8> {
    let parts: Vec<&[u8]> = context.iter().map(|part| part.as_bytes()).collect();
    encode("flare/v1/wrap/secret", &parts)
}

fn wrap_with(
    rng: &mut impl CryptoRng,
    recipient: &RecipientPublic,
    secret: &[u8; 32],
    info: &[u8],
) -> Result<Vec<u8>, SealError> {
    let (encapsulated, sealed) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &recipient.0,
        info,
        secret,
        &[],
        rng,
    )
    .map_err(|_: HpkeError| SealError::PublicKey)?;
    Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
}

fn unwrap(secret: &RecipientSecret, wrapped: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    const MALFORMED: SealError = SealError::Malformed { what: "a wrapped key" };
    if wrapped.len() != WRAPPED_LEN {
        return Err(MALFORMED);
    }
    let (encapsulated, sealed) = wrapped.split_at(ENCAPSULATED_LEN);
    let encapsulated = Deserializable::from_bytes(encapsulated).map_err(|_| MALFORMED)?;
    let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &secret.private_key()?,
        &encapsulated,
        info,
        sealed,
        &[],
    )
    .map(Zeroizing::new)
    .map_err(|_| SealError::Refused)?;
    opened.as_slice().try_into().map(Zeroizing::new).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hpke::rand_core::{TryCryptoRng, TryRng};

    use super::*;

    /// Bytes of a public key.
    const PUBLIC_LEN: usize = 1216;
    const CONTEXT: WrapContext<'static> = WrapContext {
        case: CaseId::from_bytes([0x11; 16]),
        compartment: Compartment::Thread,
        epoch: 1,
        recipient: "team:triage",
    };

    fn secret() -> RecipientSecret {
        RecipientSecret::from_bytes([0x24; 32])
    }

    fn key() -> CompartmentKey {
        CompartmentKey::from_bytes([0x42; 32])
    }

    /// Gives the same byte for ever.
    struct Fixed(u8);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(u32::from_le_bytes([self.0; 4]))
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(u64::from_le_bytes([self.0; 8]))
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            out.fill(self.0);
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    #[test]
    fn the_format_is_fixed() {
        let public = secret().public().unwrap();
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(public.to_bytes())),
            "1e837bea0394a1f718a5fe32860f9a2b18fa2473dc8d42ea8a6413fe8f1d3bd7"
        );
        let wrapped = wrap_with(&mut Fixed(3), &public, key().expose(), &CONTEXT.encode()).unwrap();
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(&wrapped)),
            "5d07624b9f4e6a5ddc6dbd89eabe2fb208e2df77da5607aba91518e6dea3eb15"
        );
        assert_eq!(unwrap_key(&secret(), &wrapped, &CONTEXT).unwrap().expose(), key().expose());
    }

    /// The first test vector of draft-connolly-cfrg-xwing-kem: the seed and the start of its public key.
    #[test]
    fn the_secret_is_an_x_wing_decapsulation_key() {
        let seed = "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26";
        let seed = HEXLOWER.decode(seed.as_bytes()).unwrap().try_into().unwrap();
        let public = RecipientSecret::from_bytes(seed).public().unwrap().to_bytes();
        assert_eq!(public.len(), PUBLIC_LEN);
        assert_eq!(HEXLOWER.encode(&public[..16]), "e2236b35a8c24b39b10aa1323a96a919");
    }

    #[test]
    fn a_wrap_opens_for_its_reader_and_purpose_only() {
        let wrapped = wrap_key(&secret().public().unwrap(), &key(), &CONTEXT).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_LEN);
        assert_eq!(unwrap_key(&secret(), &wrapped, &CONTEXT).unwrap().expose(), key().expose());
        for context in [
            WrapContext { case: CaseId::from_bytes([0x12; 16]), ..CONTEXT },
            WrapContext { compartment: Compartment::Notes, ..CONTEXT },
            WrapContext { epoch: 2, ..CONTEXT },
            WrapContext { recipient: "team:finance", ..CONTEXT },
        ] {
            assert!(matches!(unwrap_key(&secret(), &wrapped, &context), Err(SealError::Refused)));
        }
        let other = RecipientSecret::generate().unwrap();
        assert!(matches!(unwrap_key(&other, &wrapped, &CONTEXT), Err(SealError::Refused)));
        assert!(matches!(unwrap_secret(&secret(), &wrapped, &["team:triage"]), Err(SealError::Refused)));
    }

    #[test]
    fn altered_and_cut_wraps_are_refused() {
        let wrapped = wrap_key(&secret().public().unwrap(), &key(), &CONTEXT).unwrap();
        for at in [0, 500, 1087, 1088, 1119, 1120, 1151, WRAPPED_LEN - 1] {
            let mut altered = wrapped.clone();
            altered[at] ^= 1;
            assert!(
                matches!(unwrap_key(&secret(), &altered, &CONTEXT), Err(SealError::Refused)),
                "byte {at}"
            );
        }
        for cut in [&wrapped[..WRAPPED_LEN - 1], &[], &[wrapped.as_slice(), &[0]].concat()] {
            assert!(matches!(unwrap_key(&secret(), cut, &CONTEXT), Err(SealError::Malformed { .. })));
        }
    }

    #[test]
    fn a_teams_secret_reaches_its_member() {
        let (member, team) = (RecipientSecret::generate().unwrap(), RecipientSecret::generate().unwrap());
        let context = ["team", "triage", "3", "staff_1"];
        let wrapped = wrap_secret(&member.public().unwrap(), team.expose(), &context).unwrap();
        assert_eq!(unwrap_secret(&member, &wrapped, &context).unwrap().expose(), team.expose());
        for other in [
            &["team", "triage", "4", "staff_1"][..],
            &["team", "triage", "3"],
            &["team", "triage3", "", "staff_1"],
        ] {
            assert!(matches!(unwrap_secret(&member, &wrapped, other), Err(SealError::Refused)));
        }
    }

    #[test]
    fn public_keys_are_read_back_and_checked() {
        let public = secret().public().unwrap();
        assert_eq!(RecipientPublic::from_bytes(&public.to_bytes()).unwrap(), public);
        // Coefficients of ML-KEM are below 3,329; a key of all ones is not a key.
        for bad in [&[0xff; PUBLIC_LEN][..], &public.to_bytes()[1..], &[]] {
            assert!(matches!(RecipientPublic::from_bytes(bad), Err(SealError::PublicKey)));
        }
    }
}
