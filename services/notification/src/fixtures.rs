//! What the tests of this crate share: a newsroom's staff, events as they arrive, triage and a broker that can be away.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use flare_access::{Caller, Roles, Staff};
use flare_contracts::{
    Event,
    common::v1::{Lane as WireLane, Role},
    events::v1::{self as events, grants_event, identity_event, intake_event, triage_event},
    input,
    intake::v1::Listing,
    notification::v1::{
        ListInboxRequest, ListInboxResponse, MarkReadRequest, notification_server::Notification as _,
    },
};
use flare_kernel::{CaseId, Duration, EventId, GrantId, Lane, StaffId, Timestamp};
use flare_messaging::{ApproverQueues, Handler as _, PublishError, Received};
use flare_store::{Error, Tx, Write, sql};
use flare_testkit::Sandbox;
use tonic::{Request, Status};

use crate::{
    CanSee, Notification, NotificationApi, NotificationConsumer, NotificationPolicy, NotificationWorkers,
    TriageAway,
};

pub(crate) const OFFICER: u8 = 1;
pub(crate) const OTHER_OFFICER: u8 = 2;
pub(crate) const HEAD: u8 = 3;
pub(crate) const APPROVER: u8 = 4;
pub(crate) const OTHER_APPROVER: u8 = 5;
pub(crate) const FINANCE: u8 = 6;

pub(crate) fn id(byte: u8) -> StaffId {
    StaffId::from_bytes([byte; 16])
}

pub(crate) fn case() -> CaseId {
    CaseId::from_bytes([1; 16])
}

pub(crate) fn grant() -> GrantId {
    GrantId::from_bytes([2; 16])
}

/// What triage says.
#[derive(Clone, Default)]
pub(crate) enum Answer {
    #[default]
    Everyone,
    Nobody,
    Away,
}

#[derive(Default)]
pub(crate) struct Triage(Mutex<Answer>);

impl Triage {
    pub(crate) fn says(&self, answer: Answer) {
        *self.0.lock().unwrap() = answer;
    }
}

#[async_trait]
impl CanSee for Triage {
    async fn can_see(&self, _: CaseId, staff: &[StaffId]) -> Result<Vec<StaffId>, TriageAway> {
        match self.0.lock().unwrap().clone() {
            Answer::Everyone => Ok(staff.to_vec()),
            Answer::Nobody => Ok(Vec::new()),
            Answer::Away => Err(TriageAway),
        }
    }
}

/// A broker as far as approvers see it.
#[derive(Default)]
pub(crate) struct Broker(Mutex<BrokerState>);

#[derive(Default)]
struct BrokerState {
    away: bool,
    refuses: bool,
    queues: Vec<StaffId>,
    published: Vec<(StaffId, String)>,
}

impl Broker {
    pub(crate) fn set_away(&self, away: bool) {
        self.0.lock().unwrap().away = away;
    }

    /// Its queues are there and take nothing.
    pub(crate) fn set_refusing(&self, refuses: bool) {
        self.0.lock().unwrap().refuses = refuses;
    }

    /// Everything on it is deleted.
    pub(crate) fn wipe(&self) {
        *self.0.lock().unwrap() = BrokerState::default();
    }

    pub(crate) fn queues(&self) -> Vec<StaffId> {
        self.0.lock().unwrap().queues.clone()
    }

    /// Who was told, and the event's id.
    pub(crate) fn published(&self) -> Vec<(StaffId, String)> {
        self.0.lock().unwrap().published.clone()
    }
}

#[async_trait]
impl ApproverQueues for Broker {
    async fn ensure(&self, staff: StaffId) -> Result<(), PublishError> {
        let mut state = self.0.lock().unwrap();
        if state.away {
            return Err(PublishError::Away("stopped by the test".to_owned()));
        }
        if !state.queues.contains(&staff) {
            state.queues.push(staff);
        }
        Ok(())
    }

