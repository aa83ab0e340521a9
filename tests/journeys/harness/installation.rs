//! Flare as it is run: one process with everything in it, or several processes of each role.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

use flare_contracts::Service;
use tempfile::TempDir;

use super::{
    Desk, Team,
    certificates::Certificates,
    people,
    process::{FIGURES, Process},
    proxy::Proxy,
    servers::Servers,
    template, token,
};

/// Flare with its people.
pub(crate) struct Installation {
    /// Dropped first: the processes end before their folder goes.
    pub(crate) processes: Vec<Process>,
    pub(crate) team: Team,
    pub(crate) servers: Option<Servers>,
    pub(crate) certificates: Option<Certificates>,
    /// A place that knows its services, in the folder of its people.
    desk: Desk,
    /// Where the pages are, if it has any.
    pages: Option<String>,
    folder: TempDir,
    /// Held while a distributed installation runs: the servers of a test machine take one at a time.
    _turn: Option<File>,
}

/// What a test wants of an installation.
#[derive(Default)]
pub(crate) struct Wish<'a> {
    /// What is logged.
    pub(crate) log: Option<&'a str>,
    /// Proxies before PostgreSQL, RabbitMQ and Redis.
    pub(crate) database: Option<&'a Proxy>,
    pub(crate) broker: Option<&'a Proxy>,
    pub(crate) cache: Option<&'a Proxy>,
    /// Processes of each role; 0 for all roles in one process.
    pub(crate) replicas: usize,
    /// Pages for people in danger, under these further names of the portal: of the one process, or by a role of their own.
    pub(crate) pages: Option<&'a [&'a str]>,
    /// Certificates for each role, as an installation on several machines has them.
    pub(crate) certificates: bool,
    /// Whether the one process tells its figures.
    pub(crate) figures: bool,
    /// The limits that an organisation has, where most journeys call from one place as often as they like.
    pub(crate) usual_limits: bool,
}

impl Installation {
    /// Everything in one process on SQLite, with nothing installed.
    pub(crate) fn embedded() -> Self {
        Self::embedded_with(&Wish::default())
    }

    /// The same, as wished.
    pub(crate) fn embedded_with(wish: &Wish<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        template::copy_to(folder.path(), |template| {
            let process = all_in_one(template, &Wish::default());
            process.start();
            process.wait_until_it_serves();
            let people = template.join("people");
            fs::create_dir_all(&people).unwrap();
            let addresses = vec![("", vec![process.address.clone()])];
            let desk = Desk { folder: people, addresses, authority: None };
            people::found(&desk, &template.join("data/setup-code"));
            process.stop();
        });
        let pages = wish.pages.map(|names| (free_address(), names));
        let mut process = all_in_one(folder.path(), wish);
        if let Some((address, names)) = &pages {
            process.serve_pages(address, names);
        }
        process.start();
        process.wait_until_it_serves();
        let addresses = vec![("", vec![process.address.clone()])];
        let desk = Desk { folder: folder.path().join("people"), addresses, authority: None };
        let team = people::meet(&desk);
        let pages = pages.map(|(address, _)| address);
        let (servers, certificates) = (None, None);
        Self { processes: vec![process], team, servers, certificates, desk, pages, folder, _turn: None }
    }

