//! A portal before a real intake in this process, a requester who has a code, and staff and the other services as intake
//! hears them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use flare_access::{AccessLayer, Caller, Clock, Limit, Limits, LocalRateLimits, Roles, Staff, TokenVerifier};
use flare_contracts::{
    AccessRules, Event, Service,
    common::v1::{
        self, Compartment as WireCompartment, EpochAuthor, KeyEpoch, KeyWrap, Lane as WireLane, NeedKind,
        SealedField,
    },
    events::v1::{
        AgreementPosted, CaseOpened, GrantActivated, GrantDrafted, NeedAdded, NeedEnded, ProposalShown,
        TrancheMoved, grants_event::Event as OfGrants, triage_event::Event as OfTriage,
    },
    grants::v1::TrancheState,
    identity::v1::GetKeyBundleResponse,
    intake::v1::{
        BeginKeyEpochRequest, Consent, ConsentState, Listing, MessageKind, PostMessageRequest, Purpose,
        SubmitRequestRequest,
        intake_server::{Intake as _, IntakeServer},
    },
    triage::v1::Outcome,
};
use flare_edge::{
    Lines,
    receipt::{ReceiptHolder, lock},
};
use flare_intake::{Intake, IntakeApi, IntakeConsumer};
use flare_kernel::{CaseId, Duration, GrantId, Lane, MessageId, NeedId, StaffId, Timestamp, TrancheId};
use flare_messaging::{Handler as _, Received};
use flare_portal::{Portal, PortalKeys, PortalSettings, ReadingHours, Targets, contacts};
use flare_seal::{
    Compartment, CompartmentKey, FieldAddress, OrganisationSeed, PersonKeys, PortalKey, Receipt,
    RecipientSecret, ServiceKey, SigningKey, WrapContext, certify, seal_field, sign_epoch, sign_recovery_key,
    wrap_key,
};
use flare_store::{Error, Tx, Write, sql};
use flare_testkit::Sandbox;
use http_body_util::{BodyExt as _, Full};
use object_store::local::LocalFileSystem;
use prost::Message as _;
use tempfile::TempDir;
use tonic::{Status, service::Routes};
use tower::{Layer as _, ServiceExt as _, service_fn};

const HOST: &str = "127.0.0.1:7480";
/// What staff call the case.
pub(crate) const CODENAME: &str = "amber-kestrel-27";
/// The sandbox's clock.
const NOW: Timestamp = Timestamp::from_micros(1_795_305_600_000_000);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// An event of another service, as the inbox lets it take effect.
struct Hear(Received);

impl Write for Hear {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        IntakeConsumer.apply(tx, &self.0).await
    }
}

/// What a browser got.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    /// What the page carries for its act.
    pub(crate) fn carried(&self) -> String {
        let value = self.html.split("name=\"h\" value=\"").nth(1).expect("a page with an act");
        value.split('"').next().unwrap().to_owned()
    }

    /// What is between the tags of the page itself.
    pub(crate) fn main(&self) -> &str {
        self.html.split("<main>").nth(1).unwrap().split("</main>").next().unwrap()
    }
}

