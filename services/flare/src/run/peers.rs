//! The way from each role to the others: within the process where they run here, over the network where they do not.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use flare_access::{Clock, ServiceTokens, Signatory};
use flare_contracts::{Kind, Reason, Refusal, Service, coded};
use flare_messaging::RemoteEventSource;
use flare_runtime::{PeerChannel, Settings, Tls, client};
use flare_seal::ServiceKey;
use tonic::transport::Channel;

use super::RunError;

coded! {
    /// What keeps a role from calling another.
    enum PeerRefusal {
        Unknown { peer: String } = "PEER_UNKNOWN", "{peer} cannot be reached from here";
    }
}

impl Reason for PeerRefusal {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// The channels, once there are any: roles are built before the server that some of them are reached through. Each role
/// here has its own, for it calls in its own name.
#[derive(Clone, Default)]
pub(crate) struct Peers(Arc<OnceLock<HashMap<Way, PeerChannel>>>);

/// From one role to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    caller: Service,
    peer: Service,
}

impl Peers {
    /// Makes the channels. Nothing is connected before the first call.
    pub(crate) fn connect(
        &self,
        settings: &Settings,
        here: &[Service],
        in_process: &Channel,
        tls: Option<&Tls>,
        key: &ServiceKey,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), RunError> {
        let mut channels = HashMap::new();
        for caller in here.iter().copied() {
            let signatory = Signatory::new(ServiceTokens::new(key), caller, Arc::clone(clock));
            for peer in Service::ALL {
                let addresses = settings.peers.addresses(peer);
                if here.contains(&peer) {
                    let channel = client::over(in_process.clone(), signatory.clone());
                    channels.insert(Way { caller, peer }, channel);
                } else if !addresses.is_empty() {
                    let channel = client::connect(&addresses, tls, signatory.clone())?;
                    channels.insert(Way { caller, peer }, channel);
                }
            }
        }
        self.0.set(channels).map_err(|_| "the peers were connected twice".into())
    }

    /// A role's way to another.
    pub(crate) fn channel(&self, caller: Service, peer: Service) -> Result<PeerChannel, Refusal> {
        let known = self.0.get().and_then(|channels| channels.get(&Way { caller, peer })).cloned();
        known.ok_or_else(|| PeerRefusal::Unknown { peer: peer.to_string() }.into())
    }

    /// The logs of all roles, as a role here reads them.
    pub(crate) fn event_source(&self, caller: Service) -> RemoteEventSource<PeerChannel> {
        let channels = self.0.get().into_iter().flatten().filter(|(way, _)| way.caller == caller);
        RemoteEventSource::new(channels.map(|(way, channel)| (way.peer, channel.clone())))
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{HoldMoneyRequest, grants_client::GrantsClient};
    use flare_kernel::CaseId;
    use flare_messaging::NoApproverQueues;
    use flare_runtime::{GrpcServer, Health, SystemClock, Tasks, config::Sources};
    use flare_seal::PassphraseRule;
    use tokio_util::sync::CancellationToken;
    use tonic::Code;

    use super::*;
    use crate::run::{access_layer, ports::Shared, roles::Built};

    #[tokio::test]
    async fn each_role_of_a_process_calls_in_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let sources = Sources::defaults().set("mode.data_dir", data.to_str().unwrap());
        let settings = Settings::load(&sources).unwrap();
        std::fs::create_dir(&data).unwrap();
        let key = Arc::new(ServiceKey::from_bytes([5; 32]));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tasks = Tasks::new(CancellationToken::new());
        let shared = Shared::new(&settings, &clock, &tasks).unwrap();
        let (peers, queues) = (Peers::default(), Arc::new(NoApproverQueues));
        let all = &Service::ALL;
        let built =
            Built::new(&settings, all, Arc::clone(&key), PassphraseRule::Standard, &shared, &peers, queues)
                .await
                .unwrap();
        let access = access_layer(&settings, &key, &shared).unwrap();
        let health = Health::starting(Vec::<String>::new()).await;
        let server = GrpcServer::new(&settings.server, access, built.routes(), &health).unwrap();
        let (in_process, serving) = server.serve_in_process(tasks.token().clone());
        let serving = tokio::spawn(serving);
        peers.connect(&settings, all, &in_process, None, &key, &clock).unwrap();

        for caller in Service::ALL {
            let mut grants = GrantsClient::new(peers.channel(caller, Service::Grants).unwrap());
            let case_id = CaseId::from_bytes([1; 16]).to_string();
            let refused = grants.hold_money(HoldMoneyRequest { case_id, case_version: 1 }).await.unwrap_err();
            let expected = match caller {
                // It may call; grants looks into triage's history, which has no such case.
                Service::Triage => Code::FailedPrecondition,
                Service::Identity | Service::Intake | Service::Grants | Service::Notification => {
                    Code::PermissionDenied
                }
            };
            assert_eq!(refused.code(), expected, "{caller}: {refused:?}");
        }
        tasks.token().cancel();
        serving.await.unwrap().unwrap();
    }
}
