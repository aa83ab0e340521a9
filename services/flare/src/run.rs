//! `flare run`: the roles of this process, put together once from the settings and run until they are asked to stop.
//!
//! Both modes run the same code: embedded has SQLite, the local bus and in-process channels where distributed has
//! PostgreSQL, RabbitMQ and connections. What differs is chosen here and nowhere else.

mod embedded_files;
mod files_folder;
#[cfg(test)]
mod listed_metadata;
mod pages;
mod pages_spool;
mod peers;
mod policy;
mod ports;
mod roles;

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use flare_access::{AccessLayer, TokenSigner, TokenVerifier};
use flare_contracts::{AccessRules, Service};
use flare_edge::Lines;
use flare_kernel::Backoff;
use flare_messaging::{
    ApproverQueues, Bus, EventKeys, EventSource, FollowTrace, HostedService, LocalBus, LocalEventSource,
    NoApproverQueues, RabbitApproverQueues, RabbitBus, RabbitSettings, Wiring, workers,
};
use flare_runtime::{
    Ending, GrpcServer, Health, OnFailure, Settings, SystemClock, Tasks, Telemetry, Tls,
    config::{BadSettings, Mode, Sources},
    shutdown, trace_context,
};
use flare_seal::{PassphraseRule, ServiceKey};
use futures::future::join_all;
use tokio::net::TcpListener;

use peers::Peers;
use roles::Built;

pub(crate) use roles::histories_name;

/// Why the process could not start or did not end well.
pub(crate) type RunError = Box<dyn std::error::Error + Send + Sync>;

/// The file that marks a demo's folder, which never becomes an installation.
pub(crate) const DEMO_MARK: &str = "THIS-IS-A-DEMO";

/// How long a worker that failed waits before it is started again.
const RESTART: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));

/// `flare run [ROLE…]`
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RunArgs {
    /// identity, intake, triage, grants, notification; none named means all of them. Or portal, by itself: the pages.
    #[arg(value_name = "ROLE")]
    roles: Vec<Named>,

    /// A file of settings (also: `FLARE_CONFIG`); the environment (`FLARE__SECTION__KEY`) goes before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A role as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// A service.
    Service(Service),
    /// The pages.
    Portal,
}

impl FromStr for Named {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        if text == "portal" {
            return Ok(Self::Portal);
        }
        text.parse().map(Self::Service).map_err(|_| UnknownRole)
    }
}

/// A name on the command line that is no role's.
#[derive(Debug, thiserror::Error)]
#[error("must be one of identity, intake, triage, grants, notification, portal")]
struct UnknownRole;

/// What a process is.
#[derive(Debug, PartialEq, Eq)]
enum Roles {
    /// Some services, or all of them.
    Services(Vec<Service>),
    /// The pages and nothing else: whoever breaks into their process finds nothing of the services there.
    Portal,
}

impl Roles {
    fn of(named: &[Named]) -> Result<Self, RunError> {
        let service = |named: &Named| match named {
            Named::Service(role) => Some(*role),
            Named::Portal => None,
        };
        let mut services: Vec<_> = named.iter().filter_map(service).collect();
        if named.contains(&Named::Portal) {
            let alone = services.is_empty();
            return if alone {
                Ok(Self::Portal)
            } else {
                Err("portal runs by itself: name no other role".into())
            };
        }
        if services.is_empty() {
            services = Service::ALL.to_vec();
        }
        services.sort_unstable();
        services.dedup();
        Ok(Self::Services(services))
    }

    fn check(&self, settings: &Settings) -> Result<(), BadSettings> {
        let checked = match self {
            Self::Services(services) => settings.check(services),
            Self::Portal => settings.check_portal(),
        };
        let mut problems = checked.err().map_or_else(Vec::new, |bad| bad.problems);
        problems.extend(policy::problems(&settings.policy));
        if problems.is_empty() { Ok(()) } else { Err(BadSettings { problems }) }
    }

    async fn start(&self, settings: &Settings, tasks: &Tasks) -> Result<Process, RunError> {
        match self {
            Self::Services(roles) => Process::start(settings, roles, PassphraseRule::Standard, tasks).await,
            Self::Portal => pages::start_alone(settings, tasks).await,
        }
    }
}