    async fn publish(&self, staff: StaffId, event_id: &str, json: &[u8]) -> Result<(), PublishError> {
        let event: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(event["id"], event_id);
        let mut state = self.0.lock().unwrap();
        if state.away {
            return Err(PublishError::Away("stopped by the test".to_owned()));
        }
        if !state.queues.contains(&staff) {
            return Err(PublishError::Unroutable);
        }
        if state.refuses {
            return Err(PublishError::Refused);
        }
        state.published.push((staff, event_id.to_owned()));
        Ok(())
    }
}

/// Notification and its surroundings.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) triage: Arc<Triage>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) notification: Arc<Notification>,
    pub(crate) api: NotificationApi,
    pub(crate) workers: NotificationWorkers,
    minutes: AtomicI64,
}

/// One event, applied as the inbox worker would.
struct Apply(NotificationConsumer, Received);

impl Write for Apply {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.0.apply(tx, &self.1).await
    }
}

impl World {
    /// Before anybody is known.
    pub(crate) fn empty(sandbox: Sandbox) -> Self {
        let (triage, broker) = (Arc::new(Triage::default()), Arc::new(Broker::default()));
        let notification = Arc::new(Notification::new(
            sandbox.database.clone(),
            NotificationPolicy::default(),
            Arc::clone(&triage) as _,
            Arc::clone(&broker) as _,
        ));
        let api = NotificationApi::new(Arc::clone(&notification));
        let workers = NotificationWorkers::new(Arc::clone(&notification));
        Self { sandbox, triage, broker, notification, api, workers, minutes: AtomicI64::new(0) }
    }

    /// With two officers, a head, two approvers and finance.
    pub(crate) async fn staffed(sandbox: Sandbox) -> Self {
        let world = Self::empty(sandbox);
        for (person, role) in [
            (OFFICER, Role::Officer),
            (OTHER_OFFICER, Role::Officer),
            (HEAD, Role::Head),
            (APPROVER, Role::Approver),
            (OTHER_APPROVER, Role::Approver),
            (FINANCE, Role::Finance),
        ] {
            world.handle(&enrolled(person, &[role])).await;
        }
        world
    }

    /// An event as it arrives, a minute after the one before.
    pub(crate) fn received(&self, event: &Event, actor: &str) -> Received {
        let minutes = self.minutes.fetch_add(1, Ordering::SeqCst);
        let stream = match event {
            Event::Identity(_) => "staff".to_owned(),
            Event::Intake(_) | Event::Triage(_) => case().to_string(),
            Event::Grants(_) => grant().to_string(),
            Event::Notification(_) => unreachable!("nobody listens to notification"),
        };
        Received {
            producer: match event {
                Event::Identity(_) => flare_contracts::Service::Identity,
                Event::Intake(_) => flare_contracts::Service::Intake,
                Event::Triage(_) => flare_contracts::Service::Triage,
                Event::Grants(_) => flare_contracts::Service::Grants,
                Event::Notification(_) => flare_contracts::Service::Notification,
            },
            stream,
            seq: 1,
            event_id: EventId::random().unwrap().to_string(),
            at: Timestamp::from_micros(1_795_305_600_000_000).plus(Duration::from_secs(60 * minutes)),
            actor: actor.to_owned(),
            lane: Lane::Urgent,
            event: event.clone(),
        }
    }

    pub(crate) async fn take(&self, received: Received) -> Result<(), Error> {
        let consumer = NotificationConsumer::new(Arc::clone(&self.notification));
        self.sandbox.database.write(Apply(consumer, received)).await
    }

    pub(crate) async fn handle_from(&self, event: &Event, actor: &str) {
        self.take(self.received(event, actor)).await.unwrap();
    }

    pub(crate) async fn handle(&self, event: &Event) {
        self.handle_from(event, "system:test").await;
    }

    /// Somebody's inbox.
    pub(crate) async fn list(
        &self,
        person: u8,
        request: ListInboxRequest,
    ) -> Result<ListInboxResponse, Status> {
        let roles: &[Role] = if person == HEAD { &[Role::Head] } else { &[] };
        self.api.list_inbox(by(person, roles, request)).await.map(tonic::Response::into_inner)
    }

