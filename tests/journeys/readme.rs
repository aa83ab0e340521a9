//! The journey of the README, pasted as it stands there.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use flare_contracts::Service;

use crate::harness::{
    checker,
    installation::{Wish, all_in_one},
    process::FLARE,
    until,
};

const README: &str = include_str!("../../README.md");
/// What a newcomer's shell still knows when the end date has passed.
const KEPT: &str = "\n{ declare -f; declare -p flare CASE GRANT; } > kept\n";

#[test]
fn a_newcomer_pastes_it() {
    let [until_the_help_is_active, after_the_end_date] = blocks().try_into().expect("two blocks of shell");
    let folder = tempfile::tempdir().unwrap();
    let process = all_in_one(folder.path(), &Wish::default());
    process.start();
    process.wait_until_it_serves();
    // Where the README has them.
    std::os::unix::fs::symlink(folder.path().join("data"), folder.path().join("flare-data")).unwrap();
    std::fs::create_dir_all(folder.path().join("target/release")).unwrap();
    std::os::unix::fs::symlink(FLARE, folder.path().join("target/release/flare")).unwrap();

    let paste = |script: &str| paste(script, folder.path(), &process.address);
    let active = paste(&format!("{until_the_help_is_active}{KEPT}"));
    assert!(active.contains("arrived"), "the money has arrived: {active}");
    let grant = folder.path().join("kept");
    let grant = std::fs::read_to_string(grant).unwrap();
    let grant =
        grant.lines().find_map(|line| line.strip_prefix("declare -- GRANT=")).unwrap().trim_matches('"');
    the_end_date_passes(folder.path(), grant);
    let closed = paste(&format!(". ./kept\n{after_the_end_date}"));
    assert!(closed.contains("closed"), "the requester sees that it is closed: {closed}");
    process.stop();
}

/// The README's blocks of shell.
fn blocks() -> Vec<String> {
    let blocks = README.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

fn paste(script: &str, folder: &Path, address: &str) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-eu", "-o", "pipefail", "-c", script]).current_dir(folder).stdin(Stdio::null());
    shell.env_remove("FLARE_CONFIG").env_remove("FLARE_PROFILE");
    for role in Service::ALL {
        shell.env(format!("FLARE__PEERS__{}", role.as_str().to_uppercase()), address);
    }
    let output = shell.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out
}

fn the_end_date_passes(folder: &Path, grant: &str) {
    let url = format!("sqlite://{}", folder.join("data/grants.db").display());
    checker::end_date_passes(&url, "", grant);
    let stage = format!("SELECT 1 FROM grants WHERE grant_id = '{grant}' AND stage = 'reporting'");
    until("the grant is reporting", || (!checker::rows_at(&url, "", &stage).is_empty()).then_some(()));
}
