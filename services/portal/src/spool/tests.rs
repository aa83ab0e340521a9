//! Services that go away and come back, processes that die between any two steps, and what then lies on the disk.

mod clocks;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Request as HttpRequest, StatusCode, header},
};
use flare_contracts::{
    Cause, Refusal, fingerprint,
    identity::v1::{GetKeyBundleResponse, TeamKey as WireTeamKey},
    intake::v1::{GetStatusResponse, SubmitRequestRequest, SubmitRequestResponse},
};
use flare_edge::{Form, IfNothing, KeyBundle, Lines, Team, receipt::Request};
use flare_kernel::Duration;
use flare_seal::{
    OrganisationSeed, PortalKey, Receipt, RecipientSecret, RequestSeed, TeamKey, sign_recovery_key,
    sign_team_key,
};
use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;
use prost::Message;
use tempfile::TempDir;
use tonic::Status;
use tower::{ServiceExt as _, service_fn};

use super::{
    Kept, Name, RESERVE, Spool, SpoolFigures,
    folder::KEPT,
    waiting_room::{Drain, Pass, WaitingRoom},
};
use crate::{
    Portal, PortalKeys,
    act_id::ActId,
    keys::Slip,
    tests::{Fixed, HOST, LANGUAGES, keys, settings},
};
use flare_access::{Clock as _, Place};

const ROOMY: u64 = 64 * 1024 * 1024;

/// How the services answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Weather {
    #[default]
    Fine,
    Away,
    /// Intake does what it is asked, and its answer comes too late.
    Late,
    /// Identity answers, intake does not.
    IntakeAway,
    /// Everything answers, and takes no more requests from this place for an hour.
    Limited,
    /// Intake refuses what it is sent.
    Refusing,
}

/// Identity and intake, as far as a request needs them.
#[derive(Clone, Default)]
struct Services(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    weather: Weather,
    generation: u32,
    /// What each case holds.
    cases: BTreeMap<String, [u8; 32]>,
}

impl Services {
    fn set(&self, weather: Weather) {
        self.0.lock().unwrap().weather = weather;
    }

    fn cases(&self) -> BTreeMap<String, [u8; 32]> {
        self.0.lock().unwrap().cases.clone()
    }

    fn lines(&self) -> Lines {
        let services = self.clone();
        Lines::all(&service_fn(move |request: HttpRequest<tonic::body::Body>| {
            let services = services.clone();
            async move {
                let rpc = request.uri().path().rsplit('/').next().unwrap().to_owned();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let answer = services.answer(&rpc, body.get(5..).unwrap_or_default());
                Ok::<_, Infallible>(answer.map_or_else(Status::into_http, framed))
            }
        }))
    }

    fn answer(&self, rpc: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        let mut inside = self.0.lock().unwrap();
        let away = Err(Refusal::from(Cause::StoreUnavailable).into());
        match (rpc, inside.weather) {
            (_, Weather::Away) | ("SubmitRequest", Weather::IntakeAway) => away,
            ("SubmitRequest", Weather::Limited) => {
                Err(Refusal::from(Cause::TooManyCalls).retry_after(std::time::Duration::from_hours(1)).into())
            }
            ("GetStatus", Weather::Limited) if !inside.cases.is_empty() => {
                let case_id = inside.cases.keys().next().unwrap().clone();
                Ok(GetStatusResponse { case_id, version: 1, ..GetStatusResponse::default() }.encode_to_vec())
            }
            ("SubmitRequest", Weather::Refusing) => Err(Refusal::from(Cause::CaseClosed).into()),
            ("GetKeyBundle", _) => Ok(answered_keys(inside.generation + 1).encode_to_vec()),
            ("SubmitRequest", weather) => {
                let request = SubmitRequestRequest::decode(message).unwrap();
                let case = request.case_id.clone();
                let content = content(&request);
                if *inside.cases.entry(case.clone()).or_insert(content) != content {
                    return Err(Refusal::from(Cause::AlreadySubmitted).into());
                }
                if weather == Weather::Late {
                    return Err(Refusal::from(Cause::DeadlineExceeded).into());
                }
                Ok(SubmitRequestResponse { case_id: case, version: 1, received: None }.encode_to_vec())
            }
            ("GetStatus", _) => Err(Refusal::from(Cause::UnknownReceipt).into()),
            ("AddAnswers", Weather::Limited) => {
                Err(Refusal::from(Cause::TooBusy).retry_after(std::time::Duration::from_hours(1)).into())
            }
            (rpc, _) => panic!("{rpc}"),
        }
    }
}

