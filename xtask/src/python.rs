//! The client that somebody else's tools generate from `proto/`, in Python.

use std::{env::consts::EXE_SUFFIX, path::PathBuf, process::Command};

use crate::steps::{Failure, command, run, target, workspace};

/// Runs `tests/python` in a virtual environment under `target/`, with `FLARE_TEST_BINARY` and `FLARE_TEST_PROTO` set;
/// `run` adds the servers' addresses. A package that cannot be installed is a failure, and so is a run of no tests.
pub(crate) fn client_tests(run: impl FnOnce(Command) -> Result<String, Failure>) -> Result<String, Failure> {
    let python = environment()?;
    let mut tests = command(
        python,
        ["-W", "error::DeprecationWarning", "-m", "unittest", "discover", "-s", "tests/python"],
    );
    tests
        .current_dir(workspace())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FLARE_TEST_BINARY", target().join("debug").join(format!("flare{EXE_SUFFIX}")))
        .env("FLARE_TEST_PROTO", workspace().join("proto"));
    let output = run(tests)?;
    let ran = tests_run(&output);
    if ran == 0 || output.contains("skipped=") {
        return Err(Failure(format!("{output}\nevery test must be run, and there must be some")));
    }
    Ok(format!("{ran} passed"))
}

/// "Ran 12 tests in 3.4s": older Pythons call a run of none a success.
fn tests_run(output: &str) -> u64 {
    output.lines().filter_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse::<u64>().ok()).sum()
}

/// The virtual environment's interpreter, with what `tests/python/requirements.txt` asks for.
fn environment() -> Result<PathBuf, Failure> {
    let folder = target().join("python");
    let python = folder.join("bin").join("python");
    if !python.exists()
        && let Err(why) = run(make(&folder))
    {
        // Debian keeps the module that makes them in a package of its own.
        crate::servers::install_on_debian(&["python3-venv"])
            .map_err(|and| Failure(format!("{why}\nno virtual environment for Python, and {and}")))?;
        run(make(&folder))?;
    }
    let requirements = workspace().join("tests/python/requirements.txt");
    let mut install = command(&python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.arg("--requirement").arg(requirements);
    run(install)?;
    Ok(python)
}

fn make(folder: &std::path::Path) -> Command {
    let mut make = command("python3", ["-m", "venv", "--clear"]);
    make.arg(folder);
    make
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unittests_closing_line_is_counted() {
        assert_eq!(tests_run("....\n-----\nRan 12 tests in 3.412s\n\nOK\n"), 12);
        assert_eq!(tests_run("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n"), 0);
    }
}
