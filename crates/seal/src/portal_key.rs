//! The portal's own keys: what a page or a cookie carries away and brings back, the portal seals under them.

use flare_kernel::random;
use zeroize::Zeroizing;

use crate::{SealError, Sensitive, derive::derive, own_sealing::OwnSealing, sensitive::secret_bytes};

const OWN: OwnSealing = OwnSealing("flare/v1/portal-key/seal");

secret_bytes! {
    /// A key that only the portal's replicas hold. It opens nothing that a service stores.
    PortalKey
}

impl PortalKey {
    /// Seals bytes that leave the portal: 24 bytes of nonce, then XChaCha20-Poly1305. `context` names their one use.
    pub fn seal(&self, context: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        OWN.seal(&self.0, context, bytes, random()?)
    }

    /// Opens what [`seal`](Self::seal) gave for the same context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Sensitive<Vec<u8>>, SealError> {
        OWN.open(&self.0, context, sealed)
    }

    /// What the names grow from under which the portal tells services where its callers are.
    pub fn place_names(&self) -> Zeroizing<[u8; 32]> {
        derive(&self.0, "flare/v1/portal-key/place-names")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    fn key() -> PortalKey {
        PortalKey::from_bytes([0x42; 32])
    }

    #[test]
    fn the_format_is_fixed() {
        let sealed = OWN.seal(&key().0, "form", b"a code", [0x07; 24]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&sealed),
            "0707070707070707070707070707070707070707070707078a970e0f34f70f894417a934e3c23fc2778a874d89a1"
        );
    }

    #[test]
    fn another_context_key_or_byte_is_refused() {
        let sealed = key().seal("form", b"a code").unwrap();
        assert!(matches!(key().open("session", &sealed), Err(SealError::Refused)));
        assert!(matches!(PortalKey::from_bytes([1; 32]).open("form", &sealed), Err(SealError::Refused)));
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(matches!(key().open("form", &altered), Err(SealError::Refused)), "byte {index}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_what_was_not_does_not(bytes: Vec<u8>, context: String) {
            let sealed = key().seal(&context, &bytes).unwrap();
            let opened = key().open(&context, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &bytes);
            prop_assert!(key().open(&context, &bytes).is_err());
        }
    }
}