/// What intake takes for the content of a request.
fn content(request: &SubmitRequestRequest) -> [u8; 32] {
    let same = SubmitRequestRequest { keys: Vec::new(), request_id: String::new(), ..request.clone() };
    fingerprint(&same).unwrap()
}

fn framed(message: Vec<u8>) -> axum::http::Response<tonic::body::Body> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let ended = HeaderMap::from_iter([(
        header::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(ended)) });
    axum::http::Response::builder()
        .header(header::CONTENT_TYPE, "application/grpc")
        .body(tonic::body::Body::new(body))
        .unwrap()
}

fn answered_keys(generation: u32) -> GetKeyBundleResponse {
    let (seed, secret) = (OrganisationSeed::from_bytes([0x42; 32]), RecipientSecret::from_bytes([0x24; 32]));
    let team_keys = Team::ALL.map(|team| {
        let key = TeamKey { team: team.as_str().to_owned(), generation, public: secret.public().unwrap() };
        let (signature, public_key) = (sign_team_key(&seed, &key).to_vec(), key.public.to_bytes());
        WireTeamKey { team: key.team, generation, public_key, signature }
    });
    let recovery = seed.recovery().public().unwrap();
    GetKeyBundleResponse {
        organisation: "Press Aid".to_owned(),
        organisation_key: seed.signer().public().to_vec(),
        recovery_key: recovery.to_bytes(),
        team_keys: team_keys.into(),
        recovery_signature: sign_recovery_key(&seed, &recovery).to_vec(),
    }
}

fn bundle(generation: u32) -> KeyBundle {
    KeyBundle::from_bytes(&answered_keys(generation).encode_to_vec(), None).unwrap()
}

fn request(form: u8, words: u8) -> Request {
    let form_of = Form {
        happened: format!("They came, and {words} of them stayed."),
        contact: "Signal".to_owned(),
        ..Form::default()
    };
    let (receipt, seed) = (Receipt::from_bytes([form; 15]), RequestSeed::from_bytes([form; 32]));
    Request::of_form(&bundle(1), &form_of, (&receipt, &seed)).unwrap()
}

const fn ids(form: u8, words: u8) -> ([u8; 16], [u8; 16]) {
    ([form; 16], [words; 16])
}

fn room_with(folder: &Path, services: &Services, keys: PortalKeys) -> (Spool, WaitingRoom) {
    let spool = Spool::open(folder, ROOMY).unwrap();
    let room = WaitingRoom::new(&spool, Arc::new(keys), services.lines(), Arc::new(Fixed), None);
    (spool, room)
}

fn room(folder: &Path, services: &Services) -> (Spool, WaitingRoom) {
    room_with(folder, services, keys())
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
    };
    entries.map(read).collect()
}

struct Page {
    status: StatusCode,
    html: String,
    cookie: Option<String>,
}

/// A portal over these services, with a spool.
struct Pages {
    router: Router,
    drain: Drain,
    spool: Spool,
}

impl Pages {
    fn new(folder: &Path, services: &Services, limit_bytes: u64) -> Self {
        Self::over(folder, services.lines(), limit_bytes)
    }

    fn over(folder: &Path, lines: Lines, limit_bytes: u64) -> Self {
        let spool = Spool::open(folder, limit_bytes).unwrap();
        let portal = Portal::new(lines, settings(), keys(), Arc::new(Fixed)).with_spool(&spool);
        let drain = portal.drain().unwrap();
        Self { router: portal.router(), drain, spool }
    }

    async fn fetch(&self, request: axum::http::request::Builder, body: &str) -> Page {
        let request = request.header(header::HOST, HOST).header("sec-fetch-site", "same-origin");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let html = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Page {
            status: parts.status,
            html: String::from_utf8(html).unwrap(),
            cookie: parts.headers.get(header::SET_COOKIE).map(|value| value.to_str().unwrap().to_owned()),
        }
    }

    async fn get(&self, path: &str) -> Page {
        self.fetch(HttpRequest::get(path), "").await
    }

