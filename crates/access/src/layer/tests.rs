//! The whole layer in front of a service that says whom it was called by, and once in front of a real server.

use std::{
    convert::Infallible,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use flare_contracts::{
    Service,
    common::v1::{AccessRule, Role},
    events::v1::{EventsAfterRequest, event_log_client::EventLogClient},
};
use flare_kernel::StaffId;
use http::header::AUTHORIZATION;
use proptest::prelude::*;
use tonic::{
    Code,
    service::Routes,
    transport::{
        Channel, Server,
        server::{TcpConnectInfo, TcpIncoming},
    },
};
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::*;
use crate::{
    LocalRateLimits, Roles, Signatory, TokenSigner,
    fixtures::{FixedClock, claim, service_key, service_tokens},
};

const PUBLIC: &str = "/flare.test.v1.Test/Public";
const RECEIPT: &str = "/flare.test.v1.Test/Receipt";
const OTHER_PUBLIC: &str = "/flare.test.v1.Test/OtherPublic";
const GET_BY_RECEIPT: &str = "/flare.test.v1.Test/GetByReceipt";
const SERVICE: &str = "/flare.test.v1.Test/Service";
const ANY_STAFF: &str = "/flare.test.v1.Test/AnyStaff";
const OFFICER: &str = "/flare.test.v1.Test/Officer";
const RECEIPT_OR_OFFICER: &str = "/flare.test.v1.Test/ReceiptOrOfficer";

fn rules() -> AccessRules {
    let officer = vec![Role::Officer as i32];
    let none = AccessRule::default;
    [
        (PUBLIC, AccessRule { public: true, ..none() }),
        (OTHER_PUBLIC, AccessRule { public: true, ..none() }),
        (GET_BY_RECEIPT, AccessRule { receipt: true, ..none() }),
        (RECEIPT, AccessRule { receipt: true, ..none() }),
        (SERVICE, AccessRule { service: true, ..none() }),
        (ANY_STAFF, AccessRule { any_staff: true, ..none() }),
        (OFFICER, AccessRule { roles: officer.clone(), ..none() }),
        (RECEIPT_OR_OFFICER, AccessRule { receipt: true, roles: officer, ..none() }),
    ]
    .map(|(path, rule)| (path.to_owned(), rule))
    .into_iter()
    .collect()
}

/// A layer with all it needs, before a service that answers with the caller's name.
struct Bench {
    layer: AccessLayer,
    clock: Arc<FixedClock>,
    signer: TokenSigner,
    reached: Arc<AtomicU32>,
}

impl Bench {
    fn new() -> Self {
        let clock = FixedClock::new();
        Self::counting(Arc::new(LocalRateLimits::new(clock.clone())), clock)
    }

    fn counting(rate_limits: Arc<dyn RateLimits>, clock: Arc<FixedClock>) -> Self {
        let signer = TokenSigner::from_seed(&[1; 32]);
        let verifier = TokenVerifier::new(&[signer.public_key()]);
        let layer = AccessLayer::new(
            Arc::new(rules()),
            Arc::new(verifier),
            &service_key(1),
            rate_limits,
            clock.clone(),
        );
        Self { layer, clock, signer, reached: Arc::default() }
    }

    fn bearer(&self, roles: &[Role]) -> String {
        let roles: Roles = roles.iter().copied().collect();
        let token = self.signer.issue(StaffId::from_bytes([7; 16]), roles, [8; 16], self.clock.now());
        header(&Credentials::Bearer(token.text))
    }

    fn service(&self, producer: Service) -> String {
        header(&Credentials::Service(service_tokens(1).issue(producer, self.clock.now()).unwrap()))
    }

    /// What the caller learns: the actor the handler saw, or the reason of the refusal.
    async fn call(&self, path: &str, authorization: Option<&str>) -> Result<String, String> {
        self.call_from(path, authorization, None).await.map_err(|status| reason(&status))
    }

    async fn call_from(
        &self,
        path: &str,
        authorization: Option<&str>,
        from: Option<&str>,
    ) -> Result<String, Status> {
        let mut call = http::Request::builder().uri(path);
        if let Some(authorization) = authorization {
            call = call.header(AUTHORIZATION, authorization);
        }
        if let Some(from) = from {
            call =
                call.extension(TcpConnectInfo { local_addr: None, remote_addr: Some(from.parse().unwrap()) });
        }
        let reached = Arc::clone(&self.reached);
        let handler = tower::service_fn(move |request: http::Request<Body>| {
            reached.fetch_add(1, Ordering::SeqCst);
            assert!(
                !request.headers().contains_key(AUTHORIZATION),
                "no handler sees the credentials themselves"
            );
            let actor = request.extensions().get::<Caller>().map_or("nobody".to_owned(), Caller::actor);
            async move {
                Ok::<_, Infallible>(
                    http::Response::builder().header("actor", actor).body(Body::empty()).unwrap(),
                )
            }
        });
        let answer = self.layer.layer(handler).oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
        match Status::from_header_map(answer.headers()) {
            Some(status) => Err(status),
            None => Ok(answer.headers()["actor"].to_str().unwrap().to_owned()),
        }
    }
}

fn header(credentials: &Credentials) -> String {
    credentials.to_metadata().unwrap().to_str().unwrap().to_owned()
}

fn receipt(lookup: u8) -> String {
    header(&Credentials::Receipt(claim(lookup)))
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason)
}

