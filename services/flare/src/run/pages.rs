//! The portal of this process: pages for people in danger, where every role runs in it.

use std::{net::SocketAddr, sync::Arc};

use flare_access::Clock;
use flare_contracts::Producer;
use flare_edge::Lines;
use flare_portal::{Portal, PortalKeys, PortalSettings, ReadingHours, Targets, contacts};
use flare_runtime::{Settings, Tasks, config::Mode, read_or_make_service_key, read_service_key};
use flare_seal::PortalKey;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use super::RunError;

/// Opens the portal's port, in embedded mode with all roles, unless the settings say that there is none.
pub(crate) async fn listen(settings: &Settings, roles: &[Producer]) -> Result<Option<TcpListener>, RunError> {
    let listen = &settings.portal.listen;
    let has_all = Producer::ALL.iter().all(|role| roles.contains(role));
    if listen.is_empty() || settings.mode.kind == Mode::Distributed || !has_all {
        return Ok(None);
    }
    let in_use = |error| format!("portal.listen: {listen} cannot be listened on: {error}");
    Ok(Some(TcpListener::bind(listen).await.map_err(in_use)?))
}

/// Serves the pages over the services of this process.
pub(crate) fn serve(
    settings: &Settings,
    listener: TcpListener,
    in_process: &Channel,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) -> Result<SocketAddr, RunError> {
    let address = listener.local_addr()?;
    let portal = Portal::new(
        Lines::all(in_process),
        portal_settings(settings, address.port())?,
        keys(settings)?,
        clock,
    );
    let (router, token) = (portal.router(), tasks.token().clone());
    tasks.spawn_once("portal", async move { Ok(flare_portal::serve(listener, router, token).await?) });
    Ok(address)
}

fn keys(settings: &Settings) -> Result<PortalKeys, RunError> {
    let newest = PortalKey::from_bytes(*read_or_make_service_key(&settings.portal_key_file())?);
    let previous = &settings.portal.previous_key_file;
    let older = if previous.as_os_str().is_empty() {
        Vec::new()
    } else {
        vec![PortalKey::from_bytes(*read_service_key(previous)?)]
    };
    Ok(PortalKeys::new(newest, older))
}

fn portal_settings(settings: &Settings, port: u16) -> Result<PortalSettings, RunError> {
    let (portal, policy) = (&settings.portal, &settings.policy);
    let lines = |key: &str, text: &str| contacts(text).map_err(|error| format!("{key} {error}"));
    Ok(PortalSettings {
        hosts: portal.hosts(port),
        reading: ReadingHours { from: portal.reads_from_hour, until: portal.reads_until_hour },
        critical_at_any_hour: portal.critical_at_any_hour,
        targets: Targets {
            critical: policy.acknowledge_critical_hours,
            urgent: policy.acknowledge_urgent_hours,
            standard: policy.acknowledge_standard_hours,
        },
        leave: portal.leave.clone(),
        helplines: lines("portal.helplines", &portal.helplines)?,
        complaints: lines("portal.complaints", &portal.complaints)?,
    })
}
