//! Pages that say something and do nothing.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{In, Shared};
use crate::{
    l10n::L10nLanguage,
    language::Language,
    pages::{Page, Text},
    web::page,
};

fn about(lang: Language, heading: String, texts: Vec<String>) -> Text<'static> {
    Text::new(Page::new(lang, L10nLanguage::title_about), heading, texts)
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
    page(StatusCode::OK, &about(lang, t.safe_heading(), says))
}

pub(super) async fn lost(In(lang): In) -> Response {
    let t = lang.texts();
    let shown = about(lang, t.lost_heading(), vec![t.lost_goes_on(), t.lost_way()]);
    page(StatusCode::OK, &shown.leading_to("ask", t.home_start()))
}

pub(super) async fn complain(State(portal): Shared, In(lang): In) -> Response {
    let (t, contacts) = (lang.texts(), portal.settings.complaints.as_slice());
    let text = if contacts.is_empty() { t.complain_none() } else { t.complain_text() };
    page(StatusCode::OK, &about(lang, t.complain_heading(), vec![text]).with_contacts(contacts))
}