#[tokio::test]
async fn every_kind_of_caller_meets_every_kind_of_rule() {
    let bench = Bench::new();
    let staff = StaffId::from_bytes([7; 16]).to_string();
    let (none, not) = (Err("NO_CREDENTIALS"), Err("NOT_ALLOWED"));
    let (finance, officer) = (Ok(staff.as_str()), Ok(staff.as_str()));
    let receipts = Ok("requester");
    let triage = Ok("service:triage");

    let paths = [PUBLIC, RECEIPT, SERVICE, ANY_STAFF, OFFICER, RECEIPT_OR_OFFICER];
    let expected = [
        (None, [Ok("anonymous"), none, none, none, none, none]),
        (Some(receipt(1)), [receipts, receipts, not, not, not, receipts]),
        (Some(bench.bearer(&[])), [finance, not, not, finance, not, not]),
        (Some(bench.bearer(&[Role::Finance])), [finance, not, not, finance, not, not]),
        (Some(bench.bearer(&[Role::Finance, Role::Officer])), [officer, not, not, officer, officer, officer]),
        (Some(bench.service(Service::Triage)), [triage, not, triage, not, not, not]),
    ];
    for (authorization, row) in expected {
        for (path, cell) in paths.into_iter().zip(row) {
            let answer = bench.call(path, authorization.as_deref()).await;
            assert_eq!(answer.as_deref().map_err(String::as_str), cell, "{path} {authorization:?}");
        }
    }
}

