//! Somebody at the command line.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{Answer, answer::exit, below, process::FLARE, token, within};

/// One person's place at the command line: a profile folder of their own, and the addresses of the services.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    /// Where their session and their files are.
    pub(crate) folder: PathBuf,
    /// The addresses of each role's replicas.
    pub(crate) addresses: Vec<(&'static str, Vec<String>)>,
    /// The authority that vouches for the services, where they speak TLS.
    pub(crate) authority: Option<PathBuf>,
}

impl Desk {
    /// A place with another folder, which knows the same services.
    pub(crate) fn beside(&self, folder: PathBuf) -> Self {
        Self { folder, ..self.clone() }
    }

    /// Runs a command with `--json`.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        self.spawn(&[&["--json"], args].concat())
    }

    /// Runs a command that must do what it is asked, and gives its JSON document.
    #[track_caller]
    pub(crate) fn flare(&self, args: &[&str]) -> Value {
        self.run(args).json()
    }

    /// Reads, as often as it takes until the services can be reached.
    pub(crate) fn read(&self, args: &[&str]) -> Value {
        within(Duration::from_mins(3), &format!("flare {}", args.join(" ")), || {
            let answer = self.run(args);
            (answer.code != exit::UNAVAILABLE && answer.code != exit::NOT_ALLOWED).then(|| answer.json())
        })
    }

    /// Writes words to a file, whose path goes to an option such as `--text-file`.
    pub(crate) fn words(&self, text: &str) -> String {
        self.file(&format!("words-{}", token()), text.as_bytes())
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path_text(&path)
    }

    /// The path of a file that is not there yet.
    pub(crate) fn new_file(&self, what: &str) -> String {
        path_text(&self.folder.join(format!("{what}-{}", token())))
    }

    fn spawn(&self, args: &[&str]) -> Answer {
        let mut command = Command::new(FLARE);
        command.args(args).arg("--profile").arg(self.folder.join("profile"));
        command.env_remove("FLARE_CONFIG").env_remove("FLARE_PROFILE").current_dir(&self.folder);
        if let Some(authority) = &self.authority {
            command.arg("--ca").arg(authority);
        }
        match self.addresses.as_slice() {
            [("", all)] => {
                command.args(["--server", &all[0]]);
            }
            roles => {
                for (role, replicas) in roles {
                    // A command goes to the first; which one that is changes, as behind a balancer.
                    let mut replicas = replicas.clone();
                    let first = usize::try_from(below(replicas.len() as u64)).unwrap();
                    replicas.rotate_left(first);
                    command.env(format!("FLARE__PEERS__{}", role.to_uppercase()), replicas.join(","));
                }
            }
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        Answer {
            command: format!("flare {}", args.join(" ")),
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