    async fn slip(&self) -> String {
        let html = self.get("/en/ask").await.html;
        html.split("name=\"f\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn send(&self, slip: &str, story: &str) -> Page {
        self.fetch(HttpRequest::post("/en/ask"), &format!("f={slip}&story={story}&reach=Signal")).await
    }
}

/// The digits of the code that a page shows.
fn code(page: &Page) -> Vec<String> {
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let groups = page.html.split("<span class=\"n\">").skip(1);
    let groups: Vec<_> = groups.map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(groups.len(), 8);
    groups
}

#[tokio::test]
async fn while_the_services_are_away_the_code_is_shown_and_the_request_goes_once_when_they_are_back() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    for weather in [Weather::Away, Weather::IntakeAway] {
        services.set(weather);
        let shown = pages.send(&slip, "Soldiers+at+the+station").await;
        let again = pages.send(&slip, "Soldiers+at+the+station").await;
        assert!(shown.cookie.is_some() && code(&shown) == code(&again));
        assert!(!shown.html.contains("other words"));
    }
    let waiting = files(&folder.path().join("waiting"));
    assert_eq!(waiting.len(), 1, "two clicks, twice, are one entry");
    let words = [b"Soldiers".as_slice(), b"Signal"];
    for (name, bytes) in waiting.iter().chain(&files(folder.path())) {
        assert!(words.iter().all(|word| !bytes.windows(word.len()).any(|part| part == *word)), "{name}");
    }
    assert_eq!(services.cases().len(), 0);

    // Intake is back a moment before the request goes there: whoever has the code on the screen is not sent away.
    services.set(Weather::Fine);
    let cookie = pages.send(&pages.slip().await, "Another").await.cookie.unwrap();
    let status = HttpRequest::get("/en/status").header(header::COOKIE, cookie.split(';').next().unwrap());
    let status = pages.fetch(status, "").await;
    assert_eq!(status.status, StatusCode::NOT_FOUND);
    assert!(status.html.contains("We do not find this code here yet. Was it sent a short while ago?"));
    assert!(!status.cookie.unwrap().contains("Max-Age=0"));

    assert_eq!(services.cases().len(), 1, "the other one");
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 2);
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
    assert_eq!(files(&folder.path().join("drained")).len(), 1);
    // The page that is still open is sent once more.
    assert_eq!(code(&pages.send(&slip, "Soldiers+at+the+station").await).len(), 8);
    assert_eq!(services.cases().len(), 2);
}

#[tokio::test]
async fn what_was_done_but_not_answered_in_time_is_still_one_case() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    services.set(Weather::Late);
    code(&pages.send(&slip, "They+came").await);
    assert_eq!((services.cases().len(), pages.spool.figures().waiting), (1, 1));
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), pages.spool.figures()), (1, SpoolFigures::default()));
}

#[tokio::test]
async fn other_words_of_the_same_form_are_kept_and_counted_and_never_go_before_the_first() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let (slip, another) = (pages.slip().await, pages.slip().await);
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let first = pages.send(&slip, "First").await;
    let second = pages.send(&slip, "Second").await;
    assert_eq!(code(&first), code(&second));
    assert!(second.html.contains("We may ask you to write these again"));
    code(&pages.send(&another, "Another").await);
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 2);
    let figures = pages.spool.figures();
    assert_eq!((figures.waiting, figures.refused, figures.oldest), (1, 1, None));
    assert_eq!(figures.bytes, 0, "it takes no room of those who come next");
    // Another process finds it and counts it too.
    let (spool, room) = room(folder.path(), &services);
    assert_eq!(spool.figures().refused, 1);
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    assert_eq!((spool.figures().refused, services.cases().len()), (1, 2));
}

#[tokio::test]
async fn words_that_wait_go_before_those_that_are_sent_now() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, room) = room(folder.path(), &services);
    room.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    services.set(Weather::Away);
    assert!(room.send_earlier([1; 16]).await.unwrap().is_some());
    services.set(Weather::Fine);
    assert!(room.send_earlier([2; 16]).await.unwrap().is_none());
    assert_eq!(services.cases().len(), 0, "of another form");
    assert!(room.send_earlier([1; 16]).await.unwrap().is_none());
    let cases = services.cases();
    assert_eq!(cases.values().collect::<Vec<_>>(), [&content(&request(1, 1).into_message())]);
}

