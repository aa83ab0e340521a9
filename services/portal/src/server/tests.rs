use std::path::PathBuf;

use axum::{Extension, http::StatusCode, routing::get};
use flare_access::PlaceNames;
use http_body_util::BodyExt as _;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};
use tokio_rustls::TlsConnector;

use super::*;

struct Running {
    address: SocketAddr,
    /// Tells that a request for "/busy" has come, and lets it go.
    busy: Arc<Semaphore>,
    go_on: Arc<Notify>,
    _ends: tokio_util::sync::DropGuard,
}

/// What stands for a place in an answer.
fn shown(place: Option<&Place>) -> String {
    place.map_or("nowhere".to_owned(), |place| {
        let named = PlaceNames::new(&[7; 32]).name(place, 0);
        named.to_metadata().unwrap().to_str().unwrap().to_owned()
    })
}

/// A listener whose pages say where their reader is.
async fn start(door: Door) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (busy, go_on, token) =
        (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()), CancellationToken::new());
    let (come, going) = (Arc::clone(&busy), Arc::clone(&go_on));
    let place = |place: Option<Extension<Place>>, headers: axum::http::HeaderMap| async move {
        assert!(!headers.contains_key("x-forwarded-for"), "nothing further in sees it");
        shown(place.as_deref())
    };
    let coming = Arc::clone(&busy);
    let body = async move |mut body: Body| {
        let first = body.frame().await;
        coming.add_permits(1);
        if first.is_some() {
            body.collect().await.map(|_| ()).map_err(|_| StatusCode::BAD_REQUEST)
        } else {
            Ok(())
        }
    };
    let router = Router::new().route("/", get(place).post(body)).route(
        "/busy",
        get(async move || {
            come.add_permits(1);
            going.notified().await;
        }),
    );
    tokio::spawn(serve(listener, door, router, token.clone()));
    Running { address, busy, go_on, _ends: token.drop_guard() }
}

fn door(most: u32, callers: Callers) -> Door {
    Door { most, callers, certificate: None }
}

/// Sends this and reads to the end; the body of the answer.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, sent: &str) -> Option<String> {
    stream.write_all(sent.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

async fn connect(to: &Running) -> TcpStream {
    TcpStream::connect(to.address).await.unwrap()
}

async fn place_of(to: &Running, before: &str, headers: &str) -> Option<String> {
    exchange(connect(to).await, &format!("{before}{}", request("/", headers))).await
}

fn at(address: &str) -> String {
    shown(Some(&Place::of(address.parse().unwrap())))
}

#[tokio::test]
async fn a_caller_is_at_the_other_end_of_the_connection() {
    let running = start(door(16, Callers::Connected)).await;
    let forged = "x-forwarded-for: 198.51.100.7\r\n";
    assert_eq!(place_of(&running, "", forged).await, Some(at("127.0.0.1")));
}

#[tokio::test]
async fn behind_a_front_a_caller_is_where_it_says_and_nobody_else_is_served() {
    let fronts = |addresses: &[&str]| {
        Callers::BehindFronts(TrustedProxies::new(addresses.iter().map(|address| address.parse().unwrap())))
    };
    let running = start(door(16, fronts(&["127.0.0.1", "10.0.0.8"]))).await;
    let own_words = "x-forwarded-for: 198.51.100.7, 203.0.113.9, 10.0.0.8\r\n";
    assert_eq!(place_of(&running, "", own_words).await, Some(at("203.0.113.9")));
    assert_eq!(place_of(&running, "", "x-forwarded-for: nonsense\r\n").await, Some(shown(None)));
    let running = start(door(16, fronts(&["10.0.0.8"]))).await;
    assert_eq!(place_of(&running, "", "x-forwarded-for: 198.51.100.7\r\n").await, None);
}

#[tokio::test]
async fn behind_an_onion_service_a_caller_is_on_a_circuit() {
    let running = start(door(16, Callers::BehindOnion)).await;
    let circuit = "PROXY TCP6 fc00:dead:beef:4dad::1:2 ::1 40000 80\r\n";
    let expected = Some(shown(Some(&Place::of_circuit(0x0001_0002))));
    assert_eq!(place_of(&running, circuit, "x-forwarded-for: 198.51.100.7\r\n").await, expected);
    assert_eq!(place_of(&running, "", "").await, None, "Tor did not say");
}

#[tokio::test]
async fn a_newcomer_gets_the_room_of_the_idlest() {
    let running = start(door(2, Callers::Connected)).await;
    let mut idle = [connect(&running).await, connect(&running).await];
    let read = |answer: Option<String>| assert_eq!(answer, Some(at("127.0.0.1")));
    read(place_of(&running, "", "").await);
    // The one that was silent longest is closed.
    assert_eq!(idle[0].read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_page_that_is_being_made_is_never_cut_off_for_a_newcomer() {
    let running = start(door(1, Callers::Connected)).await;
    let stream = connect(&running).await;
    let busy = tokio::spawn(async move { exchange(stream, &request("/busy", "")).await });
    running.busy.acquire().await.unwrap().forget();
    let newcomer = connect(&running).await;
    running.go_on.notify_one();
    assert_eq!(busy.await.unwrap().as_deref(), Some(""));
    assert_eq!(exchange(newcomer, &request("/", "")).await, Some(at("127.0.0.1")));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_waits_while_everybody_is_busy_and_not_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let connections = Connections::new(1);
    let room = connections.take(None).unwrap();
    let call = room.seat().hold();
    let (door, token) = (door(1, Callers::Connected), CancellationToken::new());
    let work = TaskTracker::new();
    let caller = Caller { address, door, connections: connections.clone(), token, work };
    assert!(caller.admit(&mut stream).await.is_none(), "nobody became idle");
    let mut admitted = Box::pin(caller.admit(&mut stream));
    tokio::select! {
        biased;
        _ = &mut admitted => panic!("there is no room"),
        () = std::future::ready(()) => {}
    }
    drop(call);
    assert!(admitted.await.is_some() && room.closing().is_cancelled());
}

#[tokio::test]
async fn whoever_sends_a_body_slowly_is_idle_until_it_has_come() {
    let running = start(door(1, Callers::Connected)).await;
    let mut slow = connect(&running).await;
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nslow").await.unwrap();
    running.busy.acquire().await.unwrap().forget();
    assert_eq!(place_of(&running, "", "").await, Some(at("127.0.0.1")));
    let mut rest = String::new();
    let ended = slow.read_to_string(&mut rest).await;
    assert!(ended.is_err() || rest.is_empty(), "its room went to the newcomer: {rest}");
}

/// A certificate for "localhost" and whoever trusts it, with these versions of TLS.
fn certificate(folder: &std::path::Path) -> (PathBuf, PathBuf, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    (certificate, key, roots)
}

#[tokio::test]
async fn with_a_certificate_both_versions_of_tls_are_served_and_nothing_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, roots) = certificate(folder.path());
    let shown_certificate = ShownCertificate::load(&certificate, &key).unwrap();
    assert!(ShownCertificate::load(&key, &key).is_err(), "no certificate");
    let running =
        start(Door { most: 16, callers: Callers::Connected, certificate: Some(shown_certificate) }).await;
    let versions: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];
    for version in versions {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config = config.with_root_certificates(roots.clone()).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let stream =
            TlsConnector::from(Arc::new(config)).connect(name, connect(&running).await).await.unwrap();
        assert_eq!(exchange(stream, &request("/", "")).await, Some(at("127.0.0.1")));
    }
    assert_eq!(place_of(&running, "", "").await, None);
}
