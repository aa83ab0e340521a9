//! Keys from keys, and keyed hashes.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HKDF-SHA256 without salt: `label` tells the uses of one secret apart. Every label begins with `flare/v1/`.
pub(crate) fn derive<const N: usize>(secret: &[u8], label: &str) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF-SHA256 gives no more") };
    let mut out = Zeroizing::new([0; N]);
    #[allow(clippy::expect_used, reason = "the one possible refusal is excluded at compile time, above")]
    Hkdf::<Sha256>::new(None, secret).expand(label.as_bytes(), &mut *out).expect("the length is in bounds");
    out
}

/// HMAC-SHA256 over the parts as [`encode`](crate::encoding::encode) would lay them out, without copying them.
pub(crate) fn keyed_hash(key: &[u8; 32], domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
