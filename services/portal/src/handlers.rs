//! One function for each page.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body as Content, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::{from_fn, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use data_encoding::HEXLOWER;
use flare_kernel::Timestamp;
use flare_seal::{Receipt, ReceiptError, ReceiptForm};
use flare_typed::text::{digit, has_visible, is_invisible};
use tokio::time::timeout;

use crate::{
    Portal,
    answers::{Answers, Body},
    keys::{Session, Slip},
    l10n::L10nLanguage,
    language::{Language, due, written},
    pages::{Ask, Back, Cannot, Code, Home, Messages, Page, ShownMessage, Status, Text},
    requester::{LONGEST_MESSAGE, NotDone, Sent, Turn},
    web::{self, page, problem, see, with_cookie},
};

/// The largest body: every answer at its longest, each byte of it percent-encoded.
const BODY_BYTES: usize = 1024 * 1024;
/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_mins(3);

type Shared = State<Arc<Portal>>;

/// Every page.
pub(crate) fn router(portal: Arc<Portal>) -> Router {
    Router::new()
        .route("/", get(home_by_guess))
        .route("/ask", get(ask_by_guess))
        .route("/back", get(back_by_guess))
        .route("/leave", get(leave))
        .route("/{lang}", get(home))
        .route("/{lang}/ask", get(ask).post(send))
        .route("/{lang}/check", post(check))
        .route("/{lang}/cannot", post(cannot))
        .route("/{lang}/way", post(way))
        .route("/{lang}/back", get(back).post(open))
        .route("/{lang}/status", get(status))
        .route("/{lang}/messages", post(messages))
        .route("/{lang}/write", post(write))
        .route("/{lang}/safe", get(safe))
        .route("/{lang}/lost", get(lost))
        .route("/{lang}/complain", get(complain))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(&portal), web::guard))
        .layer(from_fn(web::headers))
        .with_state(portal)
}

/// The language that the address names, or the page that says that there is no such page.
fn named(code: &str, headers: &HeaderMap) -> Result<Language, Response> {
    Language::of_code(code).ok_or_else(|| missing(web::language("", headers)))
}

fn missing(lang: Language) -> Response {
    let p = Page::at_fault(lang, L10nLanguage::title_about);
    let (heading, text) = (p.t.not_found_heading(), p.t.not_found_text());
    page(StatusCode::NOT_FOUND, &Text { p, heading, texts: vec![text], lines: &[], next: None })
}

async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    missing(web::language(uri.path(), &headers))
}

fn broken(lang: Language) -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, lang, |t| (t.broken_heading(), t.broken_text()))
}

fn away(lang: Language) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, lang, |t| (t.away_heading(), t.away_text()))
}

/// The body of a form, or the page that says why not. Its announced length is looked at before anything is read.
async fn body(request: Request<Content>, lang: Language) -> Result<Body, Response> {
    let too_large =
        || problem(StatusCode::PAYLOAD_TOO_LARGE, lang, |t| (t.too_large_heading(), t.too_large_text()));
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > BODY_BYTES) {
        return Err(too_large());
    }
    match timeout(BODY_TIME, to_bytes(request.into_body(), BODY_BYTES)).await {
        Ok(Ok(bytes)) => Ok(Body::read(&bytes)),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, lang, |t| (t.away_heading(), t.away_text()))),
    }
}

impl Portal {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn home(&self, lang: Language) -> Response {
        let now = self.now();
        let t = lang.texts();
        let again = self.settings.reading.again(now);
        let reading = match again {
            None => t.home_reading(),
            Some(again) => t.home_reading_again(lang.distance(again, now)),
        };
        let critical = again.is_some() && self.settings.critical_at_any_hour;
        page(StatusCode::OK, &Home::new(lang, reading, critical, &self.settings.helplines))
    }

    fn ask(&self, lang: Language) -> Response {
        let slip = Slip::draw(self.now()).and_then(|slip| slip.seal(&self.keys));
        match slip {
            Ok(slip) => page(StatusCode::OK, &Ask::new(lang, slip, &Answers::default(), &[])),
            Err(_) => broken(lang),
        }
    }

    /// By when a new request is read: the later of its target and the target counted from when somebody reads again.
    fn read_by(&self, answers_danger: bool, answers: &Answers, now: Timestamp) -> Timestamp {
        let targets = &self.settings.targets;
        let says = |text: &str| has_visible(text);
        let is_critical = answers_danger || says(&answers.day);
        let (hours, at_any_hour) = if is_critical {
            (targets.critical, self.settings.critical_at_any_hour)
        } else if says(&answers.week) || !says(&answers.month) {
            (targets.urgent, false)
        } else {
            (targets.standard, false)
        };
        due(now, hours, self.settings.reading.again(now).filter(|_| !at_any_hour))
    }

