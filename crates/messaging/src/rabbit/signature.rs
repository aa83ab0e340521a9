//! What proves a message to be its producer's event.
//!
//! Whoever may publish on the broker is not therefore a service of Flare: an approver's tool, an operator, a thief of
//! its password. So every event carries HMAC-SHA-256 over its CloudEvents attributes and its body, under a key that
//! grows from the installation's service key, another for each producer. What bears no such proof is never stored: it
//! would take the place of the true event with that number.

use std::{collections::HashMap, sync::Arc};

use flare_contracts::Service;
use flare_seal::ServiceKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lapin::types::{AMQPValue, FieldTable};
use sha2::Sha256;

/// The header that carries it.
pub(crate) const HEADER: &str = "flare-signature";

/// What is signed beside the body, in this order. An attribute that is not there counts as empty.
const SIGNED: [&str; 6] = [
    "cloudEvents:source",
    "cloudEvents:id",
    "cloudEvents:type",
    "cloudEvents:subject",
    "cloudEvents:time",
    "cloudEvents:sequence",
];

/// The keys that events are signed with.
#[derive(Clone)]
pub struct EventKeys(Arc<HashMap<Service, Hmac<Sha256>>>);

impl EventKeys {
    /// The keys of the installation that has this service key.
    pub fn new(key: &ServiceKey) -> Self {
        let keyed = |producer: Service| {
            // HMAC fills a short key up with zeros to the hash's block (RFC 2104); this length cannot be refused.
            let mut block = [0_u8; 64];
            block[..32].copy_from_slice(&key.derive(&format!("event/{producer}")));
            Hmac::new(&block.into())
        };
        Self(Arc::new(Service::ALL.into_iter().map(|producer| (producer, keyed(producer))).collect()))
    }

    /// The signature of a producer's event.
    pub(crate) fn sign(&self, producer: Service, headers: &FieldTable, body: &[u8]) -> Option<Vec<u8>> {
        Some(self.over(producer, headers, body)?.finalize().into_bytes().to_vec())
    }

    /// Whether a message is this producer's. Compared in constant time.
    pub(crate) fn verify(&self, producer: Service, headers: &FieldTable, body: &[u8]) -> bool {
        let Some(AMQPValue::ByteArray(signature)) = headers.inner().get(HEADER) else { return false };
        let mac = self.over(producer, headers, body);
        mac.is_some_and(|mac| mac.verify_slice(signature.as_slice()).is_ok())
    }

    fn over(&self, producer: Service, headers: &FieldTable, body: &[u8]) -> Option<Hmac<Sha256>> {
        let attributes = SIGNED.map(|name| match headers.inner().get(name) {
            Some(AMQPValue::LongString(value)) => value.as_bytes(),
            _ => &[],
        });
        // Each part is preceded by its length, so that nothing can move from one to the next.
        let mut mac = self.0.get(&producer)?.clone();
        for part in attributes.into_iter().chain([body]) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: [&str; 6]) -> FieldTable {
        let mut table = FieldTable::default();
        for (name, value) in SIGNED.into_iter().zip(values) {
            table.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        table
    }

    fn signed(keys: &EventKeys, mut table: FieldTable, body: &[u8]) -> FieldTable {
        let signature = keys.sign(Service::Intake, &table, body).unwrap();
        table.insert(HEADER.into(), AMQPValue::ByteArray(signature.into()));
        table
    }

    #[test]
    fn only_its_producers_unchanged_event_is_an_event() {
        let keys = EventKeys::new(&ServiceKey::from_bytes([1; 32]));
        let values = ["/flare/intake", "event_1", "Kind", "case_1", "now", "1"];
        let table = signed(&keys, headers(values), b"body");
        assert!(keys.verify(Service::Intake, &table, b"body"));
        assert!(!keys.verify(Service::Intake, &table, b"bodY"), "another body");
        assert!(!keys.verify(Service::Intake, &headers(values), b"body"), "no signature");
        let other = EventKeys::new(&ServiceKey::from_bytes([2; 32]));
        assert!(!other.verify(Service::Intake, &table, b"body"), "another installation");
        for producer in [Service::Identity, Service::Triage, Service::Grants, Service::Notification] {
            assert!(!keys.verify(producer, &table, b"body"), "{producer}'s");
        }
        for name in SIGNED {
            let mut changed = table.clone();
            changed.insert(name.into(), AMQPValue::LongString("another".into()));
            assert!(!keys.verify(Service::Intake, &changed, b"body"), "another {name}");
        }
    }

    #[test]
    fn nothing_moves_from_one_part_to_the_next() {
        let keys = EventKeys::new(&ServiceKey::from_bytes([1; 32]));
        let sign = |values, body| keys.sign(Service::Intake, &headers(values), body).unwrap();
        let plain = sign(["s", "i", "t", "case_1", "now", "12"], b"body");
        assert_ne!(plain, sign(["s", "i", "t", "case_1", "now1", "2"], b"body"));
        assert_ne!(plain, sign(["s", "i", "t", "case_1", "now", "12b"], b"ody"));
    }
}
