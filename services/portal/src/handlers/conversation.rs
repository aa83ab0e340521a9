//! Reading what was written, and writing.

use axum::http::StatusCode;

use super::{Answer, Typed, Visit, Words, act_id};
use crate::{
    l10n::L10nLanguage,
    pages::{Messages, Page, ShownMessage},
    web::page,
};

/// What was written, and room to write.
pub(super) async fn messages(visit: Visit) -> Answer {
    thread(&visit, ("", None), false).await
}

/// Writes to staff.
pub(super) async fn write(visit: Visit, Typed(body): Typed) -> Answer {
    let words = match Words::read(&body, visit.lang) {
        Ok(words) => words,
        Err(again) => return thread(&visit, again, false).await,
    };
    match visit.portal.requester.write(&visit.session.receipt, words.text, words.id).await {
        Ok(()) => thread(&visit, ("", None), true).await,
        Err(why) => Err(visit.cannot_do(&why)),
    }
}

async fn thread(visit: &Visit, (typed, fault): (&str, Option<String>), sent: bool) -> Answer {
    let now = visit.portal.now();
    let messages = visit.portal.requester.messages(&visit.session.receipt).await;
    let messages = messages.map_err(|why| visit.cannot_look(&why))?;
    let shown = messages.into_iter().map(|message| ShownMessage {
        from_us: !message.is_own(),
        when: message.at.map(|at| visit.lang.distance(at, now)).unwrap_or_default(),
        text: message.text.expose().clone(),
    });
    let p = Page::new(visit.lang, L10nLanguage::title_messages);
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = Messages { p, thread: shown.collect(), sent, id: act_id(visit.lang)?, typed, fault };
    Ok(visit.keep(page(status, &shown)))
}
