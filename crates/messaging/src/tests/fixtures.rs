//! What the tests of this crate share.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration as StdDuration,
};

use async_trait::async_trait;
use flare_contracts::{
    Kind, Reason, Refusal, Service, coded,
    events::v1::{IntakeEvent, MessagePosted},
};
use flare_kernel::{Duration, Lane};
use flare_store::{Database, Error, EventRecord, Migration, Schema, Tx, Write, sql};
use flare_testkit::Sandbox;
use prost::Message as _;
use tokio::time::{Instant, sleep};

use crate::{
    EventSource, GapWorker, Handler, HostedService, InboxWorker, LocalBus, LocalEventSource, Outgoing,
    Received, Reconciler, TimerHandler,
    bus::logged,
    event_sink::EventSink,
    inbox_event::{InboxEvent, insert},
};

coded! {
    /// What a consumer or a timer of the tests refuses with.
    pub(crate) enum Told {
        ToRefuse = "TOLD_TO_REFUSE", "as told";
        ToFail = "TOLD_TO_FAIL", "as told";
    }
}

impl Reason for Told {
    fn kind(&self) -> Kind {
        Kind::State
    }
}

const INTAKE: Schema = Schema { name: "intake", migrations: &[], refusals: &[] };
const TRIAGE: Schema = Schema {
    name: "triage",
    migrations: &[Migration {
        version: 1000,
        name: "effects",
        sql: "CREATE TABLE effects (stream TEXT NOT NULL, seq BIGINT NOT NULL, message TEXT NOT NULL, \
              PRIMARY KEY (stream, seq))",
    }],
    refusals: &[],
};

/// Two services, each with a database and a clock that only moves when told.
pub(crate) struct World {
    intake: Sandbox,
    triage: Sandbox,
    pub(crate) recorder: Arc<Recorder>,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        Self::new(Sandbox::sqlite(INTAKE).await, Sandbox::sqlite(TRIAGE).await)
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::new(Sandbox::postgres(INTAKE).await?, Sandbox::postgres(TRIAGE).await?))
    }

    fn new(intake: Sandbox, triage: Sandbox) -> Self {
        Self { intake, triage, recorder: Arc::default() }
    }

    pub(crate) async fn clean(self) {
        let cleaners = [self.intake.cleaner(), self.triage.cleaner()];
        self.intake.database.close().await;
        self.triage.database.close().await;
        for cleaner in cleaners {
            cleaner.clean().await;
        }
    }

    pub(crate) fn advance_secs(&self, secs: i64) {
        self.intake.advance(Duration::from_secs(secs));
        self.triage.advance(Duration::from_secs(secs));
    }

    pub(crate) fn intake(&self) -> Intake {
        Intake(self.intake.database.clone())
    }

    pub(crate) fn inbox_database(&self) -> &Database {
        &self.triage.database
    }

    pub(crate) fn intake_role(&self) -> HostedService {
        HostedService {
            service: Service::Intake,
            database: self.intake.database.clone(),
            handler: None,
            timers: None,
        }
    }

    pub(crate) fn triage_role(&self) -> HostedService {
        let handler = Some(Arc::clone(&self.recorder) as Arc<dyn Handler>);
        HostedService {
            service: Service::Triage,
            database: self.triage.database.clone(),
            handler,
            timers: None,
        }
    }

    pub(crate) fn role_with_timers(&self, handler: Arc<dyn TimerHandler>) -> HostedService {
        HostedService { timers: Some(handler), ..self.triage_role() }
    }

    pub(crate) fn roles(&self) -> [HostedService; 2] {
        [self.intake_role(), self.triage_role()]
    }

    pub(crate) fn source(&self) -> Arc<dyn EventSource> {
        Arc::new(LocalEventSource::new(&self.roles()))
    }

    pub(crate) fn local_bus(&self) -> LocalBus {
        LocalBus::new(&self.roles(), |_, _| {})
    }

    fn sink(&self) -> EventSink {
        EventSink::of_role(&self.triage_role(), |_, _| {}).unwrap()
    }

    pub(crate) fn inbox_worker(&self) -> InboxWorker {
        InboxWorker::new(&self.triage_role(), |_, _| {}).unwrap()
    }

    pub(crate) fn gap_worker(&self) -> GapWorker {
        self.gap_worker_on(&self.source())
    }

    /// With another log to fetch from.
    pub(crate) fn gap_worker_on(&self, source: &Arc<dyn EventSource>) -> GapWorker {
        GapWorker::of_role(&self.triage_role(), source).pop().unwrap()
    }

    pub(crate) fn reconciler(&self) -> Reconciler {
        Reconciler::new(&self.triage_role(), self.source()).unwrap()
    }

    /// Logs an event of triage's own, of a stream that others tell of too.
    pub(crate) async fn log_in_triage(&self, stream: &str) {
        Intake(self.triage.database.clone()).log(stream, Lane::Urgent, 1).await;
    }

    /// Puts events in triage's inbox, in the order given.
    pub(crate) async fn insert(&self, events: &[EventRecord]) {
        self.insert_as(Service::Intake, events).await;
    }

    /// Puts events there as another producer's.
    pub(crate) async fn insert_as(&self, producer: Service, events: &[EventRecord]) {
        insert(self.inbox_database(), over_the_wire(producer, events)).await.unwrap();
    }

    /// Hands events to triage as a bus does, in the order given.
    pub(crate) fn receive(&self, events: &[EventRecord]) -> impl Future<Output = ()> + use<> {
        let (sink, events) = (self.sink(), over_the_wire(Service::Intake, events));
        async move { sink.receive(events).await.unwrap() }
    }

    /// Puts in the inbox what a version that can read the event finds there.
    pub(crate) async fn replace_inbox_row(&self, event: &EventRecord) {
        let replace = Replace(event.stream.clone(), event.seq, logged(event).encode_to_vec());
        self.inbox_database().write(replace).await.unwrap();
    }

    /// The numbers that had their effect in triage, in order.
    pub(crate) async fn effects(&self, stream: &str) -> Vec<i64> {
        let query = sql("SELECT seq FROM effects WHERE stream = $1 ORDER BY seq").bind(stream.to_owned());
        let rows = self.inbox_database().fetch_all(query).await.unwrap();
        rows.iter().map(|row| row.int("seq").unwrap()).collect()
    }

    pub(crate) async fn inbox_rows(&self) -> i64 {
        count(self.inbox_database(), "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM inbox").await
    }

    pub(crate) async fn outbox_rows(&self) -> i64 {
        count(&self.intake.database, "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM outbox").await
    }

    /// Forgets the hashes of what triage applied of a stream up to a number, as if an earlier version had applied it.
    pub(crate) async fn forget_hashes(&self, stream: &str, seq: i64) {
        self.inbox_database().write(ForgetHashes(stream.to_owned(), seq)).await.unwrap();
    }

    /// Why a stream is quarantined at triage, if it is.
    pub(crate) async fn quarantine(&self, stream: &str) -> Option<String> {
        let query = sql("SELECT reason FROM cursors WHERE stream = $1").bind(stream.to_owned());
        let row = self.inbox_database().fetch_optional(query).await.unwrap()?;
        row.text_or_null("reason").unwrap()
    }
}