#[tokio::test]
async fn whoever_cannot_keep_the_code_of_a_request_that_waits_is_reached_as_they_say() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let form = format!("f={slip}&danger=yes&story=They+came&way=here");
    let shown = pages.fetch(HttpRequest::post("/fr/ask"), &form).await;
    let receipt = Receipt::parse(&code(&shown).join(" ")).unwrap();
    let cookie = shown.cookie.unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let with_code = |path: &str| HttpRequest::post(path).header(header::COOKIE, cookie);
    let cannot = pages.fetch(with_code("/fr/cannot"), "").await;
    let id = cannot.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let way = format!("id={id}&text=Signal,+after+dark");

    // The process dies between any two steps, and the page is sent again.
    let mut steps = 0;
    let taken = loop {
        *pages.spool.0.folder.steps_left.lock().unwrap() = Some(steps);
        let page = pages.fetch(with_code("/fr/way"), &way).await;
        if page.status == StatusCode::OK {
            break page;
        }
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        steps += 1;
        assert!(steps < 20, "it is never taken");
    };
    assert!(steps > 0 && taken.html.contains("Rien n’est perdu"), "{}", taken.html);
    *pages.spool.0.folder.steps_left.lock().unwrap() = None;
    // As a browser sends it again, with the cookie that came with the answer.
    let next = taken.cookie.unwrap();
    let next = next.split(';').next().unwrap();
    let again = |cookie: &str| HttpRequest::post("/fr/way").header(header::COOKIE, cookie.to_owned());
    for cookie in [cookie, next] {
        assert_eq!(pages.fetch(again(cookie), &way).await.status, StatusCode::OK);
    }
    let waiting = files(&folder.path().join("waiting"));
    assert_eq!(waiting.len(), 2, "the request, and how to reach whoever sent it");
    for (name, bytes) in waiting {
        let part = receipt.expose();
        assert!(!bytes.windows(part.len()).any(|window| window == part), "{name}");
    }

    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    let page = pages.fetch(with_code("/fr/way"), &way).await;
    assert_eq!((page.status, services.cases().len()), (StatusCode::OK, 2), "sent once more");
    // What staff read: which request it was, as urgent as that, and nothing that opens it.
    let case = receipt.case_id().unwrap();
    let beside = Form {
        contact: "Signal, after dark".to_owned(),
        happened: format!(
            "I cannot keep the code of my request before this one: {}, {case}. Please reach me in this way. \
             (Nothing proves that both come from one person.)",
            flare_kernel::codename(case)
        ),
        language: "fr".to_owned(),
        if_nothing: IfNothing { day: "As in my request before this one.".to_owned(), ..IfNothing::default() },
        ..Form::default()
    };
    assert_eq!(beside.lane(), flare_kernel::Lane::Critical);
    let slip = Slip::beside(
        &receipt,
        &ActId::read(&receipt, id).unwrap().of_words("Signal, after dark"),
        Fixed.now(),
    );
    let seed = RequestSeed::from_bytes(*slip.secret());
    let expected = Request::of_form(&bundle(1), &beside, (&slip.receipt(), &seed)).unwrap();
    let other_case = expected.case().to_string();
    assert_eq!(services.cases().get(&other_case), Some(&content(&expected.into_message())));
}

#[tokio::test]
async fn without_a_place_to_keep_it_no_way_is_asked_of_whoever_cannot_keep_a_code() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, RESERVE - 1);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let form = format!("f={slip}&story=They+came&way=here");
    let cookie = pages.fetch(HttpRequest::post("/en/ask"), &form).await.cookie.unwrap();
    let cannot = HttpRequest::post("/en/cannot").header(header::COOKIE, cookie.split(';').next().unwrap());
    let page = pages.fetch(cannot, "").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.html.contains("Keep the code for now") && !page.html.contains("<textarea"), "{}", page.html);
}

