//! The way from each role to the others: within the process where they run here, over the network where they do not.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use flare_access::{Clock, ServiceTokens, Signatory};
use flare_contracts::{Kind, Producer, Refusal};
use flare_messaging::RemoteEventSource;
use flare_runtime::{PeerChannel, Settings, Tls, client};
use flare_seal::ServiceKey;
use tonic::transport::Channel;

use super::RunError;

/// The channels, once there are any: roles are built before the server that some of them are reached through.
#[derive(Clone, Default)]
pub(crate) struct Peers(Arc<OnceLock<HashMap<Producer, PeerChannel>>>);

impl Peers {
    /// Makes the channels. Nothing is connected before the first call.
    pub(crate) fn connect(
        &self,
        settings: &Settings,
        here: &[Producer],
        in_process: &Channel,
        tls: Option<&Tls>,
        key: &ServiceKey,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), RunError> {
        // A process speaks for its first role; a peer's rules ask only whether it is a service of this installation.
        let speaker = here.first().copied().unwrap_or(Producer::Identity);
        let signatory = Signatory::new(ServiceTokens::new(key), speaker, Arc::clone(clock));
        let mut channels = HashMap::new();
        for peer in Producer::ALL {
            let addresses = settings.peers.addresses(peer);
            if here.contains(&peer) {
                channels.insert(peer, client::over(in_process.clone(), signatory.clone()));
            } else if !addresses.is_empty() {
                channels.insert(peer, client::connect(&addresses, tls, signatory.clone())?);
            }
        }
        self.0.set(channels).map_err(|_| "the peers were connected twice".into())
    }

    /// The way to a role.
    pub(crate) fn channel(&self, peer: Producer) -> Result<PeerChannel, Refusal> {
        let known = self.0.get().and_then(|channels| channels.get(&peer)).cloned();
        known.ok_or_else(|| {
            Refusal::new(Kind::Unavailable, "PEER_UNKNOWN", format!("{peer} cannot be reached from here"))
        })
    }

    /// The logs of all roles.
    pub(crate) fn event_source(&self) -> RemoteEventSource<PeerChannel> {
        let channels = self.0.get().into_iter().flatten();
        RemoteEventSource::new(channels.map(|(peer, channel)| (*peer, channel.clone())))
    }
}
