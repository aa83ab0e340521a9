//! The pages for people in danger, in a real browser that runs no scripts: what one person sees from the first page to
//! the end, what happens when they press twice or the line breaks, and what whoever takes the phone next can find.
//!
//! One installation and one browser at a time for each mode. They run where the environment names the programs, which
//! `cargo xtask test` always sees to.

mod asking;
mod helped;
mod looks;
mod once;
mod traces;
mod visitor;

use flare_testkit::in_full;
use visitor::Visitor;

use crate::harness::{
    Installation,
    browser::{Chromium, Look},
    cutter::Cutter,
    installation::Wish,
};

#[test]
fn embedded() {
    let Some(chromium) = Chromium::of_this_machine() else { return };
    let line = Cutter::new();
    let wish = Wish { pages: Some(&[&line.address]), ..Wish::default() };
    let installation = Installation::embedded_with(&wish);
    line.lead_to(installation.pages());
    journeys(&chromium, &installation, &line);
}

#[test]
fn distributed() {
    let Some(chromium) = Chromium::of_this_machine() else { return };
    let line = Cutter::new();
    let wish = Wish { pages: Some(&[&line.address]), replicas: 1, ..Wish::default() };
    let Some(installation) = Installation::distributed(&wish) else { return };
    line.lead_to(installation.pages());
    journeys(&chromium, &installation, &line);
}

/// With the browser's memory of whole pages and without, the second in Arabic alone.
fn journeys(chromium: &Chromium, installation: &Installation, line: &Cutter) {
    let look = Look::default();
    let browser = chromium.start(&look);
    let visitor = Visitor { browser: &browser, installation, line };
    let languages: &[&str] = if in_full() { &["en", "fr", "ar"] } else { &["en"] };
    for lang in languages {
        asks_and_is_helped(&visitor, lang);
    }
    once::one_request_however_it_is_sent(&visitor);
    traces::nothing_stays_to_be_seen(&visitor);
    looks::the_first_button_is_near(&visitor);
    drop(browser);

    let browser = chromium.start(&Look { back_cache: false, ..look });
    let visitor = Visitor { browser: &browser, installation, line };
    asks_and_is_helped(&visitor, "ar");
    traces::nothing_stays_to_be_seen(&visitor);
}

fn asks_and_is_helped(visitor: &Visitor<'_>, lang: &str) {
    let (case, code) = asking::from_the_first_page_to_an_answer(visitor, lang);
    helped::until_the_report(visitor, lang, &case, &code);
}
