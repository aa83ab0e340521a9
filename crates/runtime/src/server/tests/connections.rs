//! Connections that say nothing, too many calls at once, and what is left for others.

use flare_contracts::events::v1::{ListEventsRequest, ListEventsResponse};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};

use super::*;
use crate::fixtures::connect_from;

/// A call of this path by somebody who then sends nothing; a proxy says where from.
fn silent(channel: &Channel, path: &'static str, from: Option<&str>) -> JoinHandle<Status> {
    let mut nothing = tonic::Request::new(tokio_stream::pending());
    if let Some(from) = from {
        nothing.metadata_mut().insert("x-forwarded-for", from.parse().unwrap());
    }
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    tokio::spawn(async move {
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<ListEventsRequest, ListEventsResponse>::default();
        grpc.client_streaming(nothing, path.parse().unwrap(), codec).await.unwrap_err()
    })
}

fn line(server: &Running) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.address)).unwrap().connect_lazy()
}

#[tokio::test]
async fn callers_who_send_nothing_keep_the_slots_of_their_kind_and_not_for_long() {
    let changes = [("server.max_file_calls_in_flight", "2"), ("server.silence_seconds", "1")];
    let server = start(&changes, Identity::new(), None).await;
    let calls = [0, 1, 2, 3].map(|_| silent(&line(&server), FILE_CALL, None));
    let mut statuses = Vec::new();
    for call in calls {
        assert!(ask(&server.channel, "", "").await.is_ok(), "a call of another kind has its slot");
        statuses.push(call.await.unwrap());
    }
    let mut told: Vec<_> = statuses.iter().map(|status| (status.code(), reason(status))).collect();
    told.sort_by(|one, two| one.1.cmp(&two.1));
    let (silence, busy) = ((Code::DeadlineExceeded, "NOTHING_SENT"), (Code::ResourceExhausted, "TOO_BUSY"));
    let expected = [silence, silence, busy, busy].map(|(code, reason)| (code, reason.to_owned()));
    assert_eq!(told, expected);
    let again = silent(&line(&server), FILE_CALL, None).await.unwrap();
    assert_eq!(reason(&again), "NOTHING_SENT", "their slots are free again");
}

#[tokio::test]
async fn a_place_that_floods_leaves_room_for_the_others() {
    let changes = [("server.max_calls_in_flight", "8"), ("server.trusted_proxies", "127.0.0.1")];
    let server = start(&changes, Identity::new(), None).await;
    let path = "/flare.events.v1.EventLog/StreamHeads";
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..8 {
        flood.spawn(silent(&line(&server), path, Some("198.51.100.7")));
    }
    for _ in 0..3 {
        let refused = flood.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(reason(&refused), "TOO_BUSY");
    }
    assert!(ask(&server.channel, "", "").await.is_ok(), "from somewhere else");
    let other = silent(&line(&server), path, Some("203.0.113.9"));
    assert!(ask(&server.channel, "", "").await.is_ok());
    other.abort();
}