    /// Each role in processes of its own on PostgreSQL, RabbitMQ and Redis. None where those are not named.
    pub(crate) fn distributed(wish: &Wish<'_>) -> Option<Self> {
        let servers = Servers::of_this_machine()?;
        let turn =
            File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("journeys-servers.lock")).unwrap();
        turn.lock().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = distributed_environment(folder.path(), &servers, wish);
        let certificates = wish.certificates.then(|| Certificates::make(folder.path()));
        let mut addresses: Vec<(&'static str, Vec<String>)> = Vec::new();
        if wish.replicas == 0 {
            addresses.push(("", vec![free_address()]));
        } else {
            for role in Service::ALL {
                addresses.push((role.as_str(), (0..wish.replicas).map(|_| free_address()).collect()));
            }
        }
        let mut processes = Vec::new();
        for (role, replicas) in &addresses {
            for (index, address) in replicas.iter().enumerate() {
                let mut environment = environment.clone();
                for (peer, replicas) in addresses.iter().filter(|(peer, _)| !peer.is_empty()) {
                    environment.push((format!("FLARE__PEERS__{}", peer.to_uppercase()), replicas.join(",")));
                }
                environment.extend(certificates.iter().flat_map(|made| made.environment(role)));
                let roles: &[&'static str] = if role.is_empty() { &[] } else { &[*role] };
                let label = format!("{}-{}", if role.is_empty() { "all" } else { role }, index + 1);
                let log = logs(folder.path()).join(&label);
                processes.push(Process::new(label, roles, address.clone(), environment, log));
            }
        }
        processes.iter().for_each(Process::start);
        processes.iter().for_each(Process::wait_until_it_serves);
        let people = folder.path().join("people");
        fs::create_dir_all(&people).unwrap();
        let authority = certificates.as_ref().map(Certificates::authority);
        let desk = Desk { folder: people, addresses, authority };
        let team = people::found(&desk, &folder.path().join("setup-code"));
        let pages = wish.pages.map(|names| {
            let (address, process) =
                portal(folder.path(), &desk, &team.organisation, certificates.as_ref(), wish, names);
            process.start();
            process.wait_until_it_serves();
            processes.push(process);
            address
        });
        let (servers, turn) = (Some(servers), Some(turn));
        Some(Self { processes, team, servers, certificates, desk, pages, folder, _turn: turn })
    }

    /// The embedded installation's one process, or that of a distributed one which runs a role.
    pub(crate) fn process(&self, role: &str) -> &Process {
        let of_role = |process: &&Process| process.label.starts_with(role);
        self.processes.iter().find(of_role).unwrap_or(&self.processes[0])
    }

    /// A requester's own machine.
    pub(crate) fn requester(&self) -> Desk {
        let folder = self.desk.folder.join(format!("requester-{}", token()));
        fs::create_dir_all(&folder).unwrap();
        self.desk.beside(folder)
    }

    /// Where the pages for people in danger are.
    pub(crate) fn pages(&self) -> &str {
        self.pages.as_deref().unwrap()
    }

    /// Where embedded mode keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where requests wait while the services are away, in a distributed installation.
    pub(crate) fn spool(&self) -> PathBuf {
        portal_data(self.folder.path()).join("spool")
    }

    /// The key that services prove themselves with to each other, in a distributed installation.
    pub(crate) fn service_key(&self) -> PathBuf {
        service_key(self.folder.path())
    }

    /// Where the sealed files are.
    pub(crate) fn files(&self) -> PathBuf {
        self.data().join("files")
    }

    /// The folder of the logs, one file for each process.
    pub(crate) fn logs(&self) -> PathBuf {
        logs(self.folder.path())
    }

    /// What connects to a service's database, and what stands before its tables' names.
    pub(crate) fn database(&self, service: Service) -> (String, String) {
        match &self.servers {
            Some(servers) => (servers.postgres.clone(), format!("{}.", servers.schema(service))),
            None => {
                (format!("sqlite://{}", self.data().join(format!("{service}.db")).display()), String::new())
            }
        }
    }

    /// The address of a role.
    pub(crate) fn address(&self, role: &str) -> String {
        let replicas = self.desk.addresses.iter().find(|(name, _)| name.is_empty() || *name == role);
        replicas.unwrap().1[0].clone()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.processes.clear();
        if let Some(servers) = &self.servers {
            let cleaned = std::panic::catch_unwind(|| servers.clean(&self.team.approver_ids()));
            // A second panic would end the test process and hide the first.
            assert!(
                cleaned.is_ok() || std::thread::panicking(),
                "what the test left on the servers was not removed"
            );
        }
    }
}

/// All roles in one process, whose data are in a folder beside whatever else is there.
pub(crate) fn all_in_one(folder: &Path, wish: &Wish<'_>) -> Process {
    let mut environment = common_environment(wish);
    environment.push(("FLARE__MODE__DATA_DIR".to_owned(), text(&folder.join("data"))));
    if wish.figures {
        environment.push((FIGURES.to_owned(), free_address()));
    }
    Process::new("all", &[], free_address(), environment, logs(folder).join("all"))
}

fn common_environment(wish: &Wish<'_>) -> Vec<(String, String)> {
    let set = |key: &str, value: &str| (format!("FLARE__{key}"), value.to_owned());
    let mut environment = vec![
        set("TELEMETRY__FILTER", wish.log.unwrap_or("info")),
        set("SERVER__SHUTDOWN_GRACE_SECONDS", "10"),
    ];
    if !wish.usual_limits {
        let limits =
            ["ANONYMOUS_CALLS_PER_MINUTE", "RECEIPTS_CALLS_PER_MINUTE", "ONE_RECEIPT_CALLS_PER_MINUTE"];
        environment.extend(limits.map(|limit| set(&format!("LIMITS__{limit}"), "1000000")));
    }
    environment
}

fn distributed_environment(folder: &Path, servers: &Servers, wish: &Wish<'_>) -> Vec<(String, String)> {
    let (key, code) = (service_key(folder), folder.join("setup-code"));
    secret(&key);
    fs::write(&code, format!("{}{}\n", token(), token())).unwrap();
    let data = folder.join("data");
    fs::create_dir_all(data.join("files")).unwrap();
    let through = |url: &str, proxy: Option<&Proxy>| match proxy {
        Some(proxy) => {
            let mut url = url::Url::parse(url).unwrap();
            let (host, port) = proxy.address.rsplit_once(':').unwrap();
            url.set_host(Some(host)).unwrap();
            url.set_port(Some(port.parse().unwrap())).unwrap();
            url.to_string()
        }
        None => url.to_owned(),
    };
    let mut environment = common_environment(wish);
    for (key, value) in [
        ("MODE__KIND", "distributed".to_owned()),
        ("MODE__DATA_DIR", text(&data)),
        ("FILES__DIR", text(&data.join("files"))),
        ("SERVICE__KEY_FILE", text(&key)),
        ("SERVICE__SETUP_CODE_FILE", text(&code)),
        ("DATABASE__URL", through(&servers.postgres, wish.database)),
        ("DATABASE__SCHEMA_PREFIX", servers.schema_prefix.clone()),
        ("DATABASE__MAX_CONNECTIONS", "4".to_owned()),
        ("BROKER__URL", through(&servers.rabbitmq, wish.broker)),
        ("BROKER__PREFIX", servers.prefix.clone()),
        ("CACHE__URL", through(&servers.redis, wish.cache)),
    ] {
        environment.push((format!("FLARE__{key}"), value));
    }
    environment
}

/// The role that serves the pages: it knows where identity and intake are, the organisation, and a key of its own.
fn portal(
    folder: &Path,
    desk: &Desk,
    organisation: &str,
    certificates: Option<&Certificates>,
    wish: &Wish<'_>,
    names: &[&str],
) -> (String, Process) {
    let (key, data) = (folder.join("portal.key"), portal_data(folder));
    secret(&key);
    fs::create_dir_all(&data).unwrap();
    let mut environment = common_environment(wish);
    for (name, value) in [
        ("MODE__KIND", "distributed".to_owned()),
        ("MODE__DATA_DIR", text(&data)),
        ("PORTAL__KEY_FILE", text(&key)),
        ("PORTAL__FINGERPRINT", organisation.to_owned()),
    ] {
        environment.push((format!("FLARE__{name}"), value));
    }
    match certificates {
        Some(made) => environment.extend(made.environment("portal")),
        // Peers on this machine, in the clear.
        None => environment.push(("FLARE__TLS__INSECURE".to_owned(), "true".to_owned())),
    }
    for role in ["identity", "intake"] {
        let (_, replicas) = desk.addresses.iter().find(|(name, _)| name.is_empty() || *name == role).unwrap();
        environment.push((format!("FLARE__PEERS__{}", role.to_uppercase()), replicas.join(",")));
    }
    let mut process =
        Process::new("portal", &["portal"], free_address(), environment, logs(folder).join("portal"));
    let address = free_address();
    process.serve_pages(&address, names);
    (address, process)
}

/// Where the role portal keeps what it keeps.
fn portal_data(folder: &Path) -> PathBuf {
    folder.join("portal")
}

fn service_key(folder: &Path) -> PathBuf {
    folder.join("service.key")
}

/// A file with a key that only its owner reads.
fn secret(file: &Path) {
    let random = flare_kernel::random::<32>().unwrap();
    fs::write(file, format!("{}\n", data_encoding::HEXLOWER.encode(&random))).unwrap();
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn logs(folder: &Path) -> PathBuf {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).unwrap();
    logs
}

/// An address that nobody listens on. Below the ports that outgoing connections are given, so that it is still free when
/// a process that was killed comes back.
fn free_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(nth < 5_000, "no free port");
        let start = u16::try_from(std::process::id() * 37 % 12_000).unwrap();
        let address = format!("127.0.0.1:{}", 20_000 + (start + nth) % 12_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
