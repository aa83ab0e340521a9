//! Pressed twice, loaded again, sent from two tabs, cut off on the way: one request, and no word of it lost.

use super::visitor::{CODE, SEND, Visitor};
use crate::harness::{cutter::Arrives, until};

const REACH: &str = "Signal, at night";

pub(super) fn one_request_however_it_is_sent(visitor: &Visitor<'_>) {
    pressed_twice(visitor);
    sent_from_two_tabs(visitor);
    for arrives in [Arrives::Nothing, Arrives::Half, Arrives::Everything] {
        cut_off(visitor, arrives);
    }
}

/// The same form, sent twice at once, and once more by loading its answer again.
fn pressed_twice(visitor: &Visitor<'_>) {
    let (browser, before) = (visitor.browser, visitor.requests());
    let story = "They stood at the door.";
    visitor.open("/en/ask");
    visitor.writes(story, REACH);
    browser.double_clicks(SEND);
    let code = visitor.code();
    browser.reload();
    assert_eq!(visitor.code(), code, "loading it again sends it again");
    assert_eq!(visitor.requests(), before + 1);
    assert_eq!(visitor.stories(&visitor.case(&code), 1), [story]);
}

/// The form stays open in one tab while another sends it; then more is written and sent.
fn sent_from_two_tabs(visitor: &Visitor<'_>) {
    let (browser, before) = (visitor.browser, visitor.requests());
    let story = "They followed us home.";
    visitor.open("/en/ask");
    visitor.writes(story, REACH);
    browser.clicks_into_new_tab(SEND);
    let code = visitor.code();
    browser.closes_tab();
    browser.types("#story", " They are still here.");
    browser.clicks(SEND, CODE);
    assert_eq!(visitor.code(), code, "one form is one request");
    assert_eq!(visitor.requests(), before + 1);
    let both = [story.to_owned(), format!("{story} They are still here.")];
    assert_eq!(visitor.stories(&visitor.case(&code), 2), both, "every writing is kept");
}

/// The line breaks while the form is sent; loading the page again sends it, once.
fn cut_off(visitor: &Visitor<'_>, arrives: Arrives) {
    let (browser, before) = (visitor.browser, visitor.requests());
    let story = format!("The line breaks: {arrives:?}.");
    visitor.open("/en/ask");
    visitor.writes(&story, REACH);
    visitor.line.cut(arrives);
    browser.click(SEND);
    until("the browser says that the line broke", || (!browser.has("#story")).then_some(()));
    assert!(visitor.line.mend() > 0, "{arrives:?}");
    assert_eq!(visitor.requests(), before + u64::from(arrives == Arrives::Everything), "{arrives:?}");
    browser.reload();
    let code = visitor.code();
    assert_eq!(visitor.requests(), before + 1, "{arrives:?}");
    assert_eq!(visitor.stories(&visitor.case(&code), 1), [story]);
}
