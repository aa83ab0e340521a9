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

/// What the compose file says of one service.
fn service(name: &str) -> String {
    let compose = read("docker-compose.yml");
    let from = compose.split_once(&format!("\n  {name}:\n")).unwrap().1;
    let own: Vec<_> = from.lines().take_while(|line| line.is_empty() || line.starts_with("   ")).collect();
    own.join("\n") + "\n"
}

/// The variables of one service in the compose file that have a value there.
fn environment(name: &str) -> Vec<(String, String)> {
    let own = service(name);
    let pairs = own.lines().filter_map(|line| line.trim().split_once(": "));
    let pairs = pairs.filter(|(name, _)| name.starts_with("FLARE__"));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// What the first directive of this name is given in a file of nginx's.
fn directive<'c>(conf: &'c str, name: &str) -> &'c str {
    let given = |line: &'c str| line.trim().strip_prefix(name)?.strip_prefix(' ')?.strip_suffix(';');
    conf.lines().find_map(given).unwrap_or_else(|| panic!("nothing gives {name}"))
}

#[test]
fn every_variable_that_is_named_is_a_setting() {
    for file in [
        "docker-compose.yml",
        "deploy/README.md",
        "deploy/Dockerfile",
        "deploy/systemd/flare.service",
        "deploy/systemd/flare-portal.service",
        "deploy/systemd/flare-portal-tls.conf",
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
    ] {
        assert!(front.contains(line), "{line}");
    }
    assert!(!front.contains("proxy_add_x_forwarded_for"), "what a caller wrote is not passed on");
}

#[test]
fn the_front_writes_below_tmp_and_nowhere_else() {
    let (own, front) = (service("front"), read("deploy/front.conf"));
    assert!(own.contains("read_only: true\n") && own.contains("tmpfs: [\"/tmp:"), "{own}");
    // nginx does not start while it cannot make one of these, whether or not it is used.
    for name in [
        "pid",
        "client_body_temp_path",
        "proxy_temp_path",
        "fastcgi_temp_path",
        "uwsgi_temp_path",
        "scgi_temp_path",
    ] {
        assert!(directive(&front, name).starts_with("/tmp/"), "{name}");
    }
}

#[test]
fn the_front_takes_more_than_the_portal_and_keeps_it_in_memory() {
    let (front, handlers) = (read("deploy/front.conf"), read("services/portal/src/handlers.rs"));
    let most = handlers.split_once("const BODY_BYTES: usize = ").unwrap().1.split(';').next().unwrap();
    let most: u64 = most.split(" * ").map(|factor| factor.parse::<u64>().unwrap()).product();
    let taken = directive(&front, "client_max_body_size");
    let mebibytes: u64 = taken.strip_suffix('m').unwrap().parse().unwrap();
    assert!(mebibytes * 1024 * 1024 > most, "the portal says what is too large, in its reader's language");
    assert_eq!(directive(&front, "client_body_buffer_size"), taken);
}

#[test]
fn what_the_front_says_by_itself_is_in_each_language_and_has_the_headers_of_a_page() {
    let front = read("deploy/front.conf");
    for lang in ["en", "fr", "ar"] {
        let catalogue = read(&format!("services/portal/locales/{lang}/portal.ftl"));
        for begin in ["too-large-heading = ", "too-large-text = "] {
            let text = catalogue.lines().find_map(|line| line.strip_prefix(begin)).unwrap();
            assert!(front.contains(&format!(">{text}</")), "{lang}: {text}");
        }
        assert!(lang == "en" || front.matches(&format!("<div lang={lang}")).count() == 2, "{lang}");
    }
    assert_eq!(directive(&front, "error_page"), "413 500 502 503 504 @said");
    let said = front.split_once("location @said {").unwrap().1.split('}').next().unwrap();
    for header in [
        "Cache-Control no-store",
        "Referrer-Policy same-origin",
        "X-Content-Type-Options nosniff",
        "X-Frame-Options DENY",
        "X-Robots-Tag \"noindex, nofollow\"",
        "Content-Security-Policy \"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'\"",
    ] {
        assert!(said.contains(&format!("add_header {header} always;")), "{header}");
    }
}

#[test]
fn the_portal_and_its_front_are_asked_whether_they_run() {
    let (compose, front) = (read("docker-compose.yml"), read("deploy/front.conf"));
    let of_roles = compose.split_once("\nx-role: &role\n").unwrap().1.split("\n\n").next().unwrap();
    assert!(of_roles.contains("  healthcheck:\n    test: [\"CMD\", \"flare\", \"health\"]\n"), "{of_roles}");
    let portal = service("portal");
    assert!(portal.contains("<<: *role\n") && !portal.contains("healthcheck:"), "it has that of each role");
    let own = service("front");
    let check = "healthcheck:\n      test: [\"CMD\", \"wget\", \"-q\", \"-O\", \"/dev/null\", \"http://127.0.0.1:8081/\"]\n";
    assert!(own.contains(check) && front.contains("listen 127.0.0.1:8081;"), "{own}");
    assert!(own.contains("portal: { condition: service_healthy }\n"), "{own}");
}

#[test]
fn whoever_runs_the_containers_may_say_when_somebody_reads() {
    let portal = service("portal");
    for name in ["READS_FROM_HOUR", "READS_UNTIL_HOUR", "CRITICAL_AT_ANY_HOUR"] {
        // Without a value of its own it is passed on, and only where it is set.
        assert!(portal.contains(&format!(" FLARE__PORTAL__{name}:\n")), "{name}");
    }
}

#[test]
fn each_credential_that_a_unit_names_is_loaded_and_a_low_port_has_its_capability() {
    let (unit, over_tls) =
        (read("deploy/systemd/flare-portal.service"), read("deploy/systemd/flare-portal-tls.conf"));
    for text in [&unit, &over_tls] {
        let named = words(text, "%d/", |c| c.is_ascii_alphanumeric() || "%/.-".contains(c));
        assert!(named.len() > 1, "{named:?}");
        for name in named.iter().map(|name| name.trim_start_matches("%d/")) {
            assert!(text.contains(&format!("\nLoadCredential={name}:/etc/flare/{name}\n")), "{name}");
        }
    }
    for line in ["CapabilityBoundingSet=", "AmbientCapabilities=", "PrivateUsers=yes"] {
        assert!(unit.lines().any(|other| other == line), "{line}");
    }
    for line in [
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "PrivateUsers=no",
        "Environment=FLARE__PORTAL__LISTEN=[::]:443",
    ] {
        assert!(over_tls.lines().any(|other| other == line), "{line}");
    }
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
    assert!(
        service("portal").contains("volumes: [\"portal-data:/var/lib/flare\"]")
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
