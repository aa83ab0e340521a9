//! A wish for more time, or for another change.

use axum::response::Response;

use super::{ActOnPage, Drawn};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit, fault_of},
};

/// Asks for a change.
pub(in crate::handlers) struct Change;

impl ActOnPage for Change {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let carried = visit.carried("", "")?;
        let mut shown = ActPage::new(visit.lang, Act::Change, &carried, drawn.fault, drawn.typed);
        shown.texts.push(t.change_lead());
        let field = Field::Words(t.change_words());
        shown.forms.push(ActForm { field, ..ActForm::button("send", t.change_send()) });
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
        let acted = visit.portal.requester.ask_change(&visit.session.receipt, text, &act.id).await;
        visit.conclude((Act::Change, t.acts_done()), (carried, body), acted)
    }
}
