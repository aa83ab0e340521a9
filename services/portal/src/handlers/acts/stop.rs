//! A request is withdrawn.

use axum::response::Response;

use super::{ActOnPage, Drawn};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit},
    requester::Stopped,
};

/// Why somebody stops, in the codes of the contract; the first where nothing is chosen.
const REASONS: [&str; 5] = ["unsaid", "helped_elsewhere", "too_dangerous", "no_longer_needed", "other"];

/// Withdraws the request.
pub(in crate::handlers) struct Stop;

impl ActOnPage for Stop {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let stopped = visit.portal.requester.stopped(&visit.session.receipt).await;
        if let Stopped::At(at) = stopped.map_err(|why| visit.cannot_look(&why))? {
            return Ok(visit.said_before(Act::Stop, at));
        }
        let t = visit.t();
        let carried = visit.carried("", "")?;
        let mut shown = ActPage::new(visit.lang, Act::Stop, &carried, drawn.fault, drawn.typed);
        shown.texts.push(t.stop_lead());
        let labels = [
            t.stop_unsaid(),
            t.stop_helped_elsewhere(),
            t.stop_too_dangerous(),
            t.stop_no_longer_needed(),
            t.stop_other(),
        ];
        shown.forms.push(ActForm {
            question: t.stop_why(),
            choices: REASONS.into_iter().zip(labels).collect(),
            ..ActForm::button("stop", t.stop_do())
        });
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let chosen = REASONS.into_iter().find(|reason| *reason == body.text("why")).unwrap_or(REASONS[0]);
        let acted = visit.portal.requester.stop(&visit.session.receipt, chosen, act.as_try()).await;
        visit.conclude((Act::Stop, visit.t().stop_done()), (carried, body), acted)
    }
}
