//! The key a service holds outside its database: it wraps what is already wrapped, so that a stolen database opens for
//! nobody, not even for those whose keys the wraps were made to.

use flare_kernel::random;

use crate::{SealError, Sensitive, derive::derive, own_sealing::OwnSealing, sensitive::secret_bytes};

const OWN: OwnSealing = OwnSealing("flare/v1/service-key/wrap");

secret_bytes! {
    /// The installation's service key.
    ServiceKey
}

impl ServiceKey {
    /// Wraps bytes for storage: 24 bytes of nonce, then XChaCha20-Poly1305. `context` names the row it belongs to.
    pub fn wrap(&self, context: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        OWN.seal(&self.0, context, bytes, random()?)
    }

    /// Unwraps what [`wrap`](Self::wrap) gave for the same context.
    pub fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, SealError> {
        OWN.open(&self.0, context, wrapped)
    }

    /// A key of its own for another use; never the wrapping key, whatever the label.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        *derive(&self.0, &format!("flare/v1/service-key/use/{label}"))
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    fn key() -> ServiceKey {
        ServiceKey::from_bytes([0x42; 32])
    }

    #[test]
    fn the_format_is_fixed() {
        let wrapped = OWN.seal(&key().0, "intake.wraps", b"a wrap", [0x07; 24]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&wrapped),
            "0707070707070707070707070707070707070707070707079a129b6c17483a077cc72389a36b7211f54ad803f9ad"
        );
        assert_eq!(
            HEXLOWER.encode(&key().derive("tokens")),
            "9d28d4db9286ad116d3aee9b82909ba77a843fb06e961dd92cd6437501bd662b"
        );
    }

    #[test]
    fn another_context_key_or_byte_is_refused() {
        let wrapped = key().wrap("intake.wraps", b"a wrap").unwrap();
        let mut altered = wrapped.clone();
        altered[30] ^= 1;
        assert!(matches!(key().unwrap("triage.wraps", &wrapped), Err(SealError::Refused)));
        assert!(matches!(
            ServiceKey::from_bytes([1; 32]).unwrap("intake.wraps", &wrapped),
            Err(SealError::Refused)
        ));
        assert!(matches!(key().unwrap("intake.wraps", &altered), Err(SealError::Refused)));
        assert!(matches!(key().unwrap("intake.wraps", b"short"), Err(SealError::Refused)));
    }

    #[test]
    fn derived_keys_differ_by_label_and_from_the_wrapping_key() {
        assert_ne!(key().derive("tokens"), key().derive("salts"));
        assert_ne!(key().derive("../wrap"), *derive::<32>(key().expose(), "flare/v1/service-key/wrap"));
    }

    proptest! {
        #[test]
        fn what_is_wrapped_unwraps(bytes: Vec<u8>, context: String) {
            let wrapped = key().wrap(&context, &bytes).unwrap();
            let unwrapped = key().unwrap(&context, &wrapped).unwrap();
            prop_assert_eq!(unwrapped.expose(), &bytes);
        }
    }
}
