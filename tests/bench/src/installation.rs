//! Flare's release binary, running for one measurement.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use flare_contracts::Producer;
use flare_edge::{Credential, Lines};
use flare_kernel::random;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::Failure;

/// An installation of its own: a folder, or schemas and queues under a prefix of its own.
pub(crate) struct Installation {
    processes: Vec<Child>,
    pub(crate) folder: TempDir,
    pub(crate) lines: Lines,
    pub(crate) prefix: String,
    pub(crate) ready_after: Duration,
    pages: Option<String>,
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
        Self::in_one_process(None).await
    }

    /// The same, with the pages for people in danger.
    pub(crate) async fn embedded_with_pages() -> Result<Self, Failure> {
        Self::in_one_process(Some(format!("127.0.0.1:{}", free_port()?))).await
    }

    async fn in_one_process(pages: Option<String>) -> Result<Self, Failure> {
        let folder = closed_folder()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let began = Instant::now();
        let mut command = Command::new(binary()?);
        command.arg("run").env("FLARE__MODE__DATA_DIR", folder.path()).env("FLARE__SERVER__LISTEN", &address);
        command.env("FLARE__PORTAL__LISTEN", pages.as_deref().unwrap_or_default());
        let process = quiet(command).spawn()?;
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect_lazy();
        let lines = Lines::all(&channel);
        ready(&lines).await?;
        let ready_after = began.elapsed();
        Ok(Self { processes: vec![process], folder, lines, prefix: String::new(), ready_after, pages })
    }

    /// One process for each role.
    pub(crate) async fn distributed(servers: &Servers) -> Result<Self, Failure> {
        let folder = closed_folder()?;
        let prefix = format!("bench{:08x}_", u32::from_be_bytes(random()?));
        let hex = format!("{:032x}{:032x}", u128::from_be_bytes(random()?), u128::from_be_bytes(random()?));
        let key_file = folder.path().join("service.key");
        std::fs::write(&key_file, hex)?;
        restrict(&key_file)?;
        let code_file = folder.path().join("setup-code");
        std::fs::write(&code_file, "a-setup-code-for-the-benchmark\n")?;
        let mut addresses = Vec::new();
        for role in Producer::ALL {
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
            for (peer, at) in &addresses {
                command.env(format!("FLARE__PEERS__{}", peer.as_str().to_uppercase()), at);
            }
            processes.push(quiet(command).spawn()?);
        }
        let channel = |of: Producer| -> Result<Channel, Failure> {
            let (_, at) =
                addresses.iter().find(|(role, _)| *role == of).ok_or("a role without an address")?;
            Ok(Endpoint::from_shared(format!("http://{at}"))?.connect_lazy())
        };
        let channels = Producer::ALL
            .into_iter()
            .map(|role| Ok((role, channel(role)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let lines = Lines::each(|of| channels[of as usize].1.clone());
        ready(&lines).await?;
        Ok(Self { processes, folder, lines, prefix, ready_after: began.elapsed(), pages: None })
    }

    /// Where the setup code lies.
    pub(crate) fn setup_code(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.path().join("setup-code"))?)
    }

    /// Where the pages are.
    pub(crate) fn pages(&self) -> Result<String, Failure> {
        Ok(self.pages.clone().ok_or("no pages")?)
    }

    /// Processor time that the processes have used, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        // The kernel tells it in hundredths of a second on every machine that Flare is built for.
        const TICK: f64 = 0.01;
        let mut total = 0.0;
        for process in &self.processes {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
            // The second field, the name, may hold anything up to the last parenthesis.
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            for field in [11, 12] {
                total += fields.get(field).ok_or("no processor time")?.parse::<f64>()? * TICK;
            }
        }
        Ok(total)
    }

    /// Resident memory of the processes, in MB (10^6 bytes).
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        let mut total = 0.0;
        for process in &self.processes {
            let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
            let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
            total += kib * 1024.0 / 1e6;
        }
        Ok(total)
    }

    /// Stops it, and removes what it left on shared servers.
    pub(crate) async fn stop(mut self, servers: Option<&Servers>) -> Result<(), Failure> {
        for process in &mut self.processes {
            process.kill()?;
            process.wait()?;
        }
        let Some(servers) = servers else { return Ok(()) };
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&servers.postgres).await?;
        for role in Producer::ALL {
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

/// A folder that nobody else can look into: embedded mode refuses any other.
fn closed_folder() -> Result<TempDir, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir()?)
}

fn restrict(file: &std::path::Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?)
}

fn quiet(mut command: Command) -> Command {
    command
        .env("FLARE__TELEMETRY__FILTER", "error")
        // The benchmark is one place that does the work of thousands.
        .env("FLARE__LIMITS__ANONYMOUS_CALLS_PER_MINUTE", "1000000")
        .env("FLARE__LIMITS__RECEIPTS_CALLS_PER_MINUTE", "1000000")
        .stdout(Stdio::null());
    command
}

/// Waits until every role answers.
async fn ready(lines: &Lines) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_mins(1);
    for role in Producer::ALL {
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
