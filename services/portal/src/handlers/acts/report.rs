//! How it went.

use axum::response::Response;

use super::{ActOnPage, Drawn, done_before};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit, fault_of},
};

/// Says how it went.
pub(in crate::handlers) struct Report;

impl ActOnPage for Report {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let found = visit.portal.requester.report_asked(&visit.session.receipt, drawn.about).await;
        let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
            return Ok(visit.nothing_to_do(Act::Report));
        };
        let carried = visit.carried(&found.grant, "")?;
        let mut shown = ActPage::new(visit.lang, Act::Report, &carried, drawn.fault, drawn.typed);
        shown.next = found.next;
        if found.reported.is_some() {
            shown.texts.extend([done_before(visit, found.reported), t.acts_before_else()]);
        } else {
            shown.texts.push(t.report_lead());
            let field = Field::Words(t.report_words());
            shown.forms.push(ActForm { field, ..ActForm::button("send", t.report_send()) });
        }
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let (t, text) = (visit.t(), body.text("text"));
        if let Some(fault) = fault_of(t, text) {
            return Err(Drawn::again(&carried.about, body, fault));
        }
        let receipt = &visit.session.receipt;
        let acted = visit.portal.requester.report(receipt, &carried.about, text, act.as_try()).await;
        visit.conclude((Act::Report, t.acts_done()), (carried, body), acted)
    }
}
