//! The settings as types, one struct per concern. What each key means stands beside its default in `defaults.toml`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use flare_access::{Deadlines, Limit, Limits, TrustedProxies};
use flare_contracts::{Service, input};
use flare_kernel::settings::PolicySection;
use serde::Deserialize;

use super::Secret;

/// Every setting of a process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which of the two ways to run.
    pub mode: ModeSettings,
    /// How this process answers.
    pub server: ServerSettings,
    /// PostgreSQL.
    pub database: DatabaseSettings,
    /// RabbitMQ.
    pub broker: BrokerSettings,
    /// Redis.
    pub cache: CacheSettings,
    /// Sealed files.
    pub files: FilesSettings,
    /// The installation's service key.
    pub service: ServiceSettings,
    /// Where the other roles answer.
    pub peers: PeerSettings,
    /// How processes prove themselves to each other.
    pub tls: TlsSettings,
    /// The pages for people in danger.
    pub portal: PortalSettings,
    /// Logs, traces, figures.
    pub telemetry: TelemetrySettings,
    /// How much a caller may ask.
    pub limits: LimitSettings,
    /// The organisation's targets and ceilings, for the services to read.
    pub policy: PolicySection,
}

/// Which of the two ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One process, SQLite files, no servers.
    Embedded,
    /// PostgreSQL, RabbitMQ, Redis, and other processes.
    Distributed,
}

/// `[mode]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeSettings {
    /// Embedded or distributed.
    pub kind: Mode,
    /// Where embedded mode keeps everything.
    pub data_dir: PathBuf,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// An address and a port.
    pub listen: String,
    /// Calls at once on one connection.
    pub max_concurrent_streams: u32,
    /// Connections at once.
    pub max_connections: u32,
    /// Calls at once in this process, but for those that carry files.
    pub max_calls_in_flight: u32,
    /// Calls at once that carry files.
    pub max_file_calls_in_flight: u32,
    /// The largest message taken in.
    pub decode_limit_bytes: u32,
    /// The largest message given out.
    pub encode_limit_bytes: u32,
    /// How long a caller may send nothing in the middle of a call.
    pub silence_seconds: u32,
    /// How long a connection may take until its first call.
    pub opening_seconds: u32,
    /// Addresses of proxies; see [`ServerSettings::trusted_proxies`].
    pub trusted_proxies: String,
    /// The name in the portal's certificate.
    pub portal_name: String,
    /// How often a silent connection is asked whether it lives.
    pub keepalive_seconds: u32,
    /// How long it may take to say so.
    pub keepalive_timeout_seconds: u32,
    /// How long calls may take to end once the process is asked to stop.
    pub shutdown_grace_seconds: u32,
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Where PostgreSQL is; empty in embedded mode.
    pub url: Secret,
    /// Put before the name of each service's schema.
    pub schema_prefix: String,
    /// Connections of each service at most.
    pub max_connections: u32,
    /// How long a call waits for a free connection.
    pub acquire_timeout_ms: u32,
}

/// `[broker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSettings {
    /// Where RabbitMQ is; empty in embedded mode.
    pub url: Secret,
    /// Put before the name of each exchange and queue.
    pub prefix: String,
}

/// `[cache]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// Where Redis is; empty means that each process keeps limits and sessions by itself.
    pub url: Secret,
}

/// `[files]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesSettings {
    /// Where sealed files are kept; see [`Settings::files_dir`].
    pub dir: PathBuf,
    /// Files are refused when less than this would stay free there.
    pub keep_free_bytes: u32,
}

/// `[service]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The file with the installation's key; see [`Settings::service_key_file`].
    pub key_file: PathBuf,
    /// The file with the code that founds the organisation; see [`Settings::setup_code_file`].
    pub setup_code_file: PathBuf,
}

/// `[peers]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSettings {
    /// Addresses of identity.
    pub identity: String,
    /// Addresses of intake.
    pub intake: String,
    /// Addresses of triage.
    pub triage: String,
    /// Addresses of grants.
    pub grants: String,
    /// Addresses of notification.
    pub notification: String,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The authority that signs the services' certificates.
    pub ca: PathBuf,
    /// This process's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Whether processes may speak in the clear beyond this machine.
    pub insecure: bool,
}

