//! Staff's clock of a request that waited on the disk: over a real intake, and triage as it hears of it.

use std::sync::atomic::{AtomicBool, Ordering};

use flare_access::{AccessLayer, Clock, FromPortal, LocalRateLimits, TokenVerifier};
use flare_contracts::{
    AccessRules, Event, Service, grants::v1::HoldMoneyResponse, intake::v1::intake_server::IntakeServer,
};
use flare_intake::{Intake, IntakeApi, IntakeConsumer};
use flare_kernel::{CaseId, Lane, Timestamp};
use flare_messaging::{Handler, Received};
use flare_seal::ServiceKey;
use flare_store::{Database, Error, Tx, Write, events_after, sql};
use flare_testkit::Sandbox;
use flare_triage::{MoneyStop, Triage, TriageConsumer, TriagePolicy};
use object_store::local::LocalFileSystem;
use tonic::{async_trait, service::Routes};
use tower::Layer as _;

use super::*;
use crate::language::written;

/// An event of another service, as the inbox lets it take effect.
struct Hear<C>(C, Received);

impl<C: Handler> Write for Hear<C> {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.0.apply(tx, &self.1).await
    }
}

/// What triage asks of grants, where nobody asks.
struct NoGrants;

#[async_trait]
impl MoneyStop for NoGrants {
    async fn hold(&self, _: CaseId, _: i64) -> Result<HoldMoneyResponse, Status> {
        Err(Status::unavailable("away"))
    }
}

/// The ways to an intake that takes the calls for the portal's, and to an identity; none while they are away.
fn lines(intake: Intake, key: &ServiceKey, is_away: &Arc<AtomicBool>) -> Lines {
    let clock: Arc<dyn Clock> = Arc::new(Fixed);
    let rules = Arc::new(AccessRules::load().unwrap());
    let limits = Arc::new(LocalRateLimits::new(Arc::clone(&clock)));
    let layer = AccessLayer::new(rules, Arc::new(TokenVerifier::new(&[])), key, limits, clock);
    let server = layer.layer(Routes::new(IntakeServer::new(IntakeApi::new(Arc::new(intake)))));
    let is_away = Arc::clone(is_away);
    Lines::all(&service_fn(move |mut request: HttpRequest<tonic::body::Body>| {
        let (server, is_away) = (server.clone(), is_away.load(Ordering::SeqCst));
        async move {
            if is_away {
                return Ok::<_, Infallible>(Status::unavailable("away").into_http());
            }
            if request.uri().path().ends_with("GetKeyBundle") {
                return Ok(framed(answered_keys(1).encode_to_vec()));
            }
            request.extensions_mut().insert(FromPortal);
            Ok(server.oneshot(request).await.unwrap())
        }
    }))
}

/// Brings the first event of the only history to a consumer of another service, and gives when it happened.
async fn hear(from: (Service, &Database), consumer: impl Handler, by: &Database) -> Timestamp {
    let (producer, log) = from;
    let stream = log.fetch_all(sql("SELECT stream FROM events WHERE seq = 1")).await.unwrap();
    let [stream] = stream.as_slice() else { panic!("one case") };
    let record = events_after(log, &stream.text("stream").unwrap(), 0, 1).await.unwrap().pop().unwrap();
    let received = Received {
        producer,
        stream: record.stream,
        seq: record.seq,
        event_id: record.event_id,
        at: record.at,
        actor: record.actor.unwrap(),
        lane: Lane::Critical,
        event: Event::decode(producer, &record.payload.unwrap()).unwrap(),
    };
    by.write(Hear(consumer, received)).await.unwrap();
    record.at
}

#[tokio::test]
async fn a_request_that_waited_is_due_when_its_sender_was_told_to_staff_and_to_its_sender() {
    let (folder, stored_files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let intake = Sandbox::sqlite(flare_intake::SCHEMA).await;
    let triage = Sandbox::sqlite(flare_triage::SCHEMA).await;
    let (key, is_away) = (ServiceKey::from_bytes([3; 32]), Arc::new(AtomicBool::new(false)));
    let stored = Arc::new(LocalFileSystem::new_with_prefix(stored_files.path()).unwrap());
    let service = Intake::new(intake.database.clone(), Arc::new(ServiceKey::from_bytes([3; 32])), stored);
    let pages = Pages::over(folder.path(), lines(service, &key, &is_away), ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();

    is_away.store(true, Ordering::SeqCst);
    let form = format!("f={slip}&danger=yes&story=They+came&reach=Signal");
    let shown = pages.fetch(HttpRequest::post("/en/ask"), &form).await;
    code(&shown);
    let told = Fixed.now();
    let by = told.plus(Duration::from_hours(2));
    assert!(shown.html.contains(&written(by)), "{}", shown.html);

    // Whoever can write to the disk cannot make it seem to wait since another time.
    let waiting = folder.path().join("waiting");
    let name = Name::parse(&files(&waiting)[0].0).unwrap();
    let renamed = Name { at: told.plus(Duration::from_hours(-20)), ..name };
    fs::rename(waiting.join(name.to_text()), waiting.join(renamed.to_text())).unwrap();

    // Intake's clock is an hour and a half on by then.
    is_away.store(false, Ordering::SeqCst);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    let desk = Triage::new(
        triage.database.clone(),
        TriagePolicy::read(&flare_testkit::policy()).unwrap(),
        Arc::new(ServiceKey::from_bytes([3; 32])),
        Arc::new(NoGrants),
    );
    let came_in =
        hear((Service::Intake, &intake.database), TriageConsumer::new(desk), &triage.database).await;
    assert!(came_in > told.plus(Duration::from_hours(1)));
    let cases = triage.database.fetch_all(sql("SELECT submitted, step_due FROM cases")).await.unwrap();
    let [case] = cases.as_slice() else { panic!("one case") };
    assert_eq!(case.timestamp("submitted").unwrap(), told);
    assert_eq!(case.timestamp("step_due").unwrap(), by, "what staff see");

    hear((Service::Triage, &triage.database), IntakeConsumer, &intake.database).await;
    let cookie = shown.cookie.unwrap();
    let status = HttpRequest::get("/en/status").header(header::COOKIE, cookie.split(';').next().unwrap());
    let status = pages.fetch(status, "").await;
    assert!(status.html.contains(&written(by)), "what its sender sees: {}", status.html);
}
