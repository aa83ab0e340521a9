//! From the answer to a question on to help that arrives and a few words on how it went, all of it on the pages.

use super::visitor::Visitor;
use crate::{
    acts::{Case, Draft, Grant},
    harness::until,
};

/// The terms that an officer writes for the requester.
const TERMS: &str = "You receive 9400.00 EUR from a foundation for housing and devices, until the end date.";

pub(super) fn until_the_report(visitor: &Visitor<'_>, lang: &str, case: &Case<'_>, code: &str) {
    let need = case.need("relocation");
    case.verified_reference("Editor in the capital, ref-one@example.org");
    case.verified_reference("Legal officer, ref-two@example.net");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(case, &[&need], &Draft::default());

    grant.put_to_the_requester();
    visitor.comes_back(lang, code);
    nothing_convicts_whoever_is_seen(visitor);
    does(visitor, "proposal", "agree");
    grant.is_found_right();
    is_done_once(visitor, lang, "proposal", "agree");

    grant.submit_for_votes();
    grant.vote(0, "approve", "");
    grant.vote(1, "approve", "");
    grant.pay_to("Partner office across the border, account 7004");
    grant.post_agreement(TERMS);
    visitor.open(&format!("/{lang}/status"));
    opens(visitor, "agreement");
    assert!(visitor.browser.texts(".m").concat().contains(TERMS), "the terms are there to read");
    presses(visitor, "accept");
    grant.opens("agreed");

    grant.reserve("Emergency fund", "9400.00");
    grant.is("active");
    let tranche = grant.send("9400.00");
    visitor.open(&format!("/{lang}/status"));
    nothing_convicts_whoever_is_seen(visitor);
    does(visitor, "money", "all");
    until("staff know that it arrived", || (grant.tranche_state(&tranche) == "arrived").then_some(()));

    grant.end_date_passes();
    visitor.open(&format!("/{lang}/status"));
    opens(visitor, "report");
    visitor.browser.types("textarea[name='text']", "We are safe and on air again.");
    presses(visitor, "send");
    until("the words are there", || case.message("report", "on air again"));
    grant.closed_after_its_report();
    case.close("helped");
}

/// From where the request stands to a page on which something can be done.
fn opens(visitor: &Visitor<'_>, page: &str) {
    visitor.browser.clicks(&format!("form[action$='/{page}'] button"), "input[name='h']");
}

/// Presses a button there; what comes next has no button of this kind.
fn presses(visitor: &Visitor<'_>, button: &str) {
    let button = format!("button[name='do'][value='{button}']");
    visitor.browser.click(&button);
    until("it is done", || (!visitor.browser.has(&button)).then_some(()));
}

fn does(visitor: &Visitor<'_>, page: &str, button: &str) {
    opens(visitor, page);
    presses(visitor, button);
}

/// Loading the answer again sends the same again, and that is no fault and no second act.
fn is_done_once(visitor: &Visitor<'_>, lang: &str, page: &str, button: &str) {
    let browser = visitor.browser;
    browser.reload();
    browser.sees("a[href$='/status']");
    assert!(!browser.has("[role='alert']"), "{page}, {button}: {}", browser.everything());
    visitor.open(&format!("/{lang}/status"));
}

/// What a passer-by reads says nothing of money, of whom it is for or from whom.
fn nothing_convicts_whoever_is_seen(visitor: &Visitor<'_>) {
    let page = visitor.browser.everything();
    for convicts in ["9400", "EUR", "relocation", "housing", "foundation", "radio station"] {
        assert!(!page.contains(convicts), "{convicts} is to be seen: {page}");
    }
}
