//! A person sets their passphrase and keys, once, with their one-time code.

use flare_contracts::{
    InputRule, KeyScope, Refusal,
    events::v1::IdentityEvent,
    identity::v1::{EnrolRequest, EnrolResponse},
    input,
};
use flare_seal::{SealError, auth_key_hash, verify};
use flare_store::{Command, Error, Tx, Write};

use super::{LANE, recipient};
use crate::{
    Identity,
    domain::{PublicKeys, StaffError, StaffName, Stretched, stretching},
    refusals::IdentityRule,
    store,
    vault::VaultPlace,
};

/// A sealed seed: nonce, 32 bytes, tag.
const SEALED_SEED_LEN: usize = 24 + 32 + 16;

/// More than any one-time code has.
const MAX_CODE_LEN: usize = 200;

/// What a later login is held against, as it is stored.
pub(crate) struct Enrolment {
    pub(crate) stretched: Stretched,
    pub(crate) auth_key_hash: Vec<u8>,
    pub(crate) sealed_seed: Vec<u8>,
}

/// Whoever enrols: they have no account yet, and are told apart by the name that they enrol under.
pub(crate) struct Newcomer {
    pub(crate) name: String,
}

impl KeyScope for Newcomer {
    fn key_scope(&self) -> String {
        format!("enrol:{}", self.name)
    }
}

/// An invited person enrols.
pub(crate) struct Enrol {
    name: StaffName,
    code: String,
    enrolment: Enrolment,
    keys: PublicKeys,
}

impl Command for Enrol {
    type Service = Identity;
    type By = Newcomer;
    type Request = EnrolRequest;

    fn parse(identity: &Identity, _: &Newcomer, request: EnrolRequest) -> Result<Self, Error> {
        // A name that cannot be one is nobody's, and gets nobody's answer.
        let name = StaffName::new(&request.name).ok_or_else(|| Refusal::from(StaffError::WrongCode))?;
        if request.code.len() > MAX_CODE_LEN {
            return Err(Refusal::invalid("code", InputRule::TooManyBytes { limit: MAX_CODE_LEN }).into());
        }
        let params = stretching(identity.settings.passphrases, request.stretching)?;
        let salt = input::array("salt", &request.salt)?;
        let auth_key = input::array("auth_key", &request.auth_key)?;
        if request.sealed_seed.len() != SEALED_SEED_LEN {
            let rule = IdentityRule::NotASealedSeed { bytes: SEALED_SEED_LEN };
            return Err(Refusal::invalid("sealed_seed", rule).into());
        }
        let encryption = recipient("encryption_key", &request.encryption_key)?.to_bytes();
        let signing = signing_key(&request.signing_key)?;
        let vault = &identity.vault;
        let auth_key_hash = vault.wrap(&VaultPlace::auth_key_hash(&name), &auth_key_hash(&auth_key))?;
        let sealed_seed = vault.wrap(&VaultPlace::sealed_seed(&name), &request.sealed_seed)?;
        let enrolment = Enrolment { stretched: Stretched { salt, params }, auth_key_hash, sealed_seed };
        Ok(Self { name, code: request.code, enrolment, keys: PublicKeys { encryption, signing } })
    }
}

/// An Ed25519 public key. Whether the bytes are one shows when anything is verified under them.
fn signing_key(bytes: &[u8]) -> Result<[u8; 32], Refusal> {
    let key = input::array("signing_key", bytes)?;
    match verify("flare/v1/probe", &key, b"", &[0; 64]) {
        Err(SealError::PublicKey) => Err(Refusal::invalid("signing_key", IdentityRule::NotASigningKey)),
        Ok(()) | Err(_) => Ok(key),
    }
}

impl Write for Enrol {
    type Output = EnrolResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<EnrolResponse, Error> {
        let wrong = || Refusal::from(StaffError::WrongCode);
        let id = store::id_by_name(tx, &self.name).await?.ok_or_else(wrong)?;
        tx.lock(&[&id]).await?;
        let staff = store::staff(tx, id).await?;
        let (_, event) = staff.enrol(&self.code, self.keys.clone()).map_err(Refusal::from)?;
        store::enrol_staff(tx, id, &self.enrolment, &self.keys).await?;
        tx.append(id, LANE, id.to_string(), &IdentityEvent::from(event))?;
        Ok(EnrolResponse { staff_id: id.to_string() })
    }
}
