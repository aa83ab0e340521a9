//! What the first key of a request grows from, where a form must make the same request whoever sends it.

use crate::{CompartmentKey, derive::derive, sensitive::secret_bytes};

secret_bytes! {
    /// 32 random bytes that travel, sealed, with a form. The first key of the request grows from them, never from the
    /// receipt: a receipt opens no answers.
    RequestSeed
}

impl RequestSeed {
    /// The first key of the compartment *request*.
    pub fn request_key(&self) -> CompartmentKey {
        CompartmentKey::from_bytes(*derive(&self.0, "flare/v1/request-seed/request-key"))
    }

    /// An id for sending these further words once: the same for the same words under this seed, and without the seed it
    /// tells nothing of them.
    pub fn words_id(&self, words: &[(&str, &str)]) -> [u8; 16] {
        let parts: Vec<&[u8]> =
            words.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]).collect();
        let hash = crate::derive::keyed_hash(
            &derive(&self.0, "flare/v1/request-seed/words"),
            "flare/v1/request-seed/words",
            &parts,
        );
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        id
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn seed() -> RequestSeed {
        RequestSeed::from_bytes([0x42; 32])
    }

    #[test]
    fn the_derived_values_are_fixed() {
        // Computed apart from this code, with Python's cryptography and hmac.
        assert_eq!(
            HEXLOWER.encode(seed().request_key().expose()),
            "b03c20ddba121eec135d28634d104d8f9dadcaf32a782964074d35ee37b48d11"
        );
        let words = [("request.happened", "They came.")];
        assert_eq!(HEXLOWER.encode(&seed().words_id(&words)), "e535687f883ef4f1c9f85d71ee3515b9");
    }

    #[test]
    fn other_words_have_another_id() {
        let id = |words: &[(&str, &str)]| seed().words_id(words);
        assert_ne!(id(&[("a", "bc")]), id(&[("ab", "c")]));
        assert_ne!(id(&[("a", "b")]), RequestSeed::from_bytes([1; 32]).words_id(&[("a", "b")]));
    }
}
