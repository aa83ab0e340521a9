//! Logging in, and the access tokens of a session.

use std::time::Duration;

use data_encoding::HEXLOWER;
use flare_access::{AccessToken, Decision, Limit, TokenSigner};
use flare_contracts::{Cause, Reason, Refusal};
use flare_kernel::{StaffId, Timestamp, random};
use flare_seal::{PassphraseRule, ServiceKey, auth_key_matches, false_salt};
use flare_store::{Database, Error};

use crate::{
    Ports,
    commands::{EndSession, StartSession},
    domain::{SessionKey, SessionView, StaffName, State, Stretched, false_stretching},
    refusals::{IdentityRefusal, bad_login},
    store,
    vault::{Vault, VaultPlace},
};

/// Attempts under one name from one place.
const ATTEMPTS: Limit = Limit { calls: 10, per: Duration::from_mins(15) };

/// Attempts under one name, wherever from: so many that a stranger who guesses does not keep its owner out from elsewhere,
/// and far too few for guessing.
const ATTEMPTS_EVERYWHERE: Limit = Limit { calls: 100, per: Duration::from_mins(15) };

/// Calls that show one session. Not counted by place: an office is one place for many.
const SESSION_CALLS: Limit = Limit { calls: 600, per: Duration::from_mins(1) };

/// How long a session is remembered without asking the database.
const REMEMBERED: Duration = Duration::from_mins(1);
const REMEMBERED_FOR: flare_kernel::Duration = flare_kernel::Duration::from_secs(60);

/// Who may attempt what how often, and what comes of it.
pub(crate) struct SignIn {
    database: Database,
    vault: Vault,
    signer: TokenSigner,
    ports: Ports,
    passphrases: PassphraseRule,
    salts: [u8; 32],
    names: [u8; 32],
    /// Compared with when there is nothing to compare with, so that both take the same time.
    decoy: Vec<u8>,
}

/// What a login gives.
pub(crate) struct SignedIn {
    pub(crate) staff: StaffId,
    pub(crate) session: [u8; 32],
    pub(crate) ends: Timestamp,
    pub(crate) fresh: Fresh,
    pub(crate) sealed_seed: Vec<u8>,
}

/// What a session that lasts gives.
pub(crate) struct Fresh {
    pub(crate) token: AccessToken,
    pub(crate) unlock_share: Vec<u8>,
}

impl SignIn {
    pub(crate) fn new(
        database: Database,
        vault: Vault,
        service_key: &ServiceKey,
        signer: TokenSigner,
        ports: Ports,
        passphrases: PassphraseRule,
    ) -> Result<Self, Error> {
        let decoy = vault.wrap(&VaultPlace::decoy(), &random::<32>()?)?;
        let (salts, names) = (service_key.derive("false-salts"), service_key.derive("attempts-by-name"));
        Ok(Self { database, vault, signer, ports, passphrases, salts, names, decoy })
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.signer.public_key()
    }

    /// Counts an attempt under a name. The counts' keys are keyed hashes, never the name or the place.
    pub(crate) async fn count_attempt(
        &self,
        what: &str,
        name: &str,
        from: Option<&flare_access::Place>,
    ) -> Result<(), Refusal> {
        let place = from.map(flare_access::Place::exact).unwrap_or_default();
        let here = format!("{what}/{}/{name}", HEXLOWER.encode(place));
        // First, so that one place uses up no more of what all have than its own.
        self.count(what, &here, ATTEMPTS, IdentityRefusal::TooManyAttempts).await?;
        let everywhere = format!("{what}/{name}");
        self.count(what, &everywhere, ATTEMPTS_EVERYWHERE, IdentityRefusal::TooManyAttempts).await
    }

    async fn count_session(&self, key: SessionKey) -> Result<(), Refusal> {
        self.count("session", &key.cache_key(), SESSION_CALLS, Cause::TooManyCalls).await
    }

    async fn count(&self, what: &str, who: &str, limit: Limit, beyond: impl Reason) -> Result<(), Refusal> {
        let hash = false_salt(&self.names, who);
        match self.ports.limits.allow(&format!("{what}:{}", HEXLOWER.encode(&hash)), limit).await {
            Decision::Allowed => Ok(()),
            Decision::RetryAfter(wait) => Err(Refusal::from(beyond).retry_after(wait)),
        }
    }

    /// What a name's passphrase is stretched with; made up, and always the same, for a name nobody has enrolled under.
    pub(crate) async fn stretching(&self, name: &str) -> Result<Stretched, Error> {
        let made_up =
            Stretched { salt: false_salt(&self.salts, name), params: false_stretching(self.passphrases) };
        let known = match StaffName::new(name) {
            Some(name) => store::credentials(&self.database, &name).await?,
            None => None,
        };
        match known {
            Some(known) => Ok(Stretched { salt: known.salt, params: known.params(self.passphrases)? }),
            None => Ok(made_up),
        }
    }

