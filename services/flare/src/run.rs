//! `flare run`: the roles of this process, put together once from the settings and run until they are asked to stop.
//!
//! Both modes run the same code: embedded has SQLite, the local bus and in-process channels where distributed has
//! PostgreSQL, RabbitMQ and connections. What differs is chosen here and nowhere else.

mod embedded_files;
mod files_folder;
#[cfg(test)]
mod listed_metadata;
mod pages;
mod peers;
mod ports;
mod roles;

use std::{path::PathBuf, sync::Arc, time::Duration};

use flare_access::{AccessLayer, TokenSigner, TokenVerifier};
use flare_contracts::{AccessRules, Producer};
use flare_messaging::{
    ApproverQueues, Bus, EventKeys, EventSource, FollowTrace, LocalBus, LocalEventSource, NoApproverQueues,
    RabbitApproverQueues, RabbitBus, RabbitSettings, Role, Wiring, workers,
};
use flare_runtime::{
    Backoff, Ending, GrpcServer, Health, OnFailure, Settings, SystemClock, Tasks, Telemetry, Tls,
    config::{Mode, Sources},
    shutdown, trace_context,
};
use flare_seal::{PassphraseRule, ServiceKey};
use futures::future::join_all;
use tokio::net::TcpListener;

use crate::{
    demo,
    run::{peers::Peers, roles::Built},
};

/// Why the process could not start or did not end well.
pub(crate) type RunError = Box<dyn std::error::Error + Send + Sync>;

/// How long a worker that failed waits before it is started again.
const RESTART: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));

