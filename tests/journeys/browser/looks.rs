//! How the form looks to whoever must use it on a small screen.

use super::visitor::{SEND, Visitor};

const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
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