#[tokio::test]
async fn whoever_fills_the_door_does_not_stop_calls_within_the_process() {
    let (log, token) = (Log::new(), CancellationToken::new());
    let health = Health::starting(["flare.events.v1.EventLog"]).await;
    let settings = settings(&[("server.max_calls_in_flight", "1")]);
    let server = GrpcServer::new(&settings, Identity::new(), log.routes(), &health).unwrap();
    let (within, run) = server.clone().serve_in_process(token.clone());
    let run = tokio::spawn(run);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = token.clone();
    let door = tokio::spawn(async move { server.serve(listener, None, asked).await });
    let outside = client::connect(&[&address], None, plain).unwrap();
    let caller = outside.clone();
    let held = tokio::spawn(async move { ask(&caller, "hold", "").await });
    log.held.acquire().await.unwrap().forget();
    assert_eq!(reason(&ask(&outside, "", "").await.unwrap_err()), "TOO_BUSY");
    assert!(ask(&client::over(within, plain), "", "").await.is_ok());
    log.release.add_permits(1);
    held.await.unwrap().unwrap();
    token.cancel();
    run.await.unwrap().unwrap();
    door.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_gives_way_when_it_is_idle_and_not_while_a_call_is_in_flight() {
    let server = start(&[("server.max_connections", "1")], Identity::new(), None).await;
    let channel = server.channel.clone();
    let held = tokio::spawn(async move { ask(&channel, "hold", "").await });
    server.log.held.acquire().await.unwrap().forget();
    let second = client::connect(&[&server.address], None, plain).unwrap();
    assert_eq!(ask(&second, "", "").await.unwrap_err().code(), Code::Unavailable);
    server.log.release.add_permits(1);
    held.await.unwrap().unwrap();
    // The first one is idle as soon as the server has seen its answer go.
    while ask(&second, "", "").await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_that_does_not_call_in_time_is_closed() {
    let server = start(&[("server.opening_seconds", "1")], Identity::new(), None).await;
    for preface in [&b""[..], b"PRI * HTTP/2.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let mut silent = TcpStream::connect(&server.address).await.unwrap();
        silent.write_all(preface).await.unwrap();
        let end = timeout(Duration::from_secs(20), silent.read_to_end(&mut Vec::new())).await;
        assert!(end.is_ok(), "it is closed after {preface:?}");
    }
    assert!(ask(&server.channel, "", "").await.is_ok());
}

/// What a client says first in a handshake.
fn client_hello(files: &Settings) -> Vec<u8> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.tls.ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let mut hello = Vec::new();
    let name = ServerName::try_from("localhost").unwrap();
    ClientConnection::new(config, name).unwrap().write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test]
async fn a_handshake_that_is_begun_and_never_finished_is_closed_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    let tls = Tls::load(&files.tls).unwrap().unwrap();
    let server = start(&[("server.opening_seconds", "1")], Identity::new(), Some(tls.clone())).await;
    let hello = client_hello(&files);
    for (said, is_answered) in [(&hello[..0], false), (&hello[..hello.len() / 2], false), (&hello, true)] {
        let begun = Instant::now();
        let mut silent = TcpStream::connect(&server.address).await.unwrap();
        silent.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        let end = timeout(Duration::from_secs(20), silent.read_to_end(&mut heard)).await;
        assert!(end.is_ok(), "it is closed after {} bytes", said.len());
        assert!(begun.elapsed() >= Duration::from_secs(1), "not before its time is over");
        assert_eq!(!heard.is_empty(), is_answered, "{} bytes", said.len());
    }
    let person = client::connect(&[&server.address], Some(&Tls::trusting(&files.tls.ca).unwrap()), plain);
    assert!(ask(&person.unwrap(), "", "").await.is_ok());
}

#[tokio::test]
async fn whoever_fills_the_server_with_silent_connections_from_many_places_keeps_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    for tls in [None, Some(Tls::load(&files.tls).unwrap().unwrap())] {
        let most = 16;
        let server = start(&[("server.max_connections", "16")], Identity::new(), tls.clone()).await;
        let address = server.address.parse().unwrap();
        let mut silent = Vec::new();
        for nth in 0..most {
            silent.push(connect_from(nth, address).await);
        }
        let newcomer = || client::connect(&[&server.address], tls.as_ref(), plain).unwrap();
        assert!(ask(&newcomer(), "", "").await.is_ok(), "a newcomer is answered");
        let mut idlest = silent.remove(0);
        let end = timeout(Duration::from_secs(5), idlest.read_to_end(&mut Vec::new())).await;
        assert!(end.is_ok(), "the idlest has gone, long before its time was over");
        assert!(silent.iter().all(stands), "and nobody else");
        for nth in most..4 * most {
            silent.push(connect_from(nth, address).await);
        }
        assert!(ask(&newcomer(), "", "").await.is_ok(), "however many come after");
    }
}

/// Whether a connection is open, as far as has been heard.
fn stands(stream: &TcpStream) -> bool {
    loop {
        match stream.try_read(&mut [0; 64]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

#[tokio::test]
async fn streams_of_reflection_have_few_slots_and_health_is_still_told() {
    let server = start(&[], Identity::new(), None).await;
    let mut streams = Vec::new();
    let refused = loop {
        let watch = HealthCheckRequest { service: String::new() };
        match HealthClient::new(line(&server)).watch(watch).await {
            Ok(stream) => streams.push(stream),
            Err(status) => break status,
        }
        assert!(streams.len() < 100, "streams have no bound");
    };
    assert_eq!(reason(&refused), "TOO_BUSY");
    assert!(HealthClient::new(line(&server)).check(HealthCheckRequest::default()).await.is_ok());
    assert!(ask(&server.channel, "", "").await.is_ok());
}
