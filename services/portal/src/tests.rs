//! The pages as a browser gets them, with services that are away, and the catalogues as a reader meets them.

use std::{
    convert::Infallible,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use flare_access::Clock;
use flare_edge::Lines;
use flare_kernel::Timestamp;
use flare_seal::PortalKey;
use tower::{ServiceExt as _, service_fn};

mod catalogues;
mod more;
mod sources;
mod standing;

use crate::{Portal, PortalKeys, PortalSettings, ReadingHours, Targets, contacts};

pub(crate) const HOST: &str = "127.0.0.1:7480";
pub(crate) const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
/// Each language with the text of every file in its folder.
static CATALOGUES: LazyLock<[(&str, String); 3]> =
    LazyLock::new(|| LANGUAGES.map(|lang| (lang, files(&format!("locales/{lang}")).concat())));
const PAGES: [&str; 6] = ["", "/ask", "/back", "/safe", "/lost", "/complain"];

/// The texts of the files in a folder of this crate.
fn files(folder: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

pub(crate) struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_795_300_000_000_000)
    }
}

/// A portal before services that are away.
fn portal() -> Router {
    let away = service_fn(|_: Request<tonic::body::Body>| async {
        Ok::<_, Infallible>(tonic::Status::unavailable("away").into_http())
    });
    portal_over(Lines::all(&away), settings())
}

fn portal_over(lines: Lines, settings: PortalSettings) -> Router {
    Portal::new(lines, settings, keys(), Arc::new(Fixed)).router()
}

pub(crate) fn keys() -> PortalKeys {
    PortalKeys::new(PortalKey::from_bytes([7; 32]), Vec::new())
}

