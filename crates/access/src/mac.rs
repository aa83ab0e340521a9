//! HMAC-SHA-256 under a key of 32 bytes.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

/// A MAC that is ready for its text. HMAC fills a short key up with zeros to the hash's block of 64 bytes (RFC 2104);
/// done here, the key has the one length that cannot be refused.
pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0_u8; 64];
    block[..32].copy_from_slice(key);
    Hmac::new(&block.into())
}

#[cfg(test)]
mod tests {
    use hmac::Mac;

    use super::*;

    #[test]
    fn it_is_the_hmac_of_the_standard() {
        let ours = keyed(&[9; 32]).chain_update(b"text").finalize().into_bytes();
        let theirs =
            Hmac::<Sha256>::new_from_slice(&[9; 32]).unwrap().chain_update(b"text").finalize().into_bytes();
        assert_eq!(ours, theirs);
    }
}
