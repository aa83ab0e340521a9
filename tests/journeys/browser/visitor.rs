//! Somebody at the pages.

use flare_contracts::Service;
use flare_seal::Receipt;

use crate::{
    acts::Case,
    harness::{Installation, browser::Browser, checker, cutter::Cutter, until},
};

/// Sends the form; the page has it twice.
pub(crate) const SEND: &str = "form p > button:not([name])";
/// Only the page with the code has it.
pub(crate) const CODE: &str = ".c ol";
/// Opens what was written, on the page that tells where the request stands.
pub(crate) const MESSAGES: &str = "form[action$='/messages'] button";
/// Where one writes below what was written.
pub(crate) const WRITE: &str = "form[action$='/write'] textarea";

/// Somebody with a browser.
pub(crate) struct Visitor<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) installation: &'a Installation,
    /// Between the browser and the pages.
    pub(crate) line: &'a Cutter,
}

/// A code as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) words: String,
    pub(crate) digits: String,
}

impl<'v> Visitor<'v> {
    /// Opens a page.
    pub(crate) fn open(&self, path: &str) {
        self.browser.open(&format!("http://{}{path}", self.line.address));
    }

    /// Writes the two answers on the page that is open.
    pub(crate) fn writes(&self, story: &str, reach: &str) {
        self.browser.types("#story", story);
        self.browser.types("#reach", reach);
    }

    /// The code that is shown.
    pub(crate) fn code(&self) -> Code {
        self.browser.sees(CODE);
        let join = |css: &str| self.browser.contents(css).join(" ");
        let code = Code { words: join(".c ol li"), digits: join(".c .n") };
        let parsed = [&code.words, &code.digits].map(|text| Receipt::parse(text).unwrap().case_id().unwrap());
        assert_eq!(parsed[0], parsed[1], "words and digits are one code");
        code
    }

    /// Comes back with a code as it was written down.
    pub(crate) fn comes_back(&self, lang: &str, written: &str) {
        self.open(&format!("/{lang}/back"));
        self.browser.types("#code", written);
        self.browser.clicks("form[action$='/back'] button", MESSAGES);
    }

    /// The case that a code opens, for the people of the organisation.
    pub(crate) fn case(&self, code: &Code) -> Case<'v> {
        let case = Case::of_code(self.installation, &code.words);
        case.wait_until_it_is_queued();
        case
    }

    /// How many requests there are.
    pub(crate) fn requests(&self) -> u64 {
        let rows = checker::rows(self.installation, Service::Intake, "SELECT COUNT(*) FROM {}requests");
        rows[0][0].parse().unwrap()
    }

    /// Everything that was ever written as the answer to what happened, once the officers can read as much as that.
    pub(crate) fn stories(&self, case: &Case<'_>, count: usize) -> Vec<String> {
        let officer = &self.installation.team.officer;
        until("every writing is there", || {
            let written = officer.read(&["case", "answers", &case.id]);
            let stories = written.as_array().unwrap().iter();
            let stories = stories.filter(|written| written["name"] == "request.happened");
            let stories: Vec<_> =
                stories.map(|written| written["text"].as_str().unwrap().to_owned()).collect();
            (stories.len() >= count).then_some(stories)
        })
    }
}
