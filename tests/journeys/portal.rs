//! The pages as they come over the wire: how much of them, and how well made.

mod flood;
mod headers;
mod pages;
mod spool;

use std::{fs, process::Command};

use flare_testkit::tool;
use serde_json::Value;

use crate::harness::{Installation, installation::Wish};

const KIB: usize = 1024;
/// What comes before a page at most: its headers, and a cookie.
const HEAD: usize = 900;

#[test]
fn every_page_keeps_its_budget_and_comes_whole() {
    let installation = Installation::embedded_with(&Wish { pages: Some(&[]), ..Wish::default() });
    headers::name_decides_who_is_answered(installation.pages());
    headers::forms_come_from_our_own_pages(installation.pages());
    for page in pages::every_page(installation.pages()) {
        headers::are_those_of_every_page(&page);
        let (name, reply) = (&page.name, &page.reply);
        let most = match page.path {
            "/ask" => 13 * KIB,
            "" | "/code" => 6 * KIB,
            "/more" => 10 * KIB,
            "/act" | "/added" | "/safe" | "/status" | "/messages" | "/cannot" | "/way" | "/back" => 5 * KIB,
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

#[test]
fn the_checker_of_html_finds_no_error() {
    let (Some(java), Some(checker)) = (tool("FLARE_TEST_JAVA"), tool("FLARE_TEST_NU")) else { return };
    let installation = Installation::embedded_with(&Wish { pages: Some(&[]), ..Wish::default() });
    let folder = tempfile::tempdir().unwrap();
    for (index, page) in pages::every_page(installation.pages()).iter().enumerate() {
        fs::write(
            folder.path().join(format!("{index}.html")),
            format!("<!-- {} -->{}", page.name, page.reply.html),
        )
        .unwrap();
    }
    // The checker finds what is there.
    fs::write(folder.path().join("broken.html"), "<!DOCTYPE html><title>x</title><p><b>x</p></b>").unwrap();
    let output = Command::new(java)
        .arg("-jar")
        .arg(checker)
        .args(["--errors-only", "--format", "json", "--stdout", "--exit-zero-always"])
        .arg(folder.path())
        .output()
        .unwrap();
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let found = found["messages"].as_array().unwrap();
    let (broken, ours): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|message| message["url"].as_str().is_some_and(|url| url.ends_with("broken.html")));
    assert!(!broken.is_empty(), "the checker found nothing where there is something: {output:?}");
    let says = |message: &&Value| {
        let page =
            message["url"].as_str().and_then(|url| fs::read_to_string(url.trim_start_matches("file:")).ok());
        let name = page.and_then(|page| page.lines().next()?.split("-->").next().map(str::to_owned));
        format!("{}: {} at {}", name.unwrap_or_default(), message["message"], message["extract"])
    };
    assert!(ours.is_empty(), "{}", ours.iter().map(says).collect::<Vec<_>>().join("\n"));
}
