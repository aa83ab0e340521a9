//! A request is withdrawn.

use axum::response::Response;
use flare_contracts::codes::{UNSAID, WHY_WITHDRAWN};

use super::{ActOnPage, Drawn};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit},
    requester::Stopped,
};

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
        let labels: [_; WHY_WITHDRAWN.len()] = [
            t.stop_helped_elsewhere(),
            t.stop_too_dangerous(),
            t.stop_no_longer_needed(),
            t.stop_other(),
            t.stop_unsaid(),
        ];
        let mut choices: Vec<_> = WHY_WITHDRAWN.iter().copied().zip(labels).collect();
        // Nobody must say why: not to say it, the last of the reasons, is offered first.
        choices.rotate_right(1);
        shown.forms.push(ActForm { question: t.stop_why(), choices, ..ActForm::button("stop", t.stop_do()) });
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let mut reasons = WHY_WITHDRAWN.iter().copied();
        let chosen = reasons.find(|reason| *reason == body.text("why")).unwrap_or(UNSAID);
        let acted = visit.portal.requester.stop(&visit.session.receipt, chosen, act.as_try()).await;
        visit.conclude((Act::Stop, visit.t().stop_done()), (carried, body), acted)
    }
}
