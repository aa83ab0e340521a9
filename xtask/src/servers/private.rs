//! A server as a program of this machine, with a folder, ports and a name of its own; Debian's packages are installed
//! first when they are missing and this runs as root.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Kind, probe::probe, program};
use crate::steps::{Failure, command, run};

const START_PATIENCE: Duration = Duration::from_secs(90);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A running server; dropping it stops it and removes its folder.
pub(super) struct Server {
    process: Child,
    /// What asks it to end: PostgreSQL waits for its clients on TERM and does not on INT.
    stop_signal: &'static str,
    /// Erlang's port mapper outlives RabbitMQ and is stopped by this.
    afterwards: Option<Command>,
    folder: TempDir,
}

impl Server {
    /// Starts a server and waits until it answers on the port that is returned.
    pub(super) fn start(kind: Kind) -> Result<(u16, Self), Failure> {
        let folder = tempfile::Builder::new().prefix("flare-test-").tempdir()?;
        // PostgreSQL runs as another user than root, who must be able to pass through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let port = free_port()?;
        let (mut program, stop_signal, afterwards) = match kind {
            Kind::Postgres => (postgres(folder.path(), port)?, "INT", None),
            Kind::Rabbitmq => {
                let (program, afterwards) = rabbitmq(folder.path(), port)?;
                (program, "TERM", Some(afterwards))
            }
            Kind::Redis => (redis(folder.path(), port)?, "TERM", None),
        };
        let log = File::create(log_of(folder.path()))?;
        program.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let process = program.spawn()?;
        let mut server = Self { process, stop_signal, afterwards, folder };
        server.wait_until_it_answers(kind, port)?;
        Ok((port, server))
    }

