//! Whether what we propose is right.

use axum::response::Response;
use flare_typed::text::has_visible;

use super::{ActOnPage, Drawn, offer};
use crate::{
    act_id::Sending,
    act_page::{ActForm, Carried, Field},
    acts::Offer,
    answers::Body,
    handlers::{Answer, Visit, fault_of},
    requester::OfferAnswer,
};

/// Says whether a proposal is right.
pub(in crate::handlers) struct Proposal;

impl ActOnPage for Proposal {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let form = ActForm {
            field: Field::Words(t.proposal_words()),
            buttons: vec![("agree", t.proposal_agree()), ("wrong", t.proposal_wrong())],
            ..ActForm::default()
        };
        offer::draw(visit, Offer::Proposal, (t.proposal_lead(), form), drawn).await
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let t = visit.t();
        let words = Some(body.text("text")).filter(|text| has_visible(text));
        let fault = fault_of(t, body.text("text"));
        let (agrees, thanks, fault) = match body.text("do") {
            // Words are not asked for then, but whatever is written goes with it.
            "agree" => (true, t.proposal_agree_done(), fault.filter(|_| words.is_some())),
            "wrong" => (false, t.proposal_wrong_done(), fault),
            _ => (false, String::new(), Some(t.acts_choose())),
        };
        if let Some(fault) = fault {
            return Err(Drawn::again(&carried.about, body, fault));
        }
        offer::answer(visit, act, (carried, body), (OfferAnswer::Proposal(agrees, words), thanks)).await
    }
}
