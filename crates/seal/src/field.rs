//! One field of a compartment, sealed so that it opens only where it was put.
//!
//! `ciphertext` = 24 random bytes of nonce ‖ XChaCha20-Poly1305 over the padded text, under a subkey of the compartment's
//! key, with the field's address as associated data: moved to another case, compartment, epoch, name or version it does
//! not open. `tag` = HMAC-SHA256 of the field's name and the text, under another subkey: it tells a repeated call from a
//! changed one without opening anything.

use flare_kernel::{CaseId, random};

use crate::{
    Compartment, CompartmentKey, SealError, Sensitive,
    aead::{NONCE_LEN, TAG_LEN, open_prefixed, seal_prefixed},
    derive::{derive, keyed_hash},
    encoding::encode,
    padding::{max_unpadded, pad, padded_len, unpad},
};

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAddress<'a> {
    /// The case.
    pub case: CaseId,
    /// The compartment whose key seals it.
    pub compartment: Compartment,
    /// That key's epoch.
    pub epoch: u32,
    /// The field's name, such as `request.happened`.
    pub field: &'a str,
    /// Counts from 1 with each new writing of the field.
    pub version: u32,
}

/// What services store and carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBytes {
    /// Nonce, ciphertext and authentication tag.
    pub ciphertext: Vec<u8>,
    /// The same for the same text in the same field under the same key, whatever the version.
    pub tag: [u8; 32],
}

impl FieldAddress<'_> {
    /// The associated data; `kind` keeps plain and committed fields from being taken for each other.
    pub(crate) fn encode(&self, kind: &str) -> Vec<u8> {
        encode(
            kind,
            &[
                self.case.as_bytes(),
                self.compartment.as_str().as_bytes(),
                &self.epoch.to_be_bytes(),
                self.field.as_bytes(),
                &self.version.to_be_bytes(),
            ],
        )
    }
}

/// Seals `plaintext` for its address.
pub fn seal_field(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    plaintext: &[u8],
) -> Result<SealedBytes, SealError> {
    seal_field_with(key, address, plaintext, random()?)
}

