//! Who drew a key epoch, as services keep it: bytes that they neither read nor check, for only whoever holds the key can.

use flare_kernel::StaffId;
use prost::Message as _;

use crate::{Refusal, common::v1::EpochAuthor, input};

/// The parts that have a length, checked. `field` is the author's own path.
pub fn check(field: &str, author: &EpochAuthor) -> Result<(), Refusal> {
    let part = |name: &str| format!("{field}.{name}");
    let _: StaffId = input::id(&part("staff_id"), &author.staff_id)?;
    input::array::<32>(&part("encryption_key_digest"), &author.encryption_key_digest)?;
    input::array::<32>(&part("signing_key"), &author.signing_key)?;
    input::array::<64>(&part("certificate"), &author.certificate)?;
    input::array::<64>(&part("signature"), &author.signature).map(drop)
}

/// As it is stored.
pub fn to_bytes(author: Option<&EpochAuthor>) -> Option<Vec<u8>> {
    author.map(prost::Message::encode_to_vec)
}

/// As it was given. Bytes that are none count as none: whoever seals then finds that nobody vouches for the key.
pub fn from_bytes(bytes: Option<Vec<u8>>) -> Option<EpochAuthor> {
    bytes.and_then(|bytes| EpochAuthor::decode(bytes.as_slice()).ok())
}
