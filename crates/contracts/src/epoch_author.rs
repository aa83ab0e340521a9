//! Who drew a key epoch, as services keep it: bytes that they neither read nor check, for only whoever holds the key can.

use prost::Message as _;

use crate::common::v1::EpochAuthor;

/// As it is stored.
pub fn to_bytes(author: Option<&EpochAuthor>) -> Option<Vec<u8>> {
    author.map(prost::Message::encode_to_vec)
}

/// As it was given. Bytes that are none count as none: whoever seals then finds that nobody vouches for the key.
pub fn from_bytes(bytes: Option<Vec<u8>>) -> Option<EpochAuthor> {
    bytes.and_then(|bytes| EpochAuthor::decode(bytes.as_slice()).ok())
}
