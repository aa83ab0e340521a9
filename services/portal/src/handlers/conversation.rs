//! Reading what was written, and writing.

use axum::http::StatusCode;
use flare_edge::receipt::Message;

use super::{Answer, Typed, Visit, Words, acts::buttons};
use crate::{
    l10n::L10nLanguage,
    pages::{Messages, Page, ShownMessage},
    refusals,
    requester::NotDone,
    web::page,
};

/// What was written, and room to write.
pub(super) async fn messages(visit: Visit) -> Answer {
    thread(&visit, StatusCode::OK, ("", None), false).await
}

/// Writes to staff.
pub(super) async fn write(visit: Visit, Typed(body): Typed) -> Answer {
    let words = match Words::read(&body, &visit) {
        Ok(words) => words,
        Err(again) => return thread(&visit, StatusCode::UNPROCESSABLE_ENTITY, again, false).await,
    };
    let question = Some(body.text("q")).filter(|question| !question.is_empty());
    match visit.portal.requester.write(&visit.session.receipt, question, words.text, &words.id).await {
        Ok(()) => thread(&visit, StatusCode::OK, ("", None), true).await,
        Err(NotDone::Refused(told)) => {
            let why = refusals::text(visit.t(), &told);
            thread(&visit, refusals::status(&told), (words.text, Some(why)), false).await
        }
        Err(why @ (NotDone::NotFound | NotDone::Away)) => Err(visit.cannot_do(&why)),
    }
}

async fn thread(
    visit: &Visit,
    status: StatusCode,
    (typed, fault): (&str, Option<String>),
    sent: bool,
) -> Answer {
    let (now, lang) = (visit.portal.now(), visit.lang);
    let written = visit.portal.requester.conversation(&visit.session.receipt).await;
    let written = written.map_err(|why| visit.cannot_look(&why))?;
    let is_asked = |message: &Message| written.asked.contains(&message.message_id);
    let asked = written.messages.iter().filter(|message| is_asked(message));
    let asked = asked.map(|message| message.text.expose().clone()).collect();
    let shown = written.messages.iter().map(|message| ShownMessage {
        from_us: !message.is_own(),
        when: message.at.map(|at| lang.distance(at, now)).unwrap_or_default(),
        text: message.text.expose().clone(),
    });
    let question = written.asked.last().cloned().unwrap_or_default();
    let p = Page::new(lang, L10nLanguage::title_messages);
    let unopened = (written.unopened > 0).then(|| p.t.messages_unopened(written.unopened));
    let (acts, thread) = (buttons(lang, &written.acts), shown.collect());
    let shown = Messages {
        p,
        acts,
        asked,
        question,
        unopened,
        thread,
        sent,
        id: visit.act_id()?.into_string(),
        typed,
        fault,
    };
    Ok(visit.keep(page(status, &shown)))
}