    fn session(&self, headers: &HeaderMap, lang: Language) -> Result<Session, Response> {
        let session = web::cookie(headers).and_then(|text| Session::open(&self.keys, text, self.now()));
        session.ok_or_else(|| {
            let texts = lang.texts();
            let response = page(
                StatusCode::UNAUTHORIZED,
                &Back {
                    p: Page::new(lang, L10nLanguage::title_back),
                    faults: vec![texts.session_over()],
                    typed: "",
                },
            );
            with_cookie(response, "")
        })
    }

    /// The response with the session's cookie, used now.
    fn keep(&self, response: Response, session: &Session, lang: Language) -> Response {
        match session.seal(&self.keys, self.now()) {
            Ok(value) => with_cookie(response, &value),
            Err(_) => broken(lang),
        }
    }
}

async fn home_by_guess(State(portal): Shared, headers: HeaderMap) -> Response {
    portal.home(web::language("", &headers))
}

async fn ask_by_guess(State(portal): Shared, headers: HeaderMap) -> Response {
    portal.ask(web::language("", &headers))
}

async fn back_by_guess(headers: HeaderMap) -> Response {
    empty_back(web::language("", &headers))
}

async fn home(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    Ok(portal.home(named(&code, &headers)?))
}

async fn ask(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    Ok(portal.ask(named(&code, &headers)?))
}

/// Another site, with our cookie gone and no word of ours on the way.
async fn leave(State(portal): Shared) -> Response {
    with_cookie(see(&portal.settings.leave), "")
}

/// Sends the form, or shows it again in another language or with what keeps it from being sent.
async fn send(
    State(portal): Shared,
    Path(code): Path<String>,
    request: Request<Content>,
) -> Result<Response, Response> {
    let lang = named(&code, request.headers())?;
    let body = body(request, lang).await?;
    let now = portal.now();
    let carried = body.text("f").to_owned();
    let Some(slip) = Slip::open(&portal.keys, &carried, now) else {
        return Err(altered(lang));
    };
    let answers = Answers::read(&body);
    if let Some(other) = Language::of_code(body.text("to")) {
        return Ok(page(StatusCode::OK, &Ask::new(other, carried, &answers, &[])));
    }
    let faults = answers.faults();
    if !faults.is_empty() {
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &Ask::new(lang, carried, &answers, &faults)));
    }
    let sent = match portal.requester.send(&slip, &answers).await {
        Ok(sent) => sent,
        Err(NotDone::Faults(faults)) => {
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &Ask::new(lang, carried, &answers, &faults)));
        }
        Err(NotDone::NotFound | NotDone::Away) => return Err(away(lang)),
    };
    let begun = Session::begin(slip.receipt(), now);
    let session = Session { is_new: true, only_here: answers.only_here(), ..begun };
    let by = portal.read_by(answers.danger == "yes", &answers, now);
    let by = lang.texts().code_by(lang.distance(by, now), written(by));
    let code = code_page(lang, &session.receipt, by, sent == Sent::OtherWords, false);
    Ok(portal.keep(page(StatusCode::OK, &code), &session, lang))
}

fn altered(lang: Language) -> Response {
    let p = Page::at_fault(lang, L10nLanguage::title_about);
    let t = p.t;
    let texts = vec![t.altered_text(), t.safe_history(), t.safe_between(), t.safe_recent(), t.safe_form()];
    let next = Some(("ask", t.home_start()));
    page(StatusCode::BAD_REQUEST, &Text { heading: t.altered_heading(), texts, lines: &[], next, p })
}

fn code_page(lang: Language, receipt: &Receipt, by: String, other_words: bool, wrong: bool) -> Code {
    let pieces = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    Code {
        p: Page::new(lang, L10nLanguage::title_code),
        by,
        other_words,
        words_first: lang == Language::En,
        groups: pieces(receipt.digits().into_inner()),
        words: pieces(receipt.words().into_inner()),
        places: asked_pieces(receipt),
        wrong,
    }
}

/// The two pieces that are asked back, the same ones each time: two of the eight groups, or words of the same places.
fn asked_pieces(receipt: &Receipt) -> [usize; 2] {
    let lookup = receipt.lookup_id();
    let first = usize::from(lookup[0] % 4) + 1;
    [first, first + 1 + usize::from(lookup[1] % 4)]
}

