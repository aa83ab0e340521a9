//! What the tests of this crate share: cases at any stage, and grants that answer as a test wants.

mod acts;

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicU8, Ordering},
};

use async_trait::async_trait;
use flare_access::{Caller, Roles, Staff};
use flare_contracts::{
    DomainEvent, Event, Refusal, Service,
    common::v1::{Compartment, EpochAuthor, KeyEpoch, KeyWrap, Lane as WireLane, Role, SealedField},
    events::v1::{GrantsEvent, IntakeEvent, MessagePosted, RequestSubmitted, TriageEvent, triage_event},
    grants::v1::{CaseMoney, HoldMoneyResponse},
    intake::v1::{Listing, MessageKind},
    triage::v1::{AcknowledgeCaseRequest, AddNeedRequest, AssessCaseRequest, CaseState, GetCaseResponse},
};
use flare_kernel::{CaseId, Duration, Lane, NeedId, StaffId, Timestamp};
use flare_messaging::{DueTimer, Handler as _, Received, TimerHandler as _};
use flare_seal::ServiceKey;
use flare_store::{Command, Database, Error, Tx, Write, events_after, sql};
use flare_testkit::Sandbox;
use prost::Message as _;
use tonic::{Request, Status};

use crate::{
    MoneyStop, Triage, TriageApi, TriageConsumer, TriagePolicy, TriageTimers,
    commands::{AcknowledgeCase, AddNeed, AssessCase},
    domain::WaitsFor,
};

/// How grants answers.
#[derive(Default)]
pub(crate) struct FakeGrants {
    mood: AtomicU8,
    /// Triage's own log, where grants reads what was decided.
    log: OnceLock<Database>,
    /// Each call, and what money was by the history up to its version.
    pub(crate) heard: Mutex<Vec<(CaseId, i64, CaseMoney)>>,
}

impl FakeGrants {
    pub(crate) fn answer(&self) {
        self.mood.store(0, Ordering::SeqCst);
    }

    pub(crate) fn refuse(&self) {
        self.mood.store(1, Ordering::SeqCst);
    }

    pub(crate) fn hang(&self) {
        self.mood.store(2, Ordering::SeqCst);
    }

    /// Reads a history up to a version, and knows less than was asked.
    pub(crate) fn overlook(&self) {
        self.mood.store(3, Ordering::SeqCst);
    }

    pub(crate) fn answers(&self) -> Vec<CaseMoney> {
        self.heard.lock().unwrap().iter().map(|(_, _, money)| *money).collect()
    }

    async fn money(&self, case: CaseId, version: i64) -> CaseMoney {
        let log = self.log.get().unwrap();
        let history = events_after(log, &case.to_string(), 0, 500).await.unwrap();
        assert!(history.iter().any(|event| event.seq == version), "triage named version {version}");
        let mut money = CaseMoney::Free;
        for record in history.into_iter().filter(|event| event.seq <= version) {
            let event = Event::decode(Service::Triage, &record.payload.unwrap()).unwrap();
            if let Event::Triage(triage_event::Event::CaseStopped(stopped)) = &event {
                money = if stopped.how == "withdrawn" { CaseMoney::Stopped } else { CaseMoney::Held };
            }
            if let Event::Triage(triage_event::Event::CaseResumed(_) | triage_event::Event::CaseReopened(_)) =
                event
            {
                money = CaseMoney::Free;
            }
        }
        money
    }
}

#[async_trait]
impl MoneyStop for FakeGrants {
    async fn hold(&self, case: CaseId, version: i64) -> Result<HoldMoneyResponse, Status> {
        let money = self.money(case, version).await;
        self.heard.lock().unwrap().push((case, version, money));
        let answer = |money: CaseMoney| Ok(HoldMoneyResponse { under_way: 1, money: money.into() });
        match self.mood.load(Ordering::SeqCst) {
            0 => answer(money),
            3 => answer(CaseMoney::Free),
            1 => Err(Status::unavailable("away")),
            _ => std::future::pending().await,
        }
    }
}

