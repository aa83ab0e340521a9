use std::{fs, sync::Arc};

use flare_access::{
    AccessLayer, Clock, Deadlines, FromPortal, Limit, Limits, LocalRateLimits, Place, PlaceNames,
    ServiceTokens, Signatory, TokenVerifier,
};
use flare_contracts::{
    AccessRules, Producer,
    events::v1::{ListEventsRequest, ListEventsResponse},
};
use flare_seal::ServiceKey;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt;
use tower::{layer::util::Identity, util::MapRequestLayer};
use tracing::Instrument;

use super::*;
use crate::{
    PeerChannel, SystemClock, client,
    config::Settings,
    config::Sources,
    fixtures::{Log, TEXT, ask, connect_from, plain, settings},
    telemetry::tests::traced,
};

/// What stands for a call that carries a file.
const FILE_CALL: &str = "/flare.events.v1.EventLog/ListEvents";

struct Running {
    address: String,
    channel: PeerChannel,
    health: Health,
    log: Log,
    token: CancellationToken,
    run: JoinHandle<Result<Drained, ServerError>>,
}

/// The log behind this access layer, over the network.
async fn start<L>(changes: &[(&str, &str)], access: L, tls: Option<Tls>) -> Running
where
    L: Layer<Routes> + Clone + Send + 'static,
    L::Service: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError> + Send + 'static,
{
    let (log, token) = (Log::new(), CancellationToken::new());
    let health = Health::starting(["flare.events.v1.EventLog"]).await;
    health.set_all(true).await;
    let server = GrpcServer::new(&settings(changes), access, log.routes(), &health).unwrap();
    let server = server.with_file_calls([FILE_CALL.to_owned()]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let channel = client::connect(&[&address], None, plain).unwrap();
    let asked = token.clone();
    let run = tokio::spawn(async move { server.serve(listener, tls.as_ref(), asked).await });
    Running { address, channel, health, log, token, run }
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test]
async fn a_panic_is_a_status_that_says_nothing_and_the_server_goes_on() {
    let server = start(&[], Identity::new(), None).await;
    let status = ask(&server.channel, "panic", "canary").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains("canary"), "{status:?}");
    assert!(ask(&server.channel, "", "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_larger_than_allowed_is_refused_in_both_directions() {
    let limits = [("server.decode_limit_bytes", "400000"), ("server.encode_limit_bytes", "500000")];
    let server = start(&limits, Identity::new(), None).await;
    let status = ask(&server.channel, "", &"x".repeat(400_000)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "MESSAGE_TOO_LARGE"));
    assert!(status.message().contains("400000 bytes"), "{status:?}");
    assert!(ask(&server.channel, "", &"x".repeat(390_000)).await.is_ok());

    let status = ask(&server.channel, "large", "").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "too large an answer is a fault of ours: {status:?}");
    assert_eq!(ask(&server.channel, "text", "").await.unwrap()[0].stream.len(), TEXT);
}

#[tokio::test]
async fn one_call_too_many_is_refused_at_once_and_health_is_still_told() {
    let server = start(&[("server.max_calls_in_flight", "2")], Identity::new(), None).await;
    let held = [0, 1].map(|_| {
        let channel = server.channel.clone();
        tokio::spawn(async move { ask(&channel, "hold", "").await })
    });
    server.log.held.acquire_many(2).await.unwrap().forget();
    let status = ask(&server.channel, "", "").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "TOO_BUSY"));
    let check = HealthCheckRequest { service: "flare.events.v1.EventLog".into() };
    let health = HealthClient::new(server.channel.clone()).check(check).await.unwrap();
    assert_eq!(health.into_inner().status, 1);

    server.log.release.add_permits(2);
    for call in held {
        call.await.unwrap().unwrap();
    }
    assert!(ask(&server.channel, "", "").await.is_ok(), "their places are free again");
}

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