/// Compares two pieces of a code that its holder wrote down.
async fn check(
    State(portal): Shared,
    Path(code): Path<String>,
    request: Request<Content>,
) -> Result<Response, Response> {
    let lang = named(&code, request.headers())?;
    let session = portal.session(request.headers(), lang)?;
    let body = body(request, lang).await?;
    let plain = |text: &str| {
        let seen = text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c));
        seen.map(|c| digit(c).unwrap_or(c)).collect::<String>().to_lowercase()
    };
    let (words, digits) = (session.receipt.words(), session.receipt.digits());
    let is_right = asked_pieces(&session.receipt).into_iter().all(|place| {
        let typed = plain(body.text(&format!("p{place}")));
        let piece = |text: &str| text.split(' ').nth(place - 1).is_some_and(|piece| piece == typed);
        piece(words.expose()) || piece(digits.expose())
    });
    if !is_right && session.is_new {
        let code = code_page(lang, &session.receipt, String::new(), false, true);
        return Ok(portal.keep(page(StatusCode::UNPROCESSABLE_ENTITY, &code), &session, lang));
    }
    let p = Page::new(lang, L10nLanguage::title_code);
    let heading = if is_right { p.t.code_check_right() } else { p.t.code_check_wrong() };
    let next = Some(("status", p.t.code_kept()));
    let text = Text { heading, texts: Vec::new(), lines: &[], next, p };
    Ok(portal.keep(page(StatusCode::OK, &text), &session, lang))
}

/// Says what happens to whoever cannot keep the code.
async fn cannot(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
    let session = portal.session(&headers, lang)?;
    let response = if session.only_here {
        page(
            StatusCode::OK,
            &Cannot {
                p: Page::new(lang, L10nLanguage::title_code),
                id: act_id(lang)?,
                text: "",
                fault: None,
            },
        )
    } else {
        reached(lang)
    };
    Ok(portal.keep(response, &session, lang))
}

fn reached(lang: Language) -> Response {
    let p = Page::new(lang, L10nLanguage::title_code);
    let (heading, texts) = (p.t.cannot_heading(), vec![p.t.cannot_reach()]);
    page(StatusCode::OK, &Text { p, heading, texts, lines: &[], next: None })
}

/// Takes one safe way to reach whoever cannot keep the code.
async fn way(
    State(portal): Shared,
    Path(code): Path<String>,
    request: Request<Content>,
) -> Result<Response, Response> {
    let lang = named(&code, request.headers())?;
    let session = portal.session(request.headers(), lang)?;
    let body = body(request, lang).await?;
    let (text, id) = (body.text("text"), body.text("id"));
    let fault = if has_visible(text) { too_long(lang, text) } else { Some(lang.texts().messages_empty()) };
    if fault.is_some() || !is_act_id(id) {
        let p = Page::new(lang, L10nLanguage::title_code);
        let response = page(StatusCode::UNPROCESSABLE_ENTITY, &Cannot { p, id: act_id(lang)?, text, fault });
        return Ok(portal.keep(response, &session, lang));
    }
    let text = format!("A safe way to reach me: {text}");
    match portal.requester.write(&session.receipt, &text, id).await {
        Ok(()) => Ok(portal.keep(reached(lang), &Session { only_here: false, ..session }, lang)),
        Err(_) => Err(away(lang)),
    }
}

fn too_long(lang: Language, text: &str) -> Option<String> {
    (text.len() > LONGEST_MESSAGE).then(|| lang.texts().messages_long())
}

/// What tells one writing from another, so that a double click is one message.
fn act_id(lang: Language) -> Result<String, Response> {
    flare_kernel::random::<16>().map(|bytes| HEXLOWER.encode(&bytes)).map_err(|_| broken(lang))
}

fn is_act_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn empty_back(lang: Language) -> Response {
    let p = Page::new(lang, L10nLanguage::title_back);
    page(StatusCode::OK, &Back { p, faults: Vec::new(), typed: "" })
}

async fn back(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Response> {
    Ok(empty_back(named(&code, &headers)?))
}

/// Opens what a code opens, or says which piece of it is off.
async fn open(
    State(portal): Shared,
    Path(code): Path<String>,
    request: Request<Content>,
) -> Result<Response, Response> {
    let lang = named(&code, request.headers())?;
    let body = body(request, lang).await?;
    let typed = body.text("code");
    let again = |status, faults| {
        page(status, &Back { p: Page::at_fault(lang, L10nLanguage::title_back), faults, typed })
    };
    let receipt = match Receipt::parse(typed) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, what_is_off(lang, error))),
    };
    match portal.requester.look(&receipt).await {
        Ok(_) => {
            let session = Session::begin(receipt, portal.now());
            Ok(portal.keep(see(&format!("/{}/status", lang.code())), &session, lang))
        }
        Err(NotDone::NotFound) => Ok(again(StatusCode::NOT_FOUND, vec![lang.texts().back_not_found()])),
        Err(NotDone::Away | NotDone::Faults(_)) => {
            Ok(again(StatusCode::SERVICE_UNAVAILABLE, vec![lang.texts().back_later()]))
        }
    }
}

