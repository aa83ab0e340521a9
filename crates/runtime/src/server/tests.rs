//! The server as callers meet it, over the wire and within the process.

mod connections;
mod peers;

use std::{fs, sync::Arc};

use flare_access::{AccessLayer, Clock, Deadlines, LocalRateLimits, ServiceTokens, Signatory, TokenVerifier};
use flare_contracts::{AccessRules, Service};
use flare_seal::ServiceKey;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{net::TcpStream, task::JoinHandle};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt;
use tower::layer::util::Identity;
use tracing::Instrument;

use super::*;
use crate::{
    PeerChannel, SystemClock, client,
    config::Settings,
    config::Sources,
    fixtures::{Log, TEXT, ask, plain, settings},
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
    L::Service: tower::Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    <L::Service as tower::Service<Request<Body>>>::Future: Send + 'static,
    <L::Service as tower::Service<Request<Body>>>::Error: Into<BoxError> + Send + 'static,
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
    Signatory::new(ServiceTokens::new(key), Service::Grants, Arc::new(SystemClock))
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

type Told = Arc<std::sync::Mutex<Vec<bool>>>;
