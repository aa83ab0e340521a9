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
    every_page_on_each_screen(&chromium, &installation, &line);
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

/// Wider screens, tried at full length.
const WIDER: [(u32, u32); 3] = [(360, 640), (768, 1024), (1280, 800)];

fn journeys(chromium: &Chromium, installation: &Installation, line: &Cutter) {
    let look = Look::default();
    let browser = chromium.start(&look);
    let visitor = Visitor { browser: &browser, installation, line };
    let languages: &[&str] = if in_full() { &["en", "ar", "fr"] } else { &["en", "ar"] };
    for lang in languages {
        let (case, code) = asking::from_the_first_page_to_an_answer(&visitor, lang);
        helped::until_the_report(&visitor, lang, &case, &code);
    }
    once::one_request_however_it_is_sent(&visitor);
    traces::nothing_stays_to_be_seen(&visitor);
    looks::the_first_button_is_near(&visitor);
    drop(browser);

    let browser = chromium.start(&Look { back_cache: false, ..look });
    traces::nothing_stays_to_be_seen(&Visitor { browser: &browser, installation, line });
}

fn every_page_on_each_screen(chromium: &Chromium, installation: &Installation, line: &Cutter) {
    let look = Look::default();
    let wider: &[_] = if in_full() { &WIDER } else { &[] };
    for screen in std::iter::once(&look.screen).chain(wider) {
        let browser = chromium.start(&Look { scripts: true, screen: *screen, ..look });
        looks::everybody_can_use_every_page(&Visitor { browser: &browser, installation, line });
    }
}
