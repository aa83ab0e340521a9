//! Others have seen a code: it is closed.

use axum::response::Response;
use flare_typed::text::has_visible;

use super::{ActOnPage, Drawn};
use crate::{
    act_id::Sending,
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    handlers::{Answer, Visit, too_long},
    keys::Session,
    language::written,
    requester::Way,
    to_staff,
};

/// Closes a code that others have seen.
pub(in crate::handlers) struct Seen;

impl ActOnPage for Seen {
    async fn draw(visit: &Visit, drawn: Drawn<'_>) -> Answer {
        let t = visit.t();
        let carried = visit.carried("", "")?;
        let mut shown = ActPage::new(visit.lang, Act::Seen, &carried, drawn.fault, drawn.typed);
        let no_way = visit.session.only_here.then(|| t.cannot_here());
        shown.texts =
            [t.seen_lead(), t.seen_reach()].into_iter().chain(no_way).chain([t.seen_way_hint()]).collect();
        let field = Field::Words(t.seen_way());
        shown.forms.push(ActForm { field, ..ActForm::button("close", t.seen_do()) });
        Ok(visit.act_page(drawn.status, &shown))
    }

    async fn take<'b>(
        visit: &Visit,
        act: &Sending,
        (carried, body): (&'b Carried, &'b Body),
    ) -> Result<Response, Drawn<'b>> {
        let t = visit.t();
        let way = Some(body.text("text")).filter(|text| has_visible(text));
        if let Some(fault) = way.and_then(|text| too_long(t, text)) {
            return Err(Drawn::again(&carried.about, body, fault));
        }
        let way = way.map(to_staff::safe_way);
        let receipt = &visit.session.receipt;
        let closed = match visit.portal.requester.close_code(receipt, way.as_deref(), act.as_try()).await {
            Ok(closed) => closed,
            Err(why) => return visit.undone((carried, body), &why),
        };
        let since =
            closed.since.map(|at| t.seen_since(written(at), visit.lang.distance(at, visit.portal.now())));
        let reach = match closed.way {
            Way::NoneOrThere => vec![t.seen_reach()],
            Way::TooLate => vec![t.seen_too_late(), t.seen_reach()],
            Way::Lost => vec![t.seen_way_lost()],
        };
        let texts = std::iter::once(t.seen_done()).chain(since).chain(reach);
        // Whatever is said from now on in this session is not said for the code.
        let session = Session { is_kept: false, ..visit.session.clone() };
        // Where it stands opens with this code no more.
        let said = visit.said_with(Act::Seen, texts.collect(), ("lost", t.link_lost()));
        Ok(visit.keep_as(said, &session))
    }
}
