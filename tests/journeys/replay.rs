//! What a service gave up is seen by whoever keeps the installation, and tried again when they say so.

use std::time::Duration;

use flare_contracts::Service;
use serde_json::json;

use crate::{
    acts::Case,
    harness::{Installation, checker, samples},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let admin = &installation.team.admin;
    let mut cases: Vec<_> =
        ["raid-en", "threat-ar"].map(|name| Case::submit(&installation, &samples::sample(name)).id).to_vec();
    checker::settled(&installation, Duration::from_secs(30));
    assert_eq!(admin.flare(&["replay", "--consumer", "triage"])["quarantined"], json!([]));

    // As a version that cannot read their next events would leave them.
    let given_up = checker::rows(
        &installation,
        Service::Triage,
        "UPDATE {}cursors SET reason = 'DATABASE_ERROR', quarantined_at = 1 WHERE producer = 'intake' RETURNING stream",
    );
    assert_eq!(given_up.len(), 2);
    let listed = admin.flare(&["replay", "--consumer", "triage"]);
    assert_eq!(listed["quarantined"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed["quarantined"][0]["reason"], "DATABASE_ERROR");

    let mut released: Vec<String> =
        serde_json::from_value(admin.flare(&["replay", "--consumer", "triage", "--all"])["released"].clone())
            .unwrap();
    cases.sort();
    released.sort();
    assert_eq!(released, cases);
    assert_eq!(admin.flare(&["replay", "--consumer", "triage", "--all"])["released"], json!([]));
    checker::settled(&installation, Duration::from_secs(30));
}
