//! How the settings must fit together, checked before a port opens.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    str::FromStr,
};

use flare_contracts::Service;
use tracing_subscriber::EnvFilter;

use super::{BadSettings, Mode, Problem, Settings};

impl Settings {
    /// Checks that a process with these roles can run so, and lists every reason why it cannot, but for the policy: that is for
    /// whoever reads it.
    pub fn check(&self, roles: &[Service]) -> Result<(), BadSettings> {
        let mut check = Check::default();
        check.server(self);
        check.stores(self);
        check.files(self, roles);
        check.tls(self);
        check.peers(self, roles);
        check.portal(self);
        check.telemetry(self);
        check.limits(self);
        if check.problems.is_empty() { Ok(()) } else { Err(BadSettings { problems: check.problems }) }
    }
}

impl Settings {
    /// Checks that a process can be the portal and nothing else, which keeps nothing and can read nothing that was kept, and
    /// lists every reason why it cannot.
    pub fn check_portal(&self) -> Result<(), BadSettings> {
        let mut check = Check::default();
        check.server(self);
        check.portal_alone(self);
        check.tls(self);
        check.portal_peers(self);
        check.portal(self);
        check.telemetry(self);
        check.limits(self);
        if check.problems.is_empty() { Ok(()) } else { Err(BadSettings { problems: check.problems }) }
    }
}

/// The roles that the portal calls.
const PORTAL_CALLS: [Service; 2] = [Service::Identity, Service::Intake];

