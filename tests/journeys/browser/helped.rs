//! From the answer to a question on to help that arrives and a few words on how it went, all of it on the pages; and after
//! each act nothing of it is there for whoever takes the phone next.

use super::{traces::Seen, visitor::Visitor};
use crate::{
    acts::{Case, Draft, Grant},
    harness::{step, until},
};

/// The terms that an officer writes for the requester.
const TERMS: &str = "You receive 9400.00 EUR from a foundation for housing and devices, until the end date.";
/// What the requester writes at the end.
const REPORT: &str = "We are safe and on air again.";

pub(super) fn until_the_report(visitor: &Visitor<'_>, lang: &str, case: &Case<'_>, code: &str) {
    let (draft, stands) = (Draft::default(), format!("/{lang}/status"));
    let secrets = [code, &draft.scope, &draft.ceiling, TERMS, REPORT].map(str::to_owned);
    let seen = Seen { visitor, secrets: &secrets };
    let need = case.need("relocation");
    case.verified_reference("Editor in the capital, ref-one@example.org");
    case.verified_reference("Legal officer, ref-two@example.net");
    case.recommend(&[&need], &draft.ceiling, &draft.currency);
    let grant = Grant::draft(case, &[&need], &draft);

    grant.put_to_the_requester();
    visitor.comes_back(lang, code);
    nothing_convicts_whoever_is_seen(visitor);
    opens(visitor, "proposal", &draft.scope);
    presses(visitor, "agree");
    grant.is_found_right();
    is_done_once(visitor, "proposal", "agree");
    seen.nothing_on_the_way_back("the proposal");

    grant.submit_for_votes();
    grant.vote(0, "approve", "");
    grant.vote(1, "approve", "");
    grant.pay_to("Partner office across the border, account 7004");
    grant.post_agreement(TERMS);
    visitor.open(&stands);
    opens(visitor, "agreement", TERMS);
    presses(visitor, "accept");
    grant.opens("agreed");
    seen.nothing_on_the_way_back("the agreement");

    grant.reserve("Emergency fund", &draft.ceiling);
    grant.is("active");
    let tranche = grant.send(&draft.ceiling);
    visitor.open(&stands);
    nothing_convicts_whoever_is_seen(visitor);
    opens(visitor, "money", &draft.ceiling);
    presses(visitor, "all");
    until("staff know that it arrived", || (grant.tranche_state(&tranche) == "arrived").then_some(()));
    seen.nothing_on_the_way_back("the money");

    grant.end_date_passes();
    visitor.open(&stands);
    opens(visitor, "report", &grant.id);
    visitor.browser.types("textarea[name='text']", REPORT);
    presses(visitor, "send");
    until("the words are there", || case.message("report", REPORT));
    seen.nothing_on_the_way_back("the report");
    grant.closed_after_its_report();
    case.close("helped");
}

/// From where the request stands to the page of an act, on which this is there to read.
fn opens(visitor: &Visitor<'_>, act: &str, shown: &str) {
    visitor.browser.clicks(&step::button(act), "input[name='h']");
    let page = visitor.browser.everything();
    assert!(page.contains(shown), "{act} does not show {shown:?}: {page}");
}

/// Presses a button there; what comes next has no button of this kind.
fn presses(visitor: &Visitor<'_>, button: &str) {
    let button = format!("button[name='do'][value='{button}']");
    visitor.browser.click(&button);
    until("it is done", || (!visitor.browser.has(&button)).then_some(()));
}

/// Loading the answer again sends the same again, and that is no fault and no second act.
fn is_done_once(visitor: &Visitor<'_>, act: &str, button: &str) {
    let browser = visitor.browser;
    browser.reload();
    browser.sees("a[href$='/status']");
    assert!(!browser.has("[role='alert']"), "{act}, {button}: {}", browser.everything());
}

/// What a passer-by reads says nothing of money, of whom it is for or from whom.
fn nothing_convicts_whoever_is_seen(visitor: &Visitor<'_>) {
    let page = visitor.browser.everything();
    for convicts in ["9400", "EUR", "relocation", "housing", "foundation", "radio station"] {
        assert!(!page.contains(convicts), "{convicts} is to be seen: {page}");
    }
}