fn over_the_wire(producer: Service, events: &[EventRecord]) -> Vec<InboxEvent> {
    events.iter().map(|event| InboxEvent::of_wire(producer, logged(event)).unwrap()).collect()
}

async fn count(database: &Database, query: &'static str) -> i64 {
    database.fetch_optional(sql(query)).await.unwrap().unwrap().int("n").unwrap()
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + StdDuration::from_mins(2);
    while !holds().await {
        assert!(Instant::now() < end, "waited too long until {what}");
        sleep(StdDuration::from_millis(5)).await;
    }
}

/// The service that logs.
#[derive(Clone)]
pub(crate) struct Intake(Database);

impl Intake {
    /// Logs `events` events of a stream in one write, each with a message id of its own, and gives what is logged.
    pub(crate) async fn log(&self, stream: &str, lane: Lane, events: usize) -> Vec<EventRecord> {
        let before = flare_store::events_after(&self.0, stream, 0, 100_000).await.unwrap().len();
        let stream = stream.to_owned();
        self.0.write(LogEvents { stream: stream.clone(), lane, events }).await.unwrap();
        let before = i64::try_from(before).unwrap();
        flare_store::events_after(&self.0, &stream, before, 100_000).await.unwrap()
    }

    pub(crate) async fn outgoing(&self, stream: &str, lane: Lane, events: usize) -> Vec<Outgoing> {
        let records = self.log(stream, lane, events).await;
        records.into_iter().map(|event| Outgoing { producer: Service::Intake, event }).collect()
    }

    /// Makes a payload what nobody can read, as a newer version of intake would.
    pub(crate) async fn spoil(&self, stream: &str, seq: i64) {
        self.0.write(Spoil { stream: stream.to_owned(), seq, payload: Some(vec![0xff]) }).await.unwrap();
    }

    /// Sets a stream back to a backup that ends at this number.
    pub(crate) async fn set_back(&self, stream: &str, seq: i64) {
        self.0.write(SetBack(stream.to_owned(), seq)).await.unwrap();
    }