/// All of it.
pub(crate) struct Desk {
    pub(crate) sandbox: Sandbox,
    pub(crate) receipt: Receipt,
    pub(crate) case: CaseId,
    api: IntakeApi,
    lines: Lines,
    portal: Router,
    thread_key: CompartmentKey,
    fault: Arc<Mutex<Option<(&'static str, Status)>>>,
    heard: Mutex<BTreeMap<String, i64>>,
    cookie: String,
    _folder: TempDir,
}

impl Desk {
    /// A requester whose request is in, and whose browser has the code.
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::sqlite(flare_intake::SCHEMA).await;
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let key = ServiceKey::from_bytes([0x5e; 32]);
        let intake =
            Intake::new(sandbox.database.clone(), Arc::new(ServiceKey::from_bytes([0x5e; 32])), files);
        let intake = Arc::new(intake);
        let fault = Arc::default();
        let lines = lines(&intake, &key, Arc::clone(&fault));
        let settings = PortalSettings {
            hosts: vec![HOST.to_owned()],
            reading: ReadingHours { from: 0, until: 0 },
            critical_at_any_hour: false,
            targets: Targets { critical: 2, urgent: 24, standard: 72 },
            leave: "https://example.org/".to_owned(),
            helplines: contacts("خط: +1 202 555 0142").unwrap(),
            complaints: Vec::new(),
            organisation: None,
            over_tls: false,
            behind_front: false,
            onion: None,
            security_contact: None,
        };
        let keys = PortalKeys::new(PortalKey::from_bytes([7; 32]), Vec::new());
        let receipt = Receipt::draw().unwrap();
        let mut desk = Self {
            case: receipt.case_id().unwrap(),
            portal: Portal::new(lines.clone(), settings, keys, Arc::new(Fixed)).router(),
            lines,
            api: IntakeApi::new(intake),
            thread_key: CompartmentKey::generate().unwrap(),
            fault,
            heard: Mutex::default(),
            cookie: String::new(),
            _folder: folder,
            receipt,
            sandbox,
        };
        desk.submit().await;
        desk.cookie = desk.come_back().await;
        desk
    }

    async fn submit(&self) {
        let request_key = CompartmentKey::generate().unwrap();
        let answer = |name| self.seal(Compartment::Request, &request_key, name, "They came at night.");
        let request = SubmitRequestRequest {
            request_id: "submit-1".to_owned(),
            case_id: self.case.to_string(),
            receipt: Some(lock(&self.receipt).unwrap()),
            listing: Some(Listing {
                lane_hint: WireLane::Urgent.into(),
                language: "ar".to_owned(),
                consents: vec![Consent { purpose: Purpose::Help.into(), state: ConsentState::Agreed.into() }],
                ..Listing::default()
            }),
            answers: vec![answer("request.contact"), answer("request.happened")],
            keys: vec![
                self.epoch((Compartment::Request, WireCompartment::Request, 1), &request_key, false),
                self.epoch((Compartment::Thread, WireCompartment::Thread, 1), &self.thread_key, true),
            ],
            waiting_since: None,
        };
        self.api.submit_request(from(Caller::Anonymous, request)).await.unwrap();
    }

    fn seal(&self, compartment: Compartment, key: &CompartmentKey, field: &str, text: &str) -> SealedField {
        let address = FieldAddress { case: self.case, compartment, epoch: 1, field, version: 1 };
        let sealed = seal_field(key, &address, text.as_bytes()).unwrap();
        SealedField {
            name: field.to_owned(),
            epoch: 1,
            version: 1,
            ciphertext: sealed.ciphertext,
            tag: sealed.tag.to_vec(),
            commitment: Vec::new(),
        }
    }

    fn epoch(
        &self,
        (compartment, wire, epoch): (Compartment, WireCompartment, u32),
        key: &CompartmentKey,
        to_receipt: bool,
    ) -> KeyEpoch {
        let team = team().public().unwrap();
        let own = self.receipt.recipient().public().unwrap();
        let mut readers = vec![("team:triage", 1, &team), ("recovery", 1, &team)];
        readers.extend(to_receipt.then_some(("receipt", 0, &own)));
        let wrap = |(recipient, generation, public)| {
            let context = WrapContext { case: self.case, compartment, epoch, recipient };
            let wrapped = wrap_key(public, key, &context).unwrap();
            KeyWrap { recipient: recipient.to_owned(), generation, wrapped }
        };
        KeyEpoch {
            compartment: wire.into(),
            epoch,
            wraps: readers.into_iter().map(wrap).collect(),
            author: None,
        }
    }

