//! The first thing that a newcomer runs: it comes up, says how to go on, serves its pages, and leaves nothing behind.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use crate::harness::{process::FLARE, wire};

/// How often the first page is tried; each try waits for the services a while.
const TRIES: usize = 10;

#[test]
fn it_comes_up_says_how_to_go_on_serves_its_pages_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut demo = Command::new(FLARE)
        .args(["demo", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.by_ref().any(|line| line.contains("Ctrl-C"));
    let mut on_pages = lines.by_ref().take_while(|line| !line.contains("In another terminal"));
    let pages = on_pages.find_map(|line| {
        let (_, rest) = line.split_once("http://")?;
        rest.split('/').next().map(str::to_owned)
    });
    let served = pages.is_some_and(|pages| (0..TRIES).any(|_| opens(&pages)));
    let folders = fs::read_dir(place.path()).unwrap().count();
    let stopped = Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    lines.for_each(drop);
    assert!(demo.wait().unwrap().success(), "it did not come up, or did not end well");
    assert!(told && stopped.success(), "the guide was not printed");
    assert!(served, "the pages are not where the guide says");
    assert_eq!((folders, fs::read_dir(place.path()).unwrap().count()), (1, 0));
}

fn opens(pages: &str) -> bool {
    let home = wire::try_ask_from(Ipv4Addr::LOCALHOST, pages, &wire::visit(pages, "/", ""));
    home.is_ok_and(|home| home.status == 200)
}