/// `[portal]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalSettings {
    /// An address and a port; empty means nowhere.
    pub listen: String,
    /// Names that are answered; see [`PortalSettings::hosts`].
    pub hosts: String,
    /// The file with the portal's key; see [`Settings::portal_key_file`].
    pub key_file: PathBuf,
    /// The files with the keys before it; see [`PortalSettings::previous_keys`].
    pub previous_key_files: String,
    /// The organisation's fingerprint; see [`PortalSettings::organisation`].
    pub fingerprint: String,
    /// Connections at once.
    pub max_connections: u32,
    /// Addresses of fronts; see [`PortalSettings::fronts`].
    pub behind_front: String,
    /// Whether callers come by circuits of Tor, which it names.
    pub behind_onion: bool,
    /// The certificate that browsers are shown.
    pub tls_certificate: PathBuf,
    /// Its key.
    pub tls_key: PathBuf,
    /// Where the same pages are as an onion service.
    pub onion_location: String,
    /// Whom to tell of a weakness.
    pub security_contact: String,
    /// From when somebody reads.
    pub reads_from_hour: u32,
    /// Until when somebody reads.
    pub reads_until_hour: u32,
    /// Whether what may cost a life is read at any hour.
    pub critical_at_any_hour: bool,
    /// Where "leave" leads.
    pub leave: String,
    /// Others who answer at any hour.
    pub helplines: String,
    /// Who hears complaints.
    pub complaints: String,
    /// Where requests wait while the services are away; see [`Settings::portal_spool_dir`].
    pub spool_dir: PathBuf,
    /// The most that may wait there, in bytes.
    pub spool_bytes: u64,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// How log lines are written.
    pub format: LogFormat,
    /// What is logged.
    pub filter: String,
    /// Where traces go; empty means nowhere.
    pub otlp_endpoint: String,
    /// Where Prometheus may read; empty means nowhere.
    pub prometheus_listen: String,
    /// The name of this process in traces.
    pub service_name: String,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Calls a minute of one RPC from one place without credentials.
    pub anonymous_calls_per_minute: u32,
    /// The same for the RPCs that each command of a member of staff calls.
    pub frequent_calls_per_minute: u32,
    /// Calls a minute of one RPC from one place with receipts.
    pub receipts_calls_per_minute: u32,
    /// Calls a minute for one receipt.
    pub one_receipt_calls_per_minute: u32,
    /// Calls a day of one RPC that writes, for one receipt.
    pub one_receipt_writes_per_day: u32,
    /// The longest a call may take.
    pub call_seconds: u32,
    /// The longest a call that carries a file may take.
    pub file_call_seconds: u32,
}

impl Settings {
    /// Where sealed files are kept.
    pub fn files_dir(&self) -> PathBuf {
        or_in_data_dir(&self.files.dir, &self.mode.data_dir, "files")
    }

    /// The file with the installation's service key.
    pub fn service_key_file(&self) -> PathBuf {
        or_in_data_dir(&self.service.key_file, &self.mode.data_dir, "service.key")
    }

    /// The file with the portal's key. Embedded mode makes it at its first start.
    pub fn portal_key_file(&self) -> PathBuf {
        or_in_data_dir(&self.portal.key_file, &self.mode.data_dir, "portal.key")
    }

    /// Where requests wait, sealed, while the services are away.
    pub fn portal_spool_dir(&self) -> PathBuf {
        or_in_data_dir(&self.portal.spool_dir, &self.mode.data_dir, "spool")
    }

    /// The file with the code that founds the organisation. Embedded mode makes it at its first start.
    pub fn setup_code_file(&self) -> PathBuf {
        or_in_data_dir(&self.service.setup_code_file, &self.mode.data_dir, "setup-code")
    }
}

