//! What makes two calls with one idempotency key the same call.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};
use sha2::{Digest, Sha256};

use crate::{
    DESCRIPTORS,
    intake::v1::{PostMessageRequest, SubmitRequestRequest},
};

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).ok());

/// SHA-256 over a request as its sender meant it: without its `request_id`, without what sealing draws afresh each time
/// (ciphertexts, commitments' salts and key wraps), without `waiting_since`, and without the versions that its sender had
/// seen: they guard the first execution only, and whoever repeats it may have seen what it left behind. A sealed field's tag
/// stays, and tells another text from the same one.
///
/// Returns nothing when `T` is not a message of `proto/`.
pub fn fingerprint<T: Message + Name>(request: &T) -> Option<[u8; 32]> {
    let descriptor = POOL.as_ref()?.get_message_by_name(&T::full_name())?;
    let mut message = DynamicMessage::decode(descriptor, request.encode_to_vec().as_slice()).ok()?;
    message.clear_field_by_name("request_id");
    message.clear_field_by_name("version");
    if T::full_name() == SubmitRequestRequest::full_name() {
        // Told once it waited: a request is the same whether it did or not.
        message.clear_field_by_name("waiting_since");
    }
    if T::full_name() == PostMessageRequest::full_name() {
        // The same for a thread: its own words are among what was seen since.
        message.clear_field_by_name("seen");
    }
    forget_what_is_random(&mut message);
    Some(Sha256::digest(message.encode_to_vec()).into())
}

fn forget_what_is_random(message: &mut DynamicMessage) {
    let random: &[&str] = match message.descriptor().full_name() {
        "flare.common.v1.SealedField" => &["ciphertext", "commitment", "version"],
        "flare.common.v1.KeyWrap" => &["wrapped"],
        // Signed anew at another time; what it is about stands in the request's other fields.
        "flare.common.v1.ActSignature" => &["at", "signature"],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{common::v1::SealedField, grants::v1::EnterPayeeRequest, input};

    fn request(request_id: &str, version: i64, field_version: u32, tag: u8) -> EnterPayeeRequest {
        EnterPayeeRequest {
            request_id: request_id.to_owned(),
            grant_id: "grant_1".to_owned(),
            version,
            payee: Some(SealedField {
                name: "payment.payee".to_owned(),
                version: field_version,
                // Drawn afresh at each sealing.
                ciphertext: vec![field_version.to_le_bytes()[0]; 40],
                tag: vec![tag; 32],
                ..SealedField::default()
            }),
            ..EnterPayeeRequest::default()
        }
    }

    #[test]
    fn whoever_repeats_a_call_may_have_seen_what_it_left_behind() {
        let first = fingerprint(&request("a", 4, 1, 7)).unwrap();
        assert_eq!(fingerprint(&request("b", 5, 2, 7)), Some(first));
        assert_ne!(fingerprint(&request("a", 4, 1, 8)), Some(first), "another text");
        let mut other = request("a", 4, 1, 7);
        "grant_2".clone_into(&mut other.grant_id);
        assert_ne!(fingerprint(&other), Some(first), "another grant");
    }

    #[test]
    fn a_request_that_waited_is_the_same_request() {
        let sent = SubmitRequestRequest { case_id: "case_1".to_owned(), ..SubmitRequestRequest::default() };
        let at = |micros| Some(input::timestamp_out(flare_kernel::Timestamp::from_micros(micros)));
        for waiting_since in [at(1), at(2)] {
            let waited = SubmitRequestRequest { waiting_since, ..sent.clone() };
            assert_eq!(fingerprint(&waited), fingerprint(&sent));
        }
    }
}
