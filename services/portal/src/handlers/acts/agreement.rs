//! Whether the requester accepts the agreement.

use axum::response::Response;
use flare_edge::receipt::AgreementAnswer;

use super::{ActOnPage, Drawn, offer};
use crate::{
    act_id::Sending,
    act_page::{ActForm, Carried},
    acts::Offer,
    answers::Body,
    handlers::{Answer, Visit},
    requester::OfferAnswer,
};

/// Accepts or refuses an agreement.
pub(in crate::handlers) struct Agreement;

impl ActOnPage for Agreement {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let buttons = vec![
            ("accept", t.agreement_accept()),
            ("refuse", t.agreement_refuse()),
            ("donor", t.agreement_refuse_donor()),
        ];
        let form = ActForm { buttons, ..ActForm::default() };
        offer::draw(visit, Offer::Agreement, (t.agreement_lead(), form), drawn).await
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let t = visit.t();
        let (answer, thanks) = match body.text("do") {
            "accept" => (AgreementAnswer::Accept, t.agreement_accept_done()),
            "refuse" => (AgreementAnswer::Refuse, t.agreement_refuse_done()),
            "donor" => (AgreementAnswer::RefuseDonor, t.agreement_refuse_donor_done()),
            _ => return Err(Drawn::again(&carried.about, body, t.acts_choose())),
        };
        offer::answer(visit, act, (carried, body), (OfferAnswer::Agreement(answer), thanks)).await
    }
}
