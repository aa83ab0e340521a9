//! What a proposal's page and an agreement's share: something is shown in a message, and answered as it was shown.

use axum::response::Response;

use super::{Drawn, done_before};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried},
    acts::{Act, Offer},
    answers::Body,
    handlers::{Answer, Visit},
    requester::OfferAnswer,
};

impl Offer {
    const fn act(self) -> Act {
        match self {
            Self::Proposal => Act::Proposal,
            Self::Agreement => Act::Agreement,
        }
    }
}

/// Shows it, with this lead and form while it is not answered.
pub(super) async fn draw(
    visit: &Visit,
    offer: Offer,
    (lead, form): (String, ActForm),
    drawn: Drawn<'_>,
) -> Answer {
    let t = visit.t();
    let found = visit.portal.requester.offer(&visit.session.receipt, offer, drawn.about).await;
    let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
        return Ok(visit.nothing_to_do(offer.act()));
    };
    let carried = visit.carried(&found.grant, &found.shown)?;
    let mut shown = ActPage::new(visit.lang, offer.act(), &carried, drawn.fault, drawn.typed);
    let (first, last) = found.days;
    let ceiling = found.ceiling.map(|money| (t.offer_up_to(), money.to_string()));
    let days = [(t.offer_from(), first), (t.offer_until(), last)];
    shown.facts = ceiling.into_iter().chain(days.into_iter().filter(|(_, day)| !day.is_empty())).collect();
    shown.next = found.next;
    shown.quoted = found.text;
    if shown.quoted.is_none() {
        shown.texts.push(t.offer_closed());
    } else if let Some(at) = found.answered {
        shown.texts.extend([done_before(visit, Some(at)), t.acts_before_else()]);
    } else {
        shown.texts.push(lead);
        shown.forms.push(form);
    }
    Ok(visit.act_page(drawn.status, &shown))
}

/// Sends an answer, and thanks for it.
pub(super) async fn answer<'b>(
    visit: &Visit,
    act: &Sending,
    (carried, body): (&'b Carried, &'b Body),
    (answer, thanks): (OfferAnswer<'_>, String),
) -> Result<Response, Drawn<'b>> {
    let (receipt, shown) = (&visit.session.receipt, (carried.about.as_str(), carried.shown.as_str()));
    let offer = answer.offer();
    let acted = visit.portal.requester.answer_offer(receipt, shown, answer, act.as_try()).await;
    visit.conclude((offer.act(), thanks), (carried, body), acted)
}
