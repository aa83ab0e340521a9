//! What a requester wants of us: a change, an end, a code closed, another look at what was declined.

use flare_edge::receipt::DeclineReason;
use flare_typed::text::has_visible;

use super::{
    Answer, Typed, Visit,
    acting::{Drawn, answered, can_be_tried, done_before, redrawn},
    fault_of,
};
use crate::{
    act_page::{ActForm, ActPage, Carried, Field},
    acts::Act,
    l10n::L10nLanguage,
    language::written,
    requester::{Acted, LONGEST_MESSAGE},
};

/// Why somebody stops, in the codes of the contract; the first where nothing is chosen.
const REASONS: [&str; 5] = ["unsaid", "helped_elsewhere", "too_dangerous", "no_longer_needed", "other"];

/// Takes a wish for more time, or for another change.
pub(super) async fn change(visit: Visit, Typed(body): Typed) -> Answer {
    let t = visit.t();
    let Some(carried) = Carried::read(&body) else { return change_page(&visit, Drawn::first(&body)) };
    let text = body.text("text");
    if let Some(fault) = fault_of(t, text) {
        return change_page(&visit, Drawn::again("", &body, fault));
    }
    if !can_be_tried(&carried) {
        return change_page(&visit, Drawn::changed("", &body, t));
    }
    let acted = visit.portal.requester.ask_change(&visit.session.receipt, text, &carried.id).await;
    match answered(&visit, Act::Change, &acted, t.acts_done()) {
        Some(answer) => answer,
        None => change_page(&visit, redrawn(t, "", &body, &acted)),
    }
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
    let t = visit.t();
    let receipt = &visit.session.receipt;
    let Some(carried) = Carried::read(&body) else {
        let stopped = visit.portal.requester.stopped(receipt).await;
        return match stopped.map_err(|why| visit.cannot_look(&why))? {
            Some(Acted::Before(at)) => Ok(visit.said_before(Act::Stop, at)),
            Some(Acted::Done | Acted::Changed | Acted::Unreadable(_)) | None => {
                stop_page(&visit, Drawn::first(&body))
            }
        };
    };
    if !can_be_tried(&carried) {
        return stop_page(&visit, Drawn::changed("", &body, t));
    }
    let chosen = REASONS.into_iter().find(|reason| *reason == body.text("why"));
    let attempt = visit.attempt(&carried);
    let acted = visit.portal.requester.stop(receipt, chosen.unwrap_or(REASONS[0]), attempt).await;
    match answered(&visit, Act::Stop, &acted, t.stop_done()) {
        Some(answer) => answer,
        None => stop_page(&visit, redrawn(t, "", &body, &acted)),
    }
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
    let t = visit.t();
    let Some(carried) = Carried::read(&body) else { return seen_page(&visit, Drawn::first(&body)) };
    let way = Some(body.text("text")).filter(|text| has_visible(text));
    if way.is_some_and(|text| text.len() > LONGEST_MESSAGE) {
        return seen_page(&visit, Drawn::again("", &body, t.messages_long()));
    }
    if !can_be_tried(&carried) {
        return seen_page(&visit, Drawn::changed("", &body, t));
    }
    let way = way.map(|text| t.seen_way_words(text));
    let closed = visit
        .portal
        .requester
        .close_code(&visit.session.receipt, way.as_deref(), visit.attempt(&carried))
        .await;
    let closed = closed.map_err(|why| visit.cannot_do(&why))?;
    let since = closed.since.map(|at| t.seen_since(written(at), visit.lang.distance(at, visit.portal.now())));
    let reach = if closed.way_is_lost { t.seen_way_lost() } else { t.seen_reach() };
    let texts = std::iter::once(t.seen_done()).chain(since).chain([reach]);
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
    let t = visit.t();
    let Some(carried) = Carried::read(&body) else { return declined(&visit, Drawn::first(&body)).await };
    let text = body.text("text");
    if text.len() > LONGEST_MESSAGE {
        return declined(&visit, Drawn::again(&carried.about, &body, t.messages_long())).await;
    }
    if !can_be_tried(&carried) {
        return declined(&visit, Drawn::changed(&carried.about, &body, t)).await;
    }
    let unsaid = t.again_no_words();
    let text = if has_visible(text) { text } else { &unsaid };
    let receipt = &visit.session.receipt;
    let acted = visit.portal.requester.ask_review(receipt, &carried.about, text, &carried.id).await;
    match answered(&visit, Act::Again, &acted, t.again_done()) {
        Some(answer) => answer,
        None => declined(&visit, redrawn(t, &carried.about, &body, &acted)).await,
    }
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
