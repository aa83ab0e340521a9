//! Staff, roles, teams and keys: who is this, and what may they do.
//!
//! What this service promises:
//!
//! - A passphrase never reaches it. It sees a key that Argon2id made of the passphrase on the person's own device, and
//!   answers alike for a wrong key, a name that nobody has, and a person who has not enrolled or is disabled.
//! - A team's key is accepted only under the organisation's signature. A team's secret is here only wrapped: to the
//!   recovery key and to members.
//! - **An end of access holds within two minutes.** An access token lives 60 s and is never looked up. A session is looked
//!   up at each refresh, in a cache whose entries live 60 s at most; disabling a person and setting roles forget their
//!   entries at once. Only when that forgetting fails, or loses a race against a refresh, do the two bounds add up.
//! - The last active administrator stays one.
//!
//! Access tokens are signed by an Ed25519 key derived from the installation's service key, so that every replica signs
//! alike and no key is stored. Identity listens to no other service.

mod api;
mod commands;
mod domain;
mod queries;
mod refusals;
mod sign_in;
mod store;
mod timers;
mod vault;

#[cfg(test)]
mod fixtures;

use std::{fmt, sync::Arc};

use flare_access::{Clock, RateLimits, SessionCache, TokenSigner};
use flare_seal::{PassphraseRule, ServiceKey};
use flare_store::{ConstraintRefusal, Database, Error, Migration, Schema};

pub use api::IdentityApi;
use refusals::IdentityRefusal;
use sign_in::SignIn;
pub use timers::IdentityTimers;
use vault::Vault;

/// Identity's tables.
pub const SCHEMA: Schema = Schema {
    name: "identity",
    migrations: &[Migration {
        version: 1000,
        name: "identity",
        sql: include_str!("../migrations/1000_identity.sql"),
    }],
    refusals: &[
        ConstraintRefusal {
            name: "organisation_founded_once",
            columns: "organisation.one",
            refusal: || IdentityRefusal::AlreadyFounded.into(),
        },
        ConstraintRefusal { name: "staff_name", columns: "staff.name", refusal: refusals::name_taken },
        ConstraintRefusal {
            name: "staff_signing_key",
            columns: "staff.signing_key",
            refusal: refusals::key_taken,
        },
    ],
};

/// From which label of the service key the seed of the key grows that signs access tokens: whoever holds the service key
/// can verify them without asking.
pub const ACCESS_TOKEN_SEED: &str = "access-token";

/// What identity needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Remembers sessions for a minute.
    pub sessions: Arc<dyn SessionCache>,
    /// Counts logins and enrolments by name.
    pub limits: Arc<dyn RateLimits>,
    /// The clock that access tokens are issued and checked by.
    pub clock: Arc<dyn Clock>,
}

/// What an installation decides.
#[derive(Clone)]
pub struct Settings {
    /// SHA-256 of the setup code that founds the organisation; nothing once it is founded.
    pub setup_code: Option<[u8; 32]>,
    /// Which stretching of passphrases is accepted.
    pub passphrases: PassphraseRule,
}

/// Identity, to be shared by everything that serves it.
pub struct Identity {
    database: Database,
    vault: Vault,
    sign_in: SignIn,
    settings: Settings,
}

impl Identity {
    /// Identity on its database. Every replica must be given the same service key.
    pub fn new(
        database: Database,
        service_key: &Arc<ServiceKey>,
        ports: Ports,
        settings: Settings,
    ) -> Result<Self, Error> {
        let signer = TokenSigner::from_seed(&service_key.derive(ACCESS_TOKEN_SEED));
        let vault = Vault::new(Arc::clone(service_key));
        let sign_in =
            SignIn::new(database.clone(), vault.clone(), service_key, signer, ports, settings.passphrases)?;
        Ok(Self { database, vault, sign_in, settings })
    }

    /// The public keys of access tokens, for a token verifier in the same process.
    pub fn verification_keys(&self) -> Vec<[u8; 32]> {
        vec![self.sign_in.public_key()]
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("database", &self.database).finish_non_exhaustive()
    }
}
