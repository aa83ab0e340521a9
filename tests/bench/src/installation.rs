//! Flare's release binary, running for one measurement.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use flare_contracts::Service;
use flare_edge::{Credential, Lines};
use flare_kernel::random;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::{
    Failure,
    pages::{Pages, Way},
};

/// An installation of its own: a folder, or schemas and queues under a prefix of its own.
pub(crate) struct Installation {
    processes: Vec<Child>,
    pub(crate) folder: TempDir,
    pub(crate) lines: Lines,
    pub(crate) prefix: String,
    pub(crate) ready_after: Duration,
    /// Where the roles answer, if each has a process of its own.
    peers: Vec<(Service, String)>,
    pages: Option<Pages>,
}

/// How often a place may call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// As often as it likes: the benchmark is one place that does the work of thousands.
    None,
    /// As an organisation has them.
    Usual,
}

/// The servers of a distributed installation.
#[derive(Clone)]
pub(crate) struct Servers {
    pub(crate) postgres: String,
    pub(crate) rabbitmq: String,
    redis: String,
}

impl Servers {
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| format!("{name} must name a server; cargo xtask bench sets it"))
        };
        Ok(Self {
            postgres: variable("FLARE_TEST_POSTGRES")?,
            rabbitmq: variable("FLARE_TEST_RABBITMQ")?,
            redis: variable("FLARE_TEST_REDIS")?,
        })
    }
}