    fn wait_until_it_answers(&mut self, kind: Kind, port: u16) -> Result<(), Failure> {
        let address = kind.at(port)?;
        let start = Instant::now();
        loop {
            let Err(silence) = probe(kind, &address) else { return Ok(()) };
            let ended = self.process.try_wait()?;
            if ended.is_some() || start.elapsed() > START_PATIENCE {
                let log = fs::read_to_string(log_of(self.folder.path())).unwrap_or_default();
                let how = ended.map_or(silence, |status| format!("it ended: {status}"));
                return Err(Failure(format!("{} did not come up: {how}\n{log}", kind.name())));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn stop(&mut self) -> Result<(), Failure> {
        run(command("kill", ["-s", self.stop_signal, &self.process.id().to_string()]))?;
        let start = Instant::now();
        while self.process.try_wait()?.is_none() {
            if start.elapsed() > STOP_PATIENCE {
                self.process.kill()?;
                self.process.wait()?;
                return Err(Failure("it did not end when asked to and was killed".to_owned()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.afterwards.take().map_or(Ok(()), |command| run(command).map(drop))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let already_ended = matches!(self.process.try_wait(), Ok(Some(_)));
        if already_ended && self.afterwards.is_none() {
            return;
        }
        if let Err(why) = self.stop() {
            eprintln!("a server of this run (process {}) may be left: {why}", self.process.id());
        }
    }
}

fn postgres(folder: &Path, port: u16) -> Result<Command, Failure> {
    let find = |name: &str| program(name, postgres_folders());
    if find("initdb").is_none() || find("postgres").is_none() {
        install_on_debian(&["postgresql"])?;
    }
    let missing = || Failure("there is no PostgreSQL".to_owned());
    let (initdb, postgres) = (find("initdb").ok_or_else(missing)?, find("postgres").ok_or_else(missing)?);
    let home = folder.join("postgres");
    fs::create_dir(&home)?;
    let unprivileged = unprivileged_user(&home)?;
    let data = home.join("data");
    let mut initialise =
        command(initdb, ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
    initialise.arg(&data).current_dir(&home);
    let mut serve =
        command(postgres, ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c"]);
    serve.arg(format!("unix_socket_directories={}", home.display())).arg("-p").arg(port.to_string());
    serve.arg("-D").arg(data).current_dir(&home);
    if let Some((user, group)) = unprivileged {
        initialise.uid(user).gid(group);
        serve.uid(user).gid(group);
    }
    run(initialise)?;
    Ok(serve)
}

/// PostgreSQL refuses to run as root: then it runs as its package's own user, to whom its folder is given.
fn unprivileged_user(home: &Path) -> Result<Option<(u32, u32)>, Failure> {
    if !is_root() {
        return Ok(None);
    }
    let number = |what: &str| {
        let printed = run(command("id", [what, "postgres"]))?;
        printed.trim().parse::<u32>().map_err(|_| Failure(format!("`id {what} postgres` printed {printed}")))
    };
    let (user, group) = (number("-u")?, number("-g")?);
    std::os::unix::fs::chown(home, Some(user), Some(group))?;
    Ok(Some((user, group)))
}

/// The newest version's folder first, as Debian lays them out.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        versions.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|version| format!("/usr/lib/postgresql/{version}/bin").into()).collect()
}

fn rabbitmq(folder: &Path, port: u16) -> Result<(Command, Command), Failure> {
    // Not the wrapper in /usr/sbin, which insists on the package's own user and folders.
    let find = || program("rabbitmq-server", [PathBuf::from("/usr/lib/rabbitmq/bin")]);
    if find().is_none() {
        install_on_debian(&["rabbitmq-server"])?;
    }
    let server = find().ok_or_else(|| Failure("there is no RabbitMQ".to_owned()))?;
    let (mapper_port, distribution_port) = (free_port()?, free_port()?);
    let file = |name: &str| folder.join(name);
    fs::write(file("enabled_plugins"), "[].\n")?;
    fs::write(file("rabbitmq.conf"), format!("listeners.tcp.1 = 127.0.0.1:{port}\n"))?;
    let mut serve = Command::new(server);
    serve
        .current_dir(folder)
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", mapper_port.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODENAME", format!("flare-test-{port}@localhost"))
        .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("RABBITMQ_CONF_ENV_FILE", file("no-such-file"))
        .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
        .env("RABBITMQ_MNESIA_BASE", file("mnesia"))
        .env("RABBITMQ_LOG_BASE", file("log"))
        .env("RABBITMQ_PID_FILE", file("pid"));
    let mut stop_mapper = command("epmd", ["-kill"]);
    stop_mapper.env("ERL_EPMD_PORT", mapper_port.to_string());
    Ok((serve, stop_mapper))
}

fn redis(folder: &Path, port: u16) -> Result<Command, Failure> {
    let find = || program("redis-server", []).or_else(|| program("valkey-server", []));
    if find().is_none() {
        install_on_debian(&["redis-server"])?;
    }
    let server = find().ok_or_else(|| Failure("there is no Redis".to_owned()))?;
    let mut serve = command(server, ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
    serve.arg(port.to_string()).arg("--dir").arg(folder);
    Ok(serve)
}

/// Installs Debian's packages; the error says why that cannot be done here.
pub(crate) fn install_on_debian(packages: &[&str]) -> Result<(), Failure> {
    let names = packages.join(" ");
    if program("apt-get", []).is_none() {
        return Err(Failure(format!("{names} is missing and this is not Debian")));
    }
    if !is_root() {
        return Err(Failure(format!("{names} is missing and only root may `apt-get install {names}`")));
    }
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get", ["--quiet", "--yes"]);
        // With RUNLEVEL 1 the packages do not start services of their own.
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        run(apt)
    };
    let install = [&["install", "--no-install-recommends"], packages].concat();
    if apt(&install).is_err() {
        // The lists may be older than the archive; a fresh machine has none at all.
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(())
}

fn is_root() -> bool {
    run(command("id", ["-u"])).is_ok_and(|user| user.trim() == "0")
}

/// A port that nobody uses; somebody might take it before the server does, which then says so.
fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("output.log")
}