#[tokio::test]
async fn calls_that_run_are_answered_before_the_server_ends_and_new_ones_are_not_taken() {
    let server = start(&[], Identity::new(), None).await;
    let channel = server.channel.clone();
    let held = tokio::spawn(async move { ask(&channel, "hold", "").await });
    server.log.held.acquire().await.unwrap().forget();
    server.token.cancel();
    // The listener closes as soon as the server drains.
    while TcpStream::connect(&server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.log.release.add_permits(1);
    assert!(held.await.unwrap().is_ok());
    assert_eq!(server.run.await.unwrap().unwrap(), Drained::Wholly);
}

#[tokio::test]
async fn a_call_that_never_ends_does_not_hold_the_server_for_ever() {
    let server = start(&[], Identity::new(), None).await;
    let channel = server.channel.clone();
    let held = tokio::spawn(async move { ask(&channel, "hold", "").await });
    server.log.held.acquire().await.unwrap().forget();
    server.token.cancel();
    assert_eq!(server.run.await.unwrap().unwrap(), Drained::CutShort);
    held.abort();
}

#[tokio::test]
async fn health_says_what_serves_and_stops_saying_so_before_the_end() {
    let server = start(&[], Identity::new(), None).await;
    let mut client = HealthClient::new(server.channel.clone());
    let mut check = async |service: &str| {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await;
        answer.map(|answer| answer.into_inner().status).map_err(|status| status.code())
    };
    assert_eq!(check("").await, Ok(1));
    server.health.set("flare.events.v1.EventLog", false).await;
    assert_eq!(check("flare.events.v1.EventLog").await, Ok(2));
    assert_eq!(check("flare.unknown").await, Err(Code::NotFound));

    let mut watch = HealthClient::new(server.channel.clone())
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    server.token.cancel();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 2, "told while the connection still stands");
}

#[tokio::test]
async fn reflection_shows_the_services_and_their_rules() {
    let server = start(&[], Identity::new(), None).await;
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let mut ask = async |question| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
        answers.into_inner().message().await.unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await
    else {
        panic!("no list");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"flare.events.v1.EventLog"), "{names:?}");

    let symbol = MessageRequest::FileContainingSymbol("flare.events.v1.EventLog".into());
    let MessageResponse::FileDescriptorResponse(files) = ask(symbol).await else { panic!("no file") };
    // Option 50251 of a method, as the wire writes its number: the access rule is visible to callers.
    let tag: &[u8] = &[0xda, 0xc4, 0x18];
    let shown =
        files.file_descriptor_proto.iter().any(|file| file.windows(tag.len()).any(|bytes| bytes == tag));
    assert!(shown, "the access rules are shown");

    let mut older = tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(
        server.channel.clone(),
    );
    let request = tonic_reflection::pb::v1alpha::ServerReflectionRequest::default();
    assert!(older.server_reflection_info(tokio_stream::iter([request])).await.is_ok());
}

fn access(key: &ServiceKey, deadlines: Deadlines) -> AccessLayer {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits = Arc::new(LocalRateLimits::new(Arc::clone(&clock)));
    let rules = Arc::new(AccessRules::load().unwrap());
    AccessLayer::new(rules, Arc::new(TokenVerifier::new(&[])), key, limits, clock).with_deadlines(deadlines)
}

fn signatory(key: &ServiceKey) -> Signatory {
    Signatory::new(ServiceTokens::new(key), Producer::Grants, Arc::new(SystemClock))
}

#[tokio::test]
async fn the_access_layer_stands_before_the_services_and_not_before_health() {
    let key = ServiceKey::from_bytes([1; 32]);
    let server = start(&[], access(&key, Deadlines::default()), None).await;
    assert_eq!(ask(&server.channel, "", "").await.unwrap_err().code(), Code::Unauthenticated);
    assert!(HealthClient::new(server.channel.clone()).check(HealthCheckRequest::default()).await.is_ok());
    let service = client::connect(&[&server.address], None, signatory(&key)).unwrap();
    assert!(ask(&service, "", "").await.is_ok());
}

