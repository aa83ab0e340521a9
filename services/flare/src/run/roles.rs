//! The services of this process, each on its store, with its API, its consumer, its timers and its own loops.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use flare_contracts::{
    Service,
    events::v1::event_log_server::EventLogServer,
    events::v1::{LoggedEvent, StreamHead},
    grants::v1::{
        HoldMoneyRequest, HoldMoneyResponse, grants_client::GrantsClient, grants_server::GrantsServer,
    },
    identity::v1::identity_server::IdentityServer,
    intake::v1::intake_server::IntakeServer,
    notification::v1::notification_server::NotificationServer,
    triage::v1::{CanSeeRequest, triage_client::TriageClient, triage_server::TriageServer},
};
use flare_grants::{Grants, GrantsApi, GrantsConsumer, GrantsPolicy, GrantsTimers};
use flare_identity::{Identity, IdentityApi, IdentityTimers, Ports};
use flare_intake::{Intake, IntakeApi, IntakeConsumer};
use flare_kernel::{Backoff, CaseId, StaffId};
use flare_messaging::{
    ApproverQueues, EventLogService, EventSource, Handler, HostedService, SourceError, TimerHandler,
    has_quarantined, listeners_of,
};
use flare_notification::{
    CanSee, Notification, NotificationApi, NotificationConsumer, NotificationPolicy, NotificationWorkers,
    TriageAway,
};
use flare_runtime::{Health, OnFailure, Settings, Tasks, config::Mode, trace_context};
use flare_seal::{PassphraseRule, ServiceKey};
use flare_store::{Database, DatabaseOptions, DatabaseUrl, Schema};
use flare_triage::{MoneyStop, Triage, TriageApi, TriageConsumer, TriagePolicy, TriageTimers, TriageWorkers};
use object_store::{ObjectStore, local::LocalFileSystem};
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes};

use super::{RunError, embedded_files, files_folder, peers::Peers, ports::Shared};

/// Between two clearings of answers that nobody will ask for again.
const CLEAR_EVERY: Duration = Duration::from_hours(1);

/// How often each database is asked whether it answers.
const PING_EVERY: Duration = Duration::from_secs(5);

/// A loop of a service that failed waits so long before it is started again.
const RESTART: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));

/// The name that a role's health is asked under.
pub(crate) const fn grpc_name(role: Service) -> &'static str {
    match role {
        Service::Identity => "flare.identity.v1.Identity",
        Service::Intake => "flare.intake.v1.Intake",
        Service::Triage => "flare.triage.v1.Triage",
        Service::Grants => "flare.grants.v1.Grants",
        Service::Notification => "flare.notification.v1.Notification",
    }
}

/// The name under which health tells whether none of the histories that a role takes waits for somebody to look.
pub(crate) fn histories_name(role: Service) -> String {
    format!("{}/histories", grpc_name(role))
}

/// The roles, built; nothing runs yet.
pub(crate) struct Built {
    roles: Vec<HostedService>,
    routes: Routes,
    intake: Option<Arc<Intake>>,
    triage: Option<TriageWorkers>,
    notification: Option<NotificationWorkers>,
}

/// What every role is built from.
struct Builder<'a> {
    settings: &'a Settings,
    key: Arc<ServiceKey>,
    passphrases: PassphraseRule,
    shared: &'a Shared,
    peers: &'a Peers,
    queues: Arc<dyn ApproverQueues>,
}

