//! Why something was declined, and a wish that somebody else looks again.

use axum::response::Response;
use flare_edge::receipt::DeclineReason;
use flare_typed::text::has_visible;

use super::{ActOnPage, Drawn, done_before};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit, too_long},
    l10n::L10nLanguage,
    to_staff,
};

/// Asks that somebody else looks again.
pub(in crate::handlers) struct Review;

impl ActOnPage for Review {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let found = visit.portal.requester.declined(&visit.session.receipt, drawn.about).await;
        let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
            return Ok(visit.nothing_to_do(Act::Review));
        };
        let carried = visit.carried(&found.need, "")?;
        let mut shown = ActPage::new(visit.lang, Act::Review, &carried, drawn.fault, drawn.typed);
        shown.texts.extend([t.review_declined(reason(t, found.reason)), t.review_not_you()]);
        shown.lines = &visit.portal.settings.helplines;
        shown.next = found.next;
        if found.asked.is_some() {
            shown.texts.extend([done_before(visit, found.asked), t.acts_before_else()]);
        } else {
            let field = Field::Words(t.review_words());
            shown.forms.push(ActForm { field, ..ActForm::button("review", t.review_send()) });
        }
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let (t, text) = (visit.t(), body.text("text"));
        if let Some(fault) = too_long(t, text) {
            return Err(Drawn::again(&carried.about, body, fault));
        }
        let text = if has_visible(text) { text } else { to_staff::LOOK_AGAIN };
        let receipt = &visit.session.receipt;
        let acted = visit.portal.requester.ask_review(receipt, &carried.about, text, &act.id).await;
        visit.conclude((Act::Review, t.review_done()), (carried, body), acted)
    }
}

fn reason(t: &L10nLanguage, reason: DeclineReason) -> String {
    match reason {
        DeclineReason::CouldHarm => t.reason_could_harm(),
        DeclineReason::NotVerified => t.reason_not_verified(),
        DeclineReason::NoFunds => t.reason_no_funds(),
        DeclineReason::OutsideMandate => t.reason_outside_mandate(),
        DeclineReason::CoveredElsewhere => t.reason_covered_elsewhere(),
        DeclineReason::Duplicate => t.reason_duplicate(),
        DeclineReason::Other => t.reason_other(),
    }
}
