//! Calls that may be repeated: whoever sends the same again under the same key gets the first answer.

use prost::{Message, Name};

/// A request with an idempotency key. The build implements it for the request of each RPC that has a `request_id`.
pub trait Keyed: Message + Name {
    /// The name of its RPC.
    const RPC: &'static str;

    /// The key that its sender drew.
    fn request_id(&self) -> &str;
}

/// Whoever calls, as far as their idempotency keys go: no two of them share one.
pub trait KeyScope {
    /// Whose keys these are, such as a staff id.
    fn key_scope(&self) -> String;
}

include!(concat!(env!("OUT_DIR"), "/keyed.rs"));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;

    use super::*;
    use crate::{
        DESCRIPTORS,
        events::v1::ReplayRequest,
        grants::v1::DraftGrantRequest,
        intake::v1::{SubmitRequestRequest, WithdrawRequest},
        triage::v1::GiveDirectlyRequest,
    };

    fn named<R: Keyed + Default>() -> (&'static str, String) {
        assert_eq!(R::default().request_id(), "");
        (R::RPC, R::full_name())
    }

    #[test]
    fn a_request_with_a_key_knows_its_rpc_by_the_name_in_the_contract() {
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let methods: BTreeSet<_> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| (method.name().to_owned(), method.input().full_name().to_owned()))
            .collect();
        for (rpc, request) in [
            named::<ReplayRequest>(),
            named::<DraftGrantRequest>(),
            named::<SubmitRequestRequest>(),
            named::<WithdrawRequest>(),
            named::<GiveDirectlyRequest>(),
        ] {
            assert!(methods.contains(&(rpc.to_owned(), request.clone())), "{rpc} {request}");
        }
        assert_eq!(
            WithdrawRequest { request_id: "key".into(), ..WithdrawRequest::default() }.request_id(),
            "key"
        );
    }
}