impl Built {
    /// Opens each role's store and puts the role together.
    pub(crate) async fn new(
        settings: &Settings,
        here: &[Service],
        key: Arc<ServiceKey>,
        passphrases: PassphraseRule,
        shared: &Shared,
        peers: &Peers,
        queues: Arc<dyn ApproverQueues>,
    ) -> Result<Self, RunError> {
        let builder = Builder { settings, key, passphrases, shared, peers, queues };
        let mut built = Self {
            roles: Vec::new(),
            routes: Routes::default(),
            intake: None,
            triage: None,
            notification: None,
        };
        for role in here {
            match role {
                Service::Identity => builder.identity(&mut built).await?,
                Service::Intake => builder.intake(&mut built).await?,
                Service::Triage => builder.triage(&mut built).await?,
                Service::Grants => builder.grants(&mut built).await?,
                Service::Notification => builder.notification(&mut built).await?,
            }
        }
        let log = EventLogServer::new(EventLogService::new(&built.roles));
        built.routes = built.routes.add_service(log);
        Ok(built)
    }

    /// The roles as the workers of messaging see them.
    pub(crate) fn roles(&self) -> &[HostedService] {
        &self.roles
    }

    /// What the server answers.
    pub(crate) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Starts the loops that services have besides those of messaging.
    pub(crate) fn spawn_workers(&self, tasks: &Tasks, health: &Health) {
        if let Some(intake) = &self.intake {
            let intake = Arc::clone(intake);
            tasks.spawn("intake: files", OnFailure::Restart(RESTART), move |token| {
                let intake = Arc::clone(&intake);
                async move {
                    intake.run_sweeper(token).await;
                    Ok(())
                }
            });
        }
        if let Some(triage) = &self.triage {
            let triage = triage.clone();
            tasks.spawn("triage: money", OnFailure::Restart(RESTART), move |token| {
                let triage = triage.clone();
                async move {
                    triage.run(token).await;
                    Ok(())
                }
            });
        }
        if let Some(notification) = &self.notification {
            let notification = notification.clone();
            tasks.spawn("notification: deliveries", OnFailure::Restart(RESTART), move |token| {
                let notification = notification.clone();
                async move {
                    notification.run(token).await;
                    Ok(())
                }
            });
        }
        for role in &self.roles {
            let (service, database, health) = (role.service, role.database.clone(), health.clone());
            tasks.spawn(format!("{service}: health"), OnFailure::Restart(RESTART), move |token| {
                let (database, health) = (database.clone(), health.clone());
                async move {
                    let (database, health) = (&database, &health);
                    let tell = move |answers| set_health(health, service, database, answers);
                    tell_health(&token, database, PING_EVERY, tell).await;
                    Ok(())
                }
            });
            let database = role.database.clone();
            tasks.spawn(
                format!("{}: old answers", role.service),
                OnFailure::Restart(RESTART),
                move |token| {
                    let database = database.clone();
                    async move {
                        while token.run_until_cancelled(tokio::time::sleep(CLEAR_EVERY)).await.is_some() {
                            database.forget_old_answers().await?;
                        }
                        Ok(())
                    }
                },
            );
        }
    }

    fn add(
        &mut self,
        service: Service,
        database: Database,
        handler: Option<Arc<dyn Handler>>,
        timers: Option<Arc<dyn TimerHandler>>,
    ) {
        self.roles.push(HostedService { service, database, handler, timers });
    }

    fn route(&mut self, add: impl FnOnce(Routes) -> Routes) {
        self.routes = add(std::mem::take(&mut self.routes));
    }
}