fn seal_field_with(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    plaintext: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<SealedBytes, SealError> {
    let ciphertext = seal_prefixed(&sealing_key(key), nonce, &address.encode(KIND), &pad(&[plaintext])?)?;
    Ok(SealedBytes { ciphertext, tag: content_tag(key, address.field, plaintext) })
}

/// Opens the `ciphertext` that [`seal_field`] gave for the same address.
pub fn open_field(
    key: &CompartmentKey,
    address: &FieldAddress<'_>,
    ciphertext: &[u8],
) -> Result<Sensitive<Vec<u8>>, SealError> {
    let padded = open_prefixed(&sealing_key(key), &address.encode(KIND), ciphertext)?;
    unpad(&padded).map(|text| Sensitive::new(text.to_vec()))
}

/// The length of the ciphertext of a text of `plaintext_len` bytes, so that limits on text can be checked on ciphertext.
pub const fn sealed_len(plaintext_len: usize) -> usize {
    padded_len(plaintext_len).saturating_add(NONCE_LEN + TAG_LEN)
}

/// The longest text that a ciphertext of `sealed_len` bytes can hold; none when it is too short to be a ciphertext.
pub fn max_plaintext(sealed_len: usize) -> Option<usize> {
    sealed_len.checked_sub(NONCE_LEN + TAG_LEN).and_then(max_unpadded)
}

const KIND: &str = "flare/v1/field";

pub(crate) fn sealing_key(key: &CompartmentKey) -> zeroize::Zeroizing<[u8; 32]> {
    derive(key.expose(), "flare/v1/field/seal")
}

/// HMAC-SHA256 of a field's name and text under a key that grows from its compartment's: equal for equal texts, and it tells
/// nothing to whoever has not the key.
pub fn content_tag(key: &CompartmentKey, field: &str, plaintext: &[u8]) -> [u8; 32] {
    keyed_hash(
        &derive(key.expose(), "flare/v1/field/tag"),
        "flare/v1/field/tag",
        &[field.as_bytes(), plaintext],
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    pub(crate) const ADDRESS: FieldAddress<'static> = FieldAddress {
        case: CaseId::from_bytes([0x11; 16]),
        compartment: Compartment::Request,
        epoch: 1,
        field: "request.happened",
        version: 2,
    };

    /// The address with each of its parts changed in turn.
    pub(crate) fn elsewhere() -> [FieldAddress<'static>; 5] {
        [
            FieldAddress { case: CaseId::from_bytes([0x12; 16]), ..ADDRESS },
            FieldAddress { compartment: Compartment::Notes, ..ADDRESS },
            FieldAddress { epoch: 2, ..ADDRESS },
            FieldAddress { field: "request.happene", ..ADDRESS },
            FieldAddress { version: 3, ..ADDRESS },
        ]
    }

    fn key() -> CompartmentKey {
        CompartmentKey::from_bytes([0x42; 32])
    }

    #[test]
    fn the_format_is_fixed() {
        let sealed = seal_field_with(&key(), &ADDRESS, "Они пришли в 4 утра".as_bytes(), [0x07; 24]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&sealed.ciphertext),
            "070707070707070707070707070707070707070707070707b3a34ab5b10836fead9369e6e553d37317f85c03d36503f79651f7943fe59a5b7113471dc1c5db73e15b16d2adaa1f213b88c2341f8773633df7519811bdf7f6d44f12a0ebdd79d5cef1628ede8d89f8"
        );
        assert_eq!(
            HEXLOWER.encode(&sealed.tag),
            "a1bd09276be1e1bd7478e9fea6ed00c91fa4be7034e357479165d1830830d687"
        );
        let opened = open_field(&key(), &ADDRESS, &sealed.ciphertext).unwrap();
        assert_eq!(opened.expose(), "Они пришли в 4 утра".as_bytes());
    }

    #[test]
    fn opens_nowhere_else() {
        let sealed = seal_field(&key(), &ADDRESS, b"text").unwrap();
        for address in elsewhere() {
            assert!(matches!(open_field(&key(), &address, &sealed.ciphertext), Err(SealError::Refused)));
        }
        let other = CompartmentKey::from_bytes([0x43; 32]);
        assert!(matches!(open_field(&other, &ADDRESS, &sealed.ciphertext), Err(SealError::Refused)));
        assert!(matches!(open_field(&key(), &ADDRESS, &[]), Err(SealError::Refused)));
        assert!(matches!(open_field(&key(), &ADDRESS, &sealed.ciphertext[..39]), Err(SealError::Refused)));
    }

    #[test]
    fn the_tag_follows_key_field_and_text_only() {
        let tag = |key: &CompartmentKey, address: &FieldAddress<'_>, text: &[u8]| {
            seal_field(key, address, text).unwrap().tag
        };
        let first = tag(&key(), &ADDRESS, b"text");
        assert_eq!(first, tag(&key(), &FieldAddress { version: 9, ..ADDRESS }, b"text"));
        assert_ne!(first, tag(&key(), &ADDRESS, b"texts"));
        assert_ne!(first, tag(&key(), &FieldAddress { field: "request.why", ..ADDRESS }, b"text"));
        assert_ne!(first, tag(&CompartmentKey::from_bytes([0x43; 32]), &ADDRESS, b"text"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(text in prop::collection::vec(any::<u8>(), 0..6000)) {
            let sealed = seal_field(&key(), &ADDRESS, &text).unwrap();
            prop_assert_eq!(sealed.ciphertext.len(), sealed_len(text.len()));
            prop_assert!(max_plaintext(sealed.ciphertext.len()).unwrap() >= text.len());
            let opened = open_field(&key(), &ADDRESS, &sealed.ciphertext).unwrap();
            prop_assert_eq!(opened.expose(), &text);
        }

        #[test]
        fn no_altered_bit_opens(byte in 0_usize..104, bit in 0_u8..8) {
            let mut sealed = seal_field(&key(), &ADDRESS, b"text").unwrap().ciphertext;
            sealed[byte] ^= 1 << bit;
            prop_assert!(matches!(open_field(&key(), &ADDRESS, &sealed), Err(SealError::Refused)));
        }
    }

    #[test]
    fn limits_translate() {
        assert_eq!(sealed_len(0), 104);
        assert_eq!(sealed_len(60), 104);
        assert_eq!(sealed_len(61), 168);
        assert_eq!(max_plaintext(104), Some(60));
        assert_eq!(max_plaintext(103), None);
        assert_eq!(max_plaintext(0), None);
    }
}