/// A service over a sandbox.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) triage: Triage,
    pub(crate) api: TriageApi,
    pub(crate) grants: Arc<FakeGrants>,
}

pub(crate) fn staff(number: u8) -> StaffId {
    StaffId::from_bytes([number; 16])
}

pub(crate) fn id<K: flare_kernel::IdKind>(number: u8) -> flare_kernel::Id<K> {
    flare_kernel::Id::from_bytes([number; 16])
}

fn member(number: u8, role: Role) -> Staff {
    Staff {
        id: staff(number),
        roles: Roles::from_iter([role]),
        session: [1; 16],
        expires: Timestamp::from_micros(i64::MAX),
    }
}

/// A call by a member of staff.
pub(crate) fn by<T>(number: u8, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::Staff(member(number, Role::Officer)));
    request
}

/// Something sealed; services never look inside.
pub(crate) fn sealed(name: impl Into<String>, version: u32, epoch: u32) -> SealedField {
    SealedField {
        name: name.into(),
        epoch,
        version,
        ciphertext: vec![7; flare_seal::sealed_len(10)],
        tag: vec![8; 32],
        commitment: Vec::new(),
    }
}

/// A key epoch wrapped to those who open notes.
pub(crate) fn key(epoch: u32) -> KeyEpoch {
    let wrap = |recipient: &&str| KeyWrap {
        recipient: (*recipient).to_owned(),
        generation: 1,
        wrapped: vec![9; flare_seal::WRAPPED_LEN],
    };
    let mut wraps: Vec<_> = flare_seal::Compartment::Notes.readers().iter().map(wrap).collect();
    wraps.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    let author = EpochAuthor {
        staff_id: staff(1).to_string(),
        encryption_key_digest: vec![1; 32],
        signing_key: vec![2; 32],
        certificate: vec![3; 64],
        signature: vec![4; 64],
    };
    KeyEpoch { compartment: Compartment::Notes.into(), epoch, wraps, author: Some(author) }
}

/// What a write was refused for.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