impl Builder<'_> {
    async fn open(&self, role: Service, schema: Schema) -> Result<Database, RunError> {
        let settings = &self.settings.database;
        let url = match self.settings.mode.kind {
            Mode::Embedded => DatabaseUrl::Sqlite(self.settings.mode.data_dir.clone()),
            Mode::Distributed => DatabaseUrl::Postgres {
                url: settings.url.reveal().to_owned(),
                schema_prefix: settings.schema_prefix.clone(),
            },
        };
        let options = DatabaseOptions {
            connections: settings.max_connections,
            acquire_timeout: Duration::from_millis(settings.acquire_timeout_ms.into()),
            has_listeners: listeners_of(role).next().is_some(),
            trace: || trace_context::traceparent().unwrap_or_default(),
            ..DatabaseOptions::default()
        };
        Ok(Database::open(&url, schema, options).await?)
    }

    async fn identity(&self, built: &mut Built) -> Result<(), RunError> {
        let database = self.open(Service::Identity, flare_identity::SCHEMA).await?;
        let ports = Ports {
            sessions: self.shared.sessions(),
            limits: self.shared.limits(),
            clock: self.shared.clock(),
        };
        let settings = flare_identity::Settings {
            setup_code: embedded_files::setup_code_hash(self.settings)?,
            passphrases: self.passphrases,
        };
        let identity = Arc::new(Identity::new(database.clone(), &self.key, ports, settings)?);
        built.route(|routes| routes.add_service(IdentityServer::new(IdentityApi::new(identity))));
        built.add(Service::Identity, database, None, Some(Arc::new(IdentityTimers)));
        Ok(())
    }

    async fn intake(&self, built: &mut Built) -> Result<(), RunError> {
        let database = self.open(Service::Intake, flare_intake::SCHEMA).await?;
        let folder = self.settings.files_dir();
        files_folder::open(&folder)?;
        let files: Arc<dyn ObjectStore> =
            Arc::new(LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true));
        let keep_free = self.settings.files.keep_free_bytes.into();
        let intake = Intake::new(database.clone(), Arc::clone(&self.key), files)
            .keeping_free(keep_free, files_folder::free_bytes(folder.clone()));
        match self.settings.mode.kind {
            // Its database and its files lie on one machine.
            Mode::Embedded => {}
            Mode::Distributed => files_folder::refuse_another(&folder, &intake).await?,
        }
        let intake = Arc::new(intake);
        let api = IntakeApi::new(Arc::clone(&intake));
        built.route(|routes| routes.add_service(IntakeServer::new(api)));
        built.intake = Some(intake);
        built.add(Service::Intake, database, Some(Arc::new(IntakeConsumer)), None);
        Ok(())
    }

    async fn triage(&self, built: &mut Built) -> Result<(), RunError> {
        let database = self.open(Service::Triage, flare_triage::SCHEMA).await?;
        let money = Arc::new(GrantsOverGrpc(self.peers.clone()));
        let policy = TriagePolicy::read(&self.settings.policy)?;
        let triage = Triage::new(database.clone(), policy, Arc::clone(&self.key), money);
        let api = TriageApi::new(triage.clone());
        built.route(|routes| routes.add_service(TriageServer::new(api)));
        built.triage = Some(TriageWorkers::new(triage.clone()));
        let timers = Arc::new(TriageTimers::new(triage.clone()));
        built.add(Service::Triage, database, Some(Arc::new(TriageConsumer::new(triage))), Some(timers));
        Ok(())
    }

    async fn grants(&self, built: &mut Built) -> Result<(), RunError> {
        let database = self.open(Service::Grants, flare_grants::SCHEMA).await?;
        let policy = GrantsPolicy::read(&self.settings.policy)?;
        let logs = Arc::new(LogsOverGrpc(self.peers.clone()));
        let grants = Arc::new(Grants::new(database.clone(), policy, Arc::clone(&self.key), logs));
        let api = GrantsApi::new(Arc::clone(&grants));
        built.route(|routes| routes.add_service(GrantsServer::new(api)));
        let timers = Arc::new(GrantsTimers::new(Arc::clone(&grants)));
        built.add(Service::Grants, database, Some(Arc::new(GrantsConsumer::new(grants))), Some(timers));
        Ok(())
    }

    async fn notification(&self, built: &mut Built) -> Result<(), RunError> {
        let database = self.open(Service::Notification, flare_notification::SCHEMA).await?;
        let sight = Arc::new(TriageOverGrpc(self.peers.clone()));
        let policy = NotificationPolicy::read(&self.settings.policy)?;
        let notification =
            Arc::new(Notification::new(database.clone(), policy, sight, Arc::clone(&self.queues)));
        let api = NotificationApi::new(Arc::clone(&notification));
        built.route(|routes| routes.add_service(NotificationServer::new(api)));
        built.notification = Some(NotificationWorkers::new(Arc::clone(&notification)));
        built.add(
            Service::Notification,
            database,
            Some(Arc::new(NotificationConsumer::new(notification))),
            None,
        );
        Ok(())
    }
}

