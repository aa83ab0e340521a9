//! The service on a test database, and the people and events around it.

mod acts;
mod events;
pub(crate) mod history;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use flare_access::{Caller, Roles, Staff};
use flare_contracts::{
    Event, Refusal, Service,
    common::v1::{Compartment, EpochAuthor, KeyEpoch, KeyWrap, Lane as LaneOut, Role},
    events::v1::{CaseOpened, StaffCertified, StaffEnrolled, identity_event, triage_event},
    grants::v1::{Decision, GrantStage},
    input,
};
use flare_kernel::{CaseId, Lane, StaffId, Timestamp};
use flare_messaging::{DueTimer, EventSource, Handler, Received, TimerHandler};
use flare_seal::ServiceKey;
use flare_store::{Error, Tx, Write, sql};
use flare_testkit::Sandbox;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use self::history::TriageHistory;
use crate::{
    Grants, GrantsApi, GrantsConsumer, GrantsPolicy, GrantsTimers,
    domain::{
        Grant, TimerKind,
        samples::{self, APPROVERS, CASE, CODENAME, FINANCE, GRANT, HEAD, OFFICER, PROPOSER, signing_key},
    },
    store,
};

/// The service, and how to reach each side of it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) api: GrantsApi,
    consumer: Arc<GrantsConsumer>,
    timers: Arc<GrantsTimers>,
    /// What triage would answer about its history of the case.
    pub(crate) triage: Arc<TriageHistory>,
    calls: AtomicU32,
    case_version: AtomicI64,
}

/// Has the consumer take an event in, as the inbox worker does.
struct Apply(Arc<GrantsConsumer>, Received);

impl Write for Apply {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.0.apply(tx, &self.1).await
    }
}

/// Fires every timer that is due, as the timer worker does.
struct FireDue(Arc<GrantsTimers>);

impl Write for FireDue {
    type Output = usize;

    async fn apply(&self, tx: &mut Tx) -> Result<usize, Error> {
        let query = sql("SELECT stream, kind, due FROM timers WHERE due <= $1 ORDER BY due")
            .bind(tx.now().as_micros());
        let rows = tx.fetch_all(query).await?;
        for row in &rows {
            let due =
                DueTimer { stream: row.text("stream")?, kind: row.text("kind")?, due: row.timestamp("due")? };
            tx.lock(&[&due.stream]).await?;
            let delete = sql("DELETE FROM timers WHERE stream = $1 AND kind = $2");
            tx.execute(delete.bind(due.stream.clone()).bind(due.kind.clone())).await?;
            self.0.fire(tx, &due).await?;
        }
        Ok(rows.len())
    }
}

/// Runs one statement that a caller never could.
pub(crate) struct Raw(pub(crate) &'static str);

impl Write for Raw {
    type Output = u64;

    async fn apply(&self, tx: &mut Tx) -> Result<u64, Error> {
        tx.execute(sql(self.0)).await
    }
}

pub(crate) fn roles(who: StaffId) -> Roles {
    let role = match who {
        HEAD => Role::Head,
        PROPOSER | OFFICER => Role::Officer,
        who if FINANCE.contains(&who) => Role::Finance,
        _ => Role::Approver,
    };
    [role].into_iter().collect()
}

/// A call by a member of staff.
pub(crate) fn by<T>(who: StaffId, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let expires = Timestamp::from_micros(i64::MAX);
    request.extensions_mut().insert(Caller::Staff(Staff {
        id: who,
        roles: roles(who),
        session: [9; 16],
        expires,
    }));
    request
}

/// A call by another service.
pub(crate) fn by_service<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::Service(Service::Triage));
    request
}

/// The stable reason of a refused call.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields at fault in a refused call.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, wanted: &str) -> Status {
    let status = outcome.unwrap_err();
    assert_eq!(reason(&status), wanted, "{status:?}");
    status
}

