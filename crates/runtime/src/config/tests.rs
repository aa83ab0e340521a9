use std::{fs, path::Path};

use flare_contracts::Service;

use super::*;

fn problems(sources: &Sources) -> Vec<String> {
    match Settings::load(sources) {
        Ok(settings) => match settings.check(&Service::ALL) {
            Ok(()) => Vec::new(),
            Err(bad) => bad.problems.iter().map(ToString::to_string).collect(),
        },
        Err(bad) => bad.problems.iter().map(ToString::to_string).collect(),
    }
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flare.toml");
    fs::write(&path, text).unwrap();
    (dir, Sources::defaults().file(path))
}

/// Distributed settings that pass, with a key file in `dir`.
fn distributed(dir: &Path) -> Sources {
    let key = dir.join("service.key");
    fs::write(&key, "00".repeat(32)).unwrap();
    Sources::defaults()
        .set("mode.kind", "distributed")
        .set("database.url", "postgres://flare:hunter2@127.0.0.1/flare")
        .set("broker.url", "amqp://flare:hunter2@127.0.0.1:5672")
        .set("cache.url", "redis://127.0.0.1:6379")
        .set("files.dir", dir.display().to_string())
        .set("service.key_file", key.display().to_string())
}

#[test]
fn the_defaults_pass_and_every_key_has_a_comment_above_its_group() {
    assert_eq!(problems(&Sources::defaults()), Vec::<String>::new());
    let mut explained = false;
    for line in DEFAULTS.lines() {
        if line.starts_with('[') || line.is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else {
            assert!(explained, "no comment explains {line}");
        }
    }
}

#[test]
fn the_file_replaces_the_defaults_the_environment_the_file_and_the_command_line_both() {
    let (_dir, sources) =
        file("[server]\nlisten = \"127.0.0.1:1\"\nkeepalive_seconds = 11\nmax_calls_in_flight = 7\n");
    let sources = sources
        .variable("FLARE__SERVER__LISTEN", "127.0.0.1:2")
        .variable("FLARE__SERVER__KEEPALIVE_SECONDS", "12")
        .variable("FLARE__TLS__INSECURE", "true")
        .set("server.listen", "127.0.0.1:3");
    let settings = Settings::load(&sources).unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:3");
    assert_eq!(settings.server.keepalive_seconds, 12);
    assert_eq!(settings.server.max_calls_in_flight, 7);
    assert_eq!(settings.server.max_concurrent_streams, 128);
    assert!(settings.tls.insecure);
}

