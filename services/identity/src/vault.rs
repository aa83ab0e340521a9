//! What is stored wrapped once more under the service key, so that a stolen database lets nobody guess passphrases and
//! opens for nobody, not even for those whose keys the wraps were made to. Each context names the row and the column.

use std::sync::Arc;

use flare_kernel::StaffId;
use flare_seal::ServiceKey;
use flare_store::{Error, keys};

use crate::domain::{SessionKey, StaffName, Team};

/// Wraps and unwraps columns.
#[derive(Clone)]
pub(crate) struct Vault(Arc<ServiceKey>);

/// Which column of which row.
pub(crate) struct VaultPlace(String);

impl VaultPlace {
    /// What a login is held against. By name, because a name is known before the row is.
    pub(crate) fn auth_key_hash(name: &StaffName) -> Self {
        Self(format!("identity/staff/{name}/auth_key_hash"))
    }

    pub(crate) fn sealed_seed(name: &StaffName) -> Self {
        Self(format!("identity/staff/{name}/sealed_seed"))
    }

    pub(crate) fn recovery(team: Team, generation: u32) -> Self {
        Self(format!("identity/team/{}/{generation}/recovery", team.as_str()))
    }

    pub(crate) fn membership(team: Team, generation: u32, staff: StaffId) -> Self {
        Self(format!("identity/team/{}/{generation}/{staff}", team.as_str()))
    }

    pub(crate) fn unlock_share(session: SessionKey) -> Self {
        Self(format!("identity/{}/unlock_share", session.cache_key()))
    }

    /// What the cache remembers of a session.
    pub(crate) fn cached_session(session: SessionKey) -> Self {
        Self(format!("identity/{}/cached", session.cache_key()))
    }

    /// A place where nothing is stored.
    pub(crate) fn decoy() -> Self {
        Self("identity/decoy".to_owned())
    }
}

impl Vault {
    pub(crate) fn new(key: Arc<ServiceKey>) -> Self {
        Self(key)
    }

    pub(crate) fn wrap(&self, place: &VaultPlace, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        keys::wrap(&self.0, &place.0, bytes)
    }

    pub(crate) fn unwrap(&self, place: &VaultPlace, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
        keys::unwrap(&self.0, &place.0, wrapped)
    }
}
