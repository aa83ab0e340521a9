//! Answers that come later: to what was not answered yet, and to what could not be read for sure. A new answer stands
//! beside the old one.

use axum::http::StatusCode;
use flare_kernel::Date;
use flare_typed::text::has_visible;

use super::{Answer, Typed, Visit};
use crate::{
    act_id::ActId,
    answers::Answers,
    form::{fault_of_further, form_of},
    keys::Session,
    l10n::L10nLanguage,
    pages::{More, Page, Text, fault_text},
    refusals,
    requester::NotDone,
    web::page,
};

/// Asks what is left to ask.
pub(super) async fn more(visit: Visit) -> Answer {
    ask(&visit, StatusCode::OK, &Answers::default(), None).await
}

/// Adds what was answered, once however often it is sent.
pub(super) async fn add(visit: Visit, Typed(body): Typed) -> Answer {
    let answers = Answers::read(&body);
    let form = form_of(&answers);
    let Some(id) = ActId::read(&visit.session.receipt, body.text("id")) else {
        let fault = Some(visit.t().another_code());
        return ask(&visit, StatusCode::UNPROCESSABLE_ENTITY, &answers, fault).await;
    };
    if let Some(fault) = fault_of_further(&form) {
        let fault = Some(fault_text(visit.t(), fault));
        return ask(&visit, StatusCode::UNPROCESSABLE_ENTITY, &answers, fault).await;
    }
    match visit.portal.requester.add(&visit.session.receipt, &form, &id).await {
        Ok(()) => {}
        Err(NotDone::Refused(told)) => {
            let why = refusals::text(visit.t(), &told);
            return ask(&visit, refusals::status(&told), &answers, Some(why)).await;
        }
        Err(why @ (NotDone::NotFound | NotDone::Away)) => return Err(visit.cannot_do(&why)),
    }
    let today = Date::from_timestamp(visit.portal.now());
    let session = Session {
        unclear: visit.session.unclear.after(&answers, &form, today),
        only_here: visit.session.only_here && !has_visible(&answers.reach),
        ..visit.session.clone()
    };
    let p = Page::new(visit.lang, L10nLanguage::title_messages);
    let t = p.t;
    let shown = Text::new(p, t.code_heading(), vec![t.more_sent()]).leading_to("status", t.link_status());
    Ok(visit.keep_as(page(StatusCode::OK, &shown), &session))
}

async fn ask(visit: &Visit, status: StatusCode, answers: &Answers, fault: Option<String>) -> Answer {
    let unclear = visit.session.unclear;
    let questions = visit.portal.requester.questions_left(&visit.session.receipt, unclear).await;
    let questions = questions.map_err(|why| visit.cannot_look(&why))?;
    let shown = More::new(visit.lang, visit.act_id()?.into_string(), answers, (questions, unclear), fault);
    Ok(visit.keep(page(status, &shown)))
}