#[test]
fn unknown_keys_are_named_wherever_they_stand() {
    let (_dir, sources) =
        file("[server]\nlisen = \"x\"\n[sever]\n[databse]\nurl = \"postgres://a:hunter2@b\"\n");
    let sources = sources
        .variable("FLARE__SERVER__LISTN", "hunter2")
        .variable("FLARE__", "x")
        .variable("PATH", "/bin")
        .set("server.lstn", "x");
    let text = problems(&sources).join("\n");
    for name in [
        "server.lisen (in ",
        "sever (in ",
        "databse.url (in ",
        "FLARE__SERVER__LISTN ",
        "FLARE__ ",
        "server.lstn ",
    ] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn values_of_another_kind_are_refused_together() {
    let (_dir, sources) =
        file("[server]\nlisten = 5\n[database]\nurl = [\"hunter2\"]\n[mode]\nkind = \"cloud\"\n");
    let sources = sources
        .variable("FLARE__SERVER__KEEPALIVE_SECONDS", "often")
        .variable("FLARE__POLICY__VOTES_REQUIRED", "-1")
        .variable("FLARE__TLS__INSECURE", "yes")
        .variable("FLARE__POLICY__ADVANCE_CEILING_MINOR", "9_000_000_000_000");
    let text = problems(&sources).join("\n");
    for part in [
        "server.listen (in ",
        "database.url (in ",
        "mode.kind (in ",
        "must be embedded or distributed, not \"cloud\"",
        "FLARE__SERVER__KEEPALIVE_SECONDS must be a whole number, not \"often\"",
        "FLARE__POLICY__VOTES_REQUIRED must be from 0 to 4294967295, not \"-1\"",
        "FLARE__TLS__INSECURE must be true or false, not \"yes\"",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_that_is_away_or_no_toml_is_refused_without_its_text() {
    let text = problems(&Sources::defaults().file("/nowhere/flare.toml")).join("\n");
    assert!(text.starts_with("/nowhere/flare.toml cannot be read"), "{text}");
    let (_dir, sources) = file("[database]\nurl = \"postgres://flare:hunter2@db\n");
    let text = problems(&sources).join("\n");
    assert!(text.contains("must be TOML") && text.contains("line 2"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff, 0xfe]);
    let text = problems(&Sources::defaults().variable("FLARE__SERVER__LISTEN", value)).join("\n");
    assert_eq!(text, "FLARE__SERVER__LISTEN must be UTF-8 text");
}

#[test]
fn secrets_are_not_printed() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::load(&distributed(dir.path())).unwrap();
    assert!(settings.database.url.reveal().contains("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn every_rule_refuses_what_breaks_it() {
    let cases: &[(&str, &str)] = &[
        ("server.listen", "nonsense"),
        ("server.listen", "[::1:7420"),
        ("server.max_concurrent_streams", "0"),
        ("server.max_calls_in_flight", "0"),
        ("server.max_connections", "0"),
        ("server.max_file_calls_in_flight", "0"),
        ("server.silence_seconds", "0"),
        ("server.opening_seconds", "0"),
        ("server.trusted_proxies", "127.0.0.1, proxy"),
        ("server.decode_limit_bytes", "1000"),
        ("server.encode_limit_bytes", "1000"),
        ("server.keepalive_seconds", "0"),
        ("server.keepalive_timeout_seconds", "0"),
        ("server.shutdown_grace_seconds", "0"),
        ("database.max_connections", "0"),
        ("database.acquire_timeout_ms", "1"),
        ("database.schema_prefix", "Flare-"),
        ("server.portal_name", ""),
        ("peers.intake", "intake"),
        ("portal.spool_bytes", "1048576"),
        ("portal.listen", "0.0.0.0:7480"),
        ("portal.listen", "192.0.2.7:7480"),
        ("portal.key_file", "/nowhere/portal.key"),
        ("portal.previous_key_files", "/nowhere/one,/nowhere/two"),
        ("portal.fingerprint", "01234 56789"),
        ("portal.fingerprint", "0123456789 0123456789 01234 56789"),
        ("portal.max_connections", "1"),
        ("portal.behind_front", "front"),
        ("portal.tls_key", "/nowhere/key.pem"),
        ("portal.onion_location", "https://example.org"),
        ("portal.security_contact", "security@example.org"),
        ("portal.leave", "http://example.org"),
        ("telemetry.filter", "flare=loud=very"),
        ("telemetry.otlp_endpoint", "https://collector:4317"),
        ("telemetry.prometheus_listen", "localhost"),
        ("telemetry.service_name", ""),
        ("limits.anonymous_calls_per_minute", "0"),
        ("limits.frequent_calls_per_minute", "0"),
        ("limits.receipts_calls_per_minute", "0"),
        ("limits.one_receipt_calls_per_minute", "0"),
        ("limits.one_receipt_writes_per_day", "0"),
        ("limits.call_seconds", "0"),
        ("limits.file_call_seconds", "1"),
        ("mode.data_dir", ""),
        ("tls.ca", "/nowhere/ca.pem"),
        ("database.url", "postgres://hunter2"),
        ("broker.url", "amqp://hunter2"),
        ("cache.url", "redis://hunter2"),
    ];
    for (key, value) in cases {
        let text = problems(&Sources::defaults().set(*key, *value)).join("\n");
        assert!(
            text.starts_with(key) || text.contains(&format!("\n{key}")),
            "{key} = {value:?} gave {text:?}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn distributed_mode_asks_for_its_servers_and_its_key() {
    let text = problems(&Sources::defaults().set("mode.kind", "distributed")).join("\n");
    for key in ["database.url ", "broker.url ", "service.key_file ", "files.dir "] {
        assert!(text.contains(key), "{key} is missing in {text}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(problems(&distributed(dir.path())), Vec::<String>::new());
    assert_eq!(problems(&distributed(dir.path()).set("cache.url", "")), Vec::<String>::new());
    assert!(problems(&distributed(dir.path()).set("cache.url", "http://x")).join("").contains("cache.url"));
}

/// Settings with which the role portal starts, with its key in `dir`.
fn portal(dir: &Path) -> Sources {
    let key = dir.join("portal.key");
    fs::write(&key, "00".repeat(32)).unwrap();
    Sources::defaults()
        .set("mode.kind", "distributed")
        .set("peers.identity", "127.0.0.1:1")
        .set("peers.intake", "127.0.0.1:2")
        .set("portal.key_file", key.display().to_string())
        .set("portal.fingerprint", "01234-56789 ٠١٢٣٤ ٥٦٧٨٩ 01234\n56789\u{200f}")
        .set("tls.insecure", "true")
}

fn portal_problems(sources: &Sources) -> String {
    let checked = Settings::load(sources).unwrap().check_portal();
    checked
        .err()
        .map(|bad| bad.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        .unwrap_or_default()
}

#[test]
fn the_portal_starts_with_its_own_key_and_with_nothing_of_the_services() {
    let dir = tempfile::tempdir().unwrap();
    let sources = portal(dir.path());
    assert_eq!(portal_problems(&sources), "");
    assert_eq!(
        Settings::load(&sources).unwrap().portal.organisation().unwrap(),
        "01234 56789 01234 56789 01234 56789"
    );
    let key = dir.path().join("portal.key").display().to_string();
    for (name, value) in [
        ("database.url", "postgres://flare:hunter2@db/flare"),
        ("broker.url", "amqp://flare:hunter2@broker"),
        ("cache.url", "redis://:hunter2@cache"),
        ("service.key_file", &key),
        ("service.setup_code_file", &key),
        ("files.dir", "/files"),
    ] {
        let refused = portal_problems(&sources.clone().set(name, value));
        assert!(refused.starts_with(name) && refused.lines().count() == 1, "{name}: {refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    for name in ["portal.listen", "portal.key_file", "portal.fingerprint", "peers.identity", "peers.intake"] {
        let refused = portal_problems(&sources.clone().set(name, ""));
        assert!(refused.starts_with(name), "{name}: {refused}");
    }
    assert!(portal_problems(&sources.set("mode.kind", "embedded")).starts_with("mode.kind"));
}

#[test]
fn pages_are_served_in_the_clear_on_this_machine_or_to_a_front_on_a_private_network() {
    let dir = tempfile::tempdir().unwrap();
    let at =
        |listen: &str| portal(dir.path()).set("portal.listen", listen).set("portal.hosts", "ask.example.org");
    for beyond in ["0.0.0.0:7480", "203.0.113.7:7480", "10.0.0.7:7480", "portal:7480"] {
        assert!(
            portal_problems(&at(beyond)).starts_with("portal.listen must stay on this machine"),
            "{beyond}"
        );
    }
    let front = |listen: &str| portal_problems(&at(listen).set("portal.behind_front", "10.0.0.8"));
    for private in ["10.0.0.7:7480", "192.168.0.7:7480", "[fd00::7]:7480", "127.0.0.1:7480"] {
        assert_eq!(front(private), "", "{private}");
    }
    for public in ["0.0.0.0:7480", "203.0.113.7:7480", "[2001:db8::7]:7480"] {
        assert!(front(public).starts_with("portal.listen"), "{public}");
    }
    let nameless = portal(dir.path()).set("portal.behind_front", "127.0.0.1");
    assert!(portal_problems(&nameless).starts_with("portal.hosts must be given with portal.behind_front"));
    let pem = dir.path().join("portal.key").display().to_string();
    let sealed = at("0.0.0.0:443").set("portal.tls_certificate", &pem).set("portal.tls_key", &pem);
    assert_eq!(portal_problems(&sealed), "");
    assert!(
        portal_problems(&sealed.clone().set("portal.hosts", "")).starts_with("portal.hosts must be given")
    );
    assert!(portal_problems(&sealed.set("portal.behind_onion", "true")).starts_with("portal.behind_onion"));
    let nameless = portal(dir.path()).set("portal.behind_onion", "true");
    assert!(portal_problems(&nameless).starts_with("portal.hosts must be given with portal.behind_front"));
    let onion = nameless.set("portal.hosts", "example.onion");
    assert_eq!(portal_problems(&onion), "");
    assert!(
        portal_problems(&onion.set("portal.behind_front", "127.0.0.1")).starts_with("portal.behind_onion")
    );
}

#[test]
fn the_portal_shows_services_a_certificate_or_is_on_their_machine_and_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let open = portal(dir.path());
    assert_eq!(portal_problems(&open), "");
    let without = portal_problems(&open.clone().set("tls.insecure", "false"));
    assert!(
        without.starts_with("tls.certificate must be given") && without.lines().count() == 1,
        "{without}"
    );
    let beyond = open.set("peers.intake", "127.0.0.1:2,10.0.0.7:2");
    assert!(portal_problems(&beyond).starts_with("tls.certificate must be given"));
    let pem = dir.path().join("portal.key").display().to_string();
    let files = ["tls.ca", "tls.certificate", "tls.key"];
    let certified =
        files.into_iter().fold(beyond.set("tls.insecure", "false"), |sources, key| sources.set(key, &pem));
    assert_eq!(portal_problems(&certified), "");
}

#[test]
fn only_intake_needs_a_folder_for_files() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::load(&distributed(dir.path()).set("files.dir", "")).unwrap();
    let problems = |roles: &[Service]| settings.check(roles).err().map(|bad| bad.to_string());
    for roles in [&[][..], &Service::ALL, &[Service::Intake]] {
        assert!(problems(roles).unwrap().contains("files.dir must name the folder"), "{roles:?}");
    }
    assert!(!problems(&[Service::Triage]).unwrap_or_default().contains("files.dir"));
}

#[test]
fn one_process_does_not_speak_in_the_clear_beyond_this_machine() {
    let open = Sources::defaults().set("server.listen", "0.0.0.0:7420");
    let refused = problems(&open);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].starts_with("server.listen must stay on this machine"), "{refused:?}");
    assert_eq!(problems(&open.set("tls.insecure", "true")), Vec::<String>::new());
}

#[test]
fn distributed_mode_does_not_speak_in_the_clear_beyond_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let open = distributed(dir.path())
        .set("server.listen", "0.0.0.0:7420")
        .set("peers.intake", "[::1]:1,intake:7420");
    let refused = problems(&open);
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].starts_with("server.listen must stay on this machine"), "{refused:?}");
    assert!(refused[1].starts_with("peers.intake") && refused[1].ends_with("\"intake:7420\""), "{refused:?}");
    assert_eq!(problems(&open.clone().set("tls.insecure", "true")), Vec::<String>::new());
    let pem = dir.path().join("service.key").display().to_string();
    let two = open.set("tls.ca", &pem).set("tls.certificate", &pem);
    assert!(problems(&two).join("\n").starts_with("tls.key must be given too"), "{two:?}");
    assert_eq!(problems(&two.set("tls.key", &pem)), Vec::<String>::new());
}

#[test]
fn whoever_has_peers_elsewhere_can_be_reached_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let apart = distributed(dir.path()).set("tls.insecure", "true").set("peers.triage", "10.0.0.2:7420");
    let refused = problems(&apart);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].starts_with("server.listen must be an address that other machines reach"),
        "{refused:?}"
    );
    assert_eq!(problems(&apart.set("server.listen", "10.0.0.1:7420")), Vec::<String>::new());
}

