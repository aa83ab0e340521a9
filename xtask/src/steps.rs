//! Steps that print one line each, and the programs they run.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

/// Why a step failed, in words for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Does `work` and prints one line: the step's name, how it went, how long it took, and the note that `work` returns.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<String, Failure>) -> Result<(), Failure> {
    print!("{name:<15} ");
    io::stdout().flush()?;
    let start = Instant::now();
    let outcome = work();
    println!("{}", verdict(start, &outcome));
    outcome.map(drop)
}

/// The same beside other steps: its line is printed when it ends.
pub(crate) fn step_beside_others(
    name: &str,
    work: impl FnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    let start = Instant::now();
    let outcome = work();
    println!("{name:<15} {}", verdict(start, &outcome));
    outcome.map(drop)
}

/// `what` is done to each of `names`, as many side by side as the machine has cores; each prints its line when it ends. One
/// that fails does not stop the others, and all that failed are the failure.
pub(crate) fn steps_side_by_side(
    what: &str,
    names: &[String],
    work: impl Fn(&str) -> Result<String, Failure> + Sync,
) -> Result<(), Failure> {
    let one = |name: &str| step_beside_others(&format!("{what} {name}"), || work(name));
    let mut failures = Vec::new();
    for batch in names.chunks(thread::available_parallelism()?.get()) {
        thread::scope(|scope| {
            let running: Vec<_> = batch.iter().map(|name| scope.spawn(|| one(name))).collect();
            for (name, step) in batch.iter().zip(running) {
                let outcome = step.join().unwrap_or_else(|_| Err(Failure("it panicked".to_owned())));
                failures.extend(outcome.err().map(|why| format!("{what} {name}:\n{why}")));
            }
        });
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure(failures.join("\n\n"))) }
}

/// The end of a step's line.
fn verdict(start: Instant, outcome: &Result<String, Failure>) -> String {
    let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
    let note = outcome.as_deref().unwrap_or_default();
    format!("{verdict:<6} {:>7.1} s  {note}", start.elapsed().as_secs_f64()).trim_end().to_owned()
}

/// A cargo command in the workspace.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    command.args(arguments).current_dir(workspace());
    command
}

/// Runs a program without input and returns what it wrote, both streams in order; that is the failure if it fails.
pub(crate) fn run(mut command: Command) -> Result<String, Failure> {
    let shown = shown(&command);
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().map_err(|error| Failure(format!("`{shown}` did not start: {error}")))?;
    // The command still holds the pipe's writing end; without this, reading would never come to its end.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    let output = String::from_utf8_lossy(&output).into_owned();
    let status = child.wait()?;
    if status.success() { Ok(output) } else { Err(Failure(format!("{output}\n`{shown}` failed: {status}"))) }
}

/// Whether a program runs and succeeds; its output goes nowhere.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A command with its arguments.
pub(crate) fn command<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder for what is built.
pub(crate) fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// An environment variable that is set to something.
#[allow(clippy::disallowed_methods, reason = "the ban is for Flare itself; this is the workspace's own tool")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn both_streams_come_back_in_order() {
        let output = run(command("sh", ["-c", "echo one; echo two >&2; echo three"])).unwrap();
        assert_eq!(output, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_failure_shows_the_output_and_the_command() {
        let failure = run(command("sh", ["-c", "echo broken; exit 3"])).unwrap_err().to_string();
        assert!(
            failure.contains("broken") && failure.contains("exit status: 3") && failure.contains("sh -c"),
            "{failure}"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = run(command("no-such-program", ["--x"])).unwrap_err().to_string();
        assert!(failure.contains("no-such-program --x"), "{failure}");
        assert!(!succeeds(command("no-such-program", ["--x"])));
    }

    #[test]
    fn a_failed_step_fails_with_the_reason() {
        let failure = step("test", || Err(Failure("the reason".to_owned()))).unwrap_err();
        assert_eq!(failure.to_string(), "the reason");
    }

    #[test]
    fn steps_side_by_side_all_run_and_each_that_fails_is_shown() {
        let names: Vec<String> = (0..9).map(|number| format!("step {number}")).collect();
        let ran = Mutex::new(Vec::new());
        let work = |name: &str| {
            ran.lock().unwrap().push(name.to_owned());
            if name.ends_with('1') || name.ends_with('7') {
                return Err(Failure(format!("why {name} failed")));
            }
            Ok(String::new())
        };
        let failure = steps_side_by_side("do", &names, work).unwrap_err().to_string();
        assert_eq!(failure, "do step 1:\nwhy step 1 failed\n\ndo step 7:\nwhy step 7 failed");
        let mut ran = ran.into_inner().unwrap();
        ran.sort();
        assert_eq!(ran, names);
        steps_side_by_side("do", &names, |_| Ok(String::new())).unwrap();
    }
}