impl World {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        let log = OnceLock::from(sandbox.database.clone());
        let grants = Arc::new(FakeGrants { log, ..FakeGrants::default() });
        let triage = Triage::with_money_timeout(
            sandbox.database.clone(),
            TriagePolicy::default(),
            Arc::new(ServiceKey::from_bytes([3; 32])),
            Arc::clone(&grants) as Arc<dyn MoneyStop>,
            std::time::Duration::from_secs(1),
        );
        Self { sandbox, api: TriageApi::new(triage.clone()), triage, grants }
    }

    pub(crate) fn advance_hours(&self, hours: i64) {
        self.sandbox.advance(Duration::from_hours(hours));
    }

    /// Parses and does what an officer asks, without idempotency.
    pub(crate) async fn act<C: Command<Service = Triage, By = Staff>>(
        &self,
        officer: u8,
        request: C::Request,
    ) -> Result<C::Output, Error> {
        self.act_as::<C>(Role::Officer, officer, request).await
    }

    /// The same for somebody in another role.
    pub(crate) async fn act_as<C: Command<Service = Triage, By = Staff>>(
        &self,
        role: Role,
        number: u8,
        request: C::Request,
    ) -> Result<C::Output, Error> {
        let command = C::parse(&self.triage, &member(number, role), request)?;
        self.triage.database().write(command).await
    }

    /// Applies an event of intake, as the inbox does.
    pub(crate) async fn intake(&self, actor: &str, event: impl Into<IntakeEvent>) {
        let event = Event::Intake(event.into().event.unwrap());
        self.apply(Service::Intake, actor, event).await.unwrap();
    }

    /// Applies an event of grants, as the inbox does.
    pub(crate) async fn grants(&self, event: impl Into<GrantsEvent>) {
        let event = Event::Grants(event.into().event.unwrap());
        self.apply(Service::Grants, "system:grants", event).await.unwrap();
    }

    pub(crate) async fn apply(&self, producer: Service, actor: &str, event: Event) -> Result<(), Error> {
        let apply = self.to_apply(producer, actor, event).await;
        self.triage.database().write(apply).await
    }

    /// The write in which a request has its effect.
    pub(crate) async fn to_begin(&self, case: CaseId) -> Apply {
        let event = Event::Intake(IntakeEvent::from(submitted(case, WireLane::Urgent)).event.unwrap());
        self.to_apply(Service::Intake, "requester", event).await
    }

    async fn to_apply(&self, producer: Service, actor: &str, event: Event) -> Apply {
        let received = Received {
            producer,
            stream: "stream".to_owned(),
            seq: 1,
            event_id: "event".to_owned(),
            at: self.now().await,
            actor: actor.to_owned(),
            lane: Lane::Urgent,
            event,
        };
        Apply { consumer: TriageConsumer::new(self.triage.clone()), received }
    }

    pub(crate) async fn now(&self) -> Timestamp {
        self.triage.database().write(Now).await.unwrap()
    }

    /// Fires every timer that is due, as the timer worker does; how many that were.
    pub(crate) async fn fire_timers(&self) -> usize {
        let timers = TriageTimers::new(self.triage.clone());
        self.triage.database().write(Fire { timers }).await.unwrap()
    }

    /// The timers that are set, by kind, with the hours until each.
    pub(crate) async fn timers(&self) -> Vec<(String, i64)> {
        let now = self.now().await;
        let rows = self.triage.database().fetch_all(sql("SELECT kind, due FROM timers ORDER BY kind"));
        let hours = |row: &flare_store::Row| {
            let wait = row.timestamp("due").unwrap().since(now).as_micros();
            (row.text("kind").unwrap(), wait / 3_600_000_000)
        };
        rows.await.unwrap().iter().map(hours).collect()
    }

    /// What was logged about a case.
    pub(crate) async fn events(&self, case: CaseId) -> Vec<triage_event::Event> {
        let records = events_after(self.triage.database(), &case.to_string(), 0, 500).await.unwrap();
        let event = |payload: &[u8]| TriageEvent::decode(payload).unwrap().event.unwrap();
        records.iter().map(|record| event(record.payload.as_deref().unwrap())).collect()
    }

    /// The last thing that was logged about a case, by name, and who did it.
    pub(crate) async fn last_event(&self, case: CaseId) -> (String, String) {
        let records = events_after(self.triage.database(), &case.to_string(), 0, 500).await.unwrap();
        let last = records.last().unwrap();
        assert!(!TriageEvent::decode(last.payload.as_deref().unwrap()).unwrap().kind().is_empty());
        (last.kind.trim_start_matches("flare.events.v1.").to_owned(), last.actor.clone().unwrap())
    }

    pub(crate) async fn read(&self, case: CaseId) -> GetCaseResponse {
        self.triage.case(case).await.unwrap()
    }

    pub(crate) async fn version(&self, case: CaseId) -> i64 {
        self.read(case).await.version
    }

    /// A case that a request began.
    pub(crate) async fn submitted(&self, number: u8, lane: WireLane) -> CaseId {
        let case = id(number);
        self.intake("requester", submitted(case, lane)).await;
        case
    }

    /// The cases of the queue that wait for somebody, in its order.
    pub(crate) async fn queue(&self, waits_for: WaitsFor) -> Vec<String> {
        let page = self.triage.queue(None, waits_for, 0, "").await.unwrap();
        page.cases.into_iter().map(|case| case.case_id).collect()
    }

    /// A case that officer 1 owns.
    pub(crate) async fn acknowledged(&self, number: u8, lane: WireLane) -> CaseId {
        let case = self.submitted(number, lane).await;
        let request = AcknowledgeCaseRequest {
            case_id: case.to_string(),
            version: self.version(case).await,
            contact_plan: Some(sealed("notes.contact_plan", 1, 1)),
            key: Some(key(1)),
            requester_fingerprints: vec![vec![number; 32]],
            ..AcknowledgeCaseRequest::default()
        };
        self.act::<AcknowledgeCase>(1, request).await.unwrap();
        case
    }

    /// A case that is being assessed.
    pub(crate) async fn assessing(&self, number: u8, lane: WireLane) -> CaseId {
        let case = self.acknowledged(number, lane).await;
        let request = AssessCaseRequest {
            case_id: case.to_string(),
            version: self.version(case).await,
            lane: lane.into(),
            ..AssessCaseRequest::default()
        };
        self.act::<AssessCase>(1, request).await.unwrap();
        case
    }

    /// Adds a need to a case.
    pub(crate) async fn need(&self, case: CaseId, number: u8) -> NeedId {
        let need = id(number);
        let request = AddNeedRequest {
            case_id: case.to_string(),
            need_id: NeedId::to_string(&need),
            kind: 1,
            ..AddNeedRequest::default()
        };
        self.act::<AddNeed>(1, request).await.unwrap();
        need
    }

    /// A message in a case's thread.
    pub(crate) async fn message(&self, case: CaseId, kind: MessageKind, by_requester: bool) {
        let posted = MessagePosted {
            case_id: case.to_string(),
            message_id: flare_kernel::MessageId::from_bytes([1; 16]).to_string(),
            kind: kind.into(),
            by_requester,
            about: String::new(),
        };
        self.intake(if by_requester { "requester" } else { "staff" }, posted).await;
    }
}

