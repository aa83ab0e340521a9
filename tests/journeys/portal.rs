//! The pages as they come over the wire: how much of them, how well made, and whether everybody can use them.

mod filled;
mod flood;
mod headers;
mod looks;
mod pages;
mod spool;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use flare_testkit::tool;
use serde_json::Value;

use self::pages::Page;
use crate::harness::{Installation, installation::Wish};

const KIB: usize = 1024;
/// What comes before a page at most: its headers, and a cookie.
const HEAD: usize = 900;
/// A page on which there is something to be found.
const FAULTY_PAGE: &str = "broken";

#[test]
fn embedded() {
    let installation = Installation::embedded_with(&Wish { pages: Some(&[]), ..Wish::default() });
    headers::name_decides_who_is_answered(installation.pages());
    headers::forms_come_from_our_own_pages(installation.pages());
    headers::leaving_says_nothing(installation.pages());
    let mut every = pages::every_page(installation.pages());
    every.extend(filled::every_page_of_a_helped_case(&installation));
    are_well_made(&every);
}

/// Looks at pages in every way: as they came, and as they are laid out of what came.
fn are_well_made(pages: &[Page]) {
    every_page_keeps_its_budget_and_comes_whole(pages);
    let folder = tempfile::tempdir().unwrap();
    for (nth, page) in pages.iter().enumerate() {
        let html = format!("<!-- {} -->{}", page.name, page.reply.html);
        fs::write(file_of(folder.path(), &nth.to_string()), html).unwrap();
    }
    let broken = "<!DOCTYPE html><title>x</title><p><b>x</p></b>";
    fs::write(file_of(folder.path(), FAULTY_PAGE), broken).unwrap();
    the_checker_of_html_finds_no_error(folder.path());
    looks::everybody_can_use_every_page(folder.path(), pages);
}

/// Where a page lies that is looked at.
fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.html"))
}

fn every_page_keeps_its_budget_and_comes_whole(pages: &[Page]) {
    for page in pages {
        headers::are_those_of_every_page(page);
        let (name, reply) = (&page.name, &page.reply);
        let most = match page.path {
            "/ask" => 13 * KIB,
            "" | "/code" | "/thread" => 6 * KIB,
            "/more" => 10 * KIB,
            "/act" | "/added" | "/away" | "/safe" | "/status" | "/messages" | "/cannot" | "/way"
            | "/back" => 5 * KIB,
            _ => 4 * KIB,
        };
        println!("{:>6} bytes on the wire, {:>5} of them the page: {name}", reply.bytes, reply.html.len());
        assert!(reply.html.len() <= most, "{name} has {} bytes", reply.html.len());
        assert!(reply.bytes <= most + HEAD, "{name} takes {} bytes", reply.bytes);
        assert_eq!(reply.html.len() % KIB, 0, "{name} comes in steps");
        assert_eq!(reply.header("content-length"), Some(reply.html.len().to_string().as_str()), "{name}");
        assert_eq!(reply.header("content-encoding"), None, "{name}");
        assert_eq!(reply.header("set-cookie").is_some(), page.has_code, "{name}");
        for fetched in
            [" src=", "<link", "<script", "<img", "@import", "url(", "<iframe", "<object", "srcset"]
        {
            assert!(!reply.html.contains(fetched), "{name} would fetch something: {fetched}");
        }
    }
}

fn the_checker_of_html_finds_no_error(folder: &Path) {
    let (Some(java), Some(checker)) = (tool("FLARE_TEST_JAVA"), tool("FLARE_TEST_NU")) else { return };
    let output = Command::new(java)
        .arg("-jar")
        .arg(checker)
        .args(["--errors-only", "--format", "json", "--stdout", "--exit-zero-always"])
        .arg(folder)
        .output()
        .unwrap();
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let found = found["messages"].as_array().unwrap();
    let broken = file_of(Path::new(""), FAULTY_PAGE).display().to_string();
    let (broken, ours): (Vec<_>, Vec<_>) =
        found.iter().partition(|message| message["url"].as_str().is_some_and(|url| url.ends_with(&broken)));
    assert!(!broken.is_empty(), "the checker found nothing where there is something: {output:?}");
    let says = |message: &&Value| {
        let page =
            message["url"].as_str().and_then(|url| fs::read_to_string(url.trim_start_matches("file:")).ok());
        let name = page.and_then(|page| page.lines().next()?.split("-->").next().map(str::to_owned));
        format!("{}: {} at {}", name.unwrap_or_default(), message["message"], message["extract"])
    };
    assert!(ours.is_empty(), "{}", ours.iter().map(says).collect::<Vec<_>>().join("\n"));
}
