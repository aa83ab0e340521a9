//! Licences, bans and sources of every crate, checked against `deny.toml` without a network.
//!
//! cargo-deny reads the same file, but it takes minutes to build and is not on a fresh machine.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use crate::steps::{Failure, cargo, run, workspace};

/// The part of `deny.toml` that can be checked offline.
#[derive(Deserialize)]
struct Policy {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// The part of `cargo metadata` that is looked at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Where it comes from; none for the workspace's own crates.
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// Who may open what the services store: the binary, the portal, and what measures them.
const OPENERS: [&str; 3] = ["flare", "flare-portal", "flare-bench"];

/// What opens it.
const EDGE: &str = "flare-edge";

/// Who may stand on settings, secrets, Redis and telemetry: the binary, which hands everybody what they need of it.
const STARTERS: [&str; 1] = ["flare"];

/// What has them.
const RUNTIME: &str = "flare-runtime";

/// Checks every crate that a build on the policy's targets would contain, and notes how many there are.
pub(crate) fn check() -> Result<String, Failure> {
    let policy = policy()?;
    let mut metadata = cargo(["metadata", "--format-version=1", "--locked", "--quiet"]);
    for target in &policy.graph.targets {
        metadata.args(["--filter-platform", target]);
    }
    let metadata: Metadata =
        serde_json::from_str(&run(metadata)?).map_err(|error| Failure(format!("cargo metadata: {error}")))?;
    let broken = violations(&policy, &metadata.packages)?;
    if !broken.is_empty() {
        return Err(Failure(format!("deny.toml is not kept:\n  {}", broken.join("\n  "))));
    }
    let doubled = in_several_versions(&metadata.packages);
    Ok(format!("{} crates, {} of them in several versions", metadata.packages.len(), doubled.len()))
}

fn policy() -> Result<Policy, Failure> {
    let text = fs::read_to_string(workspace().join("deny.toml"))?;
    toml::from_str(&text).map_err(|error| Failure(format!("deny.toml: {error}")))
}

/// What breaks the policy, one sentence each.
fn violations(policy: &Policy, packages: &[Package]) -> Result<Vec<String>, Failure> {
    let allowed = licensees(&policy.licenses.allow)?;
    let mut broken = Vec::new();
    for package in packages {
        for (of, who, why) in [
            (EDGE, OPENERS.as_slice(), "services hold no content"),
            (RUNTIME, STARTERS.as_slice(), "only the binary reads settings and secrets"),
        ] {
            let depends = package.dependencies.iter().any(|dependency| dependency.name == of);
            if depends && !who.contains(&package.name.as_str()) {
                broken.push(format!("{} depends on {of}: {why}", package.name));
            }
        }
        let Some(source) = &package.source else { continue };
        let name = format!("{} {}", package.name, package.version);
        if let Some(ban) = policy.bans.deny.iter().find(|ban| ban.name == package.name) {
            broken.push(format!("{name} is banned: {}", ban.reason));
        }
        let index = source.strip_prefix("registry+").unwrap_or(source);
        if !policy.sources.allow_registry.iter().any(|registry| registry == index) {
            broken.push(format!("{name} comes from {source}"));
        }
        let exception = policy.licenses.exceptions.iter().find(|exception| exception.name == package.name);
        let excepted = exception.map_or_else(|| Ok(Vec::new()), |exception| licensees(&exception.allow))?;
        let is_listed =
            |term: &LicenseReq| allowed.iter().chain(&excepted).any(|listed| listed.satisfies(term));
        let licence = package.license.as_deref().unwrap_or("no licence");
        if !is_allowed(licence, is_listed) {
            broken.push(format!("{name} is under {licence}"));
        }
    }
    Ok(broken)
}

fn licensees(names: &[String]) -> Result<Vec<Licensee>, Failure> {
    let licensee = |name: &String| {
        Licensee::parse_mode(name, ParseMode::LAX)
            .map_err(|error| Failure(format!("deny.toml: licence {name}: {error}")))
    };
    names.iter().map(licensee).collect()
}

fn is_allowed(licence: &str, is_listed: impl FnMut(&LicenseReq) -> bool) -> bool {
    // Lax, because many crates still write `MIT/Apache-2.0`.
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(is_listed))
}