#[tokio::test]
async fn bad_credentials_are_refused_on_every_rpc_and_reach_no_handler() {
    let bench = Bench::new();
    let stranger = TokenSigner::from_seed(&[2; 32]);
    let strange = stranger.issue(StaffId::from_bytes([7; 16]), Roles::NONE, [8; 16], bench.clock.now()).text;
    let other_installation = service_tokens(2).issue(Service::Triage, bench.clock.now()).unwrap();
    let bad = [
        String::new(),
        "Basic dXNlcjpwYXNz".to_owned(),
        "Receipt 12.34".to_owned(),
        "Bearer ".to_owned(),
        "Service AAAA".to_owned(),
        format!("Bearer {strange}"),
        format!("Service {other_installation}"),
        bench.bearer(&[Role::Officer]).replace("Bearer", "Service"),
        bench.service(Service::Triage).replace("Service", "Bearer"),
    ];
    for path in [PUBLIC, RECEIPT, SERVICE, ANY_STAFF, OFFICER, RECEIPT_OR_OFFICER] {
        for authorization in &bad {
            let answer = bench.call(path, Some(authorization)).await;
            assert_eq!(answer, Err("BAD_CREDENTIALS".to_owned()), "{path} {authorization:?}");
        }
    }
    assert_eq!(bench.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn credentials_that_have_ended_say_so() {
    let bench = Bench::new();
    let (bearer, service) = (bench.bearer(&[Role::Officer]), bench.service(Service::Triage));
    bench.clock.forward(Duration::from_secs(64));
    assert!(
        bench.call(OFFICER, Some(&bearer)).await.is_ok() && bench.call(SERVICE, Some(&service)).await.is_ok()
    );
    bench.clock.forward(Duration::from_secs(1));
    let expired = Err("EXPIRED_CREDENTIALS".to_owned());
    assert_eq!(bench.call(OFFICER, Some(&bearer)).await, expired);
    assert_eq!(bench.call(SERVICE, Some(&service)).await, expired);
}

#[tokio::test]
async fn health_and_reflection_are_open_and_an_unknown_rpc_does_not_exist() {
    let bench = Bench::new();
    for path in ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]
    {
        for authorization in [None, Some("junk"), Some(receipt(1).as_str())] {
            assert_eq!(bench.call(path, authorization).await, Ok("anonymous".to_owned()));
        }
    }
    let reached = bench.reached.load(Ordering::SeqCst);
    for path in ["/flare.test.v1.Test/Unknown", "/", "/nonsense", "/flare.", "/flare.test.v1.Test/Public/"] {
        assert_eq!(bench.call(path, None).await, Err("Unimplemented".to_owned()));
    }
    assert_eq!(bench.reached.load(Ordering::SeqCst), reached);
}

#[tokio::test]
async fn a_place_without_credentials_is_held_to_its_limit_and_told_how_long_to_wait() {
    let mut bench = Bench::new();
    let limit = Limit { calls: 2, per: Duration::from_mins(1) };
    bench.layer = bench.layer.with_limits(Limits { anonymous_from_one_place: limit, ..Limits::default() });
    let from = async |address| bench.call_from(PUBLIC, None, Some(address)).await;
    assert!(from("192.0.2.7:1").await.is_ok() && from("192.0.2.7:2").await.is_ok());

    let status = from("192.0.2.7:3").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "TOO_MANY_CALLS"));
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(30)));
    assert!(from("192.0.2.8:1").await.is_ok(), "another place");

    let (bearer, service) = (bench.bearer(&[]), bench.service(Service::Intake));
    for authorization in [&bearer, &service, &receipt(1)] {
        assert!(
            bench.call_from(PUBLIC, Some(authorization), Some("192.0.2.7:4")).await.is_ok(),
            "{authorization}"
        );
    }
    bench.clock.forward(Duration::from_secs(30));
    assert!(from("192.0.2.7:5").await.is_ok());
}

#[tokio::test]
async fn a_receipt_is_held_to_its_limit_wherever_it_is_shown() {
    let mut bench = Bench::new();
    let limit = |calls| Limit { calls, per: Duration::from_mins(1) };
    let limits = Limits { one_receipt: limit(2), receipts_from_one_place: limit(3), ..Limits::default() };
    bench.layer = bench.layer.with_limits(limits);
    let show = async |lookup, address| {
        bench
            .call_from(RECEIPT, Some(&receipt(lookup)), Some(address))
            .await
            .map_err(|status| reason(&status))
    };
    let (ok, wait) = (Ok("requester".to_owned()), Err("TOO_MANY_CALLS".to_owned()));
    assert_eq!(show(1, "192.0.2.1:1").await, ok);
    assert_eq!(show(1, "192.0.2.2:1").await, ok);
    assert_eq!(show(1, "192.0.2.3:1").await, wait, "the receipt's limit, from a fresh place");
    assert_eq!(show(2, "192.0.2.1:1").await, ok);
    assert_eq!(show(3, "192.0.2.1:1").await, ok);
    assert_eq!(show(4, "192.0.2.1:1").await, wait, "the place's limit, with a fresh receipt");
    assert_eq!(show(4, "192.0.2.4:1").await, ok);
}

