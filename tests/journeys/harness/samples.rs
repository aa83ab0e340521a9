//! The sample requests.

use serde_json::Value;

/// All eight, as people would write them to a file.
pub(crate) fn all() -> Vec<Value> {
    let samples: Vec<Value> = serde_json::from_str(include_str!("../../samples/requests.json")).unwrap();
    assert_eq!(samples.len(), 8);
    samples
}

/// The sample with this id.
pub(crate) fn sample(id: &str) -> Value {
    all().into_iter().find(|sample| sample["id"] == id).unwrap_or_else(|| panic!("no sample {id}"))
}
