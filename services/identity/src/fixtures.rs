//! What the tests of this crate share: an organisation with its first administrator, and callers.

use std::sync::{Arc, atomic::Ordering};

use flare_access::{
    Caller, Clock, LocalRateLimits, LocalSessionCache, Roles, SessionCache as _, Staff, TokenVerifier,
};
use flare_contracts::{
    common::v1::Role,
    identity::v1::{
        CertifyStaffRequest, EnrolRequest, FoundOrganisationRequest, Invitation, InviteStaffRequest,
        ListStaffRequest, LoginRequest, LoginResponse, NewTeamKey, TeamKey, identity_server::Identity as _,
    },
};
use flare_kernel::{StaffId, Timestamp};
use flare_seal::{
    Argon2Params, OrganisationSeed, PassphraseRule, PersonKeys, RecipientPublic, RecipientSecret, ServiceKey,
    SigningKey, certify, sign_recovery_key, sign_team_key, wrap_secret,
};
use flare_store::{Error, TimeSource, Tx, Write, sql};
use flare_testkit::Sandbox;
use sha2::{Digest, Sha256};
use tonic::{Request, Status};

use crate::{Identity, IdentityApi, Ports, Settings, domain::Stretched};

pub(crate) const SETUP_CODE: &str = "brisk-heron-41-lunar";
pub(crate) const CODE: &str = "violet-otter-17-meadow";
pub(crate) const AUTH_KEY: [u8; 32] = [9; 32];

/// The sandbox's clock as the access layer sees it.
struct SandboxClock(TimeSource);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        match &self.0 {
            TimeSource::Fixed(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
            TimeSource::Database => unreachable!("a sandbox has a fixed clock"),
        }
    }
}

/// A founded organisation.
pub(crate) struct Founded {
    pub(crate) identity: Arc<Identity>,
    pub(crate) api: IdentityApi,
    pub(crate) cache: Arc<LocalSessionCache>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Amina, who is active.
    pub(crate) admin: StaffId,
}

pub(crate) fn organisation() -> OrganisationSeed {
    OrganisationSeed::from_bytes([0x42; 32])
}

/// Identity before anything happened.
pub(crate) fn empty(sandbox: &Sandbox) -> (Arc<Identity>, Arc<LocalSessionCache>, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(SandboxClock(sandbox.time.clone()));
    let cache = Arc::new(LocalSessionCache::new(Arc::clone(&clock)));
    let ports = Ports {
        sessions: Arc::clone(&cache) as _,
        limits: Arc::new(LocalRateLimits::new(Arc::clone(&clock))),
        clock: Arc::clone(&clock),
    };
    let setup_code = Some(Sha256::digest(SETUP_CODE).into());
    let settings = Settings { setup_code, passphrases: PassphraseRule::Sandbox };
    let key = Arc::new(ServiceKey::from_bytes([5; 32]));
    let identity = Identity::new(sandbox.database.clone(), &key, ports, settings).unwrap();
    (Arc::new(identity), cache, clock)
}

pub(crate) fn team_key(team: &str) -> NewTeamKey {
    let secret = RecipientSecret::generate().unwrap();
    let public = secret.public().unwrap();
    let recovery = organisation().recovery().public().unwrap();
    let signed = flare_seal::TeamKey { team: team.to_owned(), generation: 1, public: public.clone() };
    NewTeamKey {
        key: Some(TeamKey {
            team: team.to_owned(),
            generation: 1,
            public_key: public.to_bytes(),
            signature: sign_team_key(&organisation(), &signed).to_vec(),
        }),
        wrapped_to_recovery: wrap_secret(&recovery, secret.expose(), &["test"]).unwrap(),
    }
}

pub(crate) fn invitation(name: &str, roles: &[Role]) -> Invitation {
    Invitation {
        name: name.to_owned(),
        roles: roles.iter().map(|role| *role as i32).collect(),
        code_hash: Sha256::digest(CODE).to_vec(),
    }
}

pub(crate) fn founding() -> FoundOrganisationRequest {
    let recovery = organisation().recovery().public().unwrap();
    FoundOrganisationRequest {
        request_id: "found-1".to_owned(),
        setup_code: SETUP_CODE.to_owned(),
        name: "Beacon".to_owned(),
        organisation_key: organisation().signer().public().to_vec(),
        recovery_key: recovery.to_bytes(),
        recovery_signature: sign_recovery_key(&organisation(), &recovery).to_vec(),
        team_keys: ["triage", "approvers", "finance"].map(team_key).into(),
        administrator: Some(invitation("amina", &[Role::Admin])),
    }
}

pub(crate) fn enrolment(name: &str) -> EnrolRequest {
    let recipient = RecipientSecret::generate().unwrap().public().unwrap();
    EnrolRequest {
        request_id: format!("enrol-{name}"),
        name: name.to_owned(),
        code: CODE.to_owned(),
        salt: vec![3; 16],
        stretching: Some(Stretched { salt: [3; 16], params: Argon2Params::for_tests() }.stretching()),
        auth_key: AUTH_KEY.to_vec(),
        sealed_seed: vec![4; 72],
        encryption_key: recipient.to_bytes(),
        signing_key: SigningKey::generate().unwrap().public().to_vec(),
    }
}

