//! What stands in `deploy/` and `docker-compose.yml`, held against the settings, the figures and what makes the secrets.

use std::{collections::BTreeSet, fs, path::Path};

use flare_runtime::{
    Settings,
    config::{DEFAULTS, Sources},
};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every word of a text that begins so, as long as it is made of `letters`.
fn words<'t>(text: &'t str, begin: &str, letters: fn(char) -> bool) -> BTreeSet<&'t str> {
    let starts = text.match_indices(begin).map(|(at, _)| &text[at..]);
    starts.map(|rest| &rest[..rest.find(|c| !letters(c)).unwrap_or(rest.len())]).collect()
}

/// The variables of one service in the compose file, with their values.
fn environment(service: &str) -> Vec<(String, String)> {
    let compose = read("docker-compose.yml");
    let from = compose.split_once(&format!("\n  {service}:\n")).unwrap().1;
    let own: Vec<_> = from.lines().take_while(|line| line.is_empty() || line.starts_with("   ")).collect();
    let pairs = own.iter().filter_map(|line| line.trim().split_once(": "));
    let pairs = pairs.filter(|(name, _)| name.starts_with("FLARE__"));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

#[test]
fn every_variable_that_is_named_is_a_setting() {
    for file in [
        "docker-compose.yml",
        "deploy/README.md",
        "deploy/Dockerfile",
        "deploy/systemd/flare.service",
        "deploy/systemd/flare-portal.service",
    ] {
        let text = read(file);
        let named = words(&text, "FLARE__", |c| c.is_ascii_uppercase() || c == '_');
        assert!(!named.is_empty(), "{file}");
        for name in named {
            let key = name.trim_start_matches("FLARE__").to_lowercase();
            // FLARE__POLICY__ACKNOWLEDGE_…_HOURS stands for several.
            let key = key.split_once("__").map_or(key.clone(), |(_, key)| key.to_owned());
            let is_set = DEFAULTS.lines().any(|line| line.starts_with(&format!("{key} =")));
            let stands_for_several = key.ends_with('_') && DEFAULTS.contains(&format!("\n{key}"));
            assert!(is_set || stands_for_several, "{file} names {name}");
        }
    }
}

#[test]
fn the_portal_of_the_compose_file_starts_once_it_is_told_the_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Sources::defaults();
    for (name, value) in environment("portal") {
        let value = match value.strip_prefix("/run/secrets/") {
            Some(secret) => {
                let file = folder.path().join(secret);
                fs::write(&file, "").unwrap();
                file.display().to_string()
            }
            None => value,
        };
        sources = sources.variable(name, value);
    }
    let refused = |sources: &Sources| {
        let checked = Settings::load(sources).unwrap().check_portal();
        checked.err().map(|bad| bad.to_string())
    };
    let unfounded = sources.clone().set("portal.fingerprint", "");
    let said = refused(&unfounded).unwrap();
    assert!(said.contains("portal.fingerprint must be given") && said.lines().count() == 2, "{said}");
    let founded = sources.set("portal.fingerprint", "01234 56789 01234 56789 01234 56789");
    assert_eq!(refused(&founded), None);
}

#[test]
fn the_portal_and_its_front_know_each_other_by_their_addresses() {
    let (compose, front) = (read("docker-compose.yml"), read("deploy/front.conf"));
    let portal = environment("portal");
    let value = |name: &str| portal.iter().find(|(named, _)| named == name).unwrap().1.clone();
    let listen = value("FLARE__PORTAL__LISTEN");
    assert!(front.contains(&format!("proxy_pass http://{listen};")), "{listen}");
    let (address, _) = listen.rsplit_once(':').unwrap();
    for address in [address, &value("FLARE__PORTAL__BEHIND_FRONT")] {
        assert!(compose.contains(&format!("ipv4_address: {address} }}")), "{address}");
    }
    for line in [
        "access_log off;",
        "error_log /dev/null emerg;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "limit_conn_zone $binary_remote_addr zone=places:10m;",
        "limit_conn places 64;",
        // What the portal takes.
        "client_max_body_size 1m;",
    ] {
        assert!(front.contains(line), "{line}");
    }
    assert!(!front.contains("proxy_add_x_forwarded_for"), "what a caller wrote is not passed on");
}

#[test]
fn every_secret_that_is_used_is_made() {
    let (compose, script) = (read("docker-compose.yml"), read("deploy/make-secrets"));
    let secrets = words(&compose, "./deploy/secrets/", |c| c.is_ascii_alphanumeric() || "./-".contains(c));
    assert!(secrets.len() > 10);
    for secret in secrets.iter().map(|path| path.trim_start_matches("./deploy/secrets/")) {
        let role = secret.split('.').next().unwrap();
        let of_role = ["identity", "intake", "triage", "grants", "notification", "portal"].contains(&role)
            && ["$role.toml", "$role.key", "$1.pem"].iter().any(|name| {
                let end = name.rsplit('.').next().unwrap();
                secret.ends_with(end) && script.contains(name)
            });
        assert!(
            of_role || script.contains(&format!("secrets.new/{secret}")) || script.contains(secret),
            "{secret}"
        );
    }
}

#[test]
fn the_portal_has_a_disk_on_which_requests_can_wait() {
    let compose = read("docker-compose.yml");
    let portal = compose.split_once("\n  portal:\n").unwrap().1.split("\n\n").next().unwrap();
    assert!(
        portal.contains("volumes: [\"portal-data:/var/lib/flare\"]")
            && compose.contains("\n  portal-data: {}\n")
    );
    let unit = read("deploy/systemd/flare-portal.service");
    assert!(unit.contains("FLARE__MODE__DATA_DIR=/var/lib/flare-portal\n"));
    assert!(unit.contains("StateDirectory=flare-portal\n"));
}

#[test]
fn every_figure_in_the_alert_rules_is_one_that_is_told() {
    let rules = read("deploy/alerts.yml");
    let figures = words(&rules, "flare_", |c| c.is_ascii_lowercase() || c == '_');
    assert!(figures.iter().any(|name| name.starts_with("flare_portal_")), "{figures:?}");
    let told = ["services/portal/src", "crates/runtime/src", "crates/messaging/src", "crates/store/src"]
        .map(|folder| sources(&root().join(folder)));
    for figure in figures {
        // What a histogram is told as.
        let name = figure.trim_end_matches("_bucket").trim_end_matches("_count").trim_end_matches("_sum");
        assert!(told.iter().any(|text| text.contains(&format!("\"{name}\""))), "nothing tells {figure}");
    }
}

/// The text of every source file below a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { sources(&path) } else { fs::read_to_string(&path).unwrap() }
    };
    entries.map(text).collect()
}