#[tokio::test]
async fn whoever_cannot_be_taken_is_told_before_writing() {
    // Without keys nothing is taken; with little room nobody is invited.
    for has_keys in [false, true] {
        let (folder, elsewhere, services) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), Services::default());
        let pages = Pages::new(folder.path(), &services, if has_keys { RESERVE - 1 } else { ROOMY });
        // A form of another replica: to show one, this one would have asked for the keys.
        let slip = Pages::new(elsewhere.path(), &services, ROOMY).slip().await;
        if has_keys {
            pages.drain.0.fetch_keys().await.unwrap();
        }
        services.set(Weather::Away);
        let sent = pages.send(&slip, "They+came").await;
        if has_keys {
            code(&sent);
        } else {
            assert_eq!(sent.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(sent.html.contains("Nothing was sent") && sent.cookie.is_none());
        }
        for lang in LANGUAGES {
            for path in ["", "/ask"] {
                let page = pages.get(&format!("/{lang}{path}")).await;
                assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "/{lang}{path}");
                assert!(!page.html.contains("<textarea") && page.html.contains("+1 202 555 0142"));
                assert!(page.html.len() <= 4 * 1024, "{} bytes in {lang}", page.html.len());
            }
        }
        services.set(Weather::Fine);
        pages.drain.0.pass().await.unwrap();
        assert_eq!(pages.get("/en/ask").await.status, StatusCode::OK, "nothing of it shows");
    }
}

#[tokio::test]
async fn more_than_fits_is_not_taken() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let spool = Spool::open(folder.path(), 1024).unwrap();
    let room = WaitingRoom::new(&spool, Arc::new(keys()), services.lines(), Arc::new(Fixed), None);
    assert_eq!(room.keep(&request(1, 1), ids(1, 1)).await.unwrap(), Kept::Full);
    assert_eq!((spool.figures(), files(&folder.path().join("waiting")).len()), (SpoolFigures::default(), 0));
}

#[tokio::test]
async fn one_place_leaves_room_on_the_disk_for_others() {
    const ENTRY: usize = 256 * 1024;
    let folder = TempDir::new().unwrap();
    let spool = Spool::open(folder.path(), 64 * u64::try_from(ENTRY).unwrap()).unwrap();
    let inner = &spool.0;
    let (mut form, sealed) = (0_u8, vec![0; ENTRY]);
    let mut fill = |from: &Place| {
        let keep = || {
            form += 1;
            let name = Name { at: Fixed.now(), form: [form; 16], words: [1; 16] };
            inner.keep(name, &sealed, Some(from)).unwrap()
        };
        std::iter::repeat_with(keep).take_while(|kept| *kept != Kept::Full).count()
    };
    let place = |last| Place::of([192, 0, 2, last].into());
    inner.known().bundle = Some(bundle(1));
    inner.known().keys_answer = false;
    assert_eq!(fill(&place(1)), 33, "half, and the one that crosses it");
    assert!(
        !inner.takes(Some(&place(1))) && inner.takes(Some(&place(2))),
        "told before writing, and only there"
    );
    assert_eq!(fill(&place(2)), 2, "a 32nd");
    assert!(!inner.takes(Some(&place(2))) && inner.takes(Some(&place(3))));
    // What went on takes nothing of its place's share.
    for name in inner.folder.waiting().unwrap() {
        inner.folder.set_aside(&name, Fixed.now()).unwrap();
    }
    inner.measure().unwrap();
    assert!(inner.takes(Some(&place(1))) && inner.known().from.is_empty());
}

#[tokio::test]
async fn what_is_refused_or_opens_with_no_key_has_a_bound_of_its_own() {
    let folder = TempDir::new().unwrap();
    let spool = Spool::open(folder.path(), 4_000).unwrap();
    let inner = &spool.0;
    let name = |form: u8| Name {
        at: Fixed.now().plus(Duration::from_hours(form.into())),
        form: [form; 16],
        words: [1; 16],
    };
    let bytes = || {
        inner.measure().unwrap();
        spool.figures().bytes
    };
    for form in 1..=3 {
        inner.keep(name(form), &[0; 400], None).unwrap();
        inner.folder.refuse(&name(form)).unwrap();
        assert_eq!(bytes(), 0);
    }
    assert_eq!(inner.folder.forget_refused(inner.limit_aside()).unwrap(), 1);
    assert_eq!(inner.folder.refused().unwrap(), [name(2), name(3)].into(), "the oldest goes");
    let again = inner.keep(Name { at: Fixed.now(), ..name(3) }, &[0; 400], None).unwrap();
    assert_eq!(again, Kept::Yes { beside_other_words: true });
    for (form, taken) in [(4, 0), (5, 0), (6, 200)] {
        inner.keep(name(form), &[0; 400], None).unwrap();
        inner.known().unreadable.insert(name(form));
        assert_eq!(bytes(), taken);
    }
    assert_eq!((spool.figures().refused, spool.figures().unreadable, spool.figures().waiting), (2, 3, 5));
}