/// Founds the organisation and enrols its first administrator.
pub(crate) async fn founded(sandbox: &Sandbox) -> Founded {
    let (identity, cache, clock) = empty(sandbox);
    let api = IdentityApi::new(Arc::clone(&identity));
    let reply = api.found_organisation(Request::new(founding())).await.unwrap().into_inner();
    api.enrol(Request::new(enrolment("amina"))).await.unwrap();
    let admin = reply.administrator_id.parse().unwrap();
    Founded { identity, api, cache, clock, admin }
}

/// A request by a member of staff.
pub(crate) fn by<T>(id: StaffId, roles: &[Role], message: T) -> Request<T> {
    let mut request = Request::new(message);
    let staff = Staff {
        id,
        roles: roles.iter().copied().collect::<Roles>(),
        session: [0; 16],
        expires: Timestamp::from_micros(i64::MAX),
    };
    request.extensions_mut().insert(Caller::Staff(staff));
    request
}

/// Invites somebody.
pub(crate) async fn invite(identity: &Arc<Identity>, admin: StaffId, name: &str, roles: &[Role]) -> StaffId {
    let api = IdentityApi::new(Arc::clone(identity));
    let request_id = format!("invite-{name}");
    let request = InviteStaffRequest { request_id, invitation: Some(invitation(name, roles)) };
    let reply = api.invite_staff(by(admin, &[Role::Admin], request)).await.unwrap().into_inner();
    reply.staff_id.parse().unwrap()
}

impl Founded {
    /// Invites and enrols somebody.
    pub(crate) async fn enrolled(&self, name: &str, roles: &[Role]) -> StaffId {
        let id = invite(&self.identity, self.admin, name, roles).await;
        self.api.enrol(Request::new(enrolment(name))).await.unwrap();
        id
    }

    /// What asks to certify somebody, signed with a key of this organisation.
    pub(crate) async fn certificate(&self, id: StaffId, seed: &OrganisationSeed) -> CertifyStaffRequest {
        let list = self.api.list_staff(Request::new(ListStaffRequest::default())).await.unwrap().into_inner();
        let staff = list.staff.into_iter().find(|staff| staff.staff_id == id.to_string()).unwrap();
        let encryption = RecipientPublic::from_bytes(&staff.encryption_key).unwrap();
        let keys = PersonKeys::new(id, &encryption, staff.signing_key.try_into().unwrap());
        CertifyStaffRequest {
            request_id: format!("certify-{id}"),
            staff_id: id.to_string(),
            certificate: certify(seed, &keys).to_vec(),
        }
    }

    /// Invites, enrols and certifies somebody.
    pub(crate) async fn certified(&self, name: &str, roles: &[Role]) -> StaffId {
        let id = self.enrolled(name, roles).await;
        let request = self.certificate(id, &organisation()).await;
        self.api.certify_staff(by(self.admin, &[Role::Admin], request)).await.unwrap();
        id
    }

    /// Logs in with the passphrase's key that everybody here has.
    pub(crate) async fn login(&self, name: &str) -> Result<LoginResponse, Status> {
        let request = LoginRequest { name: name.to_owned(), auth_key: AUTH_KEY.to_vec() };
        self.api.login(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    /// Whoever an access token names.
    pub(crate) fn verify(&self, token: &str) -> Staff {
        let verifier = TokenVerifier::new(&self.identity.verification_keys());
        verifier.verify(token, self.clock.now()).unwrap()
    }

    /// What the cache holds for a session.
    pub(crate) async fn cached(&self, session: &[u8]) -> Option<Vec<u8>> {
        let key = crate::domain::SessionKey::of(session.try_into().unwrap());
        self.cache.get(&key.cache_key()).await
    }
}

/// The reason and the fields of a refusal.
pub(crate) fn refusal<T>(outcome: Result<T, Status>) -> (String, Vec<String>) {
    let status = outcome.err().expect("a refusal");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields =
        details.bad_request().map(|bad| bad.field_violations.iter().map(|one| one.field.clone()).collect());
    (reason, fields.unwrap_or_default())
}

/// How the engine would run a statement that takes a text and a number, on tables too small for an index to pay.
struct Explain {
    sqlite: bool,
    statement: (&'static str, &'static str),
}

impl Write for Explain {
    type Output = String;

    async fn apply(&self, tx: &mut Tx) -> Result<String, Error> {
        let (on_sqlite, on_postgres) = self.statement;
        if !self.sqlite {
            tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
            tx.execute(sql("SET LOCAL enable_bitmapscan = off")).await?;
        }
        let (statement, column) =
            if self.sqlite { (on_sqlite, "detail") } else { (on_postgres, "QUERY PLAN") };
        let rows = tx.fetch_all(sql(statement).bind("a").bind(50_i64)).await?;
        let lines = rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.join("\n"))
    }
}

/// How the engine would run a statement.
pub(crate) async fn plan(sandbox: &Sandbox, statement: (&'static str, &'static str)) -> String {
    let sqlite = sandbox.folder().is_some();
    sandbox.database.write(Explain { sqlite, statement }).await.unwrap()
}