/// Runs until SIGTERM or SIGINT.
pub(crate) async fn run(args: RunArgs) -> Result<(), RunError> {
    let settings = Settings::load(&Sources::of_process(args.config))?;
    let roles = Roles::of(&args.roles)?;
    roles.check(&settings)?;
    if settings.mode.data_dir.join(DEMO_MARK).exists() {
        let folder = settings.mode.data_dir.display();
        return Err(format!(
            "{folder} is a demo's folder (it holds {DEMO_MARK}): it never becomes an installation"
        )
        .into());
    }
    let tasks = Tasks::new(shutdown::on_signals()?);
    let telemetry = Telemetry::start(&settings.telemetry, &[flare_portal::CODE_SECONDS], &tasks)?;
    let process = roles.start(&settings, &tasks).await;
    if process.is_err() {
        tasks.token().cancel();
    }
    let ending = match &process {
        Ok(process) => {
            tracing::info!(listen = %process.address, roles = ?roles, "flare is ready");
            if let Some(pages) = process.pages {
                let scheme = if settings.portal.over_tls() { "https" } else { "http" };
                tracing::info!(pages = %format!("{scheme}://{pages}/"), "people can ask here");
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
    /// The services, where any run here.
    built: Option<Built>,
}

impl Process {
    /// Opens the stores, wires the roles, starts their workers, and answers.
    ///
    /// `passphrases` is the standard but in a demo.
    pub(crate) async fn start(
        settings: &Settings,
        roles: &[Service],
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
        let has_all = Service::ALL.iter().all(|role| roles.contains(role));
        let pages = if embedded && has_all { pages::listen(settings).await? } else { None };

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
            Some(listener) => {
                let (for_portal, run) = server.clone().serve_portal_in_process(tasks.token().clone());
                tasks.spawn_once("server for the pages", async { Ok(run.await.map(drop)?) });
                Some(pages::serve(settings, listener, Lines::all(&for_portal), clock, tasks)?)
            }
            None => None,
        };

        let follow: FollowTrace = trace_context::follow;
        let bus: Arc<dyn Bus> = match &rabbit {
            Some(rabbit) => Arc::new(RabbitBus::new(rabbit)),
            None => Arc::new(LocalBus::new(built.roles(), follow)),
        };
        let wiring = |role: &HostedService| {
            let source: Arc<dyn EventSource> = if embedded {
                Arc::new(LocalEventSource::new(built.roles()))
            } else {
                Arc::new(peers.event_source(role.service))
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
        Ok(Self { address, pages, built: Some(built) })
    }

    /// Waits until the process is asked to stop, then for calls and workers to end, then closes the stores.
    pub(crate) async fn finish(&self, settings: &Settings, tasks: &Tasks) -> Ending {
        let ending = tasks.finish(settings.server.shutdown_grace() + Duration::from_secs(2)).await;
        for task in &ending.unfinished {
            tracing::warn!(task, "did not end in time and was dropped");
        }
        let roles = self.built.iter().flat_map(Built::roles);
        join_all(roles.map(|role| role.database.close())).await;
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
    let ending = ["/flare.intake.v1.Intake/FreezeReceipt".to_owned()];
    let layer = AccessLayer::new(rules, Arc::new(verifier), key, shared.limits(), shared.clock());
    let layer = layer.with_limits(limits).with_deadlines(deadlines);
    Ok(layer.with_frequent_calls(frequent).with_ending_calls(ending))
}

/// The RPCs that carry files.
fn file_calls() -> [String; 2] {
    ["UploadFile", "DownloadFile"].map(|rpc| format!("/flare.intake.v1.Intake/{rpc}"))
}

#[cfg(test)]
mod tests {
    mod deploy;

    use super::*;

    fn roles(names: &[&str]) -> Result<Roles, RunError> {
        let each: Vec<Named> = names.iter().map(|name| name.parse().unwrap()).collect();
        Roles::of(&each)
    }

    #[test]
    fn services_run_together_and_the_portal_by_itself() {
        assert_eq!(roles(&[]).unwrap(), Roles::Services(Service::ALL.to_vec()));
        let two = [Service::Intake, Service::Grants].to_vec();
        assert_eq!(roles(&["grants", "intake", "grants"]).unwrap(), Roles::Services(two));
        assert_eq!(roles(&["portal"]).unwrap(), Roles::Portal);
        for with_others in [&["portal", "intake"][..], &["triage", "portal"]] {
            assert!(roles(with_others).unwrap_err().to_string().contains("by itself"));
        }
        assert!("desk".parse::<Named>().unwrap_err().to_string().ends_with("portal"));
    }
}
