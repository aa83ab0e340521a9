//! The first thing that a newcomer runs: it comes up, says how to go on, and leaves nothing behind.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::harness::process::FLARE;

#[test]
fn it_comes_up_says_how_to_go_on_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut demo = Command::new(FLARE)
        .args(["demo", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.by_ref().any(|line| line.contains("Ctrl-C"));
    let folders = fs::read_dir(place.path()).unwrap().count();
    let stopped = Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    lines.for_each(drop);
    assert!(demo.wait().unwrap().success(), "it did not come up, or did not end well");
    assert!(told && stopped.success(), "the guide was not printed");
    assert_eq!((folders, fs::read_dir(place.path()).unwrap().count()), (1, 0));
}