/// A request that begins a case.
fn submitted(case: CaseId, lane: WireLane) -> RequestSubmitted {
    let listing = Some(Listing { lane_hint: lane.into(), ..Listing::default() });
    RequestSubmitted { case_id: case.to_string(), listing, ..RequestSubmitted::default() }
}

/// The stage, and whether there is news.
pub(crate) fn shown(case: &GetCaseResponse) -> (flare_contracts::triage::v1::Stage, bool) {
    let summary = case.summary.clone().unwrap();
    (summary.stage(), summary.has_news)
}

/// The stage of a reply.
pub(crate) fn stage(state: &CaseState) -> flare_contracts::triage::v1::Stage {
    state.stage()
}

pub(crate) struct Apply {
    consumer: TriageConsumer,
    received: Received,
}

impl Write for Apply {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.consumer.apply(tx, &self.received).await
    }
}

struct Now;

impl Write for Now {
    type Output = Timestamp;

    async fn apply(&self, tx: &mut Tx) -> Result<Timestamp, Error> {
        Ok(tx.now())
    }
}

struct Fire {
    timers: TriageTimers,
}

impl Write for Fire {
    type Output = usize;

    async fn apply(&self, tx: &mut Tx) -> Result<usize, Error> {
        let due = sql("SELECT stream, kind, due FROM timers WHERE due <= $1 ORDER BY due, kind");
        let rows = tx.fetch_all(due.bind(tx.now().as_micros())).await?;
        for row in &rows {
            let timer =
                DueTimer { stream: row.text("stream")?, kind: row.text("kind")?, due: row.timestamp("due")? };
            tx.lock(&[&timer.stream]).await?;
            tx.execute(
                sql("DELETE FROM timers WHERE stream = $1 AND kind = $2")
                    .bind(timer.stream.clone())
                    .bind(timer.kind.clone()),
            )
            .await?;
            self.timers.fire(tx, &timer).await?;
        }
        Ok(rows.len())
    }
}

/// A case that nobody opened.
pub(crate) fn nobodys_case() -> String {
    CaseId::from_bytes([200; 16]).to_string()
}

impl World {
    /// Fires one timer, whether it is set or not.
    pub(crate) async fn fire(&self, stream: &str, kind: &str) -> Result<(), Error> {
        let timer = DueTimer { stream: stream.to_owned(), kind: kind.to_owned(), due: self.now().await };
        let fire = FireOne { timers: TriageTimers::new(self.triage.clone()), timer };
        self.triage.database().write(fire).await
    }
}

struct FireOne {
    timers: TriageTimers,
    timer: DueTimer,
}

impl Write for FireOne {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.timers.fire(tx, &self.timer).await
    }
}
