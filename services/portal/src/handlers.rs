//! The pages by their addresses. What each does stands in a module by its theme; here is what they share.

mod about;
mod acts;
mod asking;
mod code;
mod coming_back;
mod conversation;
mod more;
mod security_txt;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body as Content, to_bytes},
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use flare_contracts::{ToldRefusal, text_limits};
use flare_kernel::Timestamp;
use flare_typed::text::{characters, has_visible};
use tokio::time::timeout;

use crate::{
    Portal,
    act_id::ActId,
    answers::Body,
    figures,
    keys::Session,
    l10n::L10nLanguage,
    language::Language,
    place, refusals,
    requester::NotDone,
    web::{self, problem, with_cookie},
};

/// The largest body: every answer at its longest, each byte of it percent-encoded.
const BODY_BYTES: usize = 1024 * 1024;
/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_mins(3);

type Shared = State<Arc<Portal>>;
type Answer = Result<Response, Response>;

/// Every page.
pub(crate) fn router(portal: Arc<Portal>) -> Router {
    Router::new()
        .route("/", get(asking::home_by_guess))
        .route("/ask", get(asking::ask_by_guess))
        .route("/back", get(coming_back::back_by_guess))
        .route("/leave", get(coming_back::leave))
        .route("/{lang}", get(asking::home))
        .route("/{lang}/ask", get(asking::ask).post(asking::send))
        .route("/{lang}/check", post(code::check))
        .route("/{lang}/cannot", post(code::cannot))
        .route("/{lang}/way", post(code::way))
        .route("/{lang}/back", get(coming_back::back).post(coming_back::open))
        .route("/{lang}/status", get(coming_back::status))
        .route("/{lang}/messages", post(conversation::messages))
        .route("/{lang}/write", post(conversation::write))
        .route("/{lang}/more", post(more::more))
        .route("/{lang}/add", post(more::add))
        .route("/{lang}/step", post(acts::step))
        .route("/{lang}/safe", get(about::safe))
        .route("/{lang}/lost", get(about::lost))
        .route("/{lang}/complain", get(about::complain))
        .route("/.well-known/security.txt", get(security_txt::show))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(&portal), place::locate))
        .layer(from_fn_with_state(Arc::clone(&portal), web::guard))
        .layer(from_fn_with_state(Arc::clone(&portal), web::headers))
        .layer(from_fn(figures::count_pages))
        .with_state(portal)
}

/// The language that the address names; where it names none, there is no such page.
struct In(Language);

impl<S: Sync> FromRequestParts<S> for In {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let named = parts.uri.path().split('/').nth(1).and_then(Language::of_code);
        named.map(Self).ok_or_else(|| missing(web::language("", &parts.headers)))
    }
}

/// A form that was sent, or the page that says why it cannot be read. Its announced length is looked at before anything
/// is read.
struct Typed(Body);

impl<S: Sync> FromRequest<S> for Typed {
    type Rejection = Response;

    async fn from_request(request: Request<Content>, _: &S) -> Result<Self, Response> {
        let lang = web::language(request.uri().path(), request.headers());
        let too_large =
            || problem(StatusCode::PAYLOAD_TOO_LARGE, lang, |t| (t.too_large_heading(), t.too_large_text()));
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > BODY_BYTES) {
            return Err(too_large());
        }
        match timeout(BODY_TIME, to_bytes(request.into_body(), BODY_BYTES)).await {
            Ok(Ok(bytes)) => Ok(Self(Body::read(&bytes))),
            Ok(Err(_)) => Err(too_large()),
            Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, lang, |t| (t.away_heading(), t.away_text()))),
        }
    }
}

/// Somebody with a code at hand, before a page. Without one, they are asked for it.
struct Visit {
    portal: Arc<Portal>,
    lang: Language,
    session: Session,
}

