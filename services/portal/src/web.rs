//! What holds for every page: whom we answer, from where a form may come, which headers go out, and how long a page is.

use std::{panic::AssertUnwindSafe, sync::Arc};

use askama::Template;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{self, HeaderName},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt as _;

use crate::{
    Portal, figures,
    language::Language,
    pages::{Page, STYLE_HASHES, Text},
    server::NoRoom,
};

/// Pages are as long as the next multiple of this, so that their length tells little.
const STEP: usize = 1024;

/// The cookie of whoever has the code at hand.
pub(crate) const COOKIE: &str = "__Host-s";

/// The language of the page that is asked for, or a first guess.
pub(crate) fn language(path: &str, headers: &HeaderMap) -> Language {
    let first = path.split('/').nth(1).unwrap_or_default();
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::of_code(first).unwrap_or_else(|| Language::guess(wanted))
}

/// A page, padded.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => padded(status, html),
        Err(_) => cannot_be_written(),
    }
}

/// For a page whose template cannot be filled, which no input can bring about.
pub(crate) fn cannot_be_written() -> Response {
    tracing::error!("a page could not be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// A page as it is sent: padded to a multiple of [`STEP`], so that its length hardly tells which page it is.
pub(crate) fn padded(status: StatusCode, mut html: String) -> Response {
    html.extend(std::iter::repeat_n(' ', html.len().next_multiple_of(STEP) - html.len()));
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (status, kind, html).into_response()
}

/// A page that says what is wrong, in two texts of the catalogue.
pub(crate) fn problem(
    status: StatusCode,
    lang: Language,
    texts: impl FnOnce(&crate::l10n::L10nLanguage) -> (String, String),
) -> Response {
    let p = Page::at_fault(lang, crate::l10n::L10nLanguage::title_about);
    let (heading, text) = texts(p.t);
    page(status, &Text::new(p, heading, vec![text]))
}

/// Another page, to be fetched with GET.
pub(crate) fn see(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// The value of our cookie, if there is one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Sets our cookie for as long as the browser runs, or takes it away when `value` is empty.
pub(crate) fn with_cookie(mut response: Response, value: &str) -> Response {
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The outermost layer: whatever is answered, refusals too, carries these headers.
pub(crate) async fn headers(
    State(portal): State<Arc<Portal>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let lang = language(&path, request.headers());
    // Whatever panicked is dropped and never looked at again.
    let mut response = AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        figures::panicked();
        problem(StatusCode::INTERNAL_SERVER_ERROR, lang, |t| (t.broken_heading(), t.broken_text()))
    });
    // Paths name a page and nobody, so they may stand in a header.
    let onion = portal.settings.onion.as_ref().map(|onion| HeaderValue::from_str(&format!("{onion}{path}")));
    if let Some(Ok(onion)) = onion {
        response.headers_mut().insert(HeaderName::from_static("onion-location"), onion);
    }
    if portal.settings.over_tls {
        let two_years = HeaderValue::from_static("max-age=63072000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    let [style, small] = &*STYLE_HASHES;
    let policy = format!(
        "default-src 'none'; style-src '{style}' '{small}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), interest-cohort=()",
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers only to our own names, so that no other name can be made to lead here, and takes forms from our own pages only.
pub(crate) async fn guard(State(portal): State<Arc<Portal>>, request: Request<Body>, next: Next) -> Response {
    let lang = language(request.uri().path(), request.headers());
    let Some(host) = our_host(&portal.settings.hosts, request.uri(), request.headers()) else {
        return problem(StatusCode::MISDIRECTED_REQUEST, lang, |t| {
            (t.not_found_heading(), t.not_found_text())
        });
    };
    if request.extensions().get::<NoRoom>().is_some() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, lang, |t| (t.away_heading(), t.away_text()));
    }
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !only_reads && !comes_from_us(portal.settings.scheme(host), host, request.headers()) {
        return problem(StatusCode::FORBIDDEN, lang, |t| (t.elsewhere_heading(), t.elsewhere_text()));
    }
    next.run(request).await
}

/// The name under which a request reached us, which [`guard`] found to be one of ours.
pub(crate) fn host(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_owned()
}

/// The one `Host` of a request, if it is one of `ours` and the address names no other.
fn our_host<'a>(ours: &'a [String], address: &Uri, headers: &HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, None) = (hosts.next()?.to_str().ok()?, hosts.next()) else { return None };
    let is_same = address.authority().is_none_or(|named| named.as_str() == host);
    ours.iter().map(String::as_str).find(|our| *our == host && is_same)
}

/// Whether a form was sent from a page of ours, which has this scheme and host. Browsers that say nothing of it cannot be told from one another; the
/// session's cookie is same-site only.
fn comes_from_us(scheme: &str, host: &str, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://") == Some((scheme, host)));
    site.is_none_or(|site| matches!(site, "same-origin" | "none")) && origin.unwrap_or(true)
}