    /// Somebody reads notices of theirs.
    pub(crate) async fn mark_read(&self, person: u8, notice_ids: Vec<String>) {
        let request = MarkReadRequest { request_id: EventId::random().unwrap().to_string(), notice_ids };
        self.api.mark_read(by(person, &[], request)).await.unwrap();
    }

    /// What is asked of somebody.
    pub(crate) async fn asks(&self, person: u8) -> Vec<String> {
        let inbox = self.list(person, ListInboxRequest::default()).await.unwrap();
        inbox.notices.into_iter().map(|notice| notice.ask).collect()
    }

    /// How many rows a statement counts.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        let row = self.sandbox.database.fetch_optional(sql(statement)).await.unwrap().unwrap();
        row.int("n").unwrap()
    }
}

/// A request by a member of staff.
pub(crate) fn by<T>(person: u8, roles: &[Role], message: T) -> Request<T> {
    let mut request = Request::new(message);
    let roles = roles.iter().copied().collect::<Roles>();
    let expires = Timestamp::from_micros(i64::MAX);
    request.extensions_mut().insert(Caller::Staff(Staff {
        id: id(person),
        roles,
        session: [0; 16],
        expires,
    }));
    request
}

pub(crate) fn enrolled(person: u8, roles: &[Role]) -> Event {
    Event::Identity(identity_event::Event::StaffEnrolled(events::StaffEnrolled {
        staff_id: id(person).to_string(),
        roles: roles.iter().map(|role| *role as i32).collect(),
        roles_held_back: Vec::new(),
    }))
}

pub(crate) fn submitted(case: CaseId, lane: WireLane) -> Event {
    Event::Intake(intake_event::Event::RequestSubmitted(events::RequestSubmitted {
        case_id: case.to_string(),
        listing: Some(Listing { lane_hint: lane.into(), ..Listing::default() }),
        ..Default::default()
    }))
}

pub(crate) fn opened(case: CaseId, codename: &str) -> Event {
    Event::Triage(triage_event::Event::CaseOpened(events::CaseOpened {
        case_id: case.to_string(),
        lane: WireLane::Urgent.into(),
        codename: codename.to_owned(),
        ..Default::default()
    }))
}

pub(crate) fn acknowledged(owner: u8) -> Event {
    Event::Triage(triage_event::Event::CaseAcknowledged(events::CaseAcknowledged {
        case_id: case().to_string(),
        owner: id(owner).to_string(),
        assess_by: None,
    }))
}

pub(crate) fn wrote() -> Event {
    Event::Intake(intake_event::Event::MessagePosted(events::MessagePosted {
        case_id: case().to_string(),
        by_requester: true,
        ..Default::default()
    }))
}

/// Amina's grant, drafted by the first officer, goes to the votes; the second approver is in conflict if told so.
pub(crate) fn to_the_votes(excluded: &[u8]) -> [Event; 2] {
    let (case_id, grant_id, proposer) = (case().to_string(), grant().to_string(), id(OFFICER).to_string());
    let drafted = events::GrantDrafted {
        case_id: case_id.clone(),
        grant_id: grant_id.clone(),
        proposer: proposer.clone(),
        codename: "amber-kestrel-27".to_owned(),
        ..Default::default()
    };
    let submitted = events::GrantSubmitted {
        case_id,
        grant_id,
        proposer,
        excluded: excluded.iter().map(|person| id(*person).to_string()).collect(),
        due: Some(input::timestamp_out(Timestamp::from_micros(1_795_392_000_000_000))),
        ..Default::default()
    };
    [grants_event::Event::GrantDrafted(drafted), grants_event::Event::GrantSubmitted(submitted)]
        .map(Event::Grants)
}

pub(crate) fn voted(person: u8) -> Event {
    Event::Grants(grants_event::Event::VoteCast(events::VoteCast {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        voter: id(person).to_string(),
        ..Default::default()
    }))
}
