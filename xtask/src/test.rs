//! `cargo xtask test`: the steps, in the order in which they are likely to fail soonest.

use std::{path::PathBuf, process::Command, thread};

use crate::{
    browser, dependencies, fuzz, python,
    servers::{Kind, Servers},
    steps::{Failure, cargo, command, run, step, step_beside_others, succeeds, target, workspace},
};

/// The tests whose outcome hangs on what happens at the same time, as nextest selects them and as cargo does.
const TIMELY: &str =
    "package(flare-messaging) or (binary(journeys) and test(/^(browser|portal|kills|servers_away)::/))";
const TIMELY_JOURNEYS: [&str; 4] = ["browser::", "portal::", "kills::", "servers_away::"];
/// How often these are run again, as long as in every run: repeating looks for what hangs on time and not on length.
const REPEATS: usize = 5;

/// Runs every step; the first that fails ends the run with its output. What runs side by side at full length ends first.
pub(crate) fn test(full: bool) -> Result<(), Failure> {
    step("format", || run(cargo(["fmt", "--all", "--", "--check"])).map(drop_output))?;
    step("dependencies", dependencies::check)?;
    step("compose file", compose_file)?;
    step("lints", || {
        let lints =
            cargo(["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]);
        run(lints).map(drop_output)
    })?;

    let servers = servers()?;
    let browser = browser::ensure()?;
    let in_environment = |mut command: Command| {
        command.envs(servers.environment()).envs(browser.iter().map(|(name, path)| (name, path)));
        command
    };

    let mut counted = None;
    step("tests", || {
        let mut tests = in_environment(tests());
        if full {
            tests.env("FLARE_TEST_FULL", "1");
        }
        let output = run(tests)?;
        let (passed, line) = closing_line(&output)?;
        counted = Some(line);
        Ok(format!("{passed} passed"))
    })?;
    step("doc tests", || {
        run(in_environment(cargo(["test", "--workspace", "--doc", "--locked", "--quiet"]))).map(drop_output)
    })?;
    step("python client", || {
        run(cargo(["build", "--package=flare", "--bin=flare", "--locked", "--quiet"]))?;
        python::client_tests(|tests| run(in_environment(tests)))
    })?;
    if full {
        at_full_length(&in_environment)?;
        println!("\nat full length");
    }
    if let Some(line) = counted {
        println!("\n{line}");
    }
    Ok(())
}

/// Runs the tests whose outcome hangs on time again and again, while the fuzz targets keep the machine as busy as a user's may
/// be.
fn at_full_length(in_environment: &(dyn Fn(Command) -> Command + Sync)) -> Result<(), Failure> {
    fuzz::build()?;
    let again = |repeat| {
        step_beside_others(&format!("again, {repeat} of {REPEATS}"), || {
            let mut output = String::new();
            for tests in timely_tests() {
                output.push_str(&run(in_environment(tests))?);
            }
            Ok(format!("{} passed", closing_line(&output)?.0))
        })
    };
    thread::scope(|scope| {
        let fuzzing = scope.spawn(fuzz::try_every_target);
        let tested = (1..=REPEATS).try_for_each(again);
        let fuzzed = fuzzing.join().unwrap_or_else(|_| Err(Failure("fuzzing panicked".to_owned())));
        let failures: Vec<_> =
            [tested, fuzzed].into_iter().filter_map(Result::err).map(|why| why.0).collect();
        if failures.is_empty() { Ok(()) } else { Err(Failure(failures.join("\n\n"))) }
    })
}

/// Builds what is measured and the benchmark in release mode, and runs it at the terminal.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Failure> {
    step("release build", || {
        run(cargo(["build", "--release", "--locked", "--quiet", "--package=flare", "--package=flare-bench"]))
            .map(drop_output)
    })?;
    let bench = target().join("release/flare-bench").display().to_string();
    let words: Vec<String> = std::iter::once(bench).chain(arguments.iter().cloned()).collect();
    at_the_terminal(&words, &servers()?, &[])
}

/// Runs one command, at the terminal, with everything that tests need named in its environment.
pub(crate) fn with_servers(words: &[String]) -> Result<(), Failure> {
    let servers = servers()?;
    at_the_terminal(words, &servers, &browser::ensure()?)
}

fn at_the_terminal(
    words: &[String],
    servers: &Servers,
    browser: &[(&'static str, PathBuf)],
) -> Result<(), Failure> {
    let (program, arguments) = words.split_first().ok_or_else(|| Failure("which command?".to_owned()))?;
    let mut command = command(program, arguments);
    command.envs(servers.environment()).envs(browser.iter().map(|(name, path)| (name, path)));
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{}` failed: {status}", words.join(" ")))) }
}

fn servers() -> Result<Servers, Failure> {
    let mut servers = Servers::default();
    for kind in Kind::ALL {
        step(kind.name(), || servers.ensure(kind))?;
    }
    Ok(servers)
}

fn drop_output(_: String) -> String {
    String::new()
}

/// cargo-nextest where it is installed: it runs the tests of all crates side by side and tells which one hangs.
fn tests() -> Command {
    if has_nextest() {
        nextest(&[])
    } else {
        cargo(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"])
    }
}

/// The tests that are run again at full length.
fn timely_tests() -> Vec<Command> {
    if has_nextest() {
        return vec![nextest(&["--filterset", TIMELY])];
    }
    let broker = cargo(["test", "--package=flare-messaging", "--all-targets", "--locked", "--no-fail-fast"]);
    let mut journeys =
        cargo(["test", "--package=flare", "--test=journeys", "--locked", "--no-fail-fast", "--"]);
    journeys.args(TIMELY_JOURNEYS);
    vec![broker, journeys]
}

fn has_nextest() -> bool {
    succeeds(cargo(["nextest", "--version"]))
}

fn nextest(more: &[&str]) -> Command {
    let mut nextest = cargo(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
    nextest.args(["--status-level=fail", "--hide-progress-bar"]).args(more);
    nextest
}

/// How many tests passed, and the runners' own closing line. A run of no tests is a failure.
fn closing_line(output: &str) -> Result<(u64, String), Failure> {
    let number_before = |line: &str, word: &str| {
        let before = line.split(word).next()?;
        before.rsplit(' ').next()?.parse::<u64>().ok()
    };
    let summaries = output
        .lines()
        .filter(|line| line.trim_start().starts_with("Summary [") || line.starts_with("test result: "));
    let passed: u64 = summaries.filter_map(|line| number_before(line, " passed")).sum();
    if passed == 0 {
        return Err(Failure(format!("{output}\nno test was run")));
    }
    Ok((passed, format!("{passed} passed, 0 failed")))
}

/// Compose's own `config` must accept the file: the plugin's, the older program's, or Debian's package of that.
fn compose_file() -> Result<String, Failure> {
    let check = |program: &str, arguments: &[&str]| {
        let mut check = command(program, arguments);
        check.args(["-f", "docker-compose.yml", "config", "-q"]).current_dir(workspace());
        run(check).map(|_| program.to_owned())
    };
    if succeeds(command("docker", ["compose", "version"])) {
        return check("docker", &["compose"]);
    }
    if !succeeds(command("docker-compose", ["version"])) {
        crate::servers::install_on_debian(&["docker-compose"]).map_err(|why| {
            Failure(format!(
                "docker-compose.yml cannot be checked: no `docker compose`, no `docker-compose`, and {why}"
            ))
        })?;
    }
    check("docker-compose", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_closing_lines_are_counted() {
        let nextest = "────\n     Summary [   0.187s] 34 tests run: 34 passed, 0 skipped\n";
        assert_eq!(closing_line(nextest).unwrap().0, 34);
        let cargo =
            "test result: ok. 5 passed; 0 failed; 0 ignored\nx\ntest result: ok. 7 passed; 0 failed\n";
        assert_eq!(closing_line(cargo).unwrap(), (12, "12 passed, 0 failed".to_owned()));
    }

    #[test]
    fn a_run_of_no_tests_is_a_failure() {
        closing_line("").unwrap_err();
        closing_line("test result: ok. 0 passed; 0 failed\n").unwrap_err();
    }
}
