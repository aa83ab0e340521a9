//! The policy that stands in the committed defaults.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set up must stop")]

use std::collections::BTreeMap;

use flare_kernel::settings::PolicySection;

/// The settings of an installation that sets nothing.
const DEFAULTS: &str = include_str!("../../runtime/defaults.toml");

/// `[policy]` of an installation that sets nothing of it.
pub fn policy() -> PolicySection {
    let mut sections: BTreeMap<String, toml::Value> = toml::from_str(DEFAULTS).unwrap();
    sections.remove("policy").unwrap().try_into().unwrap()
}