impl FromRequestParts<Arc<Portal>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let In(lang) = In::from_request_parts(parts, portal).await?;
        let sealed = web::cookie(&parts.headers);
        match sealed.and_then(|text| Session::open(&portal.keys, text, portal.now())) {
            Some(session) => Ok(Self { portal: Arc::clone(portal), lang, session }),
            None => Err(coming_back::typed_again(lang, StatusCode::UNAUTHORIZED, L10nLanguage::session_over)),
        }
    }
}

impl Visit {
    fn t(&self) -> &'static L10nLanguage {
        self.lang.texts()
    }

    /// What a page is drawn with.
    fn act_id(&self) -> Result<ActId, Response> {
        ActId::draw(&self.session.receipt).map_err(|_| broken(self.lang))
    }

    /// The response with the session's cookie, used now.
    fn keep(&self, response: Response) -> Response {
        self.keep_as(response, &self.session)
    }

    /// The same, with what changed about the session.
    fn keep_as(&self, response: Response, session: &Session) -> Response {
        match session.seal(&self.portal.keys, self.portal.now()) {
            Ok(value) => with_cookie(response, &value),
            Err(_) => broken(self.lang),
        }
    }

    /// The page for what could not be looked up. A code that opens nothing any more must be typed again.
    fn cannot_look(&self, why: &NotDone) -> Response {
        match why {
            // A code that was drawn here a moment ago: its request may wait on our disk. Nobody is sent away for that.
            NotDone::NotFound if self.session.is_new => {
                self.keep(problem(StatusCode::NOT_FOUND, self.lang, |t| {
                    (t.status_heading(), t.back_not_found())
                }))
            }
            NotDone::NotFound => {
                coming_back::typed_again(self.lang, StatusCode::NOT_FOUND, L10nLanguage::back_not_found)
            }
            NotDone::Refused(told) => refused(self.lang, told),
            NotDone::Away => {
                problem(StatusCode::SERVICE_UNAVAILABLE, self.lang, |t| (t.status_heading(), t.back_later()))
            }
        }
    }

    /// The page for what could not be done.
    fn cannot_do(&self, why: &NotDone) -> Response {
        match why {
            NotDone::NotFound | NotDone::Refused(_) => self.cannot_look(why),
            NotDone::Away => away(self.lang),
        }
    }
}

/// Words that somebody wrote on a page, and the id under which they are sent.
struct Words<'b> {
    text: &'b str,
    id: String,
}

impl<'b> Words<'b> {
    /// The words of a form. The other side is what keeps them from being sent.
    fn read(body: &'b Body, visit: &Visit) -> Result<Self, (&'b str, Option<String>)> {
        let text = body.text("text");
        let Some(id) = ActId::read(&visit.session.receipt, body.text("id")) else {
            return Err((text, Some(visit.t().another_code())));
        };
        match fault_of(visit.t(), text) {
            None => Ok(Self { text, id: id.of_words(text) }),
            Some(fault) => Err((text, Some(fault))),
        }
    }
}

/// What keeps a written text from being sent.
fn fault_of(t: &L10nLanguage, text: &str) -> Option<String> {
    if has_visible(text) { too_long(t, text) } else { Some(t.messages_empty()) }
}

/// The same of a text that may be left out.
fn too_long(t: &L10nLanguage, text: &str) -> Option<String> {
    (characters(text) > text_limits::MESSAGE).then(|| t.messages_long())
}

fn missing(lang: Language) -> Response {
    problem(StatusCode::NOT_FOUND, lang, |t| (t.not_found_heading(), t.not_found_text()))
}

async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    missing(web::language(uri.path(), &headers))
}

fn broken(lang: Language) -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, lang, |t| (t.broken_heading(), t.broken_text()))
}

/// The page for what breaks a rule.
fn refused(lang: Language, told: &ToldRefusal) -> Response {
    problem(refusals::status(told), lang, |t| (t.refused_heading(), refusals::text(t, told)))
}

fn away(lang: Language) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, lang, |t| (t.away_heading(), t.away_text()))
}

impl Portal {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