    /// Types the code, and returns the cookie that it brings.
    pub(crate) async fn come_back(&self) -> String {
        let digits = self.receipt.digits().into_inner().replace(' ', "+");
        let page = self.fetch(post("/en/back", &format!("code={digits}"), "")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn fetch(&self, request: Request<Body>) -> Page {
        let response = self.portal.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A page that is fetched with the code at hand.
    pub(crate) async fn get(&self, path: &str) -> Page {
        let request = Request::get(path).header(header::HOST, HOST).header(header::COOKIE, &self.cookie);
        self.fetch(request.body(Body::empty()).unwrap()).await
    }

    /// A form that is sent with the code at hand.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Page {
        self.fetch(post(path, body, &self.cookie)).await
    }

    /// The same of a browser that has no code, or another.
    pub(crate) async fn post_with(&self, path: &str, body: &str, cookie: &str) -> Page {
        self.fetch(post(path, body, cookie)).await
    }

    /// Whether the services are away.
    pub(crate) fn away(&self, is_away: bool) {
        *self.fault.lock().unwrap() = is_away.then(|| ("", Status::unavailable("away")));
    }

    /// Each call of this name comes to nothing, with this answer.
    pub(crate) fn fail(&self, call: &'static str, answer: Status) {
        *self.fault.lock().unwrap() = Some((call, answer));
    }

    /// Staff write to the thread.
    pub(crate) async fn say(&self, kind: MessageKind, about: &str, text: &str) -> String {
        self.say_under(&self.thread_key, kind, about, text).await
    }

    /// Staff write under a key that the code does not open.
    pub(crate) async fn say_before_the_code(&self, text: &str) {
        let other = CompartmentKey::generate().unwrap();
        self.say_under(&other, MessageKind::Text, "", text).await;
    }

    async fn say_under(&self, key: &CompartmentKey, kind: MessageKind, about: &str, text: &str) -> String {
        let id = MessageId::random().unwrap();
        let message = PostMessageRequest {
            request_id: format!("post-{id}"),
            case_id: self.case.to_string(),
            message_id: id.to_string(),
            kind: kind.into(),
            text: Some(self.seal(Compartment::Thread, key, &format!("thread.message.{id}"), text)),
            about: about.to_owned(),
            contact_plan_kept: true,
            seen: i64::MAX,
        };
        self.api.post_message(from(staff(), message)).await.unwrap();
        id.to_string()
    }

    /// Staff draw the thread's second key, for which the organisation vouches.
    pub(crate) async fn begin_thread_key(&self) {
        let key = CompartmentKey::generate().unwrap();
        let signer = SigningKey::from_bytes([7; 32]);
        let keys = PersonKeys::new(OFFICER, &team().public().unwrap(), signer.public());
        let author = EpochAuthor {
            staff_id: OFFICER.to_string(),
            encryption_key_digest: keys.encryption_digest.to_vec(),
            signing_key: keys.signing.to_vec(),
            certificate: certify(&organisation(), &keys).to_vec(),
            signature: sign_epoch(&signer, (self.case, Compartment::Thread, 2), &key).to_vec(),
        };
        let epoch = self.epoch((Compartment::Thread, WireCompartment::Thread, 2), &key, true);
        let request = BeginKeyEpochRequest {
            request_id: "second-key".to_owned(),
            case_id: self.case.to_string(),
            key: Some(KeyEpoch { author: Some(author), ..epoch }),
        };
        self.api.begin_key_epoch(from(staff(), request)).await.unwrap();
    }

    /// Whoever holds the code, without pages.
    pub(crate) fn holder(&self) -> ReceiptHolder {
        ReceiptHolder::open(&self.lines, &self.receipt).unwrap()
    }

    async fn hear(&self, producer: Service, stream: &str, event: Event) {
        let seq = {
            let mut heard = self.heard.lock().unwrap();
            let seq = heard.entry(stream.to_owned()).or_default();
            *seq += 1;
            *seq
        };
        let received = Received {
            producer,
            stream: stream.to_owned(),
            seq,
            event_id: format!("{producer}:{stream}:{seq}"),
            at: NOW.plus(Duration::from_secs(seq - 3_600)),
            actor: "system:test".to_owned(),
            lane: Lane::Urgent,
            event,
        };
        self.sandbox.database.write(Hear(received)).await.unwrap();
    }

    pub(crate) async fn triage(&self, event: OfTriage) {
        self.hear(Service::Triage, &self.case.to_string(), Event::Triage(event)).await;
    }

    pub(crate) async fn grants(&self, grant: &str, event: OfGrants) {
        self.hear(Service::Grants, grant, Event::Grants(event)).await;
    }

    /// Triage opens the case, and names it.
    pub(crate) async fn name_case(&self) {
        let opened = CaseOpened {
            case_id: self.case.to_string(),
            lane: WireLane::Urgent.into(),
            codename: CODENAME.to_owned(),
            ..CaseOpened::default()
        };
        self.triage(OfTriage::CaseOpened(opened)).await;
    }

    /// A grant is drafted.
    pub(crate) async fn draft(&self) -> String {
        let grant = GrantId::random().unwrap().to_string();
        let drafted = GrantDrafted {
            case_id: self.case.to_string(),
            grant_id: grant.clone(),
            ceiling: Some(eur(940_000)),
            start: "2026-12-01".to_owned(),
            end: "2027-01-31".to_owned(),
            ..GrantDrafted::default()
        };
        self.grants(&grant, OfGrants::GrantDrafted(drafted)).await;
        grant
    }

    /// A grant's proposal is shown.
    pub(crate) async fn propose(&self, grant: &str, text: &str) -> String {
        let message_id = self.say(MessageKind::Proposal, grant, text).await;
        let shown = ProposalShown { message_id: message_id.clone(), ..ProposalShown::default() };
        self.grants(grant, OfGrants::ProposalShown(shown)).await;
        message_id
    }

    /// A grant's agreement is shown.
    pub(crate) async fn agree(&self, grant: &str, text: &str) {
        let message_id = self.say(MessageKind::Agreement, grant, text).await;
        let posted = AgreementPosted { message_id, ..AgreementPosted::default() };
        self.grants(grant, OfGrants::AgreementPosted(posted)).await;
    }

    /// Money of a grant may move.
    pub(crate) async fn activate(&self, grant: &str) {
        let activated = GrantActivated { end: "2027-01-31".to_owned(), ..GrantActivated::default() };
        self.grants(grant, OfGrants::GrantActivated(activated)).await;
    }

    /// A payment of a grant is sent.
    pub(crate) async fn send(&self, grant: &str, amount: v1::Money) -> String {
        let tranche = TrancheId::random().unwrap().to_string();
        self.tranche(grant, (&tranche, TrancheState::Sent, amount)).await;
        tranche
    }

    pub(crate) async fn tranche(&self, grant: &str, (id, state, amount): (&str, TrancheState, v1::Money)) {
        self.grants(
            grant,
            OfGrants::TrancheMoved(TrancheMoved {
                tranche_id: id.to_owned(),
                state: state.into(),
                amount: Some(amount),
                ..TrancheMoved::default()
            }),
        )
        .await;
    }

    /// A need is declined.
    pub(crate) async fn decline(&self, reason: &str) -> String {
        let need = NeedId::random().unwrap().to_string();
        let added = NeedAdded { need_id: need.clone(), kind: NeedKind::Legal.into(), ..NeedAdded::default() };
        self.triage(OfTriage::NeedAdded(added)).await;
        let case_id = self.case.to_string();
        let (need_id, reason) = (need.clone(), reason.to_owned());
        let ended = NeedEnded { case_id, need_id, outcome: Outcome::Declined.into(), reason };
        self.triage(OfTriage::NeedEnded(ended)).await;
        need
    }

    /// How many rows a query finds.
    pub(crate) async fn count(&self, statement: &'static str) -> usize {
        self.sandbox.database.fetch_all(sql(statement)).await.unwrap().len()
    }

    /// How often a step of this kind is shown to the requester.
    pub(crate) async fn steps(&self, what: &str) -> usize {
        let statement = sql("SELECT place FROM view_steps WHERE what = $1").bind(what.to_owned());
        self.sandbox.database.fetch_all(statement).await.unwrap().len()
    }
}

fn lines(intake: &Arc<Intake>, key: &ServiceKey, fault: Arc<Mutex<Option<(&'static str, Status)>>>) -> Lines {
    let clock: Arc<dyn Clock> = Arc::new(Fixed);
    let rules = Arc::new(AccessRules::load().unwrap());
    let limits = Arc::new(LocalRateLimits::new(Arc::clone(&clock)));
    // A test calls as often in one instant as people do in an hour.
    let wide = Limit { calls: 100_000, per: std::time::Duration::from_secs(1) };
    let limits_of_test = Limits {
        receipts_from_one_place: wide,
        one_receipt: wide,
        one_receipt_writes: wide,
        anonymous_from_one_place: wide,
        ..Limits::default()
    };
    let layer = AccessLayer::new(rules, Arc::new(TokenVerifier::new(&[])), key, limits, clock);
    let routes = Routes::new(IntakeServer::new(IntakeApi::new(Arc::clone(intake))));
    let server = layer.with_limits(limits_of_test).layer(routes);
    Lines::all(&service_fn(move |request: Request<tonic::body::Body>| {
        let (server, fault) = (server.clone(), fault.lock().unwrap().clone());
        async move {
            if let Some((_, answer)) = fault.filter(|(call, _)| request.uri().path().ends_with(call)) {
                return Ok::<_, Infallible>(answer.into_http());
            }
            if request.uri().path().ends_with("GetKeyBundle") {
                return Ok(answered_keys());
            }
            Ok(server.oneshot(request).await.unwrap())
        }
    }))
}

/// The member of staff of these tests.
const OFFICER: StaffId = StaffId::from_bytes([7; 16]);

fn staff() -> Caller {
    let expires = NOW.plus(Duration::from_secs(60));
    Caller::Staff(Staff { id: OFFICER, roles: Roles::NONE, session: [8; 16], expires })
}

/// What opens for the team.
fn team() -> RecipientSecret {
    RecipientSecret::from_bytes([0x7a; 32])
}

fn organisation() -> OrganisationSeed {
    OrganisationSeed::from_bytes([0x42; 32])
}

/// What identity answers: whom the organisation vouches for.
fn answered_keys() -> http::Response<tonic::body::Body> {
    let (seed, recovery) = (organisation(), organisation().recovery().public().unwrap());
    let answer = GetKeyBundleResponse {
        organisation: "Press Aid".to_owned(),
        organisation_key: seed.signer().public().to_vec(),
        recovery_key: recovery.to_bytes(),
        team_keys: Vec::new(),
        recovery_signature: sign_recovery_key(&seed, &recovery).to_vec(),
    };
    let message = answer.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let ended =
        HeaderMap::from_iter([(header::HeaderName::from_static("grpc-status"), "0".parse().unwrap())]);
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(ended)) });
    let answer = http::Response::builder().header(header::CONTENT_TYPE, "application/grpc");
    answer.body(tonic::body::Body::new(body)).unwrap()
}

/// A form that is sent. The pages of acts have one address, so an act is named as `/en/money` here.
fn post(path: &str, body: &str, cookie: &str) -> Request<Body> {
    let (folder, name) = path.rsplit_once('/').unwrap();
    let (path, body) = if super::ACTS.contains(&name) {
        (format!("{folder}/step"), format!("act={name}&{body}"))
    } else {
        (path.to_owned(), body.to_owned())
    };
    let request = Request::post(path).header(header::HOST, HOST).header("sec-fetch-site", "same-origin");
    request.header(header::COOKIE, cookie).body(Body::from(body)).unwrap()
}

fn from<T>(caller: Caller, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

pub(crate) fn eur(minor_units: i64) -> v1::Money {
    v1::Money { currency: "EUR".to_owned(), minor_units }
}