#[tokio::test]
async fn a_limit_is_not_an_outage() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, RESERVE - 1);
    let slip = pages.slip().await;
    services.set(Weather::Limited);
    code(&pages.send(&slip, "They+came").await);
    assert_eq!(pages.spool.figures().waiting, 1);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Left);
    for path in ["/en", "/en/ask"] {
        assert_eq!(
            pages.get(path).await.status,
            StatusCode::OK,
            "{path}: others are not told that we are away"
        );
    }
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), pages.spool.figures()), (1, SpoolFigures::default()));

    // Other words of what is at intake are not kept where they would stay.
    services.set(Weather::Limited);
    let other_words = pages.send(&slip, "They+came+again").await;
    assert_eq!(other_words.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
    services.set(Weather::IntakeAway);
    assert_eq!(pages.send(&pages.slip().await, "Others").await.status, StatusCode::OK);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::SERVICE_UNAVAILABLE, "this is an outage");
}

#[tokio::test]
async fn what_is_refused_is_told_over_the_form_which_keeps_the_words() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    services.set(Weather::Refusing);
    let page = pages.send(&slip, "They+came").await;
    assert_eq!((page.status, page.cookie), (StatusCode::CONFLICT, None));
    for part in ["Your request is closed", "id=\"top\"", "\nThey came</textarea>", &slip] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
}

#[tokio::test]
async fn keys_that_stay_the_same_wait_for_no_disk_and_older_ones_are_not_used() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(folder.path(), &services);
    room.fetch_keys().await.unwrap();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (let_go, until) = std::sync::mpsc::channel::<()>();
    let writer = Arc::clone(&spool.0);
    let thread = std::thread::spawn(move || {
        let _writing = writer.writing();
        locked.send(()).unwrap();
        until.recv().unwrap();
    });
    is_locked.await.unwrap();
    let generation = |bundle: KeyBundle| bundle.team(Team::Triage).unwrap().generation;
    assert_eq!(generation(room.fetch_keys().await.unwrap()), 1, "while somebody else writes");
    let_go.send(()).unwrap();
    thread.join().unwrap();
    room.keep_keys(bundle(2)).unwrap();
    assert_eq!(generation(room.fetch_keys().await.unwrap()), 2, "identity was set back");
}

#[tokio::test]
async fn keys_are_never_replaced_by_older_ones_and_are_verified_when_read() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, before) = room(folder.path(), &services);
    before.keep_keys(bundle(2)).unwrap();
    before.keep_keys(bundle(1)).unwrap();
    let (_, after) = room(folder.path(), &services);
    after.keep_keys(bundle(1)).unwrap();
    let generation =
        |room: &WaitingRoom| room.kept_keys().map(|bundle| bundle.team(Team::Triage).unwrap().generation);
    assert_eq!(generation(&after), Some(2));
    let file = folder.path().join("keys");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let (_, spoilt) = room(folder.path(), &services);
    assert_eq!(generation(&spoilt), None);
    spoilt.fetch_keys().await.unwrap();
    let (_, mended) = room(folder.path(), &services);
    assert_eq!(generation(&mended), Some(1));
    let of = |organisation: String| {
        let (keys, clock) = (Arc::new(keys()), Arc::new(Fixed));
        let spool = Spool::open(folder.path(), ROOMY).unwrap();
        WaitingRoom::new(&spool, keys, services.lines(), clock, Some(organisation))
    };
    assert_eq!(generation(&of(bundle(1).fingerprint())), Some(1));
    let stranger = of("another".to_owned());
    assert!(
        stranger.fetch_keys().await.is_err() && generation(&stranger).is_none(),
        "of whom we do not trust"
    );
}