    /// Erases an event.
    pub(crate) async fn erase(&self, stream: &str, seq: i64) {
        self.0.write(Spoil { stream: stream.to_owned(), seq, payload: None }).await.unwrap();
    }
}

struct LogEvents {
    stream: String,
    lane: Lane,
    events: usize,
}

impl Write for LogEvents {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.lock(&[&self.stream]).await?;
        for number in 0..self.events {
            let message_id = format!("{}-{number}", tx.version(&self.stream));
            let posted =
                MessagePosted { case_id: self.stream.clone(), message_id, ..MessagePosted::default() };
            tx.append(&self.stream, self.lane, "requester", &IntakeEvent::from(posted))?;
        }
        Ok(())
    }
}

struct ForgetHashes(String, i64);

impl Write for ForgetHashes {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let query = sql("DELETE FROM applied WHERE stream = $1 AND seq <= $2");
        tx.execute(query.bind(self.0.clone()).bind(self.1)).await.map(drop)
    }
}

struct Replace(String, i64, Vec<u8>);

impl Write for Replace {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let query = sql("UPDATE inbox SET envelope = $3 WHERE stream = $1 AND seq = $2");
        tx.execute(query.bind(self.0.clone()).bind(self.1).bind(self.2.clone())).await.map(drop)
    }
}

struct SetBack(String, i64);

impl Write for SetBack {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        for lost in [
            "DELETE FROM outbox WHERE stream = $1 AND seq > $2",
            "DELETE FROM events WHERE stream = $1 AND seq > $2",
            "DELETE FROM streams WHERE stream = $1 AND $2 = 0",
            "UPDATE streams SET seq = $2, head = (SELECT hash FROM events e WHERE e.stream = $1 AND e.seq = $2) \
             WHERE stream = $1",
        ] {
            tx.execute(sql(lost).bind(self.0.clone()).bind(self.1)).await?;
        }
        Ok(())
    }
}

struct Spoil {
    stream: String,
    seq: i64,
    payload: Option<Vec<u8>>,
}

impl Write for Spoil {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let query = match &self.payload {
            Some(payload) => sql("UPDATE events SET payload = $3 WHERE stream = $1 AND seq = $2")
                .bind(self.stream.clone())
                .bind(self.seq)
                .bind(payload.clone()),
            None => sql(
                "UPDATE events SET payload = NULL, actor = NULL, salt = NULL WHERE stream = $1 AND seq = $2",
            )
            .bind(self.stream.clone())
            .bind(self.seq),
        };
        tx.execute(query).await.map(drop)
    }
}

/// Records each event once and in order, and fails where it is told to.
#[derive(Default)]
pub(crate) struct Recorder {
    /// Numbers at which to refuse, after the effect is written.
    pub(crate) refuses: Mutex<HashSet<i64>>,
    /// Numbers at which to panic, after the effect is written.
    pub(crate) panics: Mutex<HashSet<i64>>,
    /// How often an event came out of order or twice.
    pub(crate) disorder: AtomicUsize,
    /// How often an event was applied, undone or not.
    pub(crate) calls: AtomicUsize,
    /// Which they were, by id.
    pub(crate) events: Mutex<Vec<String>>,
}

impl Recorder {
    fn told(numbers: &Mutex<HashSet<i64>>, seq: i64) -> bool {
        numbers.lock().unwrap().contains(&seq)
    }

    pub(crate) fn disorder(&self) -> usize {
        self.disorder.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Handler for Recorder {
    fn listens_to(&self) -> &'static [Service] {
        &[Service::Intake]
    }

    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.events.lock().unwrap().push(received.event_id.clone());
        tx.lock(&[&received.stream]).await?;
        let last = tx
            .fetch_optional(
                sql("SELECT seq FROM effects WHERE stream = $1 ORDER BY seq DESC LIMIT 1")
                    .bind(received.stream.clone()),
            )
            .await?;
        let last = last.map_or(Ok(0), |row| row.int("seq"))?;
        let inserted = tx
            .execute(
                sql("INSERT INTO effects (stream, seq, message) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                    .bind(received.stream.clone())
                    .bind(received.seq)
                    .bind(received.event_id.clone()),
            )
            .await?;
        if last + 1 != received.seq || inserted != 1 {
            self.disorder.fetch_add(1, Ordering::SeqCst);
        }
        assert!(!Self::told(&self.panics, received.seq), "told to panic");
        if Self::told(&self.refuses, received.seq) {
            return Err(Refusal::from(Told::ToRefuse).into());
        }
        Ok(())
    }
}