pub(crate) fn settings() -> PortalSettings {
    PortalSettings {
        hosts: vec![HOST.to_owned()],
        reading: ReadingHours { from: 0, until: 0 },
        critical_at_any_hour: false,
        targets: Targets { critical: 2, urgent: 24, standard: 72 },
        leave: "https://example.org/".to_owned(),
        helplines: contacts("Line: +1 202 555 0142").unwrap(),
        complaints: Vec::new(),
        organisation: None,
        over_tls: false,
        behind_front: false,
        onion: None,
        security_contact: None,
    }
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

async fn fetch(request: Request<Body>) -> Page {
    fetch_from(portal(), request).await
}

async fn fetch_from(portal: Router, request: Request<Body>) -> Page {
    let response = portal.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Page { status: parts.status, headers: parts.headers, html: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn get(path: &str) -> Page {
    fetch(Request::get(path).header(header::HOST, HOST).body(Body::empty()).unwrap()).await
}

async fn post(path: &str, body: &str) -> Page {
    let request = Request::post(path).header(header::HOST, HOST).header("sec-fetch-site", "same-origin");
    fetch(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn slip() -> String {
    let html = get("/en/ask").await.html;
    html.split("name=\"f\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_page_keeps_its_budget_and_comes_in_steps() {
    for lang in LANGUAGES {
        for path in PAGES {
            let page = get(&format!("/{lang}{path}")).await;
            let most = match path {
                "/ask" => 13_312,
                "" => 6 * 1024,
                _ => 5 * 1024,
            };
            assert_eq!(page.status, StatusCode::OK, "/{lang}{path}");
            assert!(page.html.len() <= most, "/{lang}{path} has {} bytes", page.html.len());
            assert_eq!(page.html.len() % 1024, 0, "/{lang}{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_and_no_page_a_cookie_script_or_dead_link() {
    let mut answers = Vec::new();
    for lang in LANGUAGES {
        for path in PAGES {
            answers.push(get(&format!("/{lang}{path}")).await);
        }
        answers.push(get(&format!("/{lang}/nothing")).await);
        answers.push(post(&format!("/{lang}/ask"), "f=bad").await);
        answers.push(post(&format!("/{lang}/status"), "").await);
    }
    for page in &answers {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-robots-tag", "noindex, nofollow"),
        ] {
            assert_eq!(page.headers[name], value);
        }
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("form-action 'self'; frame-ancestors 'none'"));
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        assert!(!page.html.contains("<script") && !page.html.contains(" style="));
    }
    for html in answers.iter().map(|page| &page.html) {
        for link in html.split("href=\"/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(!get(&format!("/{link}")).await.status.is_client_error(), "{link}");
        }
    }
}

#[tokio::test]
async fn only_our_own_names_and_pages_are_answered() {
    let get_as = |host: &'static str| {
        fetch(Request::get("/en").header(header::HOST, host).body(Body::empty()).unwrap())
    };
    for host in ["evil.example:7480", "127.0.0.1", "127.0.0.1:7480.evil.example", ""] {
        assert_eq!(get_as(host).await.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    for (name, value, passes) in [
        ("sec-fetch-site", "same-origin", true),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("origin", "http://127.0.0.1:7480", true),
        ("origin", "https://127.0.0.1:7480", false),
        ("origin", "null", false),
        ("origin", "http://evil.example:7480", false),
        ("x-nothing", "", true),
    ] {
        let request = Request::post("/en/ask").header(header::HOST, HOST).header(name, value);
        let status = fetch(request.body(Body::from("f=x")).unwrap()).await.status;
        let expected = if passes { StatusCode::BAD_REQUEST } else { StatusCode::FORBIDDEN };
        assert_eq!(status, expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn every_call_says_for_which_place_it_is_made_and_shows_no_address() {
    use flare_access::{Place, take_place};

    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let service = service_fn(move |mut request: Request<tonic::body::Body>| {
        let shown = request.headers().get(Place::header()).map(|value| value.to_str().unwrap().to_owned());
        seen.lock().unwrap().push((shown, take_place(request.headers_mut(), true)));
        async { Ok::<_, Infallible>(tonic::Status::unavailable("away").into_http()) }
    });
    let router = portal_over(Lines::all(&service), settings());
    for from in [Some([192, 0, 2, 7]), Some([192, 0, 2, 8]), Some([192, 0, 2, 7]), None] {
        let mut request = Request::post("/en/ask").header(header::HOST, HOST);
        if let Some(from) = from {
            request = request.extension(Place::of(from.into()));
        }
        let body = format!("f={}&story=x&reach=y", slip().await);
        router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    }
    let told = told.lock().unwrap();
    let places: Vec<_> = told.iter().map(|(_, place)| place.clone()).collect();
    assert_eq!(places.len(), 4);
    assert!(places[0].is_some() && places[0] == places[2] && places[0] != places[1] && places[3].is_none());
    let shown = told[0].0.as_deref().unwrap();
    assert!(shown.len() == 32 && shown.bytes().all(|byte| byte.is_ascii_hexdigit()), "{shown}");
    assert_ne!(&shown[..8], "c0000207", "its bytes");
}

#[tokio::test]
async fn an_organisation_may_name_its_onion_service_its_contact_and_its_own_tls() {
    let away = service_fn(|_: Request<tonic::body::Body>| async {
        Ok::<_, Infallible>(tonic::Status::unavailable("away").into_http())
    });
    let named = PortalSettings {
        over_tls: true,
        onion: Some("http://example.onion".to_owned()),
        security_contact: Some("mailto:security@example.org".to_owned()),
        ..settings()
    };
    let router = portal_over(Lines::all(&away), named);
    let get = async |path: &str| {
        let request = Request::get(path).header(header::HOST, HOST).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    let home = get("/fr/ask").await;
    assert_eq!(home.headers()["onion-location"], "http://example.onion/fr/ask");
    assert_eq!(home.headers()["strict-transport-security"], "max-age=63072000");
    let contact = get("/.well-known/security.txt").await;
    assert_eq!(
        (contact.status(), &contact.headers()["content-type"].to_str().unwrap()[..10]),
        (StatusCode::OK, "text/plain")
    );
    let text = String::from_utf8(to_bytes(contact.into_body(), 1_000).await.unwrap().to_vec()).unwrap();
    assert!(text.starts_with("Contact: mailto:security@example.org\nExpires: 2027-02-"), "{text}");

    let plain = super::tests::get("/fr/ask").await;
    assert!(!plain.headers.contains_key("onion-location"));
    assert!(!plain.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    assert_eq!(super::tests::get("/.well-known/security.txt").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_fault_of_ours_is_a_page_in_the_readers_language_with_its_headers() {
    let panics = service_fn(|_: Request<tonic::body::Body>| async {
        assert!(HOST.is_empty(), "a fault that a test makes");
        Ok::<_, Infallible>(tonic::Status::unavailable("never").into_http())
    });
    let router = portal_over(Lines::all(&panics), settings());
    let code = flare_seal::Receipt::draw().unwrap().digits().into_inner().replace(' ', "+");
    let request =
        Request::post("/fr/back").header(header::HOST, HOST).body(Body::from(format!("code={code}")));
    let page = fetch_from(router, request.unwrap()).await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.html.contains("C’est notre faute, pas la vôtre"), "{}", page.html);
    assert!(!page.html.contains("a fault that a test makes"));
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn what_stops_sending_is_said_and_everything_is_kept() {
    let texts =
        ["language", "now", "place", "day", "week", "month", "people", "currency", "by", "other0", "other1"]
            .into_iter()
            .chain(["who0", "how0", "who1", "how1"]);
    let texts: Vec<_> = texts.map(|name| (name, format!("typed into {name}"))).collect();
    let areas = ["payment", "endangering"].map(|name| (name, format!("typed into {name}")));
    let ticked = [
        ("way", "there"),
        ("phone", "shared"),
        ("kind", "outlet"),
        ("alone", "1"),
        ("check1", "1"),
        ("before", "1"),
        ("tell0", "1"),
    ];
    let first = "story=&reach=&name=Ana+%3Cb%3E&amount=about+500&need=legal&danger=yes&anything=Thanks";
    let written = texts.iter().chain(&areas).map(|(name, text)| format!("{name}={}", text.replace(' ', "+")));
    let chosen = ticked.map(|(name, value)| format!("{name}={value}"));
    let typed = [first.to_owned()].into_iter().chain(written).chain(chosen).collect::<Vec<_>>().join("&");
    let page = post("/fr/ask", &format!("f={}&{typed}", slip().await)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("<title>Erreur: Nous écrire"));
    for kept in [
        "href=\"#story\"",
        "href=\"#reach\"",
        "id=\"top\" tabindex=\"-1\"",
        "value=\"Ana &#60;b&#62;\"",
        "value=\"about 500\"",
        "value=\"legal\" checked",
        "value=\"yes\" checked",
        ">\nThanks</textarea>",
    ] {
        assert!(page.html.contains(kept), "{kept}");
    }
    for (name, text) in &texts {
        let field = page.html.split(&format!("name=\"{name}\"")).nth(1).unwrap().split('>').next().unwrap();
        assert!(field.contains(&format!("value=\"{text}\"")), "{name}: {field}");
    }
    for (name, text) in &areas {
        assert!(page.html.contains(&format!(">\n{text}</textarea>")), "{name}");
    }
    for (name, value) in ticked {
        let box_of = format!("name=\"{name}\" value=\"{value}\" checked");
        assert!(page.html.contains(&box_of), "{box_of}");
    }
    // What is missing is said before anything else.
    assert!(page.html.find("id=\"top\"").unwrap() < page.html.find("<h1>").unwrap());
}

#[tokio::test]
async fn another_language_keeps_what_was_typed_and_sends_nothing() {
    let slip = slip().await;
    let page = post("/en/ask", &format!("f={slip}&to=ar&story=They+came")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("<html lang=\"ar\" dir=\"rtl\">") && page.html.contains("They came"));
    assert!(page.html.contains(&slip), "the same form");
}

#[tokio::test]
async fn an_altered_form_leads_to_the_safety_page_and_one_too_large_is_told() {
    let altered = post("/en/ask", "f=AAAA&story=x&reach=y").await;
    assert_eq!(altered.status, StatusCode::BAD_REQUEST);
    assert!(altered.html.contains("Something changed this page"));
    let request =
        Request::post("/ar/ask").header(header::HOST, HOST).header(header::CONTENT_LENGTH, "9000000");
    let page = fetch(request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    let page = post("/en/ask", &"a".repeat(1_100_000)).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn services_that_are_away_are_said_plainly_and_not_by_name() {
    let page = post("/en/ask", &format!("f={}&story=x&reach=y", slip().await)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.html.contains("We do not know whether it arrived") && !page.html.contains("intake"));
}

#[tokio::test]
async fn a_mistyped_code_is_told_which_piece_is_off() {
    let page = post(
        "/en/back",
        "code=accompany+grill+thursdayy+cardigan+state+labrador+oozy+unstamped+quaking+preheated",
    )
    .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.html.contains("Word \u{2068}3\u{2069} is not one of ours") && page.html.contains("thursday")
    );
    let page = post("/ar/back", "code=%D9%A1%D9%A2").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn leaving_takes_the_cookie_and_says_no_word() {
    let page = get("/leave").await;
    assert_eq!(
        (page.status, &page.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"https://example.org/".parse().unwrap())
    );
    assert!(
        page.headers[header::SET_COOKIE].to_str().unwrap().starts_with("__Host-s=; Path=/; Secure; HttpOnly")
    );
    assert!(page.html.is_empty());
}
