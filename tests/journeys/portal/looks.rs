//! Pages as whoever must use them meets them: on a small screen, and with a screen reader.

use std::path::Path;

use flare_testkit::{in_full, tool};
use serde_json::Value;
use url::Url;

use super::{FAULTY_PAGE, file_of, pages::Page};
use crate::harness::browser::{Browser, Chromium, Look};

/// Wider screens, tried at full length, each in one language: no style of the pages asks how wide the screen is.
const WIDER: [((u32, u32), &str); 3] = [((360, 640), "ar"), ((768, 1024), "fr"), ((1280, 800), "en")];

/// Runs axe-core on the page that is open, and measures how far it is wider than the screen.
const LOOK: &str = "
    const done = arguments[arguments.length - 1];
    const beyond = document.documentElement.scrollWidth - screen.width;
    const script = document.createElement('script');
    script.onerror = () => done('axe-core was not loaded');
    script.onload = () => axe.run().then(
        found => done({ beyond, violations: found.violations }),
        why => done(String(why)));
    script.src = '{axe}';
    document.head.append(script);";

/// axe-core finds nothing on any page, and no page is wider than the screen. They lie in this folder.
pub(super) fn everybody_can_use_every_page(folder: &Path, pages: &[Page]) {
    let (Some(chromium), Some(axe)) = (Chromium::of_this_machine(), tool("FLARE_TEST_AXE")) else { return };
    let look = LOOK.replace("{axe}", &address(&axe.canonicalize().unwrap()));
    let small = Look { scripts: true, ..Look::default() };
    let browser = chromium.start(&small);
    assert!(
        !violations(&looks(&browser, &file_of(folder, FAULTY_PAGE), &look)).is_empty(),
        "axe finds what is there"
    );
    on_this_screen(&browser, folder, pages.iter().enumerate(), &look);
    drop(browser);
    for (screen, lang) in WIDER.into_iter().filter(|_| in_full()) {
        let browser = chromium.start(&Look { screen, ..small });
        let of_lang = pages.iter().enumerate().filter(|(_, page)| page.name.starts_with(lang));
        on_this_screen(&browser, folder, of_lang, &look);
    }
}

fn on_this_screen<'p>(
    browser: &Browser,
    folder: &Path,
    pages: impl Iterator<Item = (usize, &'p Page)>,
    look: &str,
) {
    for (nth, page) in pages {
        let found = looks(browser, &file_of(folder, &nth.to_string()), look);
        let violations = violations(&found);
        assert!(violations.is_empty(), "{}:\n{}", page.name, violations.join("\n"));
        let beyond = found["beyond"].as_f64().unwrap();
        assert!(beyond <= 0.0, "{} is {beyond} px wider than the screen", page.name);
    }
}

fn looks(browser: &Browser, file: &Path, look: &str) -> Value {
    browser.open(&address(file));
    browser.run_to_its_end(look)
}

/// What is wrong with a page that was looked at.
fn violations(found: &Value) -> Vec<String> {
    let all = found["violations"].as_array().unwrap_or_else(|| panic!("axe did not run: {found}"));
    let says = |violation: &Value| format!("{}: {}", violation["id"], violation["nodes"][0]["html"]);
    all.iter().map(says).collect()
}

fn address(file: &Path) -> String {
    Url::from_file_path(file).unwrap().to_string()
}