#[tokio::test]
async fn what_no_key_opens_stays_and_keeps_no_other_from_going() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let key = |byte| PortalKey::from_bytes([byte; 32]);
    let (_, lost) = room_with(folder.path(), &services, PortalKeys::new(key(9), Vec::new()));
    let (_, old) = room_with(folder.path(), &services, PortalKeys::new(key(8), Vec::new()));
    let new = PortalKeys::new(key(7), vec![key(8)]);
    lost.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    old.keep(&request(2, 1), ids(2, 1)).await.unwrap();
    let (spool, room) = room_with(folder.path(), &services, new);
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    let figures = spool.figures();
    assert_eq!((figures.waiting, figures.unreadable, figures.refused), (1, 1, 0));
    assert_eq!(services.cases().len(), 1);
    // An entry under another entry's name opens no more.
    old.keep(&request(3, 1), ids(3, 1)).await.unwrap();
    let name = Name { at: Fixed.now(), form: [3; 16], words: [1; 16] };
    let other = Name { form: [4; 16], ..name };
    let waiting = folder.path().join("waiting");
    fs::rename(waiting.join(name.to_text()), waiting.join(other.to_text())).unwrap();
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    assert_eq!((spool.figures().unreadable, services.cases().len()), (2, 1));
}

#[tokio::test]
async fn two_processes_on_one_volume_do_not_send_together() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, one) = room(folder.path(), &services);
    let (spool, two) = room(folder.path(), &services);
    one.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    let lock = spool.0.folder.lock().unwrap().unwrap();
    assert_eq!(one.pass().await.unwrap(), Pass::Left);
    assert_eq!(services.cases().len(), 0);
    drop(lock);
    assert_eq!(two.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), spool.figures()), (1, SpoolFigures::default()));
}

#[tokio::test]
async fn what_was_sent_on_is_kept_for_two_weeks() {
    let (place, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(place.path(), &services);
    for form in 1..=2 {
        room.keep(&request(form, 1), ids(form, 1)).await.unwrap();
    }
    room.pass().await.unwrap();
    let folder = &spool.0.folder;
    folder.forget_old(Fixed.now().plus(KEPT), ROOMY).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 2);
    let size: usize = files(&place.path().join("drained")).iter().map(|(_, bytes)| bytes.len()).sum();
    folder.forget_old(Fixed.now(), u64::try_from(size - 1).unwrap()).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 1, "no more than there is room for");
    folder.forget_old(Fixed.now().plus(KEPT).plus(Duration::from_micros(1)), ROOMY).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 0);
}

/// One form, sent while the services are away; dies after so many steps, starts again, is sent again where no code was
/// shown. Whether it died.
async fn one_request_and_a_death(steps: usize) -> bool {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, first) = room(folder.path(), &services);
    *spool.0.folder.steps_left.lock().unwrap() = Some(steps);
    let has_keys = first.keep_keys(bundle(1)).is_ok();
    let shown = has_keys && first.keep(&request(1, 1), ids(1, 1)).await.is_ok();
    let sent_on = shown && first.pass().await.is_ok_and(|pass| pass == Pass::Done);
    drop((spool, first));

    let (spool, second) = room(folder.path(), &services);
    if has_keys {
        assert!(second.kept_keys().is_some(), "{steps}");
    }
    if !shown {
        second.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    }
    assert_eq!(second.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 1, "dead after {steps} steps");
    assert_eq!(spool.figures(), SpoolFigures::default(), "dead after {steps} steps");
    assert_eq!(spool.0.folder.drained().unwrap().len(), 1, "dead after {steps} steps");
    !sent_on
}

#[tokio::test]
async fn a_process_may_die_after_any_step() {
    let mut steps = 0;
    while one_request_and_a_death(steps).await {
        steps += 1;
        assert!(steps < 100);
    }
    assert!(steps >= 12, "{steps} steps");
}

/// Requests of three forms with two wordings each.
static REQUESTS: LazyLock<Vec<Vec<Request>>> =
    LazyLock::new(|| (0..3).map(|form| (0..2).map(|words| request(form, words)).collect()).collect());

#[derive(Clone, Debug)]
enum Happens {
    /// A form is kept; the process dies after so many steps, if any.
    Keep {
        form: u8,
        words: u8,
        dies: Option<usize>,
    },
    /// What waits is sent on; the process dies after so many steps, if any.
    Pass {
        dies: Option<usize>,
    },
    Weather(Weather),
}

