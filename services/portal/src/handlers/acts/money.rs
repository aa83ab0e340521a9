//! What arrived of a payment.

use axum::response::Response;

use super::{ActOnPage, Drawn, done_before};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit},
    requester::Arrival,
};

/// Says what arrived.
pub(in crate::handlers) struct Money;

impl ActOnPage for Money {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let found = visit.portal.requester.payment(&visit.session.receipt, drawn.about).await;
        let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
            return Ok(visit.nothing_to_do(Act::Money));
        };
        let carried = visit.carried(&found.tranche, &found.shown)?;
        let mut shown = ActPage::new(visit.lang, Act::Money, &carried, drawn.fault, drawn.typed);
        shown.texts.push(t.money_lead());
        if found.reported.is_some() {
            shown.texts.push(done_before(visit, found.reported));
        }
        shown.facts.extend(found.amount.map(|sent| (t.money_sent(), sent.to_string())));
        let less =
            ActForm { field: Field::Line(t.money_how_much()), ..ActForm::button("less", t.money_less()) };
        let rest = vec![("none", t.money_none()), ("elsewhere", t.money_elsewhere())];
        // Each by itself: what is typed into the field goes with no other button.
        shown.forms.extend([
            ActForm::button("all", t.money_all()),
            less,
            ActForm { buttons: rest, ..ActForm::default() },
        ]);
        shown.next = found.next;
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let t = visit.t();
        let (arrival, thanks) = match body.text("do") {
            "all" => (Arrival::All, t.money_done()),
            "none" => (Arrival::Nothing, t.money_none_done()),
            "elsewhere" => (Arrival::Elsewhere, t.money_elsewhere_done()),
            "less" => (Arrival::Less(body.text("text")), t.money_done()),
            _ => return Err(Drawn::again(&carried.about, body, t.acts_choose())),
        };
        let (receipt, shown) = (&visit.session.receipt, (carried.about.as_str(), carried.shown.as_str()));
        let acted = visit.portal.requester.say_arrival(receipt, shown, arrival, act.as_try()).await;
        visit.conclude((Act::Money, thanks), (carried, body), acted)
    }
}