#[tokio::test]
async fn whoever_found_a_receipt_keeps_nobody_from_ending_it() {
    let mut bench = Bench::new();
    let limit = |calls| Limit { calls, per: Duration::from_mins(1) };
    let limits = Limits {
        one_receipt: limit(1),
        one_receipt_writes: limit(1),
        receipts_from_one_place: limit(2),
        ..Limits::default()
    };
    bench.layer = bench.layer.with_limits(limits).with_ending_calls([RECEIPT.to_owned()]);
    let show = async |path, address| {
        let called = bench.call_from(path, Some(&receipt(1)), Some(address)).await;
        called.map(drop).map_err(|status| reason(&status))
    };
    let wait = Err("TOO_MANY_CALLS".to_owned());
    assert_eq!(show(RECEIPT_OR_OFFICER, "192.0.2.1:1").await, Ok(()));
    assert_eq!(show(RECEIPT_OR_OFFICER, "192.0.2.2:1").await, wait);
    assert_eq!(show(RECEIPT, "192.0.2.3:1").await, Ok(()));
    assert_eq!(show(RECEIPT, "192.0.2.3:1").await, Ok(()));
    assert_eq!(show(RECEIPT, "192.0.2.3:1").await, wait, "the place's limit holds");
}

#[tokio::test]
async fn nothing_drains_what_another_rpc_has() {
    let mut bench = Bench::new();
    let limit = |calls| Limit { calls, per: Duration::from_mins(1) };
    let limits = Limits {
        anonymous_from_one_place: limit(1),
        frequent_from_one_place: limit(3),
        receipts_from_one_place: limit(1),
        ..Limits::default()
    };
    bench.layer = bench.layer.with_limits(limits);
    assert!(bench.call(PUBLIC, None).await.is_ok());
    let wait = Err("TOO_MANY_CALLS".to_owned());
    assert_eq!(bench.call(PUBLIC, None).await, wait);
    assert!(bench.call(OTHER_PUBLIC, None).await.is_ok());
    assert!(bench.call("/grpc.health.v1.Health/Check", None).await.is_ok());
    assert_eq!(bench.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", None).await, wait);
    assert!(bench.call(RECEIPT, Some(&receipt(1))).await.is_ok());
    assert_eq!(bench.call(RECEIPT, Some(&receipt(2))).await, wait);
    assert!(bench.call(RECEIPT_OR_OFFICER, Some(&receipt(3))).await.is_ok());

    bench.layer = bench.layer.with_frequent_calls([PUBLIC.to_owned()]);
    for _ in 0..3 {
        assert!(bench.call(PUBLIC, None).await.is_ok());
    }
    assert_eq!(bench.call(PUBLIC, None).await, wait);
}

#[tokio::test]
async fn one_receipt_writes_so_much_a_day_and_reads_on() {
    let mut bench = Bench::new();
    let writes = Limit { calls: 2, per: Duration::from_hours(24) };
    bench.layer = bench.layer.with_limits(Limits { one_receipt_writes: writes, ..Limits::default() });
    let show = async |path| bench.call(path, Some(&receipt(1))).await;
    assert!(show(RECEIPT).await.is_ok() && show(RECEIPT).await.is_ok());
    assert_eq!(show(RECEIPT).await, Err("TOO_MANY_CALLS".to_owned()));
    assert!(show(RECEIPT_OR_OFFICER).await.is_ok(), "something else to write");
    for _ in 0..10 {
        assert!(show(GET_BY_RECEIPT).await.is_ok());
    }
    bench.clock.forward(Duration::from_hours(12));
    assert!(show(RECEIPT).await.is_ok());
}

#[tokio::test]
async fn the_neighbours_of_an_ipv6_place_have_a_limit_together() {
    let mut bench = Bench::new();
    let limit = Limit { calls: 1, per: Duration::from_mins(1) };
    bench.layer = bench.layer.with_limits(Limits { anonymous_from_one_place: limit, ..Limits::default() });
    let from = async |address: String| bench.call_from(PUBLIC, None, Some(&address)).await;
    for nth in 0..8 {
        assert!(from(format!("[2001:db8:1:{nth}::7]:1")).await.is_ok(), "{nth}");
    }
    let status = from("[2001:db8:1:8::7]:1".to_owned()).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_CALLS");
    assert!(from("[2001:db8:2:8::7]:1".to_owned()).await.is_ok());
}

/// Lets everything through and remembers the keys.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl RateLimits for Recorder {
    async fn allow(&self, key: &str, _: Limit) -> Decision {
        self.0.lock().unwrap().push(key.to_owned());
        Decision::Allowed
    }
}