fn what_is_off(lang: Language, error: ReceiptError) -> Vec<String> {
    let t = lang.texts();
    match error {
        ReceiptError::Empty | ReceiptError::TooLong => vec![t.back_empty()],
        ReceiptError::Mixed => vec![t.back_mixed()],
        ReceiptError::Count { form: ReceiptForm::Words, found, expected } => {
            vec![t.back_words_count(found, expected)]
        }
        ReceiptError::Count { form: ReceiptForm::Digits, found, expected } => {
            vec![t.back_digits_count(found, expected)]
        }
        ReceiptError::UnknownWord { position, nearest } => {
            let nearest = nearest.map(|word| t.back_nearest(word));
            std::iter::once(t.back_word(position)).chain(nearest).collect()
        }
        ReceiptError::Checksum => vec![t.back_order()],
        ReceiptError::GroupLength { group, .. }
        | ReceiptError::GroupCheck { group }
        | ReceiptError::GroupRange { group } => vec![t.back_group(group)],
    }
}

/// Where the request stands.
async fn status(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
    let session = portal.session(&headers, lang)?;
    let (now, t) = (portal.now(), lang.texts());
    let Ok(standing) = portal.requester.look(&session.receipt).await else {
        return Err(problem(StatusCode::SERVICE_UNAVAILABLE, lang, |t| (t.status_heading(), t.back_later())));
    };
    let turn = match standing.turn {
        Turn::Ours(None) => t.status_ours_open(),
        Turn::Ours(Some(by)) if by < now => t.status_late(written(by), lang.distance(by, now)),
        Turn::Ours(Some(by)) => t.status_ours(lang.distance(by, now), written(by)),
        Turn::Theirs => t.status_theirs(),
        Turn::Paused => t.status_paused(),
        Turn::Ended => t.status_ended(),
    };
    let since = standing.since.map(|since| t.status_since(lang.distance(since, now)));
    let response =
        page(StatusCode::OK, &Status { p: Page::new(lang, L10nLanguage::title_messages), turn, since });
    // The code is not shown again to whoever went on from it.
    Ok(portal.keep(response, &Session { is_new: false, ..session }, lang))
}

/// What was written, and room to write.
async fn messages(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
    let session = portal.session(&headers, lang)?;
    portal.thread(lang, session, ("", None), false).await
}

impl Portal {
    async fn thread(
        &self,
        lang: Language,
        session: Session,
        (typed, fault): (&str, Option<String>),
        sent: bool,
    ) -> Result<Response, Response> {
        let now = self.now();
        let Ok(messages) = self.requester.messages(&session.receipt).await else {
            return Err(problem(StatusCode::SERVICE_UNAVAILABLE, lang, |t| {
                (t.status_heading(), t.back_later())
            }));
        };
        let messages = messages.into_iter().map(|message| ShownMessage {
            from_us: !message.is_own(),
            when: message.at.map(|at| lang.distance(at, now)).unwrap_or_default(),
            text: message.text.expose().clone(),
        });
        let p = Page::new(lang, L10nLanguage::title_messages);
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let shown = Messages { p, thread: messages.collect(), sent, id: act_id(lang)?, typed, fault };
        Ok(self.keep(page(status, &shown), &session, lang))
    }
}

/// Writes to staff.
async fn write(
    State(portal): Shared,
    Path(code): Path<String>,
    request: Request<Content>,
) -> Result<Response, Response> {
    let lang = named(&code, request.headers())?;
    let session = portal.session(request.headers(), lang)?;
    let body = body(request, lang).await?;
    let (text, id) = (body.text("text"), body.text("id"));
    let fault = if has_visible(text) { too_long(lang, text) } else { Some(lang.texts().messages_empty()) };
    if fault.is_some() || !is_act_id(id) {
        return portal.thread(lang, session, (text, fault), false).await;
    }
    match portal.requester.write(&session.receipt, text, id).await {
        Ok(()) => portal.thread(lang, session, ("", None), true).await,
        Err(_) => Err(away(lang)),
    }
}

fn texts(
    lang: Language,
    heading: String,
    texts: Vec<String>,
    next: Option<(&'static str, String)>,
) -> Response {
    let p = Page::new(lang, L10nLanguage::title_about);
    page(StatusCode::OK, &Text { p, heading, texts, lines: &[], next })
}

async fn safe(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
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
    Ok(texts(lang, t.safe_heading(), says, None))
}

async fn lost(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
    let t = lang.texts();
    Ok(texts(lang, t.lost_heading(), vec![t.lost_goes_on(), t.lost_way()], Some(("ask", t.home_start()))))
}

async fn complain(
    State(portal): Shared,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let lang = named(&code, &headers)?;
    let p = Page::new(lang, L10nLanguage::title_about);
    let lines = portal.settings.complaints.as_slice();
    let text = if lines.is_empty() { p.t.complain_none() } else { p.t.complain_text() };
    Ok(page(
        StatusCode::OK,
        &Text { heading: p.t.complain_heading(), texts: vec![text], lines, next: None, p },
    ))
}
