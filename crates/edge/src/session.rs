//! A member of staff at work: a session at identity, and the keys that come with the person.

use std::collections::{BTreeMap, BTreeSet};

use flare_access::Credentials;
use flare_contracts::{
    common::v1::{EpochAuthor, KeyEpoch, SealedField},
    grants::v1::Decision,
    identity::v1::{
        GetMyselfRequest, LoginRequest, LogoutRequest, RefreshAccessRequest, StartLoginRequest,
        TeamMembership,
    },
    input, vote,
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{
    Argon2Params, Compartment, CompartmentKey, FingerprintKey, Passphrase, PassphraseRule, PersonKeys,
    PersonSeed, Receipt, RecipientPublic, RecipientSecret, Sensitive, ServiceKey, SigningKey,
    contact_fingerprint, normalise_contact, sign, sign_epoch, sign_receipt, unwrap_secret,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::{sync::Mutex, time::Instant};

use crate::{CaseKeys, Credential, EdgeError, KeyBundle, Lines, Team, case_keys::next_epoch};

/// An access token is asked for anew when it is older than this; it lives 60 s.
const TOKEN_AGE: std::time::Duration = std::time::Duration::from_secs(40);

/// What a device keeps between commands. The seed in it is sealed under the session's secret and a share that identity
/// holds as long as the session lives: on a device whose session is over, this opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    /// The person's name.
    pub name: String,
    /// Their id.
    pub staff_id: String,
    /// The organisation that this device trusts.
    pub organisation: String,
    session: String,
    sealed_seed: String,
}

/// The secrets of teams by name and generation.
type TeamSecrets = BTreeMap<(String, u32), RecipientSecret>;

/// A session, open.
pub struct Session {
    lines: Lines,
    keys: PersonKeys,
    /// The organisation's, over these very keys.
    certificate: Option<Vec<u8>>,
    secret: Sensitive<Vec<u8>>,
    token: Mutex<(Credential, Instant)>,
    signer: SigningKey,
    teams: TeamSecrets,
    closed_teams: BTreeSet<(String, u32)>,
    bundle: KeyBundle,
}

impl Session {
    /// Begins a session. `trusted` is the organisation's fingerprint, if this device knows it already.
    pub async fn log_in(
        lines: &Lines,
        name: &str,
        passphrase: &Passphrase,
        rule: PassphraseRule,
        trusted: Option<&str>,
    ) -> Result<(Self, SavedSession), EdgeError> {
        let bundle = KeyBundle::fetch(lines, trusted).await?;
        let mut identity = lines.identity(&Credential::NONE);
        let start = identity.start_login(StartLoginRequest { name: name.to_owned() }).await?.into_inner();
        let salt =
            start.salt.as_slice().try_into().map_err(|_| EdgeError::Incomplete("a salt of 16 bytes"))?;
        let stretching = start.stretching.ok_or(EdgeError::Incomplete("how to stretch a passphrase"))?;
        let params = Argon2Params::within(rule, stretching.memory_kib, stretching.passes, stretching.lanes)?;
        let keys = passphrase.keys(&salt, params)?;
        let login = LoginRequest { name: name.to_owned(), auth_key: keys.auth_key.to_vec() };
        let login = identity.login(login).await?.into_inner();
        let seed = keys.seed_key.open_seed(name, &login.sealed_seed)?;
        let saved = SavedSession {
            name: name.to_owned(),
            staff_id: login.staff_id.clone(),
            organisation: bundle.fingerprint(),
            session: data_encoding::HEXLOWER.encode(&login.session),
            sealed_seed: data_encoding::HEXLOWER.encode(
                &device_key(&login.session, &login.unlock_share).wrap(&login.staff_id, seed.expose())?,
            ),
        };
        let open = Self::open(lines, &saved, login.session, &login.access_token, &seed, bundle).await?;
        Ok((open, saved))
    }

    /// Goes on with a session that was begun earlier.
    pub async fn resume(lines: &Lines, saved: &SavedSession) -> Result<Self, EdgeError> {
        let bundle = KeyBundle::fetch(lines, Some(&saved.organisation)).await?;
        let decode =
            |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| EdgeError::NoSession);
        let session = decode(&saved.session)?;
        let request = RefreshAccessRequest { session: session.clone() };
        let fresh = lines.identity(&Credential::NONE).refresh_access(request).await?.into_inner();
        let seed = device_key(&session, &fresh.unlock_share)
            .unwrap(&saved.staff_id, &decode(&saved.sealed_seed)?)?;
        let seed = <[u8; 32]>::try_from(seed.expose().as_slice()).map_err(|_| EdgeError::NoSession)?;
        let seed = PersonSeed::from_bytes(seed);
        Self::open(lines, saved, session, &fresh.access_token, &seed, bundle).await
    }

    async fn open(
        lines: &Lines,
        saved: &SavedSession,
        session: Vec<u8>,
        token: &str,
        seed: &PersonSeed,
        bundle: KeyBundle,
    ) -> Result<Self, EdgeError> {
        let credential = Credential::new(&Credentials::Bearer(token.to_owned()))?;
        let myself = lines.identity(&credential).get_myself(GetMyselfRequest {}).await?.into_inner();
        let own = seed.recipient();
        let (teams, closed_teams) = open_teams(&bundle, &own, &saved.staff_id, &myself.teams);
        let staff = saved.staff_id.parse().map_err(|_| EdgeError::Incomplete("a staff id"))?;
        let keys = PersonKeys::new(staff, &own.public()?, seed.signer().public());
        let certificate = myself.staff.map(|staff| staff.certificate).unwrap_or_default();
        let certificate = bundle.check_certificate(&keys, &certificate).is_ok().then_some(certificate);
        Ok(Self {
            lines: lines.clone(),
            keys,
            certificate,
            secret: Sensitive::new(session),
            token: Mutex::new((credential, Instant::now())),
            signer: seed.signer(),
            teams,
            closed_teams,
            bundle,
        })
    }

    /// Ends the session, at identity too.
    pub async fn log_out(&self) -> Result<(), EdgeError> {
        let request = LogoutRequest { session: self.secret.expose().clone() };
        self.lines.identity(&Credential::NONE).logout(request).await?;
        Ok(())
    }

    /// The person.
    pub const fn staff_id(&self) -> StaffId {
        self.keys.staff
    }

    /// The person's own keys, as they are on this device.
    pub const fn own_keys(&self) -> &PersonKeys {
        &self.keys
    }

    /// Whether the organisation vouches for them.
    pub const fn is_certified(&self) -> bool {
        self.certificate.is_some()
    }

    /// The way to the services.
    pub const fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The keys to seal to.
    pub const fn bundle(&self) -> &KeyBundle {
        &self.bundle
    }

    /// A credential that is good for at least the next few seconds.
    pub async fn credential(&self) -> Result<Credential, EdgeError> {
        let mut token = self.token.lock().await;
        if token.1.elapsed() > TOKEN_AGE {
            let request = RefreshAccessRequest { session: self.secret.expose().clone() };
            let fresh = self.lines.identity(&Credential::NONE).refresh_access(request).await?.into_inner();
            *token = (Credential::new(&Credentials::Bearer(fresh.access_token))?, Instant::now());
        }
        Ok(token.0.clone())
    }

    /// Opens the keys of these compartments of a case, as far as this person's teams reach. Each service is asked for the
    /// compartments that it keeps, and no service's word on another's is taken.
    pub fn case_keys(&self, case: CaseId, of: &[Compartment], epochs: &[KeyEpoch]) -> CaseKeys {
        let mut keys = CaseKeys::new(case);
        self.open_more(&mut keys, of, epochs);
        keys
    }

    /// Opens further epochs into the same keys, such as those that another service keeps.
    pub fn open_more(&self, keys: &mut CaseKeys, of: &[Compartment], epochs: &[KeyEpoch]) {
        let is_kept = |epoch: &&KeyEpoch| {
            input::compartment("keys", epoch.compartment).is_ok_and(|compartment| of.contains(&compartment))
        };
        let epochs: Vec<_> = epochs.iter().filter(is_kept).cloned().collect();
        keys.open_epochs(Some(&self.bundle), &epochs, |recipient, generation| {
            let team = recipient.strip_prefix("team:")?;
            self.teams.get(&(team.to_owned(), generation))
        });
    }

    /// Draws a compartment's key of a given epoch: the key, and what the service that keeps it is given. This person vouches
    /// for it with a signature, so the organisation must vouch for them.
    pub fn draw_epoch(
        &self,
        case: CaseId,
        compartment: Compartment,
        epoch: u32,
        receipt: Option<&RecipientPublic>,
    ) -> Result<(CompartmentKey, KeyEpoch), EdgeError> {
        let (key, wire) = next_epoch(&self.bundle, case, compartment, epoch, receipt)?;
        let author = self.vouching(sign_epoch(&self.signer, (case, compartment, epoch), &key))?;
        Ok((key, KeyEpoch { author: Some(author), ..wire }))
    }

    /// Vouches for a receipt that this person draws for a case which is there already.
    pub fn vouch_for_receipt(&self, case: CaseId, receipt: &Receipt) -> Result<EpochAuthor, EdgeError> {
        self.vouching(sign_receipt(&self.signer, case, &receipt.lookup_id(), &receipt.keys()?))
    }

    /// This person and their signature; the organisation must vouch for them.
    fn vouching(&self, signature: [u8; 64]) -> Result<EpochAuthor, EdgeError> {
        let certificate = self.certificate.clone().ok_or_else(|| {
            EdgeError::Unvouched("your own keys, and whatever you drew would be used by nobody".to_owned())
        })?;
        Ok(EpochAuthor {
            staff_id: self.keys.staff.to_string(),
            encryption_key_digest: self.keys.encryption_digest.to_vec(),
            signing_key: self.keys.signing.to_vec(),
            certificate,
            signature: signature.to_vec(),
        })
    }

    /// The keys of teams that this person was given, but that do not open: team and generation. Whoever admits them once
    /// more mends it.
    pub fn closed_teams(&self) -> impl Iterator<Item = (&str, u32)> {
        self.closed_teams.iter().map(|(team, generation)| (team.as_str(), *generation))
    }

    /// A team's secret key, for wrapping it to a new member; none when this person is no member.
    pub fn team_secret(&self, team: Team, generation: u32) -> Option<&RecipientSecret> {
        self.teams.get(&(team.as_str().to_owned(), generation))
    }

    /// The fingerprint of a way to reach somebody, under the triage team's first key: the same for everyone in triage,
    /// and meaningless to anyone else.
    pub fn contact_fingerprint(&self, contact: &str) -> Result<[u8; 32], EdgeError> {
        let secret =
            self.team_secret(Team::Triage, 1).ok_or(EdgeError::Incomplete("the triage team's key"))?;
        Ok(contact_fingerprint(&FingerprintKey::from_team(secret), &normalise_contact(contact)).0)
    }

    /// Signs a vote over what was shown, with its words as they were sealed.
    pub fn sign_vote(
        &self,
        shown_digest: &[u8; 32],
        decision: Decision,
        words: Option<&SealedField>,
    ) -> Vec<u8> {
        let message = vote::vote_message(shown_digest, &self.keys.staff.to_string(), decision, words);
        sign(vote::SIGNATURE_DOMAIN, &self.signer, &message).to_vec()
    }
}

