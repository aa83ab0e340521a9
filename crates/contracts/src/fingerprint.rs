//! What makes two calls with one idempotency key the same call.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};
use sha2::{Digest, Sha256};

use crate::{DESCRIPTORS, intake::v1::PostMessageRequest};

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).ok());

/// SHA-256 over a request as its sender meant it: without its `request_id`, and without what sealing draws afresh each
/// time (ciphertexts, commitments' salts and key wraps). A sealed field's tag stays, and tells another text from the same one.
///
/// Returns nothing when `T` is not a message of `proto/`.
pub fn fingerprint<T: Message + Name>(request: &T) -> Option<[u8; 32]> {
    let descriptor = POOL.as_ref()?.get_message_by_name(&T::full_name())?;
    let mut message = DynamicMessage::decode(descriptor, request.encode_to_vec().as_slice()).ok()?;
    message.clear_field_by_name("request_id");
    if T::full_name() == PostMessageRequest::full_name() {
        // Guards the first execution only: whoever repeats it has seen more, its own words among it.
        message.clear_field_by_name("seen");
    }
    forget_what_is_random(&mut message);
    Some(Sha256::digest(message.encode_to_vec()).into())
}

fn forget_what_is_random(message: &mut DynamicMessage) {
    let random: &[&str] = match message.descriptor().full_name() {
        "flare.common.v1.SealedField" => &["ciphertext", "commitment"],
        "flare.common.v1.KeyWrap" => &["wrapped"],
        _ => &[],
    };
    for field in random {
        message.clear_field_by_name(field);
    }
    for field in message_fields(&message.descriptor()) {
        if !message.has_field(&field) {
            continue;
        }
        let value = message.get_field_mut(&field);
        if let Value::Message(inner) = value {
            forget_what_is_random(inner);
        } else if let Value::List(list) = value {
            list.iter_mut().filter_map(Value::as_message_mut).for_each(forget_what_is_random);
        }
    }
}

fn message_fields(descriptor: &MessageDescriptor) -> Vec<prost_reflect::FieldDescriptor> {
    descriptor.fields().filter(|field| matches!(field.kind(), Kind::Message(_))).collect()
}