/// The binary beside this one.
fn binary() -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe()?.with_file_name("flare");
    if beside.exists() { Ok(beside) } else { Err(format!("{} is not built", beside.display()).into()) }
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Installation {
    /// All roles in one process on SQLite.
    pub(crate) async fn embedded() -> Result<Self, Failure> {
        Self::in_one_process(closed_folder()?, None, Limits::None).await
    }

    /// The same, with the pages for people in danger.
    pub(crate) async fn embedded_with_pages(limits: Limits) -> Result<Self, Failure> {
        Self::in_one_process(closed_folder()?, Some(Pages::in_the_clear(free_port()?)), limits).await
    }

    /// The same, with the pages over TLS of their own.
    pub(crate) async fn embedded_with_pages_over_tls() -> Result<Self, Failure> {
        let folder = closed_folder()?;
        let pages = Pages::over_tls(free_port()?, folder.path())?;
        Self::in_one_process(folder, Some(pages), Limits::None).await
    }

    async fn in_one_process(folder: TempDir, pages: Option<Pages>, limits: Limits) -> Result<Self, Failure> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let began = Instant::now();
        let mut command = Command::new(binary()?);
        command.arg("run").env("FLARE__MODE__DATA_DIR", folder.path()).env("FLARE__SERVER__LISTEN", &address);
        command.env("FLARE__PORTAL__LISTEN", "");
        command.envs(pages.iter().flat_map(Pages::environment));
        let process = quiet(command, limits).spawn()?;
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect_lazy();
        let lines = Lines::all(&channel);
        ready(&lines).await?;
        let ready_after = began.elapsed();
        let (prefix, peers) = (String::new(), Vec::new());
        Ok(Self { processes: vec![process], folder, lines, prefix, ready_after, peers, pages })
    }

    /// One process for each role.
    pub(crate) async fn distributed(servers: &Servers) -> Result<Self, Failure> {
        let folder = closed_folder()?;
        let prefix = format!("bench{:08x}_", u32::from_be_bytes(random()?));
        let key_file = key_file(folder.path(), "service.key")?;
        let code_file = folder.path().join("setup-code");
        fs::write(&code_file, "a-setup-code-for-the-benchmark\n")?;
        let mut addresses = Vec::new();
        for role in Service::ALL {
            addresses.push((role, format!("127.0.0.1:{}", free_port()?)));
        }
        let began = Instant::now();
        let mut processes = Vec::new();
        for (role, address) in &addresses {
            let mut command = Command::new(binary()?);
            command
                .args(["run", role.as_str()])
                .env("FLARE__MODE__KIND", "distributed")
                .env("FLARE__SERVER__LISTEN", address)
                .env("FLARE__DATABASE__URL", &servers.postgres)
                .env("FLARE__DATABASE__SCHEMA_PREFIX", &prefix)
                .env("FLARE__BROKER__URL", &servers.rabbitmq)
                .env("FLARE__BROKER__PREFIX", &prefix)
                .env("FLARE__CACHE__URL", &servers.redis)
                .env("FLARE__FILES__DIR", folder.path().join("files"))
                .env("FLARE__SERVICE__KEY_FILE", &key_file)
                .env("FLARE__SERVICE__SETUP_CODE_FILE", &code_file);
            command.envs(addresses.iter().map(named_peer));
            processes.push(quiet(command, Limits::None).spawn()?);
        }
        let channel = |of: Service| -> Result<Channel, Failure> {
            let (_, at) =
                addresses.iter().find(|(role, _)| *role == of).ok_or("a role without an address")?;
            Ok(Endpoint::from_shared(format!("http://{at}"))?.connect_lazy())
        };
        let channels = Service::ALL
            .into_iter()
            .map(|role| Ok((role, channel(role)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let lines = Lines::each(|of| channels[of as usize].1.clone());
        ready(&lines).await?;
        let ready_after = began.elapsed();
        Ok(Self { processes, folder, lines, prefix, ready_after, peers: addresses, pages: None })
    }

    /// The role portal in a process of its own, over the services of a distributed installation; it serves its pages.
    pub(crate) async fn portal(&self, organisation: &str) -> Result<Portal, Failure> {
        let folder = closed_folder()?;
        let key_file = key_file(folder.path(), "portal.key")?;
        let pages = Pages::in_the_clear(free_port()?);
        let mut command = Command::new(binary()?);
        command
            .args(["run", "portal"])
            .env("FLARE__MODE__KIND", "distributed")
            .env("FLARE__MODE__DATA_DIR", folder.path())
            .env("FLARE__SERVER__LISTEN", format!("127.0.0.1:{}", free_port()?))
            .env("FLARE__PORTAL__KEY_FILE", &key_file)
            .env("FLARE__PORTAL__FINGERPRINT", organisation)
            // Its peers are on this machine, in the clear.
            .env("FLARE__TLS__INSECURE", "true")
            .envs(pages.environment());
        let called = [Service::Identity, Service::Intake];
        command.envs(self.peers.iter().filter(|(role, _)| called.contains(role)).map(named_peer));
        let portal = Portal { process: quiet(command, Limits::None).spawn()?, pages, _folder: folder };
        let deadline = Instant::now() + Duration::from_mins(1);
        while let Err(why) = portal.way().visit("/en/ask").await {
            if Instant::now() > deadline {
                return Err(why);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(portal)
    }

    /// Where the setup code lies.
    pub(crate) fn setup_code(&self) -> Result<String, Failure> {
        Ok(fs::read_to_string(self.folder.path().join("setup-code"))?)
    }

    /// Where the pages are.
    pub(crate) fn pages(&self) -> Result<&Pages, Failure> {
        Ok(self.pages.as_ref().ok_or("no pages")?)
    }

    /// Resident memory of the processes, in MB (10^6 bytes).
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        self.processes.iter().map(memory).sum()
    }

    /// Stops it, and removes what it left on shared servers.
    pub(crate) async fn stop(mut self, servers: Option<&Servers>) -> Result<(), Failure> {
        for process in &mut self.processes {
            process.kill()?;
            process.wait()?;
        }
        let Some(servers) = servers else { return Ok(()) };
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&servers.postgres).await?;
        for role in Service::ALL {
            let drop = format!("DROP SCHEMA IF EXISTS {}{role} CASCADE", self.prefix);
            sqlx::Executor::execute(&mut connection, sqlx::AssertSqlSafe(drop)).await?;
        }
        Ok(())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Already over after `stop`; after a failed measurement it must not stay behind.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The role portal, running.
pub(crate) struct Portal {
    process: Child,
    pages: Pages,
    _folder: TempDir,
}

impl Portal {
    /// The straight way to its pages.
    pub(crate) fn way(&self) -> Way {
        self.pages.way()
    }

    /// Processor time that it has used, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        // The kernel tells it in hundredths of a second on every machine that Flare is built for.
        const TICK: f64 = 0.01;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The second field, the name, may hold anything up to the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let mut total = 0.0;
        for field in [11, 12] {
            total += fields.get(field).ok_or("no processor time")?.parse::<f64>()? * TICK;
        }
        Ok(total)
    }

    /// Its resident memory, in MB (10^6 bytes).
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        memory(&self.process)
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Resident memory of a process, in MB (10^6 bytes).
fn memory(process: &Child) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}

fn named_peer((role, address): &(Service, String)) -> (String, &str) {
    (format!("FLARE__PEERS__{}", role.as_str().to_uppercase()), address)
}

/// A folder that nobody else can look into: embedded mode refuses any other.
fn closed_folder() -> Result<TempDir, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir()?)
}

/// A fresh key in a file that only its owner reads.
fn key_file(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.join(name);
    let hex = format!("{:032x}{:032x}", u128::from_be_bytes(random()?), u128::from_be_bytes(random()?));
    fs::write(&file, hex)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

fn quiet(mut command: Command, limits: Limits) -> Command {
    command.env("FLARE__TELEMETRY__FILTER", "error").stdout(Stdio::null());
    if limits == Limits::None {
        let of = ["ANONYMOUS_CALLS_PER_MINUTE", "RECEIPTS_CALLS_PER_MINUTE"];
        command.envs(of.map(|limit| (format!("FLARE__LIMITS__{limit}"), "1000000")));
    }
    command
}

/// Waits until every role answers.
async fn ready(lines: &Lines) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_mins(1);
    for role in Service::ALL {
        loop {
            // A call without credentials: a refusal is an answer.
            let request = flare_contracts::events::v1::StreamHeadsRequest::default();
            let answered = lines.event_log(role, &Credential::NONE).stream_heads(request).await;
            match answered {
                Err(status) if status.code() == tonic::Code::Unavailable && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(status) if status.code() == tonic::Code::Unavailable => return Err(status.into()),
                _ => break,
            }
        }
    }
    Ok(())
}