pub(crate) fn key(compartment: Compartment, epoch: u32) -> KeyEpoch {
    let wrap = |recipient: &&str| KeyWrap {
        recipient: (*recipient).into(),
        generation: 1,
        wrapped: vec![8; flare_seal::WRAPPED_LEN],
    };
    let readers = match compartment {
        Compartment::Payment => flare_seal::Compartment::Payment.readers(),
        Compartment::Unspecified
        | Compartment::Request
        | Compartment::Thread
        | Compartment::Notes
        | Compartment::Proposal => flare_seal::Compartment::Proposal.readers(),
    };
    let author = EpochAuthor {
        staff_id: OFFICER.to_string(),
        encryption_key_digest: vec![1; 32],
        signing_key: vec![2; 32],
        certificate: vec![3; 64],
        signature: vec![4; 64],
    };
    let wraps = readers.iter().map(wrap).collect();
    KeyEpoch { compartment: compartment.into(), epoch, wraps, author: Some(author) }
}

impl World {
    /// A service that knows the case, as urgent, with two needs that are recommended, and everybody's keys.
    pub(crate) async fn new(sandbox: Sandbox) -> Self {
        let service_key = Arc::new(ServiceKey::from_bytes([5; 32]));
        let triage = Arc::new(TriageHistory::default());
        let logs = Arc::clone(&triage) as Arc<dyn EventSource>;
        let grants = Grants::new(sandbox.database.clone(), GrantsPolicy::default(), service_key, logs);
        let grants = Arc::new(grants);
        let world = Self {
            sandbox,
            api: GrantsApi::new(Arc::clone(&grants)),
            consumer: Arc::new(GrantsConsumer::new(Arc::clone(&grants))),
            timers: Arc::new(GrantsTimers::new(grants)),
            triage,
            calls: AtomicU32::new(0),
            case_version: AtomicI64::new(0),
        };
        for who in [PROPOSER, OFFICER, HEAD].into_iter().chain(FINANCE).chain(APPROVERS) {
            world.enrol(who).await;
        }
        world.opened(CASE, Lane::Urgent).await;
        world.recommended(CASE, &[1, 2]).await;
        world
    }

    pub(crate) async fn enrol(&self, who: StaffId) {
        let signing_key = signing_key(who).public().to_vec();
        let (staff_id, roles) = (who.to_string(), roles(who).codes());
        let enrolled = StaffEnrolled { staff_id: staff_id.clone(), ..StaffEnrolled::default() };
        self.handle(Event::Identity(identity_event::Event::StaffEnrolled(enrolled))).await;
        let certified = StaffCertified { staff_id, roles, signing_key };
        self.handle(Event::Identity(identity_event::Event::StaffCertified(certified))).await;
    }

    pub(crate) async fn opened(&self, case: CaseId, lane: Lane) {
        let lane: LaneOut = input::lane_out(lane);
        let opened = CaseOpened {
            case_id: case.to_string(),
            lane: lane.into(),
            codename: CODENAME.to_owned(),
            ..CaseOpened::default()
        };
        self.handle(Event::Triage(triage_event::Event::CaseOpened(opened))).await;
    }

    /// An event that happened now arrives.
    pub(crate) async fn handle(&self, event: Event) {
        self.handle_at(event, self.next_case_version()).await;
    }

