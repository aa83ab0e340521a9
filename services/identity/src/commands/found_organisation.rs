//! The organisation is founded, once.

use flare_contracts::{
    InputRule, KeyScope, Refusal,
    common::v1::Role,
    events::v1::{IdentityEvent, OrganisationFounded},
    identity::v1::{FoundOrganisationRequest, FoundOrganisationResponse, NewTeamKey, TeamKey},
    input,
};
use flare_seal::{fingerprint, verify_recovery_key, verify_team_key};
use flare_store::{Command, Error, Tx, Write};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Invitation, LANE, recipient, wrapped};
use crate::{
    Identity,
    domain::Team,
    refusals::{IdentityRefusal, IdentityRule},
    store,
    vault::{Vault, VaultPlace},
};

/// Who acts before there is anybody.
const ACTOR: &str = "system:setup";

/// Whoever founds the organisation: nobody is known yet.
pub(crate) struct Founder;

impl KeyScope for Founder {
    fn key_scope(&self) -> String {
        "setup".to_owned()
    }
}

/// Whoever holds the setup code founds the organisation.
pub(crate) struct FoundOrganisation {
    /// SHA-256 of the code that this installation expects, if it expects one.
    expected: Option<[u8; 32]>,
    given: [u8; 32],
    name: String,
    organisation_key: [u8; 32],
    recovery_key: Vec<u8>,
    recovery_signature: [u8; 64],
    /// Each with its secret as it is stored.
    team_keys: Vec<(TeamKey, Vec<u8>)>,
    administrator: Invitation,
}

impl Command for FoundOrganisation {
    type Service = Identity;
    type By = Founder;
    type Request = FoundOrganisationRequest;

    fn parse(identity: &Identity, _: &Founder, request: FoundOrganisationRequest) -> Result<Self, Error> {
        let organisation_key = input::array("organisation_key", &request.organisation_key)?;
        let recovery_key = recipient("recovery_key", &request.recovery_key)?;
        let recovery_signature = input::array("recovery_signature", &request.recovery_signature)?;
        verify_recovery_key(&organisation_key, &recovery_key, &recovery_signature)
            .map_err(|_| Refusal::invalid("recovery_signature", IdentityRule::NotOfTheOrganisation))?;
        let administrator = Invitation::parse("administrator", request.administrator)?;
        if !administrator.roles.holds(Role::Admin) {
            return Err(Refusal::invalid("administrator.roles", IdentityRule::NoAdministrator).into());
        }
        Ok(Self {
            expected: identity.settings.setup_code,
            given: Sha256::digest(&request.setup_code).into(),
            name: input::label("name", &request.name, 80)?,
            organisation_key,
            recovery_key: recovery_key.to_bytes(),
            recovery_signature,
            team_keys: team_keys(&identity.vault, &organisation_key, request.team_keys)?,
            administrator,
        })
    }
}

/// One key for each team, of generation 1, signed by the organisation.
fn team_keys(
    vault: &Vault,
    organisation: &[u8; 32],
    keys: Vec<NewTeamKey>,
) -> Result<Vec<(TeamKey, Vec<u8>)>, Error> {
    let mut found: Vec<(Team, TeamKey, Vec<u8>)> = Vec::new();
    for (index, new) in keys.into_iter().enumerate() {
        let field = |part: &str| format!("team_keys[{index}].{part}");
        let key = input::required(&field("key"), new.key)?;
        let team = Team::parse(&field("key.team"), &key.team)?;
        if found.iter().any(|(earlier, ..)| *earlier == team) {
            return Err(Refusal::invalid(field("key.team"), InputRule::Twice).into());
        }
        if key.generation != 1 {
            return Err(
                Refusal::invalid(field("key.generation"), InputRule::NotTheNumber { number: 1 }).into()
            );
        }
        let public = recipient(&field("key.public_key"), &key.public_key)?;
        let signed = flare_seal::TeamKey { team: key.team.clone(), generation: key.generation, public };
        verify_team_key(organisation, &signed, &key.signature)
            .map_err(|_| Refusal::invalid(field("key.signature"), IdentityRule::NotOfTheOrganisation))?;
        let secret = wrapped(&field("wrapped_to_recovery"), new.wrapped_to_recovery)?;
        let secret = vault.wrap(&VaultPlace::recovery(team, key.generation), &secret)?;
        found.push((team, key, secret));
    }
    if found.len() != Team::ALL.len() {
        return Err(Refusal::invalid("team_keys", IdentityRule::TeamKeyMissing).into());
    }
    Ok(found.into_iter().map(|(_, key, secret)| (key, secret)).collect())
}

impl Write for FoundOrganisation {
    type Output = FoundOrganisationResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<FoundOrganisationResponse, Error> {
        tx.lock(&[&store::ORGANISATION, &self.administrator.stream()]).await?;
        if store::is_founded(tx).await? {
            return Err(Refusal::from(IdentityRefusal::AlreadyFounded).into());
        }
        // Compared even when no code is expected, so that time does not tell.
        let same: bool = self.expected.unwrap_or_default().ct_eq(&self.given).into();
        if self.expected.is_none() || !same {
            return Err(Refusal::from(IdentityRefusal::BadSetupCode).into());
        }
        let recovery = (self.recovery_key.as_slice(), &self.recovery_signature);
        store::insert_organisation(tx, &self.name, &self.organisation_key, recovery).await?;
        for (key, secret) in &self.team_keys {
            store::insert_team_key(tx, key, secret.clone()).await?;
        }
        let founded = OrganisationFounded { fingerprint: fingerprint(&self.organisation_key) };
        tx.append(store::ORGANISATION, LANE, ACTOR, &IdentityEvent::from(founded))?;
        let id = self.administrator.apply(tx, ACTOR).await?;
        Ok(FoundOrganisationResponse { administrator_id: id.to_string() })
    }
}