/// Tells again and again whether a role's database answers. The process as a whole goes on serving all the same: to start
/// it anew would not bring the database back.
async fn tell_health<T>(
    token: &CancellationToken,
    database: &Database,
    every: Duration,
    tell: impl Fn(bool) -> T,
) where
    T: Future<Output = ()>,
{
    let mut answered = true;
    while token.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let Some(ping) = token.run_until_cancelled(database.ping()).await else { return };
        if ping.is_ok() != answered {
            answered = ping.is_ok();
            match ping {
                Ok(()) => tracing::info!(database = database.name(), "the database answers again"),
                Err(error) => {
                    tracing::warn!(database = database.name(), %error, "the database does not answer");
                }
            }
        }
        tell(answered).await;
    }
}

/// Tells of a role whether it serves and, where its database answers, whether a history waits for somebody to look.
async fn set_health(health: &Health, role: Service, database: &Database, answers: bool) {
    health.set(grpc_name(role), answers).await;
    if answers && let Ok(waits) = has_quarantined(database).await {
        health.set(&histories_name(role), !waits).await;
    }
}

/// Triage's way to grants.
struct GrantsOverGrpc(Peers);

#[async_trait]
impl MoneyStop for GrantsOverGrpc {
    async fn hold(&self, case: CaseId, version: i64) -> Result<HoldMoneyResponse, Status> {
        let mut grants = GrantsClient::new(self.0.channel(Service::Triage, Service::Grants)?);
        let request = HoldMoneyRequest { case_id: case.to_string(), case_version: version };
        Ok(grants.hold_money(request).await?.into_inner())
    }
}

/// Grants' way to the histories of others.
struct LogsOverGrpc(Peers);

#[async_trait]
impl EventSource for LogsOverGrpc {
    async fn events_after(
        &self,
        producer: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        self.0.event_source(Service::Grants).events_after(producer, stream, seq, limit).await
    }

    async fn stream_heads(
        &self,
        producer: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError> {
        self.0.event_source(Service::Grants).stream_heads(producer, after, limit).await
    }
}

/// Notification's way to triage.
struct TriageOverGrpc(Peers);

#[async_trait]
impl CanSee for TriageOverGrpc {
    async fn can_see(&self, case: CaseId, staff: &[StaffId]) -> Result<Vec<StaffId>, TriageAway> {
        let channel = self.0.channel(Service::Notification, Service::Triage).map_err(|_| TriageAway)?;
        let staff_ids = staff.iter().map(ToString::to_string).collect();
        let request = CanSeeRequest { case_id: case.to_string(), staff_ids };
        let answer = TriageClient::new(channel).can_see(request).await.map_err(|status| {
            tracing::warn!(%case, code = ?status.code(), "triage could not be asked who may see a case");
            TriageAway
        })?;
        let ids = answer.into_inner().staff_ids;
        ids.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(|_| TriageAway)
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::Sandbox;
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn a_role_whose_database_is_away_does_not_serve() {
        let sandbox = Sandbox::sqlite(flare_notification::SCHEMA).await;
        let (token, (told, mut heard)) = (CancellationToken::new(), watch::channel(None));
        let (database, stop) = (sandbox.database.clone(), token.clone());
        let telling = tokio::spawn(async move {
            let tell = |answers| {
                told.send_replace(Some(answers));
                std::future::ready(())
            };
            tell_health(&stop, &database, Duration::from_millis(1), tell).await;
        });
        heard.wait_for(|answers| *answers == Some(true)).await.unwrap();
        sandbox.database.close().await;
        heard.wait_for(|answers| *answers == Some(false)).await.unwrap();
        token.cancel();
        telling.await.unwrap();
    }
}
