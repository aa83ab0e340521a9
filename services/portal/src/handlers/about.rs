//! Pages that say something and do nothing.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{In, Shared};
use crate::{
    l10n::L10nLanguage,
    language::Language,
    pages::{Page, Text},
    web::page,
};

fn texts(
    lang: Language,
    heading: String,
    texts: Vec<String>,
    next: Option<(&'static str, String)>,
) -> Response {
    let p = Page::new(lang, L10nLanguage::title_about);
    page(StatusCode::OK, &Text { p, heading, texts, lines: &[], next })
}

pub(super) async fn safe(In(lang): In) -> Response {
    let t = lang.texts();
    let says = vec![
        t.safe_history(),
        t.safe_between(),
        t.safe_voice(),
        t.safe_recent(),
        t.safe_form(),
        t.safe_leave(),
        t.safe_code(),
    ];
    texts(lang, t.safe_heading(), says, None)
}

pub(super) async fn lost(In(lang): In) -> Response {
    let t = lang.texts();
    texts(lang, t.lost_heading(), vec![t.lost_goes_on(), t.lost_way()], Some(("ask", t.home_start())))
}

pub(super) async fn complain(State(portal): Shared, In(lang): In) -> Response {
    let p = Page::new(lang, L10nLanguage::title_about);
    let lines = portal.settings.complaints.as_slice();
    let text = if lines.is_empty() { p.t.complain_none() } else { p.t.complain_text() };
    let heading = p.t.complain_heading();
    page(StatusCode::OK, &Text { heading, texts: vec![text], lines, next: None, p })
}
