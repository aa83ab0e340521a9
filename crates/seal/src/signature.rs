//! Ed25519 signatures over bytes of a named domain, so that a signature made for one purpose means nothing for another.

use ed25519_dalek::{Signature, Signer, VerifyingKey};

use crate::{SealError, encoding::encode, sensitive::secret_bytes};

secret_bytes! {
    /// The secret that signs: an Ed25519 seed.
    SigningKey
}

impl SigningKey {
    /// The public key that verifies what this one signs.
    pub fn public(&self) -> [u8; 32] {
        self.signer().verifying_key().to_bytes()
    }

    fn signer(&self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&self.0)
    }
}

/// Signs `message` for `domain`, such as `flare/v1/vote`.
pub fn sign(domain: &str, key: &SigningKey, message: &[u8]) -> [u8; 64] {
    key.signer().sign(&encode(domain, &[message])).to_bytes()
}

/// Verifies a signature that [`sign`] gave. Strict: no weak key, no second form of the same signature.
pub fn verify(domain: &str, public: &[u8; 32], message: &[u8], signature: &[u8]) -> Result<(), SealError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| SealError::PublicKey)?;
    let signature = Signature::from_slice(signature).map_err(|_| SealError::Signature)?;
    key.verify_strict(&encode(domain, &[message]), &signature).map_err(|_| SealError::Signature)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    const DOMAIN: &str = "flare/v1/vote";

    fn key() -> SigningKey {
        SigningKey::from_bytes([0x42; 32])
    }

    #[test]
    fn the_format_is_fixed() {
        assert_eq!(
            HEXLOWER.encode(&key().public()),
            "2152f8d19b791d24453242e15f2eab6cb7cffa7b6a5ed30097960e069881db12"
        );
        assert_eq!(
            HEXLOWER.encode(&sign(DOMAIN, &key(), b"yes")),
            "2ef96381eba2e07d37136a69980b58cf2ef58fc058c4e97067fa4064f83f8cc91e726faebcc6718d081edbecc89c30c813f7fde0b9c39321f853d616ecf18100"
        );
    }

    #[test]
    fn only_this_key_domain_and_message_verify() {
        let (public, signature) = (key().public(), sign(DOMAIN, &key(), b"yes"));
        verify(DOMAIN, &public, b"yes", &signature).unwrap();
        let other = SigningKey::generate().unwrap().public();
        let mut altered = signature;
        altered[40] ^= 1;
        for refused in [
            verify("flare/v1/token", &public, b"yes", &signature),
            verify(DOMAIN, &public, b"no", &signature),
            verify(DOMAIN, &other, b"yes", &signature),
            verify(DOMAIN, &public, b"yes", &altered),
            verify(DOMAIN, &public, b"yes", &signature[..63]),
            verify("flare/v1/vot", &public, b"eyes", &signature),
        ] {
            assert!(matches!(refused, Err(SealError::Signature)));
        }
    }

    #[test]
    fn weak_keys_and_other_forms_of_a_signature_are_refused() {
        // The neutral point as key and as R, with s = 0, satisfies the equation for every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let forged = [neutral, [0; 32]].concat();
        assert!(matches!(verify(DOMAIN, &neutral, b"anything", &forged), Err(SealError::Signature)));
        // s + the order of the group.
        let order =
            HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let mut other_form = sign(DOMAIN, &key(), b"yes");
        let mut carry = 0;
        for (byte, add) in other_form[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            [_, *byte] = sum.to_be_bytes();
            carry = sum >> 8;
        }
        assert!(matches!(verify(DOMAIN, &key().public(), b"yes", &other_form), Err(SealError::Signature)));
    }
}
