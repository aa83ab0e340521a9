use std::path::PathBuf;

use axum::{Extension, http::StatusCode, routing::get};
use flare_access::PlaceNames;
use http_body_util::BodyExt as _;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    sync::{Notify, Semaphore},
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
    let place = |place: Option<Extension<Place>>,
                 no_room: Option<Extension<NoRoom>>,
                 headers: axum::http::HeaderMap| async move {
        if no_room.is_some() {
            return "no room".to_owned();
        }
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
    assert_eq!(place_of(&running, "", "x-forwarded-for: nonsense\r\n").await, Some(at("127.0.0.1")));
    let running = start(door(16, fronts(&["10.0.0.8"]))).await;
    assert_eq!(place_of(&running, "", "x-forwarded-for: 198.51.100.7\r\n").await, None);
}

#[tokio::test]
async fn behind_a_front_one_place_leaves_room_for_the_calls_of_others() {
    let fronts = TrustedProxies::new(["127.0.0.1".parse().unwrap()]);
    let running = start(door(4, Callers::BehindFronts(fronts))).await;
    let from = |address: &str| format!("x-forwarded-for: {address}\r\n");
    let mut busy = Vec::new();
    for _ in 0..3 {
        let stream = connect(&running).await;
        let sent = request("/busy", &from("192.0.2.7"));
        busy.push(tokio::spawn(async move { exchange(stream, &sent).await }));
        running.busy.acquire().await.unwrap().forget();
    }
    assert_eq!(place_of(&running, "", &from("192.0.2.7")).await.as_deref(), Some("no room"));
    assert_eq!(place_of(&running, "", &from("192.0.2.8")).await, Some(at("192.0.2.8")));
    running.go_on.notify_waiters();
    for call in busy {
        assert_eq!(call.await.unwrap().as_deref(), Some(""));
    }
    assert_eq!(
        place_of(&running, "", &from("192.0.2.7")).await,
        Some(at("192.0.2.7")),
        "their slots are free again"
    );
}

#[tokio::test]
async fn those_of_one_place_who_wait_for_room_leave_others_room_to_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (opening, calls) = (Slots::new(4), Slots::new(4));
    let caller = |callers| Caller {
        address,
        door: door(4, callers),
        connections: Connections::new(4),
        opening: opening.clone(),
        calls: calls.clone(),
        token: CancellationToken::new(),
        work: TaskTracker::new(),
    };
    let here = Callers::Connected.connected(address.ip());
    assert_eq!(here, Some(Place::of(address.ip())));
    let mut waiting: Vec<_> = std::iter::from_fn(|| opening.take(here.as_ref())).collect();
    assert_eq!(waiting.len(), 3, "half, and one of the rest");
    let elsewhere = Place::of_circuit(7);
    // A circuit counts as itself once it is known.
    let mut tor = TcpStream::connect(address).await.unwrap();
    tor.write_all(b"PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 40000 80\r\n").await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let unknown = opening.take(Callers::BehindOnion.connected(address.ip()).as_ref()).unwrap();
    let (place, _room) = caller(Callers::BehindOnion).admit(&mut stream, unknown).await.unwrap();
    assert_eq!(place.as_ref(), Some(&elsewhere));
    waiting.pop();
    let _of_circuit = [opening.take(Some(&elsewhere)).unwrap()];
    tor.write_all(b"PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 40000 80\r\n").await.unwrap();
    let unknown = opening.take(None).unwrap();
    assert!(
        caller(Callers::BehindOnion).admit(&mut stream, unknown).await.is_none(),
        "its share is taken: at once"
    );
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
    let (opening, calls) = (Slots::new(2), Slots::new(1));
    let slot = || opening.take(None).unwrap();
    let caller = Caller {
        address,
        door,
        connections: connections.clone(),
        opening: opening.clone(),
        calls: calls.clone(),
        token,
        work: TaskTracker::new(),
    };
    assert!(caller.admit(&mut stream, slot()).await.is_none(), "nobody became idle");
    let mut admitted = Box::pin(caller.admit(&mut stream, slot()));
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

#[tokio::test]
async fn whoever_fills_the_portal_with_silent_connections_from_many_places_keeps_nobody_out() {
    let running = start(door(16, Callers::Connected)).await;
    let mut silent = Vec::new();
    for last in 2..=17 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
        silent.push(socket.connect(running.address).await.unwrap());
    }
    assert_eq!(place_of(&running, "", "").await, Some(at("127.0.0.1")), "a newcomer is answered");
    assert_eq!(silent[0].read(&mut [0; 1]).await.unwrap_or(0), 0, "the idlest has gone");
    let open = |stream: &TcpStream| stream.try_read(&mut [0; 1]).map_err(|error| error.kind());
    assert!(silent[1..].iter().all(|other| open(other) == Err(io::ErrorKind::WouldBlock)), "and nobody else");
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

#[tokio::test(start_paused = true)]
async fn a_first_request_that_does_not_come_in_time_is_not_waited_for() {
    let running = start(door(16, Callers::Connected)).await;
    for said in [&b""[..], b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let begun = Instant::now();
        let mut silent = connect(&running).await;
        silent.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let _ = silent.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
        assert!(begun.elapsed() >= HEADERS && begun.elapsed() < 2 * HEADERS, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_begun_and_never_finished_is_closed_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, _) = certificate(folder.path());
    let certificate = Some(ShownCertificate::load(&certificate, &key).unwrap());
    let running = start(Door { most: 16, callers: Callers::Connected, certificate }).await;
    // The beginning of what a browser says first: a record of 512 bytes.
    for said in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let begun = Instant::now();
        let mut silent = connect(&running).await;
        silent.write_all(said).await.unwrap();
        assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
        assert!(begun.elapsed() >= OPENING && begun.elapsed() < 2 * OPENING, "{:?}", begun.elapsed());
    }
}