#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn that(&mut self, holds: bool, key: &str, value: &(impl ToString + ?Sized), rule: impl Into<String>) {
        if !holds {
            self.problems.push(Problem {
                key: key.to_owned(),
                rule: rule.into(),
                value: Some(value.to_string()),
            });
        }
    }

    /// Like `that`, for what may hold a password.
    fn secretly(&mut self, holds: bool, key: &str, rule: &str) {
        if !holds {
            self.problems.push(Problem { key: key.to_owned(), rule: rule.to_owned(), value: None });
        }
    }

    fn between(&mut self, key: &str, value: u32, least: u32, most: u32) {
        self.that((least..=most).contains(&value), key, &value, format!("must be from {least} to {most}"));
    }

    fn server(&mut self, settings: &Settings) {
        let server = &settings.server;
        let rule = "must be a host and a port, such as 127.0.0.1:7420";
        self.that(host_and_port(&server.listen).is_some(), "server.listen", &server.listen, rule);
        self.between("server.max_concurrent_streams", server.max_concurrent_streams, 1, 10_000);
        self.between("server.max_calls_in_flight", server.max_calls_in_flight, 1, 100_000);
        self.between("server.max_connections", server.max_connections, 1, 100_000);
        self.between("server.max_file_calls_in_flight", server.max_file_calls_in_flight, 1, 100_000);
        self.between("server.silence_seconds", server.silence_seconds, 1, 600);
        self.between("server.opening_seconds", server.opening_seconds, 1, 600);
        for address in server.proxy_addresses() {
            let rule = "must be IP addresses, parted by commas";
            self.that(address.parse::<IpAddr>().is_ok(), "server.trusted_proxies", address, rule);
        }
        // Less would refuse a request of 256 KiB, or a piece of a file.
        self.between("server.decode_limit_bytes", server.decode_limit_bytes, 384 * 1024, 16 * 1024 * 1024);
        self.between("server.encode_limit_bytes", server.encode_limit_bytes, 384 * 1024, 64 * 1024 * 1024);
        let name = &server.portal_name;
        self.that(!name.is_empty(), "server.portal_name", name, "must not be empty");
        self.between("server.keepalive_seconds", server.keepalive_seconds, 1, 3_600);
        self.between("server.keepalive_timeout_seconds", server.keepalive_timeout_seconds, 1, 600);
        self.between("server.shutdown_grace_seconds", server.shutdown_grace_seconds, 1, 600);
    }

    fn stores(&mut self, settings: &Settings) {
        let (database, broker, cache) = (&settings.database, &settings.broker, &settings.cache);
        let begins = |url: &str, schemes: &[&str]| schemes.iter().any(|scheme| url.starts_with(scheme));
        match settings.mode.kind {
            Mode::Embedded => {
                let rule = "must be empty in embedded mode (mode.kind = \"distributed\" uses it)";
                self.secretly(database.url.is_empty(), "database.url", rule);
                self.secretly(broker.url.is_empty(), "broker.url", rule);
                self.secretly(cache.url.is_empty(), "cache.url", rule);
                let dir = settings.mode.data_dir.display();
                self.that(!dir.to_string().is_empty(), "mode.data_dir", &dir, "must name a folder");
            }
            Mode::Distributed => {
                let fits = begins(database.url.reveal(), &["postgres://", "postgresql://"]);
                self.secretly(fits, "database.url", "must begin with postgres://");
                let fits = begins(broker.url.reveal(), &["amqp://", "amqps://"]);
                self.secretly(fits, "broker.url", "must begin with amqp:// or amqps://");
                let fits = cache.url.is_empty() || begins(cache.url.reveal(), &["redis://", "rediss://"]);
                self.secretly(fits, "cache.url", "must begin with redis:// or rediss://, or be empty");
                let key = &settings.service.key_file;
                let rule = "must name the installation's key file in distributed mode";
                self.that(!key.as_os_str().is_empty(), "service.key_file", &key.display(), rule);
                self.file_exists("service.key_file", key);
            }
        }
        self.between("database.max_connections", database.max_connections, 1, 1_000);
        self.between("database.acquire_timeout_ms", database.acquire_timeout_ms, 100, 60_000);
        let prefix = &database.schema_prefix;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let rule = "must be lower-case letters, digits and underscores, beginning with a letter";
        let fits = prefix.chars().all(plain) && prefix.chars().next().is_none_or(|c| c.is_ascii_lowercase());
        self.that(fits, "database.schema_prefix", prefix, rule);
    }

    fn files(&mut self, settings: &Settings, roles: &[Service]) {
        let intake_runs = roles.is_empty() || roles.contains(&Service::Intake);
        let dir = &settings.files.dir;
        let rule = "must name the folder that all replicas of intake share, in distributed mode";
        let fits = settings.mode.kind == Mode::Embedded || !intake_runs || !dir.as_os_str().is_empty();
        self.that(fits, "files.dir", &dir.display(), rule);
    }

    fn tls(&mut self, settings: &Settings) {
        let tls = &settings.tls;
        let files = [("tls.ca", &tls.ca), ("tls.certificate", &tls.certificate), ("tls.key", &tls.key)];
        let any = files.iter().any(|(_, file)| !file.as_os_str().is_empty());
        for (key, file) in files {
            let rule = "must be given too: tls.ca, tls.certificate and tls.key are all set or none";
            self.that(!any || !file.as_os_str().is_empty(), key, &file.display(), rule);
            self.file_exists(key, file);
        }
        if !any && !tls.insecure {
            let rule = "must stay on this machine unless tls.ca, tls.certificate and tls.key are set \
                        (or tls.insecure = true, where the network itself is sealed)";
            self.that(is_loopback(&settings.server.listen), "server.listen", &settings.server.listen, rule);
            for role in Service::ALL {
                for address in settings.peers.addresses(role) {
                    self.that(is_loopback(address), &format!("peers.{role}"), address, rule);
                }
            }
        }
    }

    fn peers(&mut self, settings: &Settings, roles: &[Service]) {
        // Every role is called by others: their gaps are filled from its history.
        let elsewhere = |role| settings.peers.addresses(role).iter().any(|address| !is_loopback(address));
        let alone = is_loopback(&settings.server.listen) && Service::ALL.into_iter().any(elsewhere);
        let rule = "must be an address that other machines reach: peers are named that are on others";
        self.that(!alone, "server.listen", &settings.server.listen, rule);
        for role in Service::ALL {
            let key = format!("peers.{role}");
            let addresses = settings.peers.addresses(role);
            for address in &addresses {
                self.address_of_peer(&key, address);
            }
            let reachable = roles.is_empty() || roles.contains(&role) || !addresses.is_empty();
            self.that(reachable, &key, "", "must be given: that role does not run in this process");
        }
    }

    fn portal(&mut self, settings: &Settings) {
        let portal = &settings.portal;
        let listen = &portal.listen;
        let rule = "must be a host and a port, such as 127.0.0.1:7480, or empty";
        self.that(listen.is_empty() || host_and_port(listen).is_some(), "portal.listen", listen, rule);
        let sealed = portal.over_tls() || (!portal.behind_front.is_empty() && is_private(listen));
        let rule = "must stay on this machine, unless portal.tls_certificate is set, or portal.behind_front and this is an \
                    address of a private network: the pages are served in the clear";
        self.that(listen.is_empty() || is_loopback(listen) || sealed, "portal.listen", listen, rule);
        self.file_exists("portal.key_file", &portal.key_file);
        for file in portal.previous_keys() {
            self.file_exists("portal.previous_key_files", file);
        }
        self.between("portal.max_connections", portal.max_connections, 16, 100_000);
        self.portal_addresses(settings);
        self.between("portal.reads_from_hour", portal.reads_from_hour, 0, 23);
        self.between("portal.reads_until_hour", portal.reads_until_hour, 0, 24);
        let leave = &portal.leave;
        let fits = leave.starts_with("https://") && leave.bytes().all(|byte| byte.is_ascii_graphic());
        self.that(fits, "portal.leave", leave, "must be an address that begins with https://");
        let rule = "must be at least 16777216: with less, nobody could be invited to write";
        self.that(portal.spool_bytes >= 16 << 20, "portal.spool_bytes", &portal.spool_bytes, rule);
    }

    /// How the pages are reached, and what they say of it.
    fn portal_addresses(&mut self, settings: &Settings) {
        let portal = &settings.portal;
        let (certificate, key) = (&portal.tls_certificate, &portal.tls_key);
        let rule = "must be given too: portal.tls_certificate and portal.tls_key are both set or none";
        let both = certificate.as_os_str().is_empty() == key.as_os_str().is_empty();
        self.that(both, "portal.tls_key", &key.display(), rule);
        self.file_exists("portal.tls_certificate", certificate);
        self.file_exists("portal.tls_key", key);
        for address in portal.front_addresses() {
            let rule = "must be IP addresses, parted by commas";
            self.that(address.parse::<IpAddr>().is_ok(), "portal.behind_front", address, rule);
        }
        let onion = portal.behind_onion;
        let alone = portal.behind_front.is_empty() && !portal.over_tls() && is_loopback(&portal.listen);
        let rule =
            "must be false with portal.behind_front or portal.tls_certificate, and beyond this machine";
        self.that(!onion || alone, "portal.behind_onion", &onion, rule);
        let hosts = &portal.hosts;
        let rule = "must be given with portal.behind_front or portal.behind_onion: people type another name than this machine's";
        let direct = portal.behind_front.is_empty() && !onion;
        self.that(direct || !hosts.is_empty(), "portal.hosts", hosts, rule);
        let fingerprint = portal.organisation().unwrap_or_default();
        let digits = |text: &str| {
            text.split(' ').all(|group| group.len() == 5 && group.bytes().all(|c| c.is_ascii_digit()))
        };
        let fits = fingerprint.is_empty() || (fingerprint.len() == 35 && digits(&fingerprint));
        let rule = "must be six groups of five digits, as `flare staff init` shows them";
        self.that(fits, "portal.fingerprint", &portal.fingerprint, rule);
        let is_address = |text: &str, begins: &[&str]| {
            text.is_empty()
                || (begins.iter().any(|begin| text.starts_with(begin))
                    && text.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        let contact = &portal.security_contact;
        let rule = "must begin with mailto: or https://";
        self.that(is_address(contact, &["mailto:", "https://"]), "portal.security_contact", contact, rule);
        let there = &portal.onion_location;
        let fits = is_address(there, &["http://", "https://"])
            && (there.is_empty() || there.strip_suffix(".onion").is_some());
        let rule = "must begin with http:// and end with .onion, without a path";
        self.that(fits, "portal.onion_location", there, rule);
    }

    /// What the role portal must have, and what it must not: whoever breaks into it finds nothing that opens or forges what
    /// services keep.
    fn portal_alone(&mut self, settings: &Settings) {
        let (portal, service) = (&settings.portal, &settings.service);
        let kind = settings.mode.kind;
        let rule = "must be distributed for the role portal; embedded mode serves the pages by itself";
        self.secretly(kind == Mode::Distributed, "mode.kind", rule);
        let rule = "must be empty: the portal needs none, and must not have one";
        self.secretly(settings.database.url.is_empty(), "database.url", rule);
        self.secretly(settings.broker.url.is_empty(), "broker.url", rule);
        self.secretly(settings.cache.url.is_empty(), "cache.url", rule);
        for (key, path) in [
            ("service.key_file", &service.key_file),
            ("service.setup_code_file", &service.setup_code_file),
            ("files.dir", &settings.files.dir),
        ] {
            self.that(path.as_os_str().is_empty(), key, &path.display(), rule);
        }
        let rule = "must be given for the role portal";
        self.that(!portal.listen.is_empty(), "portal.listen", &portal.listen, rule);
        self.that(
            !portal.key_file.as_os_str().is_empty(),
            "portal.key_file",
            &portal.key_file.display(),
            rule,
        );
        self.that(portal.organisation().is_some(), "portal.fingerprint", &portal.fingerprint, rule);
        let named = !portal.hosts.is_empty() || is_loopback(&portal.listen);
        self.that(
            named,
            "portal.hosts",
            &portal.hosts,
            "must be given where others than this machine reach the pages",
        );
    }

    fn portal_peers(&mut self, settings: &Settings) {
        for role in PORTAL_CALLS {
            let addresses = settings.peers.addresses(role);
            let key = format!("peers.{role}");
            self.that(!addresses.is_empty(), &key, "", "must be given: the portal calls that role");
            for address in addresses {
                self.address_of_peer(&key, address);
            }
        }
        let tls = &settings.tls;
        let is_here = |role| settings.peers.addresses(role).iter().all(|address| is_loopback(address));
        let alone = tls.insecure && PORTAL_CALLS.into_iter().all(is_here);
        let rule = "must be given: without it services take all of the portal's callers for one place (tls.insecure = true \
                    lifts that for tests, with every peer on this machine)";
        let given = !tls.certificate.as_os_str().is_empty();
        self.that(given || alone, "tls.certificate", &tls.certificate.display(), rule);
    }

    fn address_of_peer(&mut self, key: &str, address: &str) {
        let rule = "must be host:port, several parted by commas";
        self.that(host_and_port(address).is_some(), key, address, rule);
    }

    fn telemetry(&mut self, settings: &Settings) {
        let telemetry = &settings.telemetry;
        let filter = &telemetry.filter;
        let rule = "must be a level or log directives";
        self.that(EnvFilter::try_new(filter).is_ok(), "telemetry.filter", filter, rule);
        let endpoint = &telemetry.otlp_endpoint;
        let fits = endpoint.is_empty() || endpoint.starts_with("http://");
        let rule = "must begin with http:// (a collector on this machine passes traces on)";
        self.that(fits, "telemetry.otlp_endpoint", endpoint, rule);
        let listen = &telemetry.prometheus_listen;
        let fits = listen.is_empty() || SocketAddr::from_str(listen).is_ok();
        let rule = "must be an IP address and a port, such as 127.0.0.1:9464";
        self.that(fits, "telemetry.prometheus_listen", listen, rule);
        let name = &telemetry.service_name;
        self.that(!name.is_empty(), "telemetry.service_name", name, "must not be empty");
    }

    fn limits(&mut self, settings: &Settings) {
        let limits = &settings.limits;
        for (key, calls) in [
            ("limits.anonymous_calls_per_minute", limits.anonymous_calls_per_minute),
            ("limits.frequent_calls_per_minute", limits.frequent_calls_per_minute),
            ("limits.receipts_calls_per_minute", limits.receipts_calls_per_minute),
            ("limits.one_receipt_calls_per_minute", limits.one_receipt_calls_per_minute),
            ("limits.one_receipt_writes_per_day", limits.one_receipt_writes_per_day),
        ] {
            self.between(key, calls, 1, 1_000_000);
        }
        self.between("limits.call_seconds", limits.call_seconds, 1, 300);
        self.between("limits.file_call_seconds", limits.file_call_seconds, limits.call_seconds, 3_600);
    }

    fn file_exists(&mut self, key: &str, file: &Path) {
        let exists = file.as_os_str().is_empty() || file.is_file();
        self.that(exists, key, &file.display(), "must name a file that is there");
    }
}

/// The two parts of `host:port`; an IPv6 address stands in brackets.
fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = match bare {
        Some(inner) => inner.parse::<IpAddr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'),
    };
    fits.then_some((bare.unwrap_or(host), port))
}

/// Whether an address (`host:port`) is one of a network that nobody outside reaches.
fn is_private(address: &str) -> bool {
    host_and_port(address).and_then(|(host, _)| host.parse::<IpAddr>().ok()).is_some_and(|address| {
        match address {
            IpAddr::V4(address) => address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        }
    })
}

/// Whether an address (`host:port`) is on this machine, so that nobody on the way can listen.
pub fn is_loopback(address: &str) -> bool {
    // What is no address at all has its own refusal.
    host_and_port(address).is_none_or(|(host, _)| {
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
