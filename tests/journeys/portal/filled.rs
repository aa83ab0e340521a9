//! The pages of acts that staff bring about, from a proposal to a report: opened, altered, sent at fault, sent, and opened
//! once more.

use super::pages::{LANGUAGES, Page, Seen};
use crate::{
    acts::{Case, Draft, Grant},
    harness::{Installation, step, until, wire},
};

/// All of them, in each language, as the requester of one case sees them while it goes on.
pub(super) fn every_page_of_a_helped_case(installation: &Installation) -> Vec<Page> {
    let asked = wire::asks(installation.pages(), "They came at night");
    let case = Case::of_code(installation, &asked.code());
    let mut holder = Holder {
        pages: installation.pages(),
        cookie: asked.cookie(),
        seen: LANGUAGES.map(Seen::nothing_yet),
    };
    case.wait_until_it_is_queued();
    case.take();
    let [given, declined] = ["relocation", "legal"].map(|kind| case.need(kind));
    decline(&case, &declined);
    case.verified_reference("Editor in the capital, ref-one@example.org");
    case.verified_reference("Legal officer, ref-two@example.net");
    case.recommend(&[&given], "9400.00", "EUR");
    let grant = Grant::draft(&case, &[&given], &Draft::default());

    grant.put_to_the_requester_as("Housing for six weeks.");
    holder.looks_around("a proposal");
    holder.does("proposal", Some("do="), "do=agree");
    grant.is_found_right();

    grant.submit_for_votes();
    grant.vote(0, "approve", "");
    grant.vote(1, "approve", "");
    grant.pay_to("Partner office across the border, account 7004");
    grant.post_agreement("You receive it until the end date.");
    holder.does("agreement", Some("do=maybe"), "do=accept");
    grant.opens("agreed");

    grant.reserve("Emergency fund", "9400.00");
    grant.is("active");
    grant.send("9400.00");
    holder.looks_around("a payment");
    holder.does("money", Some("do=less&text=many"), "do=all");
    holder.does("report", Some("text="), "text=We+are+well");
    holder.does("review", None, "text=Please");
    holder.seen.into_iter().flat_map(|seen| seen.pages).collect()
}

fn decline(case: &Case<'_>, need: &str) {
    let words = case.words("A lawyer would draw eyes to you now.");
    let args = [need, "--reason", "could_harm", "--text-file", &words];
    case.officer_act(&["decline"], &args, || case.outcome(need) == "declined");
    case.need_is(need, "declined", "declined");
}

/// Whoever has the code, and what they see in each language.
struct Holder<'i> {
    pages: &'i str,
    cookie: String,
    seen: [Seen<'static>; 3],
}

impl Holder<'_> {
    /// Where it stands, and what was written, each with the buttons of what waits.
    fn looks_around(&mut self, with: &str) {
        for (lang, seen) in LANGUAGES.into_iter().zip(&mut self.seen) {
            let status = wire::visit(self.pages, &format!("/{lang}/status"), &self.cookie);
            let status = wire::ask(self.pages, &status);
            seen.see(&format!("where it stands, with {with}"), "/status", true, 200, status);
            let thread = wire::post(self.pages, &format!("/{lang}/messages"), "", &self.cookie);
            seen.see(&format!("messages, with {with}"), "/thread", true, 200, thread);
        }
    }

    /// Opens an act's page in each language, sends it at fault where it can be, does the act, and opens the page again.
    fn does(&mut self, act: &str, fault: Option<&str>, fields: &str) {
        for (lang, seen) in LANGUAGES.into_iter().zip(&mut self.seen) {
            let send = |fields: &str| step::send(self.pages, lang, act, fields, &self.cookie);
            let opened = send("");
            let carried = opened.field("h");
            seen.see(&format!("{act}, open"), "/act", true, 200, opened);
            seen.see(&format!("{act}, open and altered"), "/act", true, 409, send("h=x"));
            if let Some(fault) = fault {
                let again = send(&format!("h={carried}&{fault}"));
                seen.see(&format!("{act}, at fault"), "/act", true, 422, again);
            }
        }
        let send = |lang: &str, fields: &str| step::send(self.pages, lang, act, fields, &self.cookie);
        // Where something changes meanwhile, the page is shown again.
        let done = until(&format!("{act} is done"), || {
            let carried = send(LANGUAGES[0], "").field_if_any("h")?;
            let reply = send(LANGUAGES[0], &format!("h={carried}&{fields}"));
            (reply.status == 200).then_some(reply)
        });
        self.seen[0].see(&format!("{act}, done"), "/act", true, 200, done);
        for (lang, seen) in LANGUAGES.into_iter().zip(&mut self.seen) {
            seen.see(&format!("{act}, after it was done"), "/act", true, 200, send(lang, ""));
        }
    }
}