    /// The case has moved on, to this version.
    pub(crate) fn next_case_version(&self) -> i64 {
        self.case_version.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// An event of this number arrives now, whatever came before.
    pub(crate) async fn handle_at(&self, event: Event, seq: i64) {
        self.try_handle(event, seq).await.unwrap();
    }

    pub(crate) async fn try_handle(&self, event: Event, seq: i64) -> Result<(), Error> {
        self.try_handle_by("somebody", event, seq).await
    }

    /// An event of what this person did arrives.
    pub(crate) async fn handle_by(&self, actor: &str, event: Event) {
        self.try_handle_by(actor, event, self.next_case_version()).await.unwrap();
    }

    async fn try_handle_by(&self, actor: &str, event: Event, seq: i64) -> Result<(), Error> {
        let received = Received {
            producer: Service::Triage,
            stream: CASE.to_string(),
            seq,
            event_id: "event".to_owned(),
            at: self.now(),
            actor: actor.to_owned(),
            lane: Lane::Urgent,
            event,
        };
        self.sandbox.database.write(Apply(Arc::clone(&self.consumer), received)).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &self.sandbox.time {
            flare_store::TimeSource::Fixed(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
            flare_store::TimeSource::Database => panic!("the clock of tests stands still"),
        }
    }

    /// Fires what is due.
    pub(crate) async fn fire(&self) -> usize {
        self.sandbox.database.write(FireDue(Arc::clone(&self.timers))).await.unwrap()
    }

    /// When a timer is set for, as stored.
    pub(crate) async fn timer(&self, kind: TimerKind) -> Option<Timestamp> {
        let query = sql("SELECT due FROM timers WHERE stream = $1 AND kind = $2").bind(GRANT.to_string());
        let row = self.sandbox.database.fetch_optional(query.bind(kind.as_str())).await.unwrap();
        row.map(|row| row.timestamp("due").unwrap())
    }

    pub(crate) fn request_id(&self) -> String {
        format!("call-{}", self.calls.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) async fn version(&self) -> i64 {
        store::grants::version(&mut self.sandbox.database.clone(), GRANT).await.unwrap()
    }

    /// The grant as stored.
    pub(crate) async fn grant(&self) -> Grant {
        store::grants::find(&mut self.sandbox.database.clone(), GRANT).await.unwrap().unwrap()
    }

    /// The kinds of the grant's logged events.
    pub(crate) async fn history(&self) -> Vec<String> {
        let events =
            flare_store::events_after(&self.sandbox.database, &GRANT.to_string(), 0, 500).await.unwrap();
        events.into_iter().map(|event| event.kind.trim_start_matches("flare.events.v1.").to_owned()).collect()
    }

    /// The last event of the grant.
    pub(crate) async fn last_event(&self) -> flare_store::EventRecord {
        let events =
            flare_store::events_after(&self.sandbox.database, &GRANT.to_string(), 0, 500).await.unwrap();
        events.into_iter().last().unwrap()
    }

    /// A grant that the approvers have.
    pub(crate) async fn in_approval(sandbox: Sandbox) -> Self {
        let world = Self::new(sandbox).await;
        world.draft().await.unwrap();
        world.show("", "phone").await.unwrap();
        world.submit(PROPOSER).await.unwrap();
        world
    }

    /// A grant with enough votes.
    pub(crate) async fn approved(sandbox: Sandbox) -> Self {
        let world = Self::in_approval(sandbox).await;
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        world.vote(APPROVERS[1], Decision::Approve).await.unwrap();
        world
    }

    /// A grant with five open gates.
    pub(crate) async fn active(sandbox: Sandbox) -> Self {
        let world = Self::approved(sandbox).await;
        world.references(2).await;
        world.enter_payee(OFFICER).await.unwrap();
        world.check_payee(FINANCE[0]).await.unwrap();
        world.agreement("", "phone", true).await.unwrap();
        let state = world.reserve(samples::eur(940_000)).await.unwrap();
        assert_eq!(state.stage(), GrantStage::Active);
        world
    }

    /// An active grant with a payment that was sent.
    pub(crate) async fn sent(sandbox: Sandbox) -> Self {
        let world = Self::active(sandbox).await;
        world.schedule(1, samples::eur(500_000), false).await.unwrap();
        world.release(FINANCE[1], 1).await.unwrap();
        world.send(1).await.unwrap();
        world
    }

    /// A grant that has ended, with a payment that was sent.
    pub(crate) async fn reporting(sandbox: Sandbox) -> Self {
        let world = Self::sent(sandbox).await;
        let end = world.grant().await.terms.end.end_of_day();
        world.sandbox.advance(end.since(world.now()));
        world.fire().await;
        assert_eq!(world.grant().await.stage, crate::domain::Stage::Reporting);
        world
    }
}

/// What a refused statement was refused as.
pub(crate) fn refusal(error: Error) -> Refusal {
    let Error::Refused(refusal) = error else { panic!("not refused: {error:?}") };
    refusal
}
