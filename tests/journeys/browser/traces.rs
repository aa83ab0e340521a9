//! What whoever takes the phone next can find with its own buttons: nothing that was typed or shown.

use super::visitor::{CODE, MESSAGES, SEND, Visitor, WRITE};

const STORY: &str = "The words of the story";
const REACH: &str = "The words of the way";
const MESSAGE: &str = "The words of the message";

/// Back and forward again after each step, and nothing of what came before is there.
pub(super) fn nothing_stays_to_be_seen(visitor: &Visitor<'_>) {
    let browser = visitor.browser;
    let mut secrets = vec![STORY.to_owned(), REACH.to_owned(), MESSAGE.to_owned()];

    visitor.open("/en");
    browser.clicks("a[href='/en/ask']", "#story");
    visitor.writes(STORY, REACH);
    browser.clicks(SEND, CODE);
    let code = visitor.code();
    secrets.extend([code.words.clone(), code.digits.clone()]);
    secrets.extend(code.digits.split(' ').map(str::to_owned));
    let seen = Seen { visitor, secrets: &secrets };
    seen.nothing_on_the_way_back("the code");

    visitor.open("/en/status");
    browser.sees(MESSAGES);
    seen.nothing_on_the_way_back("where it stands");

    visitor.open("/en/status");
    browser.clicks(MESSAGES, WRITE);
    browser.types(WRITE, MESSAGE);
    browser.clicks("form[action$='/write'] button", "[role='status']");
    assert!(browser.everything().contains(MESSAGE), "what was written is there to read");
    seen.nothing_on_the_way_back("a message");

    visitor.open("/en/status");
    browser.click("a[href='/leave']");
    seen.nothing_on_the_way_back("leaving");

    visitor.comes_back("en", &code.words);
    seen.nothing_on_the_way_back("coming back");
    visitor.open("/en/status");
    browser.click("a[href='/leave']");
    seen.nothing_on_the_way_back("leaving again");
}

/// What was typed and shown to somebody until now.
pub(super) struct Seen<'a> {
    pub(super) visitor: &'a Visitor<'a>,
    pub(super) secrets: &'a [String],
}

impl Seen<'_> {
    /// Some steps back, then forward again up to the page before this one.
    pub(super) fn nothing_on_the_way_back(&self, after: &str) {
        let browser = self.visitor.browser;
        for step in 1..=4 {
            browser.back();
            self.nothing_here(&format!("{step} back after {after}"));
        }
        for step in 1..=3 {
            browser.forward();
            self.nothing_here(&format!("{step} forward again after {after}"));
        }
    }

    fn nothing_here(&self, at: &str) {
        let (url, page) = (self.visitor.browser.url(), self.visitor.browser.everything());
        for secret in self.secrets {
            assert!(!page.contains(secret.as_str()), "{secret:?} is there to be seen, {at}: {url}\n{page}");
            assert!(!url.contains(&secret.replace(' ', "+")), "{url}");
        }
    }
}