fn in_several_versions(packages: &[Package]) -> Vec<&str> {
    let mut versions = BTreeMap::<&str, usize>::new();
    for package in packages {
        *versions.entry(&package.name).or_default() += 1;
    }
    versions.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They store what is sealed, and must not be able to open it.
    const SERVICES: [&str; 5] =
        ["flare-identity", "flare-intake", "flare-triage", "flare-grants", "flare-notification"];

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn package(name: &str, license: Option<&str>, source: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: Some(source.to_owned()),
            dependencies: Vec::new(),
        }
    }

    fn broken(package: Package) -> Vec<String> {
        violations(&policy().unwrap(), &[package]).unwrap()
    }

    #[test]
    fn licences_on_the_list_pass_in_every_way_they_are_written() {
        for licence in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert_eq!(broken(package("some-crate", Some(licence), CRATES_IO)), [""; 0], "{licence}");
        }
    }

    #[test]
    fn other_licences_and_none_are_refused() {
        for licence in
            [Some("GPL-3.0-only"), Some("MIT AND SSPL-1.0"), Some("AGPL-3.0"), Some("whatever"), None]
        {
            assert_eq!(broken(package("some-crate", licence, CRATES_IO)).len(), 1, "{licence:?}");
        }
    }

    #[test]
    fn an_exception_holds_for_its_crate_only() {
        assert_eq!(broken(package("eff-wordlist", Some("AGPL-3.0"), CRATES_IO)), [""; 0]);
    }

    #[test]
    fn a_banned_crate_is_refused_with_the_reason() {
        let broken = broken(package("openssl-sys", Some("MIT"), CRATES_IO));
        assert!(broken.len() == 1 && broken[0].contains("nothing but Rust and a C compiler"), "{broken:?}");
    }

    #[test]
    fn crates_come_from_crates_io_alone() {
        for source in
            ["git+https://example.org/x", "registry+https://example.org/index", "sparse+https://example.org/"]
        {
            assert_eq!(broken(package("some-crate", Some("MIT"), source)).len(), 1, "{source}");
        }
    }

    /// A crate of the workspace that depends on another.
    fn own(name: &str, on: &str) -> Package {
        let dependencies = vec![Dependency { name: on.to_owned() }];
        Package { source: None, dependencies, ..package(name, None, "") }
    }

    #[test]
    fn only_the_binary_reads_settings_and_secrets() {
        for name in SERVICES.into_iter().chain(["flare-portal", "flare-edge", "flare-room"]) {
            assert_eq!(broken(own(name, RUNTIME)).len(), 1, "{name}");
        }
        assert_eq!(broken(own("flare", RUNTIME)), [""; 0]);
    }

    #[test]
    fn no_service_can_open_what_it_stores() {
        let on_edge = |name| own(name, EDGE);
        for service in SERVICES {
            assert_eq!(broken(on_edge(service)).len(), 1, "{service}");
        }
        for opener in OPENERS {
            assert_eq!(broken(on_edge(opener)), [""; 0], "{opener}");
        }
        assert_eq!(broken(on_edge("flare-messaging")).len(), 1);

        let metadata =
            run(cargo(["metadata", "--format-version=1", "--locked", "--quiet", "--no-deps"])).unwrap();
        let metadata: Metadata = serde_json::from_str(&metadata).unwrap();
        for service in SERVICES {
            let found = metadata.packages.iter().find(|package| package.name == service).unwrap();
            assert!(!found.dependencies.is_empty(), "{service}");
        }
        assert_eq!(violations(&policy().unwrap(), &metadata.packages).unwrap(), [""; 0]);
    }

    #[test]
    fn the_workspaces_own_crates_are_not_judged() {
        let own = Package { source: None, ..package("flare", Some("AGPL-3.0-or-later"), "") };
        assert_eq!(broken(own), [""; 0]);
    }
}
