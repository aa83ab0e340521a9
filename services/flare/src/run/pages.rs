//! The pages for people in danger: over the services of this process, or as a role of its own over those of others.

use std::{net::SocketAddr, sync::Arc};

use flare_access::Clock;
use flare_contracts::Service;
use flare_edge::{Credential, Lines};
use flare_portal::{
    Callers, Door, Portal, PortalKeys, PortalSettings, ReadingHours, ShownCertificate, Targets, contacts,
};
use flare_runtime::{
    GrpcServer, Health, PeerChannel, Settings, SystemClock, Tasks, Tls, client, config::Mode,
    read_or_make_service_key, read_service_key,
};
use flare_seal::PortalKey;
use tokio::net::TcpListener;
use tonic::{Status, body::Body, service::Routes};
use tower::{layer::util::Identity, service_fn, util::BoxCloneSyncService};

use super::{Process, RunError, pages_spool::with_spool};

/// The role portal, running: pages, and whether they are served, for whoever asks for the health of this process.
pub(super) async fn start_alone(settings: &Settings, tasks: &Tasks) -> Result<Process, RunError> {
    let tls = Tls::load(&settings.tls)?;
    if tls.is_none() {
        tracing::warn!(
            "without tls.certificate services do not believe where the portal's callers are: all of them are one place, and \
             one of them can use up what the others may ask for. This is for tests on one machine"
        );
    }
    let listener = TcpListener::bind(&settings.server.listen).await?;
    let address = listener.local_addr()?;
    let Some(pages) = listen(settings).await? else { return Err("portal.listen is empty".into()) };
    let lines = over_network(settings, tls.as_ref())?;
    let pages = serve(settings, pages, lines, Arc::new(SystemClock), tasks)?;
    let health = Health::starting(Vec::<String>::new()).await;
    // No RPC is served here but those that ask for health, and nothing that a token could open.
    let server = GrpcServer::new(&settings.server, Identity::new(), Routes::default(), &health)?;
    let token = tasks.token().clone();
    tasks.spawn_once(
        "server",
        async move { Ok(server.serve(listener, tls.as_ref(), token).await.map(drop)?) },
    );
    health.set_all(true).await;
    Ok(Process { address, pages: Some(pages), built: None })
}

/// The ways to the services that pages call. The portal has no token: what it may do, anybody may.
fn over_network(settings: &Settings, tls: Option<&Tls>) -> Result<Lines, RunError> {
    let channel = |role| client::connect(&settings.peers.addresses(role), tls, Credential::NONE);
    let (identity, intake) = (channel(Service::Identity)?, channel(Service::Intake)?);
    let nowhere: PeerChannel = BoxCloneSyncService::new(service_fn(|_: http::Request<Body>| async {
        Err(Status::unavailable("the portal does not call that service"))
    }));
    Ok(Lines::each(|role| match role {
        Service::Identity => identity.clone(),
        Service::Intake => intake.clone(),
        Service::Triage | Service::Grants | Service::Notification => nowhere.clone(),
    }))
}

/// Opens the portal's port, unless the settings say that there is none.
pub(super) async fn listen(settings: &Settings) -> Result<Option<TcpListener>, RunError> {
    let listen = &settings.portal.listen;
    if listen.is_empty() {
        return Ok(None);
    }
    let in_use = |error| format!("portal.listen: {listen} cannot be listened on: {error}");
    Ok(Some(TcpListener::bind(listen).await.map_err(in_use)?))
}

/// Serves the pages over these lines.
pub(super) fn serve(
    settings: &Settings,
    listener: TcpListener,
    lines: Lines,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) -> Result<SocketAddr, RunError> {
    let address = listener.local_addr()?;
    let portal = Portal::new(lines, portal_settings(settings, address.port())?, keys(settings)?, clock);
    let portal = with_spool(portal, settings, tasks)?;
    let (door, router, token) = (door(settings)?, portal.router(), tasks.token().clone());
    tasks.spawn_once("portal", async move { Ok(flare_portal::serve(listener, door, router, token).await?) });
    Ok(address)
}

fn door(settings: &Settings) -> Result<Door, RunError> {
    let portal = &settings.portal;
    let callers = if portal.behind_onion {
        Callers::BehindOnion
    } else if portal.behind_front.is_empty() {
        Callers::Connected
    } else {
        Callers::BehindFronts(portal.fronts())
    };
    let certificate = || ShownCertificate::load(&portal.tls_certificate, &portal.tls_key);
    let certificate = portal.over_tls().then(certificate).transpose()?;
    Ok(Door { most: portal.max_connections, callers, certificate })
}

fn keys(settings: &Settings) -> Result<PortalKeys, RunError> {
    let file = settings.portal_key_file();
    let newest = match settings.mode.kind {
        Mode::Embedded => read_or_make_service_key(&file)?,
        Mode::Distributed => read_service_key(&file)?,
    };
    let older = settings.portal.previous_keys().map(read_service_key).collect::<Result<Vec<_>, _>>()?;
    let key = PortalKey::from_bytes;
    Ok(PortalKeys::new(key(*newest), older.iter().map(|bytes| key(**bytes)).collect()))
}

fn portal_settings(settings: &Settings, port: u16) -> Result<PortalSettings, RunError> {
    let portal = &settings.portal;
    let lines = |key: &str, text: &str| contacts(text).map_err(|error| format!("{key} {error}"));
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    Ok(PortalSettings {
        hosts: portal.hosts(port),
        reading: ReadingHours { from: portal.reads_from_hour, until: portal.reads_until_hour },
        critical_at_any_hour: portal.critical_at_any_hour,
        targets: Targets::read(&settings.policy)?,
        leave: portal.leave.clone(),
        helplines: lines("portal.helplines", &portal.helplines)?,
        complaints: lines("portal.complaints", &portal.complaints)?,
        organisation: portal.organisation(),
        over_tls: portal.over_tls(),
        behind_front: !portal.behind_front.is_empty(),
        onion: given(&portal.onion_location),
        security_contact: given(&portal.security_contact),
    })
}