#[tokio::test]
async fn a_call_is_ended_at_its_deadline() {
    let key = ServiceKey::from_bytes([1; 32]);
    let deadlines = Deadlines { usual: Duration::from_millis(50), ..Deadlines::default() };
    let server = start(&[], access(&key, deadlines), None).await;
    let service = client::connect(&[&server.address], None, signatory(&key)).unwrap();
    assert_eq!(ask(&service, "hold", "").await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_same_stack_answers_within_the_process() {
    let (log, token) = (Log::new(), CancellationToken::new());
    let health = Health::starting(["flare.events.v1.EventLog"]).await;
    let key = ServiceKey::from_bytes([1; 32]);
    let access = access(&key, Deadlines::default());
    let server = GrpcServer::new(&settings(&[]), access, log.routes(), &health).unwrap();
    let (channel, run) = server.serve_in_process(token.clone());
    let run = tokio::spawn(run);
    let (stranger, service) = (client::over(channel.clone(), plain), client::over(channel, signatory(&key)));
    assert_eq!(ask(&stranger, "", "").await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(ask(&service, "text", "").await.unwrap()[0].stream.len(), TEXT);
    assert_eq!(ask(&service, "panic", "").await.unwrap_err().code(), Code::Internal);

    token.cancel();
    assert_eq!(run.await.unwrap().unwrap(), Drained::Wholly);
    assert_eq!(ask(&service, "", "").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_trace_goes_on_in_the_called_service() {
    let _guard = traced();
    let server = start(&[], Identity::new(), None).await;
    let span = tracing::info_span!("caller");
    let ours = span.in_scope(crate::trace_context::traceparent).unwrap();
    let theirs = ask(&server.channel, "trace", "").instrument(span).await.unwrap()[0].stream.clone();
    assert_eq!(ours[..36], theirs[..36], "the same trace");
    assert_ne!(ours, theirs, "another span");
}

/// PEM files of an installation in `dir`: its authority, and a certificate for this machine.
fn certificates(dir: &std::path::Path) -> Settings {
    certificates_for(dir, "somebody")
}

/// The same, whose certificate bears this name too.
fn certificates_for(dir: &std::path::Path, name: &str) -> Settings {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), name.to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let files = [("ca", ca.pem()), ("certificate", certificate.pem()), ("key", key.serialize_pem())];
    let sources = files.into_iter().fold(Sources::defaults(), |sources, (name, pem)| {
        let path = dir.join(name);
        fs::write(&path, pem).unwrap();
        sources.set(format!("tls.{name}"), path.display().to_string())
    });
    Settings::load(&sources).unwrap()
}

#[tokio::test]
async fn over_tls_a_service_must_show_a_certificate_and_a_person_need_not() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    files.check(&[]).unwrap();
    let tls = Tls::load(&files.tls).unwrap().unwrap();
    let key = ServiceKey::from_bytes([1; 32]);
    let server = start(&[], access(&key, Deadlines::default()), Some(tls.clone())).await;

    let service = client::connect(&[&server.address], Some(&tls), signatory(&key)).unwrap();
    assert!(ask(&service, "", "").await.is_ok());
    let person = Tls::trusting(&files.tls.ca).unwrap();
    let stolen = client::connect(&[&server.address], Some(&person), signatory(&key)).unwrap();
    assert_eq!(reason(&ask(&stolen, "", "").await.unwrap_err()), "NO_CERTIFICATE");
    for scheme in ["service", "SERVICE"] {
        let signatory = signatory(&key);
        let other_case = move |request: tonic::Request<()>| {
            let mut request = tonic::service::Interceptor::call(&mut signatory.clone(), request)?;
            let shown = request.metadata().get("authorization").unwrap().to_str().unwrap();
            let shown = shown.replace("Service", scheme).parse().unwrap();
            request.metadata_mut().insert("authorization", shown);
            Ok(request)
        };
        let stolen = client::connect(&[&server.address], Some(&person), other_case).unwrap();
        assert_eq!(reason(&ask(&stolen, "", "").await.unwrap_err()), "NO_CERTIFICATE", "{scheme}");
    }
    let anyone = client::connect(&[&server.address], Some(&person), plain).unwrap();
    assert_eq!(reason(&ask(&anyone, "", "").await.unwrap_err()), "NO_CREDENTIALS");

    let other_dir = tempfile::tempdir().unwrap();
    let other = Tls::load(&certificates(other_dir.path()).tls).unwrap().unwrap();
    let foreign = client::connect(&[&server.address], Some(&other), signatory(&key)).unwrap();
    assert_eq!(ask(&foreign, "", "").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(ask(&server.channel, "", "").await.unwrap_err().code(), Code::Unavailable, "in the clear");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused_before_anything_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    fs::write(&files.tls.key, "nonsense").unwrap();
    let tls = Tls::load(&files.tls).unwrap();
    let server = start(&[], Identity::new(), tls).await;
    assert!(matches!(server.run.await.unwrap(), Err(ServerError::Transport(_))));
    fs::remove_file(&files.tls.key).unwrap();
    assert!(Tls::load(&files.tls).err().unwrap().to_string().contains("key cannot be read"));
}

/// Asks for health over a channel, for a place; whether it was answered, or its place had asked too often.
async fn health_for(channel: PeerChannel, place: Option<u8>) -> bool {
    let mut request = tonic::Request::new(HealthCheckRequest { service: String::new() });
    if let Some(place) = place {
        let named = PlaceNames::new(&[7; 32]).name(&Place::of([192, 0, 2, place].into()), 0);
        request.metadata_mut().insert(Place::header(), named.to_metadata().unwrap());
    }
    match HealthClient::new(channel).check(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason(&status), "TOO_MANY_CALLS", "{status:?}");
            false
        }
    }
}

fn twice_a_minute(key: &ServiceKey) -> AccessLayer {
    let limit = Limit { calls: 2, per: Duration::from_mins(1) };
    access(key, Deadlines::default())
        .with_limits(Limits { anonymous_from_one_place: limit, ..Limits::default() })
}

#[tokio::test]
async fn a_flood_from_one_place_stops_nobody_at_another_who_comes_by_the_same_portal() {
    let health = Health::starting(Vec::<String>::new()).await;
    let key = ServiceKey::from_bytes([1; 32]);
    let server = GrpcServer::new(&settings(&[]), twice_a_minute(&key), Log::new().routes(), &health).unwrap();
    let token = CancellationToken::new();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];

    let portal = client::over(for_portal, plain);
    let flood = [true, true, false, false];
    for expected in flood {
        assert_eq!(health_for(portal.clone(), Some(1)).await, expected);
    }
    assert!(health_for(portal.clone(), Some(2)).await, "somebody else, by the same portal");
    assert!(!health_for(portal, Some(1)).await, "the flood's limit holds");

    let service = client::over(for_services, plain);
    for (place, expected) in [(3, true), (4, true), (5, false)] {
        assert_eq!(health_for(service.clone(), Some(place)).await, expected, "only the portal is believed");
    }
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn over_the_network_a_place_is_believed_of_the_certificate_that_names_the_portal() {
    for (name, is_believed) in [("portal", true), ("intake", false)] {
        let dir = tempfile::tempdir().unwrap();
        let files = certificates_for(dir.path(), name);
        let tls = Tls::load(&files.tls).unwrap().unwrap();
        let key = ServiceKey::from_bytes([1; 32]);
        let server = start(&[], twice_a_minute(&key), Some(tls.clone())).await;
        let channel = client::connect(&[&server.address], Some(&tls), plain).unwrap();
        let mut answered = Vec::new();
        for place in [1, 1, 1, 2] {
            answered.push(health_for(channel.clone(), Some(place)).await);
        }
        assert_eq!(answered, [true, true, false, is_believed], "{name}");
        let person = client::connect(&[&server.address], Some(&Tls::trusting(&files.tls.ca).unwrap()), plain);
        // The same address as the connection above: no name of a place helps without a certificate.
        assert_eq!(health_for(person.unwrap(), Some(9)).await, is_believed, "{name}");
    }
}

type Told = Arc<std::sync::Mutex<Vec<bool>>>;

/// A layer that notes of each call whether services take it for the portal's.
fn noting(
    told: &Told,
) -> MapRequestLayer<impl FnMut(http::Request<Body>) -> http::Request<Body> + Clone + use<>> {
    let told = Arc::clone(told);
    MapRequestLayer::new(move |request: http::Request<Body>| {
        told.lock().unwrap().push(request.extensions().get::<FromPortal>().is_some());
        request
    })
}

#[tokio::test]
async fn the_portal_is_known_by_its_channel_or_its_certificate_and_by_nothing_else() {
    let told = Told::default();
    let heard = || std::mem::take(&mut *told.lock().unwrap());
    for (name, is_portal) in [("portal", true), ("intake", false)] {
        let dir = tempfile::tempdir().unwrap();
        let files = certificates_for(dir.path(), name);
        let tls = Tls::load(&files.tls).unwrap().unwrap();
        let server = start(&[], noting(&told), Some(tls.clone())).await;
        let person = Tls::trusting(&files.tls.ca).unwrap();
        for (tls, expected) in [(&tls, is_portal), (&person, false)] {
            let channel = client::connect(&[&server.address], Some(tls), plain).unwrap();
            health_for(channel, Some(1)).await;
            assert_eq!(heard(), [expected], "{name}");
        }
    }
    let server = start(&[], noting(&told), None).await;
    health_for(server.channel.clone(), Some(1)).await;
    assert_eq!(heard(), [false], "in the clear");

    let health = Health::starting(Vec::<String>::new()).await;
    let server = GrpcServer::new(&settings(&[]), noting(&told), Log::new().routes(), &health).unwrap();
    let token = CancellationToken::new();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];
    for (channel, expected) in [(for_portal, true), (for_services, false)] {
        health_for(client::over(channel, plain), Some(1)).await;
        assert_eq!(heard(), [expected], "within the process");
    }
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn whatever_the_portal_is_flooded_with_services_reach_each_other() {
    let (log, token) = (Log::new(), CancellationToken::new());
    let health = Health::starting(["flare.events.v1.EventLog"]).await;
    let settings = settings(&[("server.max_calls_in_flight", "1")]);
    let server = GrpcServer::new(&settings, Identity::new(), log.routes(), &health).unwrap();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];
    let portal = client::over(for_portal, plain);
    let held = {
        let portal = portal.clone();
        tokio::spawn(async move { ask(&portal, "hold", "").await })
    };
    log.held.acquire().await.unwrap().forget();
    assert_eq!(reason(&ask(&portal, "", "").await.unwrap_err()), "TOO_BUSY");
    assert!(ask(&client::over(for_services, plain), "", "").await.is_ok());
    log.release.add_permits(1);
    held.await.unwrap().unwrap();
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}