/// The context under which a team's secret is wrapped to a member.
pub(crate) fn membership_context<'a>(team: &'a str, generation: &'a str, member: &'a str) -> [&'a str; 4] {
    ["flare/team-member/1", team, generation, member]
}

/// The teams' secrets that open, and the team and generation of those that do not in any wrap of theirs. One that does not
/// open takes nothing from the others.
fn open_teams(
    bundle: &KeyBundle,
    own: &RecipientSecret,
    member: &str,
    teams: &[TeamMembership],
) -> (TeamSecrets, BTreeSet<(String, u32)>) {
    let mut opened = BTreeMap::new();
    for team in teams {
        if let Ok((place, secret)) = open_team(bundle, own, member, team) {
            opened.entry(place).or_insert(secret);
        }
    }
    let places = teams.iter().map(|team| (team.team.clone(), team.generation));
    let closed = places.filter(|place| !opened.contains_key(place)).collect();
    (opened, closed)
}

fn open_team(
    bundle: &KeyBundle,
    own: &RecipientSecret,
    member: &str,
    team: &TeamMembership,
) -> Result<((String, u32), RecipientSecret), EdgeError> {
    let generation = team.generation.to_string();
    let secret = unwrap_secret(own, &team.wrapped, &membership_context(&team.team, &generation, member))?;
    let secret = RecipientSecret::from_bytes(*secret.expose());
    Ok(((team.team.clone(), team.generation), bundle.check_team_secret(&team.team, team.generation, secret)?))
}