/// `flare run [ROLE…]`
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RunArgs {
    /// identity, intake, triage, grants, notification; none named means all of them.
    #[arg(value_name = "ROLE")]
    roles: Vec<Producer>,

    /// A file of settings (also: `FLARE_CONFIG`); the environment (`FLARE__SECTION__KEY`) goes before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs until SIGTERM or SIGINT.
pub(crate) async fn run(args: RunArgs) -> Result<(), RunError> {
    let settings = Settings::load(&Sources::of_process(args.config))?;
    let mut roles = if args.roles.is_empty() { Producer::ALL.to_vec() } else { args.roles };
    roles.sort_unstable();
    roles.dedup();
    settings.check(&roles)?;
    if settings.mode.data_dir.join(demo::MARK).exists() {
        let folder = settings.mode.data_dir.display();
        return Err(format!(
            "{folder} is a demo's folder (it holds {}): it never becomes an installation",
            demo::MARK
        )
        .into());
    }
    let tasks = Tasks::new(shutdown::on_signals()?);
    let telemetry = Telemetry::start(&settings.telemetry, &tasks)?;
    let process = Process::start(&settings, &roles, PassphraseRule::Standard, &tasks).await;
    if process.is_err() {
        tasks.token().cancel();
    }
    let ending = match &process {
        Ok(process) => {
            tracing::info!(listen = %process.address, roles = ?roles, "flare is ready");
            if let Some(pages) = process.pages {
                tracing::info!(pages = %format!("http://{pages}/"), "people can ask here");
            }
            process.finish(&settings, &tasks).await
        }
        Err(_) => tasks.finish(Duration::from_secs(1)).await,
    };
    telemetry.finish().await;
    process?;
    match ending.failed {
        Some(task) => Err(format!("{task} failed and could not go on").into()),
        None => Ok(()),
    }
}

/// The roles of this process, running.
pub(crate) struct Process {
    /// Where it answers.
    pub(crate) address: std::net::SocketAddr,
    /// Where its pages are, if it has any.
    pub(crate) pages: Option<std::net::SocketAddr>,
    built: Built,
}

impl Process {
    /// Opens the stores, wires the roles, starts their workers, and answers.
    ///
    /// `passphrases` is the standard but in a demo.
    pub(crate) async fn start(
        settings: &Settings,
        roles: &[Producer],
        passphrases: PassphraseRule,
        tasks: &Tasks,
    ) -> Result<Self, RunError> {
        let embedded = settings.mode.kind == Mode::Embedded;
        let key = Arc::new(embedded_files::service_key(settings)?);
        let tls = Tls::load(&settings.tls)?;
        let clock: Arc<dyn flare_access::Clock> = Arc::new(SystemClock);
        let shared = ports::Shared::new(settings, &clock, tasks)?;
        // Opened before the roles are built, so that an address in use is told before anything else happens.
        let listener = TcpListener::bind(&settings.server.listen).await?;
        let address = listener.local_addr()?;
        let pages = pages::listen(settings, roles).await?;

        let rabbit = (!embedded).then(|| RabbitSettings {
            url: settings.broker.url.reveal().to_owned(),
            prefix: settings.broker.prefix.clone(),
            keys: EventKeys::new(&key),
        });
        let queues: Arc<dyn ApproverQueues> = match &rabbit {
            Some(rabbit) => Arc::new(RabbitApproverQueues::new(rabbit.clone())),
            None => Arc::new(NoApproverQueues),
        };
        let peers = Peers::default();
        let built = Built::new(settings, roles, key.clone(), passphrases, &shared, &peers, queues).await?;

        let names = roles.iter().map(|role| roles::grpc_name(*role)).chain(["flare.events.v1.EventLog"]);
        let health = Health::starting(names).await;
        let server = GrpcServer::new(
            &settings.server,
            access_layer(settings, &key, &shared)?,
            built.routes(),
            &health,
        )?
        .with_file_calls(file_calls());
        let (in_process, run_in_process) = server.clone().serve_in_process(tasks.token().clone());
        peers.connect(settings, roles, &in_process, tls.as_ref(), &key, &clock)?;
        let pages = match pages {
            Some(listener) => Some(pages::serve(settings, listener, &in_process, clock, tasks)?),
            None => None,
        };

        let follow: FollowTrace = trace_context::follow;
        let bus: Arc<dyn Bus> = match &rabbit {
            Some(rabbit) => Arc::new(RabbitBus::new(rabbit)),
            None => Arc::new(LocalBus::new(built.roles(), follow)),
        };
        let wiring = |role: &Role| {
            let source: Arc<dyn EventSource> = if embedded {
                Arc::new(LocalEventSource::new(built.roles()))
            } else {
                Arc::new(peers.event_source(role.producer))
            };
            Wiring { bus: Arc::clone(&bus), source, rabbit: rabbit.clone(), follow }
        };
        let all = built.roles().iter().flat_map(|role| workers(std::slice::from_ref(role), &wiring(role)));
        for worker in all {
            let name: Arc<str> = worker.name().into();
            tasks.spawn(name, OnFailure::Restart(RESTART), move |token| {
                let worker = worker.clone();
                async move {
                    worker.run(token).await;
                    Ok(())
                }
            });
        }
        built.spawn_workers(tasks, &health);
        tasks.spawn_once("server within the process", async { Ok(run_in_process.await.map(drop)?) });
        let token = tasks.token().clone();
        tasks.spawn_once("server", async move {
            Ok(server.serve(listener, tls.as_ref(), token).await.map(drop)?)
        });
        health.set_all(true).await;
        Ok(Self { address, pages, built })
    }

    /// Waits until the process is asked to stop, then for calls and workers to end, then closes the stores.
    pub(crate) async fn finish(&self, settings: &Settings, tasks: &Tasks) -> Ending {
        let ending = tasks.finish(settings.server.shutdown_grace() + Duration::from_secs(2)).await;
        for task in &ending.unfinished {
            tracing::warn!(task, "did not end in time and was dropped");
        }
        join_all(self.built.roles().iter().map(|role| role.database.close())).await;
        ending
    }
}

fn access_layer(
    settings: &Settings,
    key: &ServiceKey,
    shared: &ports::Shared,
) -> Result<AccessLayer, RunError> {
    // Identity signs with a key that grows from the service key, which every process of an installation holds.
    let signer = TokenSigner::from_seed(&key.derive(flare_identity::ACCESS_TOKEN_SEED));
    let verifier = TokenVerifier::new(&[signer.public_key()]);
    let rules = Arc::new(AccessRules::load()?);
    let (limits, deadlines) = (settings.limits.limits(), settings.limits.deadlines(file_calls()));
    // What each command of a member of staff begins with; identity counts sessions by themselves.
    let frequent =
        ["GetKeyBundle", "RefreshAccess", "Logout"].map(|rpc| format!("/flare.identity.v1.Identity/{rpc}"));
    let layer = AccessLayer::new(rules, Arc::new(verifier), key, shared.limits(), shared.clock());
    Ok(layer.with_limits(limits).with_frequent_calls(frequent).with_deadlines(deadlines))
}

/// The RPCs that carry files.
fn file_calls() -> [String; 2] {
    ["UploadFile", "DownloadFile"].map(|rpc| format!("/flare.intake.v1.Intake/{rpc}"))
}
