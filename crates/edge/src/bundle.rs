//! Whose keys to seal to: the organisation's and its teams', checked before they are used.

use flare_contracts::{
    common::v1::{EpochAuthor, KeyWrap},
    identity::v1::{GetKeyBundleRequest, GetKeyBundleResponse, Staff},
};
use flare_kernel::CaseId;
use flare_seal::{
    Compartment, CompartmentKey, OrganisationSeed, PersonKeys, ReceiptKeys, RecipientPublic, RecipientSecret,
    SealError, TeamKey, WrapContext, fingerprint, verify_certificate, verify_epoch, verify_receipt,
    verify_recovery_key, verify_team_key, wrap_key,
};

use prost::Message as _;

use crate::{Credential, EdgeError, Lines, organisation::person_keys};

/// A team that opens compartments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Team {
    /// Duty and case officers, heads.
    Triage,
    /// Those who vote.
    Approvers,
    /// Those who pay.
    Finance,
}

/// The name under which the recovery key stands in wraps.
pub(crate) const RECOVERY: &str = "recovery";
/// The name under which a receipt stands in wraps.
pub(crate) const RECEIPT: &str = "receipt";

impl Team {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Triage, Self::Approvers, Self::Finance];

    /// The team's name at identity.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Approvers => "approvers",
            Self::Finance => "finance",
        }
    }

    /// The team's name in wraps.
    pub const fn recipient(self) -> &'static str {
        match self {
            Self::Triage => "team:triage",
            Self::Approvers => "team:approvers",
            Self::Finance => "team:finance",
        }
    }
}

/// The keys to seal to, vouched for by the organisation.
#[derive(Clone, Debug)]
pub struct KeyBundle {
    name: String,
    organisation: [u8; 32],
    recovery: RecipientPublic,
    teams: Vec<TeamKey>,
    /// As it came, with the signatures.
    answer: GetKeyBundleResponse,
}

impl KeyBundle {
    /// Fetches the bundle and checks it. `trusted` is the fingerprint that this device knows, if it does already.
    pub async fn fetch(lines: &Lines, trusted: Option<&str>) -> Result<Self, EdgeError> {
        let answer =
            lines.identity(&Credential::NONE).get_key_bundle(GetKeyBundleRequest {}).await?.into_inner();
        Self::trusted(Self::check(answer)?, trusted)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave, and checks it as if it had just been fetched.
    pub fn from_bytes(bytes: &[u8], trusted: Option<&str>) -> Result<Self, EdgeError> {
        let none = |_| EdgeError::Incomplete("a bundle of keys that can be read");
        Self::trusted(Self::check(GetKeyBundleResponse::decode(bytes).map_err(none)?)?, trusted)
    }

    /// The bundle as bytes, signatures with it, to be kept. All of it is public.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.answer.encode_to_vec()
    }

