//! A field that a vote covers: sealed like any other, and pinned by a hash that tells nothing about it.
//!
//! The commitment is SHA-256(`flare/v1/commitment` ‖ salt ‖ text) with 32 random bytes of salt, sealed in front of the
//! text. Whoever opens the field computes it again and compares; whoever cannot open it learns nothing, because the
//! salt is sealed too.

use std::fmt;

use data_encoding::HEXLOWER;
use flare_kernel::random;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    CompartmentKey, FieldAddress, SealError, SealedBytes, Sensitive,
    aead::{NONCE_LEN, open_prefixed, seal_prefixed},
    field::{content_tag, sealing_key},
    padding::{pad, unpad},
    sealed_len,
};

/// Stands for one text, without telling it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commitment(pub [u8; 32]);

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({})", HEXLOWER.encode(&self.0))
    }
}

const KIND: &str = "flare/v1/committed-field";
const SALT_LEN: usize = 32;

impl Commitment {
    fn of(salt: &[u8; SALT_LEN], plaintext: &[u8]) -> Self {
        let hash =
            Sha256::new().chain_update("flare/v1/commitment").chain_update(salt).chain_update(plaintext);
        Self(hash.finalize().into())
    }
}

/// Seals `plaintext` for its address, with a fresh salt.
pub fn seal_committed(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    plaintext: &[u8],
) -> Result<(SealedBytes, Commitment), SealError> {
    seal_with(key, address, plaintext, &Zeroizing::new(random()?), random()?)
}

/// Opens what [`seal_committed`] gave and computes the commitment again. The caller compares it with the one that was
/// shown or signed, and shows nothing when they differ.
pub fn open_committed(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    ciphertext: &[u8],
) -> Result<(Sensitive<Vec<u8>>, Commitment), SealError> {
    let padded = open_prefixed(&sealing_key(key), &address.encode(KIND), ciphertext)?;
    let (salt, plaintext) =
        unpad(&padded)?.split_first_chunk().ok_or(SealError::Malformed { what: "a committed field" })?;
    Ok((Sensitive::new(plaintext.to_vec()), Commitment::of(salt, plaintext)))
}

/// The length of the ciphertext of a committed text of `plaintext_len` bytes.
pub const fn sealed_committed_len(plaintext_len: usize) -> usize {
    sealed_len(plaintext_len.saturating_add(SALT_LEN))
}

fn seal_with(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    plaintext: &[u8],
    salt: &[u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
) -> Result<(SealedBytes, Commitment), SealError> {
    let ciphertext =
        seal_prefixed(&sealing_key(key), nonce, &address.encode(KIND), &pad(&[salt, plaintext])?)?;
    let sealed = SealedBytes { ciphertext, tag: content_tag(key, address.field, plaintext) };
    Ok((sealed, Commitment::of(salt, plaintext)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        field::tests::{ADDRESS, elsewhere},
        open_field, seal_field,
    };

    fn key() -> CompartmentKey {
        CompartmentKey::from_bytes([0x42; 32])
    }

    #[test]
    fn the_format_is_fixed() {
        let (sealed, commitment) =
            seal_with(&key(), &ADDRESS, b"a flak jacket", &[0x55; 32], [0x07; 24]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&sealed.ciphertext),
            "070707070707070707070707070707070707070707070707b3a34ab934c3b316287e1c630fd706f6fa7c81863de0ee8213b682f54a614cdfa697929810e5bd1f803036b8ccc974444f88c2341f8773633df7519811bdf7f6134bc8ffcd42aba636b8921502227a01"
        );
        assert_eq!(
            HEXLOWER.encode(&sealed.tag),
            "3851b0fa436ee10af7ce6a76052c9e9035c6f49a923aa97d352fa65905ca2749"
        );
        assert_eq!(
            HEXLOWER.encode(&commitment.0),
            "1de144f0ee3b582611a788b0d44fa406f0d30aaea98e67923e79f89d9447e394"
        );
    }

    #[test]
    fn the_same_text_twice_has_two_commitments_and_one_tag() {
        let (first, second) = (
            seal_committed(&key(), &ADDRESS, b"text").unwrap(),
            seal_committed(&key(), &ADDRESS, b"text").unwrap(),
        );
        assert_ne!(first.1, second.1);
        assert_eq!(first.0.tag, second.0.tag);
    }

    #[test]
    fn opens_nowhere_else_and_not_as_a_plain_field() {
        let (sealed, _) = seal_committed(&key(), &ADDRESS, b"text").unwrap();
        for address in elsewhere() {
            assert!(matches!(open_committed(&key(), &address, &sealed.ciphertext), Err(SealError::Refused)));
        }
        assert!(matches!(open_field(&key(), &ADDRESS, &sealed.ciphertext), Err(SealError::Refused)));
        let plain = seal_field(&key(), &ADDRESS, b"text").unwrap();
        assert!(matches!(open_committed(&key(), &ADDRESS, &plain.ciphertext), Err(SealError::Refused)));
    }

    proptest! {
        #[test]
        fn whoever_opens_it_computes_the_same_commitment(text: Vec<u8>) {
            let (sealed, commitment) = seal_committed(&key(), &ADDRESS, &text).unwrap();
            let (opened, recomputed) = open_committed(&key(), &ADDRESS, &sealed.ciphertext).unwrap();
            prop_assert_eq!(opened.expose(), &text);
            prop_assert_eq!(recomputed, commitment);
            prop_assert_eq!(sealed.ciphertext.len(), sealed_committed_len(text.len()));
        }
    }
}
