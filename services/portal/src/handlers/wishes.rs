//! What a requester wants of us: a change, an end, a code closed, another look at what was declined.

use axum::response::Response;
use flare_edge::receipt::DeclineReason;
use flare_typed::text::has_visible;

use super::{
    Answer, Typed, Visit,
    acting::{Drawn, done_before},
    fault_of,
};
use crate::{
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    answers::Body,
    l10n::L10nLanguage,
    language::written,
    requester::{LONGEST_MESSAGE, Stopped, Way},
    to_staff,
};

/// Why somebody stops, in the codes of the contract; the first where nothing is chosen.
const REASONS: [&str; 5] = ["unsaid", "helped_elsewhere", "too_dangerous", "no_longer_needed", "other"];

/// Takes a wish for more time, or for another change.
pub(super) async fn change(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return change_page(&visit, Drawn::first(&body));
    };
    match ask_change(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => change_page(&visit, drawn),
    }
}

async fn ask_change<'b>(visit: &Visit, carried: &'b Carried, body: &'b Body) -> Result<Response, Drawn<'b>> {
    let (t, text) = (visit.t(), body.text("text"));
    if let Some(fault) = fault_of(t, text) {
        return Err(Drawn::again(&carried.about, body, fault));
    }
    let act = visit.attempt(carried, body)?;
    let acted = visit.portal.requester.ask_change(&visit.session.receipt, text, &act.id).await;
    visit.conclude((Act::Change, t.acts_done()), (carried, body), acted)
}

fn change_page(visit: &Visit, drawn: Drawn<'_>) -> Answer {
    let t = visit.t();
    let carried = visit.carried("", "")?;
    let mut shown = ActPage::new(visit.lang, Act::Change, &carried, drawn.fault, drawn.typed);
    shown.texts.push(t.change_lead());
    let field = Field::Words(t.change_words());
    shown.forms.push(ActForm { field, ..ActForm::button("send", t.change_send()) });
    Ok(visit.act_page(drawn.status, &shown))
}

/// Withdraws the request.
pub(super) async fn stop(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        let stopped = visit.portal.requester.stopped(&visit.session.receipt).await;
        return match stopped.map_err(|why| visit.cannot_look(&why))? {
            Stopped::At(at) => Ok(visit.said_before(Act::Stop, at)),
            Stopped::No => stop_page(&visit, Drawn::first(&body)),
        };
    };
    match withdraw(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => stop_page(&visit, drawn),
    }
}

async fn withdraw<'b>(visit: &Visit, carried: &'b Carried, body: &'b Body) -> Result<Response, Drawn<'b>> {
    let act = visit.attempt(carried, body)?;
    let chosen = REASONS.into_iter().find(|reason| *reason == body.text("why")).unwrap_or(REASONS[0]);
    let acted = visit.portal.requester.stop(&visit.session.receipt, chosen, act.as_try()).await;
    visit.conclude((Act::Stop, visit.t().stop_done()), (carried, body), acted)
}

fn stop_page(visit: &Visit, drawn: Drawn<'_>) -> Answer {
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

/// Closes a code that others have seen.
pub(super) async fn seen(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return seen_page(&visit, Drawn::first(&body));
    };
    match close_code(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => seen_page(&visit, drawn),
    }
}

async fn close_code<'b>(visit: &Visit, carried: &'b Carried, body: &'b Body) -> Result<Response, Drawn<'b>> {
    let t = visit.t();
    let way = Some(body.text("text")).filter(|text| has_visible(text));
    if way.is_some_and(|text| text.len() > LONGEST_MESSAGE) {
        return Err(Drawn::again(&carried.about, body, t.messages_long()));
    }
    let act = visit.attempt(carried, body)?;
    let way = way.map(to_staff::safe_way);
    let receipt = &visit.session.receipt;
    let closed = match visit.portal.requester.close_code(receipt, way.as_deref(), act.as_try()).await {
        Ok(closed) => closed,
        Err(why) => return visit.undone((carried, body), &why),
    };
    let since = closed.since.map(|at| t.seen_since(written(at), visit.lang.distance(at, visit.portal.now())));
    let reach = match closed.way {
        Way::NoneOrThere => vec![t.seen_reach()],
        Way::TooLate => vec![t.seen_too_late(), t.seen_reach()],
        Way::Lost => vec![t.seen_way_lost()],
    };
    let texts = std::iter::once(t.seen_done()).chain(since).chain(reach);
    Ok(visit.said(Act::Seen, texts.collect()))
}

fn seen_page(visit: &Visit, drawn: Drawn<'_>) -> Answer {
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

/// Says why something was declined, and asks that somebody else looks again.
pub(super) async fn again(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return declined(&visit, Drawn::first(&body)).await;
    };
    match ask_review(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => declined(&visit, drawn).await,
    }
}

async fn ask_review<'b>(visit: &Visit, carried: &'b Carried, body: &'b Body) -> Result<Response, Drawn<'b>> {
    let (t, text) = (visit.t(), body.text("text"));
    if text.len() > LONGEST_MESSAGE {
        return Err(Drawn::again(&carried.about, body, t.messages_long()));
    }
    let act = visit.attempt(carried, body)?;
    let text = if has_visible(text) { text } else { to_staff::LOOK_AGAIN };
    let receipt = &visit.session.receipt;
    let acted = visit.portal.requester.ask_review(receipt, &carried.about, text, &act.id).await;
    visit.conclude((Act::Again, t.again_done()), (carried, body), acted)
}

async fn declined(visit: &Visit, drawn: Drawn<'_>) -> Answer {
    let t = visit.t();
    let found = visit.portal.requester.declined(&visit.session.receipt, drawn.about).await;
    let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
        return Ok(visit.nothing_to_do(Act::Again));
    };
    let carried = visit.carried(&found.need, "")?;
    let mut shown = ActPage::new(visit.lang, Act::Again, &carried, drawn.fault, drawn.typed);
    shown.texts.extend([t.again_declined(reason(t, found.reason)), t.again_not_you()]);
    shown.lines = &visit.portal.settings.helplines;
    shown.next = found.next;
    if found.asked.is_some() {
        shown.texts.extend([done_before(visit, found.asked), t.acts_before_else()]);
    } else {
        let field = Field::Words(t.again_words());
        shown.forms.push(ActForm { field, ..ActForm::button("again", t.again_send()) });
    }
    Ok(visit.act_page(drawn.status, &shown))
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