    /// Begins a session for whoever knows the passphrase.
    pub(crate) async fn login(
        &self,
        name: &str,
        auth_key: &[u8; 32],
        from: Option<&flare_access::Place>,
    ) -> Result<SignedIn, Error> {
        self.count_attempt("login", name, from).await?;
        let name = StaffName::new(name);
        let known = match &name {
            Some(name) => store::credentials(&self.database, name).await?,
            None => None,
        };
        let (place, stored) = match (&name, &known) {
            (Some(name), Some(known)) => (VaultPlace::auth_key_hash(name), &known.auth_key_hash),
            (None, _) | (_, None) => (VaultPlace::decoy(), &self.decoy),
        };
        let stored: [u8; 32] = self
            .vault
            .unwrap(&place, stored)?
            .try_into()
            .map_err(|_| Error::Corrupt("staff.auth_key_hash".to_owned()))?;
        let matches = auth_key_matches(&stored, auth_key);
        let (Some(name), Some(known), true) = (name, known, matches) else { return Err(bad_login().into()) };
        match known.state {
            State::Active => {}
            State::Invited | State::Disabled => return Err(bad_login().into()),
        }
        let session = random()?;
        let key = SessionKey::of(&session);
        let share = self.vault.wrap(&VaultPlace::unlock_share(key), &random::<32>()?)?;
        let view = self.database.write(StartSession { staff: known.id, key, unlock_share: share }).await?;
        let sealed_seed = self.vault.unwrap(&VaultPlace::sealed_seed(&name), &known.sealed_seed)?;
        Ok(SignedIn {
            staff: known.id,
            session,
            ends: view.ends,
            fresh: self.fresh(key, &view)?,
            sealed_seed,
        })
    }

    /// A fresh access token, and the share, for a session that lasts.
    pub(crate) async fn refresh(&self, session: &[u8; 32]) -> Result<Fresh, Error> {
        let key = SessionKey::of(session);
        self.count_session(key).await?;
        let remembered = self.ports.sessions.get(&key.cache_key()).await;
        let view = match remembered.and_then(|bytes| self.remembered(key, &bytes)) {
            Some(view) => view,
            None => self.look_up(key).await?,
        };
        if view.ends <= self.ports.clock.now() {
            return Err(session_over().into());
        }
        self.fresh(key, &view)
    }

    async fn look_up(&self, key: SessionKey) -> Result<SessionView, Error> {
        let view = store::session(&self.database, key).await?.ok_or_else(session_over)?;
        let until = self.ports.clock.now().plus(REMEMBERED_FOR).as_micros().to_be_bytes();
        let entry = [until.as_slice(), &view.to_bytes()].concat();
        let entry = self.vault.wrap(&VaultPlace::cached_session(key), &entry)?;
        self.ports.sessions.put(&key.cache_key(), entry, REMEMBERED).await;
        Ok(view)
    }

    /// What an entry of the cache says of a session. Whoever can write to the cache must not decide who somebody is: an
    /// entry that was altered, moved from another session or kept beyond its time counts as absent.
    fn remembered(&self, key: SessionKey, entry: &[u8]) -> Option<SessionView> {
        let entry = self.vault.unwrap(&VaultPlace::cached_session(key), entry).ok()?;
        let (until, view) = entry.split_first_chunk::<8>()?;
        let until = Timestamp::from_micros(i64::from_be_bytes(*until));
        (self.ports.clock.now() < until).then(|| SessionView::from_bytes(view)).flatten()
    }

    /// Ends a session.
    pub(crate) async fn logout(&self, session: &[u8; 32]) -> Result<(), Error> {
        let key = SessionKey::of(session);
        self.count_session(key).await?;
        self.database.write(EndSession { key }).await?;
        self.ports.sessions.forget(&key.cache_key()).await;
        Ok(())
    }

    /// Forgets what is remembered about a person, after something about them changed.
    pub(crate) async fn forget(&self, staff: StaffId) -> Result<(), Error> {
        for key in store::sessions_of(&self.database, staff).await? {
            self.ports.sessions.forget(&key.cache_key()).await;
        }
        Ok(())
    }

    fn fresh(&self, key: SessionKey, view: &SessionView) -> Result<Fresh, Error> {
        let token = self.signer.issue(view.staff, view.roles, key.id(), self.ports.clock.now());
        let unlock_share = self.vault.unwrap(&VaultPlace::unlock_share(key), &view.unlock_share)?;
        Ok(Fresh { token, unlock_share })
    }
}

fn session_over() -> Refusal {
    IdentityRefusal::SessionOver.into()
}