#[tokio::test]
async fn no_counter_holds_an_address_or_a_lookup_id() {
    let recorder = Arc::new(Recorder::default());
    let bench = Bench::counting(recorder.clone(), FixedClock::new());
    bench.call_from(PUBLIC, None, Some("192.0.2.7:1")).await.unwrap();
    bench.call_from(RECEIPT, Some(&receipt(0xc0)), Some("192.0.2.7:1")).await.unwrap();
    let keys = recorder.0.lock().unwrap();
    assert_eq!(keys.len(), 4);
    for (key, what) in keys.iter().zip(["anonymous:", "receipts:", "receipt:", "writes:"]) {
        assert_eq!(key.strip_prefix(what).map(str::len), Some(32), "{key}");
        for secret in ["192.0.2.7", "c0000207", "c0c0c0c0"] {
            assert!(!key.contains(secret), "{key}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_not_awaited_beyond_the_deadline() {
    let bench = Bench::new();
    let begin = Instant::now();
    let handler = tower::service_fn(async |_: http::Request<Body>| {
        std::future::pending::<Result<_, Infallible>>().await
    });
    let call = http::Request::builder().uri(PUBLIC).header("grpc-timeout", "2S").body(Body::empty()).unwrap();
    let answer = bench.layer.layer(handler).oneshot(call).await.unwrap();
    let status = Status::from_header_map(answer.headers()).unwrap();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    assert_eq!(begin.elapsed().as_secs(), 2);
}

/// A real server without handlers, behind this layer, and a connection to it. That tonic finds no handler shows that
/// the layer let a call through.
async fn serve(layer: AccessLayer) -> (Channel, tokio::task::JoinHandle<()>) {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().layer(layer).add_routes(Routes::default());
    let server = tokio::spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
    (Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap(), server)
}

#[tokio::test]
async fn one_service_calls_another_over_the_wire_and_a_stranger_does_not() {
    let bench = Bench::new();
    let gate = Gate { rules: Arc::new(AccessRules::load().unwrap()), ..Arc::unwrap_or_clone(bench.layer.0) };
    let (channel, server) = serve(AccessLayer(Arc::new(gate))).await;
    let call = EventsAfterRequest::default;

    let stranger = EventLogClient::new(channel.clone()).events_after(call()).await.unwrap_err();
    assert_eq!((stranger.code(), reason(&stranger).as_str()), (Code::Unauthenticated, "NO_CREDENTIALS"));

    let signatory = Signatory::new(service_tokens(1), Service::Triage, bench.clock.clone());
    let peer = EventLogClient::with_interceptor(channel, signatory).events_after(call()).await.unwrap_err();
    assert_eq!(peer.code(), Code::Unimplemented);
    server.abort();
}

#[tokio::test]
async fn what_is_counted_over_the_wire_is_the_connections_address() {
    let recorder = Arc::new(Recorder::default());
    let mut bench = Bench::counting(recorder.clone(), FixedClock::new());
    let (path, public) =
        ("/flare.events.v1.EventLog/EventsAfter", AccessRule { public: true, ..AccessRule::default() });
    let rules = [(path.to_owned(), public)].into_iter().collect();
    let gate = Gate { rules: Arc::new(rules), ..Arc::unwrap_or_clone(bench.layer.0) };
    bench.layer = AccessLayer(Arc::new(gate));
    let (channel, server) = serve(bench.layer.clone()).await;
    let status = EventLogClient::new(channel).events_after(EventsAfterRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    server.abort();

    bench.call_from(path, None, Some("127.0.0.1:9")).await.unwrap();
    bench.call_from(path, None, None).await.unwrap();
    let keys = recorder.0.lock().unwrap();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_authorization_makes_the_layer_panic_or_let_a_stranger_in(
        scheme in prop::sample::select(vec!["Bearer ", "Service ", "bearer\t", ""]),
        rest in "[ -~]{0,120}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let bench = Bench::new();
        let shown = format!("{scheme}{rest}");
        for path in [PUBLIC, SERVICE, ANY_STAFF] {
            prop_assert!(runtime.block_on(bench.call(path, Some(&shown))).is_err());
        }
    }
}