impl ServerSettings {
    /// How long calls may take to end once the process is asked to stop.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds.into())
    }

    /// How long a caller may send nothing in the middle of a call.
    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_seconds.into())
    }

    /// How long a connection may take for TLS, the HTTP/2 preface and its first call together.
    pub fn opening(&self) -> Duration {
        Duration::from_secs(self.opening_seconds.into())
    }

    /// The proxies that are believed when they say where a call comes from. What is no address is left out.
    pub fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.proxy_addresses().filter_map(|address| address.parse().ok()))
    }

    pub(super) fn proxy_addresses(&self) -> impl Iterator<Item = &str> {
        parts(&self.trusted_proxies)
    }
}

impl PortalSettings {
    /// The names that are answered, for a portal that listens at `port`.
    pub fn hosts(&self, port: u16) -> Vec<String> {
        let named: Vec<_> = parts(&self.hosts).map(str::to_owned).collect();
        if named.is_empty() {
            let here = self.listen.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
            return [here, "127.0.0.1", "localhost"].map(|host| format!("{host}:{port}")).to_vec();
        }
        named
    }
}

impl PortalSettings {
    /// The files with the keys before this one.
    pub fn previous_keys(&self) -> impl Iterator<Item = &Path> {
        parts(&self.previous_key_files).map(Path::new)
    }

    /// The organisation's fingerprint as it is shown, whichever way it was typed; none where none is given.
    pub fn organisation(&self) -> Option<String> {
        let shown = input::fingerprint(&self.fingerprint);
        (!shown.is_empty()).then_some(shown)
    }

    /// The fronts that are believed when they say where a call comes from. What is no address is left out.
    pub fn fronts(&self) -> TrustedProxies {
        TrustedProxies::new(self.front_addresses().filter_map(|address| address.parse().ok()))
    }

    pub(super) fn front_addresses(&self) -> impl Iterator<Item = &str> {
        parts(&self.behind_front)
    }

    /// Whether TLS is the portal's own.
    pub fn over_tls(&self) -> bool {
        !self.tls_certificate.as_os_str().is_empty()
    }
}

/// The parts of a list, without empty ones.
fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

impl LimitSettings {
    /// How often people without an account may call.
    pub fn limits(&self) -> Limits {
        let a_minute = |calls| Limit { calls, per: Duration::from_mins(1) };
        Limits {
            anonymous_from_one_place: a_minute(self.anonymous_calls_per_minute),
            frequent_from_one_place: a_minute(self.frequent_calls_per_minute),
            receipts_from_one_place: a_minute(self.receipts_calls_per_minute),
            one_receipt: a_minute(self.one_receipt_calls_per_minute),
            one_receipt_writes: Limit {
                calls: self.one_receipt_writes_per_day,
                per: Duration::from_hours(24),
            },
        }
    }

    /// How long calls may take; `file_paths` names the RPCs that carry files.
    pub fn deadlines(&self, file_paths: impl IntoIterator<Item = String>) -> Deadlines {
        Deadlines {
            usual: Duration::from_secs(self.call_seconds.into()),
            long: Duration::from_secs(self.file_call_seconds.into()),
            long_paths: file_paths.into_iter().collect(),
        }
    }
}

impl PeerSettings {
    /// The addresses of a role, without those of its replicas that were left empty.
    pub fn addresses(&self, role: Service) -> Vec<&str> {
        let list = match role {
            Service::Identity => &self.identity,
            Service::Intake => &self.intake,
            Service::Triage => &self.triage,
            Service::Grants => &self.grants,
            Service::Notification => &self.notification,
        };
        parts(list).collect()
    }
}

impl TlsSettings {
    /// Whether the three files are given.
    pub fn is_set(&self) -> bool {
        [&self.ca, &self.certificate, &self.key].iter().all(|file| !file.as_os_str().is_empty())
    }
}

fn or_in_data_dir(path: &Path, data_dir: &Path, name: &str) -> PathBuf {
    if path.as_os_str().is_empty() { data_dir.join(name) } else { path.to_owned() }
}
