//! The targets of `fuzz/`, each tried for ten minutes, as many at once as there are cores.

use std::{env, fs, path::PathBuf, process::Command};

use crate::steps::{
    Failure, cargo, command, run, step, steps_side_by_side, succeeds, target, variable, workspace,
};

/// The version of cargo-fuzz that is built where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// How long each target is tried.
const SECONDS: u32 = 600;

/// Builds every target, and what builds them where there is none.
pub(crate) fn build() -> Result<(), Failure> {
    step("cargo-fuzz", || {
        if succeeds(cargo_fuzz(["--version"])?) {
            return Ok(String::new());
        }
        let mut install =
            cargo(["install", "--locked", "--quiet", "--version", CARGO_FUZZ, "cargo-fuzz", "--root"]);
        install.arg(tools()).arg("--target-dir").arg(tools().join("build"));
        run(install).map(|_| CARGO_FUZZ.to_owned())
    })?;
    step("fuzz targets", || {
        let mut build = cargo_fuzz(["build", "--sanitizer=none", "--target-dir"])?;
        build.arg(target().join("fuzz"));
        run(build).map(|_| String::new())
    })
}

/// One step for each target. What a target finds fails it, and is kept under `target/fuzz`.
pub(crate) fn try_every_target() -> Result<(), Failure> {
    steps_side_by_side("fuzz", &targets()?, try_target)
}

/// The targets are the files there.
fn targets() -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for file in fs::read_dir(workspace().join("fuzz/targets"))? {
        let path = file?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    if names.is_empty() { Err(Failure("there is no fuzz target".to_owned())) } else { Ok(names) }
}

fn try_target(name: &str) -> Result<String, Failure> {
    let folder = target().join("fuzz");
    let corpus = folder.join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    let mut fuzz = cargo_fuzz(["run", "--sanitizer=none", "--target-dir"])?;
    fuzz.arg(&folder).arg(name).arg(corpus).arg(workspace().join("fuzz/seeds").join(name));
    fuzz.arg("--").arg(format!("-max_total_time={SECONDS}"));
    fuzz.arg(format!("-artifact_prefix={}/{name}-", folder.display()));
    tried(&run(fuzz)?).ok_or_else(|| Failure(format!("{name} was not tried")))
}

/// "Done 12607 runs in 13 second(s)".
fn tried(output: &str) -> Option<String> {
    let line = output.lines().find(|line| line.starts_with("Done ") && line.contains(" runs in "))?;
    let runs: u64 = line.split(' ').nth(1)?.parse().ok()?;
    (runs > 0).then(|| format!("{runs} inputs"))
}

/// cargo-fuzz, this machine's or the one built here. The instrumentation is behind an option that the compiler keeps for its
/// own nightly builds; this opens it in the same compiler that builds Flare. There is no sanitizer, because there is no
/// `unsafe`.
fn cargo_fuzz<const N: usize>(arguments: [&str; N]) -> Result<Command, Failure> {
    let path = variable("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([tools().join("bin")]);
    let path = env::join_paths(folders).map_err(|error| Failure(error.to_string()))?;
    // What runs beside it goes first.
    let mut fuzz = command("nice", ["-n", "10", "cargo", "fuzz"]);
    fuzz.args(arguments).env("PATH", path).env("RUSTC_BOOTSTRAP", "1").current_dir(workspace());
    Ok(fuzz)
}

fn tools() -> PathBuf {
    target().join("tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_was_not_tried_is_told_from_one_that_was() {
        assert_eq!(tried("#1\nDone 12607 runs in 13 second(s)\n").as_deref(), Some("12607 inputs"));
        assert_eq!(tried("Done 0 runs in 600 second(s)\n"), None);
        assert_eq!(tried(""), None);
    }

    #[test]
    fn every_target_has_a_seed() {
        for name in targets().unwrap() {
            assert!(workspace().join("fuzz/seeds").join(&name).is_dir(), "{name}");
        }
    }
}
