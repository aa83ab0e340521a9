//! What the holder of a key seals for nobody but itself, to open it later.

use crate::{
    SealError, Sensitive,
    aead::{NONCE_LEN, open_prefixed, seal_prefixed},
    derive::derive,
    encoding::encode,
};

/// The label under which one kind of key seals: the sealing key grows from it, and it stands before each context.
pub(crate) struct OwnSealing(pub(crate) &'static str);

impl OwnSealing {
    /// 24 bytes of nonce, then XChaCha20-Poly1305. `context` names the one use, or the row.
    pub(crate) fn seal(
        &self,
        key: &[u8; 32],
        context: &str,
        bytes: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        seal_prefixed(&derive(key, self.0), nonce, &self.address(context), bytes)
    }

    /// Opens what [`seal`](Self::seal) gave for the same key and context.
    pub(crate) fn open(
        &self,
        key: &[u8; 32],
        context: &str,
        sealed: &[u8],
    ) -> Result<Sensitive<Vec<u8>>, SealError> {
        open_prefixed(&derive(key, self.0), &self.address(context), sealed)
            .map(|mut bytes| Sensitive::new(std::mem::take(&mut *bytes)))
    }

    fn address(&self, context: &str) -> Vec<u8> {
        encode(self.0, &[context.as_bytes()])
    }
}
