//! Services that go away and come back, processes that die between any two steps, and what then lies on the disk.

mod clocks;
mod disk;
mod keys;
mod pages;
mod room;

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
use flare_access::Clock as _;
use flare_contracts::{
    Cause, Refusal, fingerprint,
    identity::v1::{GetKeyBundleResponse, TeamKey as WireTeamKey},
    intake::v1::{GetStatusResponse, SubmitRequestRequest, SubmitRequestResponse},
};
use flare_edge::{Form, KeyBundle, Lines, Team, receipt::Request};
use flare_kernel::Duration;
use flare_seal::{
    OrganisationSeed, Receipt, RecipientSecret, RequestSeed, TeamKey, sign_recovery_key, sign_team_key,
};
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tempfile::TempDir;
use tonic::Status;
use tower::{ServiceExt as _, service_fn};

use super::{
    Kept, Name, RESERVE, Spool, SpoolFigures,
    waiting_room::{Drain, Pass, WaitingRoom},
};
use crate::{
    Portal, PortalKeys,
    tests::{Fixed, HOST, keys, settings},
};

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

/// A message as an answer to a call.
pub(crate) fn framed(message: Vec<u8>) -> axum::http::Response<tonic::body::Body> {
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

/// Requests of three forms with two wordings each.
static REQUESTS: LazyLock<Vec<Vec<Request>>> =
    LazyLock::new(|| (0..3).map(|form| (0..2).map(|words| request(form, words)).collect()).collect());
