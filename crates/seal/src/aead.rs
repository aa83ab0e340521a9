//! XChaCha20-Poly1305 with the nonce in front: the one cipher for content, files, seeds and wraps at rest.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use crate::SealError;

/// Bytes of a nonce. Long enough to be drawn at random for every message of a key.
pub(crate) const NONCE_LEN: usize = 24;
/// Bytes of an authentication tag.
pub(crate) const TAG_LEN: usize = 16;

/// The ciphertext and its tag, without the nonce.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad })
        .map_err(|_| SealError::TooLong)
}

/// Opens what [`seal`] gave.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    XChaCha20Poly1305::new(&(*key).into())
        .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::Refused)
}

/// Nonce, ciphertext, tag.
pub(crate) fn seal_prefixed(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut out = nonce.to_vec();
    out.extend_from_slice(&seal(key, nonce, aad, plaintext)?);
    Ok(out)
}

/// Opens what [`seal_prefixed`] gave.
pub(crate) fn open_prefixed(
    key: &[u8; 32],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(SealError::Refused)?;
    open(key, *nonce, aad, rest)
}