#[test]
fn no_amount_is_below_zero() {
    for key in ["policy.advance_ceiling_minor", "policy.light_threshold_minor"] {
        assert!(Settings::load(&Sources::defaults().set(key, "0")).is_ok(), "{key}");
        let refused = Settings::load(&Sources::defaults().set(key, "-1")).unwrap_err().to_string();
        assert!(refused.contains(&format!("{key} must be from 0")), "{refused}");
    }
}

#[test]
fn a_role_that_runs_elsewhere_needs_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        Settings::load(&distributed(dir.path()).set("peers.identity", "127.0.0.1:1, 127.0.0.1:2,")).unwrap();
    assert_eq!(settings.peers.addresses(Service::Identity), ["127.0.0.1:1", "127.0.0.1:2"]);
    let bad = settings.check(&[Service::Intake]).unwrap_err();
    let keys: Vec<_> = bad.problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["peers.triage", "peers.grants", "peers.notification"]);
}

#[test]
fn the_default_limits_are_those_of_the_access_layer() {
    let limits = Settings::load(&Sources::defaults()).unwrap().limits;
    assert_eq!(limits.limits(), flare_access::Limits::default());
    assert_eq!(limits.deadlines([]), flare_access::Deadlines::default());
}

#[test]
fn folders_left_empty_are_in_the_data_dir() {
    let settings = Settings::load(&Sources::defaults().set("mode.data_dir", "/data")).unwrap();
    assert_eq!(settings.files_dir(), Path::new("/data/files"));
    assert_eq!(settings.service_key_file(), Path::new("/data/service.key"));
    let settings =
        Settings::load(&Sources::defaults().set("files.dir", "/f").set("service.key_file", "/k")).unwrap();
    assert_eq!(settings.files_dir(), Path::new("/f"));
    assert_eq!(settings.service_key_file(), Path::new("/k"));
}