fn happens() -> impl Strategy<Value = Happens> {
    let dies = || proptest::option::of(0..9_usize);
    let weather =
        prop_oneof![Just(Weather::Fine), Just(Weather::Away), Just(Weather::Late), Just(Weather::IntakeAway)];
    prop_oneof![
        4 => (0..3_u8, 0..2_u8, dies()).prop_map(|(form, words, dies)| Happens::Keep { form, words, dies }),
        2 => dies().prop_map(|dies| Happens::Pass { dies }),
        2 => weather.prop_map(Happens::Weather),
    ]
}

async fn play(history: Vec<Happens>) {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    // For each form, the words whose code was shown.
    let mut shown = BTreeMap::<u8, Vec<u8>>::new();
    let (mut spool, mut this) = room(folder.path(), &services);
    for happening in history {
        let dies = match happening {
            Happens::Keep { form, words, dies } => {
                *spool.0.folder.steps_left.lock().unwrap() = dies;
                let request = &REQUESTS[usize::from(form)][usize::from(words)];
                let kept = this.keep(request, ids(form, words)).await;
                if kept.is_ok_and(|kept| kept != Kept::Full) {
                    shown.entry(form).or_default().push(words);
                }
                dies
            }
            Happens::Pass { dies } => {
                *spool.0.folder.steps_left.lock().unwrap() = dies;
                let _ = this.pass().await;
                dies
            }
            Happens::Weather(weather) => {
                services.set(weather);
                None
            }
        };
        if dies.is_some() {
            (spool, this) = room(folder.path(), &services);
        }
    }
    services.set(Weather::Fine);
    assert_eq!(this.pass().await.unwrap(), Pass::Done);
    let cases = services.cases();
    assert_eq!(spool.0.folder.waiting().unwrap().len(), 0, "nothing waits any more");
    let refused = spool.0.folder.refused().unwrap();
    for (form, words) in &shown {
        let case = &cases[&REQUESTS[usize::from(*form)][0].case().to_string()];
        for words in words {
            let is_case =
                *case == content(&REQUESTS[usize::from(*form)][usize::from(*words)].clone().into_message());
            let stays = refused.iter().any(|name| (name.form, name.words) == ids(*form, *words));
            assert!(is_case != stays, "words {words} of form {form}: at intake, or on the disk");
        }
    }
    assert_eq!(
        spool.figures().refused,
        u64::try_from(refused.len()).unwrap(),
        "nothing stays without a word"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_request_whose_code_was_shown_is_at_intake_or_on_the_disk(
        history in prop::collection::vec(happens(), 1..14)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(play(history));
    }

    #[test]
    fn only_our_own_names_are_entries(
        at in any::<i64>(), form in any::<[u8; 16]>(), words in any::<[u8; 16]>(), junk in ".{0,100}"
    ) {
        let at = flare_kernel::Timestamp::from_micros(at.saturating_abs());
        let name = Name { at, form, words };
        prop_assert_eq!(Name::parse(&name.to_text()), Some(name));
        let is_ours = Name::parse(&junk).is_none_or(|name| name.to_text() == junk);
        prop_assert!(is_ours);
    }
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_before_anybody_writes_and_is_tried_again() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    *pages.spool.0.folder.steps_left.lock().unwrap() = Some(0);
    assert_eq!(pages.send(&slip, "They+came").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(pages.spool.figures().fails);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::SERVICE_UNAVAILABLE);
    *pages.spool.0.folder.steps_left.lock().unwrap() = None;
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert!(!pages.spool.figures().fails);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::OK);
    code(&pages.send(&slip, "They+came").await);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_or_removed_keeps_no_other_from_its_turn() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(folder.path(), &services);
    room.keep_keys(bundle(1)).unwrap();
    for form in 1..=2 {
        room.keep(&request(form, 1), ids(form, 1)).await.unwrap();
    }
    // A folder where a file should be: it opens, and does not read.
    let first = *spool.0.folder.waiting().unwrap().iter().next().unwrap();
    let path = folder.path().join("waiting").join(first.to_text());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::create_dir(folder.path().join("drafts/0-old")).unwrap();
    assert_eq!(room.pass().await.unwrap(), Pass::Left);
    assert_eq!((services.cases().len(), spool.figures().waiting), (1, 1));
}
