//! One process of Flare.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use super::wait::{until, within};

/// The binary under test.
pub(crate) const FLARE: &str = env!("CARGO_BIN_EXE_flare");

/// The setting that says where figures are read.
pub(crate) const FIGURES: &str = "FLARE__TELEMETRY__PROMETHEUS_LISTEN";

/// A process that runs some roles, can be killed, and started again as it was.
pub(crate) struct Process {
    /// What its log is named after, such as "triage-2".
    pub(crate) label: String,
    /// Where it answers.
    pub(crate) address: String,
    roles: Vec<&'static str>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// A process that does not run yet. Its log goes to `log`, which is appended to by each start.
    pub(crate) fn new(
        label: impl Into<String>,
        roles: &[&'static str],
        address: String,
        mut environment: Vec<(String, String)>,
        log: PathBuf,
    ) -> Self {
        environment.push(("FLARE__SERVER__LISTEN".to_owned(), address.clone()));
        // Unless the environment says where, which comes after it.
        environment.insert(0, ("FLARE__PORTAL__LISTEN".to_owned(), String::new()));
        Self {
            label: label.into(),
            address,
            roles: roles.to_vec(),
            environment,
            log,
            child: Mutex::new(None),
        }
    }

    /// Has it serve pages at an address, which has these further names. "Leave" leads to another site, which is not there.
    pub(crate) fn serve_pages(&mut self, address: &str, names: &[&str]) {
        let port = address.rsplit_once(':').unwrap().1;
        let mut hosts = vec![address.to_owned(), format!("localhost:{port}")];
        hosts.extend(names.iter().map(ToString::to_string));
        for (key, value) in [
            ("LISTEN", address.to_owned()),
            ("HOSTS", hosts.join(",")),
            ("LEAVE", "https://localhost:9/".to_owned()),
            ("HELPLINES", "Line: +1 202 555 0142".to_owned()),
            ("COMPLAINTS", "Council: council@example.org".to_owned()),
        ] {
            self.environment.push((format!("FLARE__PORTAL__{key}"), value));
        }
    }

    /// Starts it. It may not serve yet when this returns.
    pub(crate) fn start(&self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(FLARE);
        command
            .arg("run")
            .args(&self.roles)
            .env_remove("FLARE_CONFIG")
            .envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = self.child.lock().unwrap();
        assert!(child.is_none(), "{} runs already", self.label);
        *child = Some(command.spawn().unwrap());
    }

    /// Waits until it says that it serves.
    pub(crate) fn wait_until_it_serves(&self) {
        until(&format!("{} serves", self.label), || {
            let ended = self.child.lock().unwrap().as_mut().and_then(|child| child.try_wait().unwrap());
            if let Some(status) = ended {
                panic!("{} ended with {status}:\n{}", self.label, self.last_lines(30));
            }
            let authority = self.environment.iter().find(|(key, _)| key == "FLARE__TLS__CA");
            let health = Command::new(FLARE)
                .args(["health", "--server", &self.address])
                .env_remove("FLARE_CONFIG")
                .envs(authority.cloned())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            health.status.success().then_some(())
        });
    }

    /// Its figures, of a process that tells them.
    pub(crate) fn figures(&self) -> String {
        let (_, address) = self.environment.iter().find(|(key, _)| key == FIGURES).unwrap();
        let mut line = TcpStream::connect(address).unwrap();
        line.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        answer
    }

    /// SIGKILL: nothing is flushed, no connection is closed in good order.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and waits until it has ended; it must end well.
    pub(crate) fn stop(&self) {
        let Some(mut child) = self.child.lock().unwrap().take() else { return };
        let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = within(Duration::from_secs(40), &format!("{} ends when asked to", self.label), || {
            child.try_wait().unwrap()
        });
        assert!(status.success(), "{} ended with {status}:\n{}", self.label, self.last_lines(30));
    }

    /// The end of its log.
    pub(crate) fn last_lines(&self, count: usize) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("TRACE")).collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("--- the end of the log of {}:\n{}", self.label, self.last_lines(15));
        }
    }
}