fn device_key(session: &[u8], share: &[u8]) -> ServiceKey {
    let mut hasher = Sha256::new_with_prefix(b"flare/device-seed/1");
    for part in [session, share] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    ServiceKey::from_bytes(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use flare_seal::wrap_secret;

    use super::*;
    use crate::bundle::tests::{bundle, triage};

    const MEMBER: &str = "staff_1";

    fn membership(team: &str, own: &RecipientSecret) -> TeamMembership {
        let context = membership_context(team, "1", MEMBER);
        let wrapped = wrap_secret(&own.public().unwrap(), triage().expose(), &context).unwrap();
        TeamMembership { team: team.to_owned(), generation: 1, wrapped }
    }

    #[test]
    fn a_membership_that_does_not_open_takes_nothing_from_the_others_and_is_named() {
        let own = RecipientSecret::from_bytes([5; 32]);
        let (triage, finance) = (membership("triage", &own), membership("finance", &own));
        let junk =
            |team: &TeamMembership| TeamMembership { wrapped: vec![7; team.wrapped.len()], ..team.clone() };
        let given = [junk(&triage), triage.clone(), junk(&triage), junk(&finance)];
        let (opened, closed) = open_teams(&bundle(), &own, MEMBER, &given);
        assert_eq!(opened.into_keys().collect::<Vec<_>>(), [("triage".to_owned(), 1)]);
        assert_eq!(closed.into_iter().collect::<Vec<_>>(), [("finance".to_owned(), 1)]);
        let (opened, closed) = open_teams(&bundle(), &own, MEMBER, &[triage, junk(&finance), finance]);
        assert_eq!((opened.len(), closed.len()), (2, 0), "admitted once more");
    }
}
