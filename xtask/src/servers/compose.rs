//! A server from `xtask/servers.compose.yml`, where a docker engine answers.

use std::process::{self, Command};

use super::Kind;
use crate::steps::{Failure, command, run, succeeds, workspace};

/// A compose project of one server; dropping it removes the containers and their volumes.
pub(super) struct Project {
    name: String,
}

impl Project {
    /// Starts the server, waits until it is healthy, and returns the port that it got on this machine.
    pub(super) fn start(kind: Kind) -> Result<(u16, Self), Failure> {
        if !succeeds(command("docker", ["info"])) {
            return Err(Failure("no docker engine answers".to_owned()));
        }
        if !succeeds(command("docker", ["compose", "version"])) {
            return Err(Failure("docker has no compose plugin".to_owned()));
        }
        let project = Self { name: format!("flare-test-{}-{}", kind.name(), process::id()) };
        run(project.compose(&["up", "--detach", "--wait", "--quiet-pull", kind.name()]))?;
        let published = run(project.compose(&["port", kind.name(), &kind.port().to_string()]))?;
        let port = published.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        port.map(|port| (port, project)).ok_or_else(|| Failure(format!("compose tells no port: {published}")))
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        let mut compose = command("docker", ["compose", "--project-name", &self.name]);
        compose.args(["--file", "xtask/servers.compose.yml"]).args(arguments).current_dir(workspace());
        compose
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Err(why) = run(self.compose(&["down", "--volumes", "--timeout=5"])) {
            eprintln!("the compose project {} is still there: {why}", self.name);
        }
    }
}
