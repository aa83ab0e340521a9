//! How the pages look to whoever must use them: a small screen, and a screen reader.

use std::fs;

use flare_testkit::tool;
use serde_json::Value;

use super::visitor::{CODE, MESSAGES, SEND, Visitor, WRITE};

pub(super) const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
/// What opens without a code.
const OPEN_PAGES: [&str; 6] = ["", "/ask", "/back", "/safe", "/lost", "/complain"];
/// The first button that sends ends at most this many pixels down, on a screen 320 wide.
const FIRST_SEND: f64 = 1_400.0;

pub(super) fn the_first_button_is_near(visitor: &Visitor<'_>) {
    let bottoms = LANGUAGES.map(|lang| {
        visitor.open(&format!("/{lang}/ask"));
        let script =
            format!("return document.querySelector(\"{SEND}\").getBoundingClientRect().bottom + scrollY");
        visitor.browser.run(&script).as_f64().unwrap()
    });
    assert!(
        bottoms.iter().all(|bottom| *bottom <= FIRST_SEND),
        "the first Send ends so far down: {bottoms:?}"
    );
}

/// axe-core finds nothing on any page, and no page is wider than the screen.
pub(super) fn everybody_can_use_every_page(visitor: &Visitor<'_>) {
    let axe = fs::read_to_string(tool("FLARE_TEST_AXE").unwrap()).unwrap();
    let fine = |what: &str| is_fine(visitor, &axe, what);
    let browser = visitor.browser;
    for lang in LANGUAGES {
        let at = |what: &str| format!("{lang}: {what}");
        for path in OPEN_PAGES {
            visitor.open(&format!("/{lang}{path}"));
            fine(&at(path));
        }
        visitor.open(&format!("/{lang}/ask"));
        browser.clicks(SEND, "#top");
        fine(&at("nothing written"));
        visitor.open(&format!("/{lang}/ask"));
        visitor.writes("They came at night.", "Only here");
        browser.click("input[name='way'][value='here']");
        browser.clicks(SEND, CODE);
        let code = visitor.code();
        fine(&at("the code"));
        browser.clicks("form[action$='/check'] button", ".w");
        fine(&at("pieces that are wrong"));
        browser.clicks("form[action$='/cannot'] button", "#way");
        fine(&at("a code that cannot be kept"));
        visitor.open(&format!("/{lang}/status"));
        fine(&at("where it stands"));
        browser.clicks(MESSAGES, WRITE);
        browser.types(WRITE, "We are safe for now.");
        browser.clicks("form[action$='/write'] button", "[role='status']");
        fine(&at("messages"));
        for act in ["change", "stop", "seen"] {
            visitor.open(&format!("/{lang}/status"));
            browser.clicks(&format!("form[action$='/{act}'] button"), "input[name='h']");
            fine(&at(act));
        }
        visitor.open(&format!("/{lang}/back"));
        browser.types("#code", &code.words.replacen(' ', " x", 1));
        browser.clicks("form[action$='/back'] button", "[role='alert']");
        fine(&at("a code that is off"));
        visitor.open(&format!("/{lang}/nothing"));
        fine(&at("no such page"));
    }
}

fn is_fine(visitor: &Visitor<'_>, axe: &str, what: &str) {
    let browser = visitor.browser;
    let width = browser.run("return document.documentElement.scrollWidth - screen.width").as_f64().unwrap();
    assert!(width <= 0.0, "{what} is {width} px wider than the screen");
    // The policy of the pages allows no script; the driver's own are outside of it.
    browser.run(&format!("{axe}; return null"));
    let found = browser.run_to_its_end(
        "const done = arguments[arguments.length - 1]; axe.run().then(found => done(found.violations), why => done(String(why)))",
    );
    let Value::Array(violations) = &found else { panic!("{what}: axe did not run: {found}") };
    let says = |violation: &Value| format!("{}: {}", violation["id"], violation["nodes"][0]["html"]);
    assert!(violations.is_empty(), "{what}:\n{}", violations.iter().map(says).collect::<Vec<_>>().join("\n"));
}