    /// Whether one of the other's team keys of the same organisation is newer, or is of a team that this bundle has not.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let newest = |bundle: &Self, team: &str| {
            bundle.teams.iter().filter(|key| key.team == team).map(|key| key.generation).max()
        };
        self.organisation == other.organisation
            && other.teams.iter().any(|key| newest(self, &key.team) < Some(key.generation))
    }

    fn trusted(bundle: Self, trusted: Option<&str>) -> Result<Self, EdgeError> {
        let shown = bundle.fingerprint();
        match trusted {
            Some(trusted) if trusted != shown => {
                Err(EdgeError::OtherOrganisation { shown, trusted: trusted.to_owned() })
            }
            _ => Ok(bundle),
        }
    }

    fn check(answer: GetKeyBundleResponse) -> Result<Self, EdgeError> {
        let organisation: [u8; 32] = answer
            .organisation_key
            .as_slice()
            .try_into()
            .map_err(|_| EdgeError::Incomplete("an organisation's key"))?;
        let mut teams = Vec::new();
        for key in &answer.team_keys {
            let public = RecipientPublic::from_bytes(&key.public_key)?;
            let team = TeamKey { team: key.team.clone(), generation: key.generation, public };
            verify_team_key(&organisation, &team, &key.signature)
                .map_err(|_| EdgeError::Unvouched(format!("the key of the team {}", team.team)))?;
            teams.push(team);
        }
        // Everything is wrapped to it: a server's own in its place would open everything.
        let recovery = RecipientPublic::from_bytes(&answer.recovery_key)?;
        verify_recovery_key(&organisation, &recovery, &answer.recovery_signature)
            .map_err(|_| EdgeError::Unvouched("the recovery key".to_owned()))?;
        Ok(Self { name: answer.organisation.clone(), organisation, recovery, teams, answer })
    }

    /// What the server says the organisation is called. Nobody vouches for it: the fingerprint counts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people compare to know that they hold the same organisation's key.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.organisation)
    }

    /// Whether this is the organisation that a seed founded.
    pub(crate) fn is_of(&self, seed: &OrganisationSeed) -> bool {
        self.organisation == seed.signer().public()
    }

    /// A team's newest key.
    pub fn team(&self, team: Team) -> Result<&TeamKey, EdgeError> {
        let keys = self.teams.iter().filter(|key| key.team == team.as_str());
        keys.max_by_key(|key| key.generation).ok_or(EdgeError::Incomplete("a team's key"))
    }

    /// A secret that somebody was given as a team's, if it is the one behind the key that the organisation signed. Another
    /// would be known to whoever handed it out.
    pub fn check_team_secret(
        &self,
        team: &str,
        generation: u32,
        secret: RecipientSecret,
    ) -> Result<RecipientSecret, EdgeError> {
        let signed = self.teams.iter().find(|key| key.team == team && key.generation == generation);
        let public = secret.public()?;
        match signed {
            Some(signed) if signed.public == public => Ok(secret),
            Some(_) | None => Err(EdgeError::Unvouched(format!("the secret of the team {team}"))),
        }
    }

    /// A person's keys, if the organisation vouches for them.
    pub fn certified(&self, staff: &Staff) -> Result<PersonKeys, EdgeError> {
        let keys = person_keys(&staff.staff_id, &staff.encryption_key, &staff.signing_key)?;
        self.check_certificate(&keys, &staff.certificate)
            .map_err(|_| EdgeError::Unvouched(format!("the keys of {}", staff.name)))?;
        Ok(keys)
    }

    /// Whether somebody whom the organisation vouches for has drawn a key.
    pub(crate) fn check_author(
        &self,
        author: &EpochAuthor,
        place: (CaseId, Compartment, u32),
        key: &CompartmentKey,
    ) -> Result<(), EdgeError> {
        let keys = self.check_vouching(author)?;
        Ok(verify_epoch(&keys.signing, place, key, &author.signature)?)
    }

    /// Whether somebody whom the organisation vouches for has issued a receipt with these keys.
    pub(crate) fn check_receipt_author(
        &self,
        author: Option<&EpochAuthor>,
        (case, lookup): (CaseId, &[u8]),
        receipt: &ReceiptKeys,
    ) -> Result<(), EdgeError> {
        let author = author.ok_or(EdgeError::Incomplete("who issued a receipt"))?;
        let lookup = lookup.try_into().map_err(|_| EdgeError::Incomplete("a receipt's lookup id"))?;
        let keys = self.check_vouching(author)?;
        Ok(verify_receipt(&keys.signing, (case, lookup), receipt, &author.signature)?)
    }

    /// The keys of whoever vouches for something, if the organisation vouches for them.
    fn check_vouching(&self, author: &EpochAuthor) -> Result<PersonKeys, EdgeError> {
        let malformed = || EdgeError::Incomplete("who drew a key");
        let keys = PersonKeys {
            staff: author.staff_id.parse().map_err(|_| malformed())?,
            encryption_digest: author.encryption_key_digest.as_slice().try_into().map_err(|_| malformed())?,
            signing: author.signing_key.as_slice().try_into().map_err(|_| malformed())?,
        };
        self.check_certificate(&keys, &author.certificate)?;
        Ok(keys)
    }

    /// Whether the organisation vouches for these keys with this certificate.
    pub(crate) fn check_certificate(&self, keys: &PersonKeys, certificate: &[u8]) -> Result<(), SealError> {
        verify_certificate(&self.organisation, keys, certificate)
    }

    /// Wraps a compartment's key to everyone who may open it: its teams, the recovery key, and for the thread the
    /// receipt when there is one.
    pub fn wrap(
        &self,
        case: CaseId,
        compartment: Compartment,
        epoch: u32,
        key: &CompartmentKey,
        receipt: Option<&RecipientPublic>,
    ) -> Result<Vec<KeyWrap>, EdgeError> {
        let mut wraps = Vec::new();
        let mut wrap_to = |recipient: &str, generation: u32, public: &RecipientPublic| {
            let wrapped = wrap_key(public, key, &WrapContext { case, compartment, epoch, recipient })?;
            wraps.push(KeyWrap { recipient: recipient.to_owned(), generation, wrapped });
            Ok::<_, EdgeError>(())
        };
        for team in Team::ALL.into_iter().filter(|team| compartment.readers().contains(&team.recipient())) {
            let team_key = self.team(team)?;
            wrap_to(team.recipient(), team_key.generation, &team_key.public)?;
        }
        wrap_to(RECOVERY, 1, &self.recovery)?;
        if let (Compartment::Thread, Some(receipt)) = (compartment, receipt) {
            wrap_to(RECEIPT, 0, receipt)?;
        }
        Ok(wraps)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use flare_contracts::identity::v1::TeamKey as WireTeamKey;
    use flare_kernel::StaffId;
    use flare_seal::{certify, sign_recovery_key, sign_team_key};

    use super::*;

    pub(crate) fn seed() -> OrganisationSeed {
        OrganisationSeed::from_bytes([0x42; 32])
    }

    pub(crate) fn triage() -> RecipientSecret {
        RecipientSecret::from_bytes([0x24; 32])
    }

    fn team_key(team: Team, secret: &RecipientSecret, generation: u32) -> WireTeamKey {
        let key = TeamKey { team: team.as_str().to_owned(), generation, public: secret.public().unwrap() };
        let signature = sign_team_key(&seed(), &key).to_vec();
        WireTeamKey { team: key.team, generation, public_key: key.public.to_bytes(), signature }
    }

    fn answer() -> GetKeyBundleResponse {
        let recovery = seed().recovery().public().unwrap();
        GetKeyBundleResponse {
            organisation: "Press Aid".to_owned(),
            organisation_key: seed().signer().public().to_vec(),
            recovery_key: recovery.to_bytes(),
            team_keys: Team::ALL.map(|team| team_key(team, &triage(), 1)).into(),
            recovery_signature: sign_recovery_key(&seed(), &recovery).to_vec(),
        }
    }

    pub(crate) fn bundle() -> KeyBundle {
        KeyBundle::check(answer()).unwrap()
    }

    #[test]
    fn a_key_that_the_organisation_did_not_sign_is_refused() {
        let own = RecipientSecret::generate().unwrap().public().unwrap().to_bytes();
        let changes: [fn(&mut GetKeyBundleResponse, &[u8]); 3] = [
            |answer, own| answer.recovery_key = own.to_vec(),
            |answer, _| answer.recovery_signature.clear(),
            |answer, own| answer.team_keys[0].public_key = own.to_vec(),
        ];
        for change in changes {
            let mut answer = answer();
            change(&mut answer, &own);
            assert!(matches!(KeyBundle::check(answer), Err(EdgeError::Unvouched(_))));
        }
    }

    #[test]
    fn what_is_sealed_goes_to_the_newest_key_of_a_team_and_earlier_ones_still_count() {
        let next = RecipientSecret::generate().unwrap();
        let mut answer = answer();
        answer.team_keys.push(team_key(Team::Triage, &next, 2));
        let bundle = KeyBundle::check(answer).unwrap();
        assert_eq!(bundle.team(Team::Triage).unwrap().generation, 2);
        let held = |generation, secret: &RecipientSecret| {
            let secret = RecipientSecret::from_bytes(*secret.expose());
            bundle.check_team_secret("triage", generation, secret).is_ok()
        };
        assert!(held(1, &triage()) && held(2, &next));
        assert!(!held(2, &triage()) && !held(1, &next) && !held(3, &next), "a secret that anybody drew");
    }

    #[test]
    fn a_kept_bundle_is_checked_again_and_an_older_one_is_known() {
        let kept = bundle().to_bytes();
        let fingerprint = bundle().fingerprint();
        KeyBundle::from_bytes(&kept, Some(&fingerprint)).unwrap();
        assert!(matches!(
            KeyBundle::from_bytes(&kept, Some("another")),
            Err(EdgeError::OtherOrganisation { .. })
        ));
        for index in 0..kept.len() {
            let mut changed = kept.clone();
            changed[index] ^= 1;
            // The name of the organisation is the only thing that nobody signs.
            if let Ok(read) = KeyBundle::from_bytes(&changed, Some(&fingerprint)) {
                assert_ne!(read.name(), bundle().name(), "byte {index}");
            }
        }
        let mut answer = answer();
        answer.team_keys.push(team_key(Team::Triage, &RecipientSecret::generate().unwrap(), 2));
        let newer = KeyBundle::check(answer).unwrap();
        assert!(bundle().is_older_than(&newer) && !newer.is_older_than(&bundle()));
        assert!(!bundle().is_older_than(&bundle()));
    }

    #[test]
    fn a_person_whose_keys_were_changed_is_not_vouched_for() {
        let own = RecipientSecret::generate().unwrap().public().unwrap();
        let id = StaffId::from_bytes([7; 16]);
        let certificate = certify(&seed(), &PersonKeys::new(id, &own, [2; 32])).to_vec();
        let staff = Staff {
            staff_id: id.to_string(),
            encryption_key: own.to_bytes(),
            signing_key: vec![2; 32],
            certificate,
            ..Staff::default()
        };
        bundle().certified(&staff).unwrap();
        let servers = triage().public().unwrap().to_bytes();
        for changed in [
            Staff { encryption_key: servers, ..staff.clone() },
            Staff { signing_key: vec![3; 32], ..staff.clone() },
            Staff { certificate: Vec::new(), ..staff.clone() },
            Staff { staff_id: StaffId::from_bytes([8; 16]).to_string(), ..staff },
        ] {
            assert!(matches!(bundle().certified(&changed), Err(EdgeError::Unvouched(_))));
        }
    }
}
