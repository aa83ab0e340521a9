//! Whose keys to seal to: the organisation's and its teams', checked before they are used.

use flare_contracts::{
    common::v1::KeyWrap,
    identity::v1::{GetKeyBundleRequest, GetKeyBundleResponse},
};
use flare_kernel::CaseId;
use flare_seal::{
    Compartment, CompartmentKey, OrganisationSeed, RecipientPublic, RecipientSecret, TeamKey, WrapContext,
    fingerprint, verify_team_key, wrap_key,
};

use crate::{Credential, EdgeError, Lines};

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

    /// Who opens a compartment, besides the receipt for the thread.
    pub const fn readers(compartment: Compartment) -> &'static [Self] {
        match compartment {
            Compartment::Request | Compartment::Thread | Compartment::Notes => &[Self::Triage],
            Compartment::Proposal => &[Self::Triage, Self::Approvers, Self::Finance],
            Compartment::Payment => &[Self::Triage, Self::Finance],
        }
    }
}

/// The keys to seal to, vouched for by the organisation.
#[derive(Clone, Debug)]
pub struct KeyBundle {
    organisation: [u8; 32],
    recovery: RecipientPublic,
    teams: Vec<TeamKey>,
}

impl KeyBundle {
    /// Fetches the bundle and checks it. `trusted` is the fingerprint that this device knows, if it does already.
    pub async fn fetch(lines: &Lines, trusted: Option<&str>) -> Result<Self, EdgeError> {
        let answer =
            lines.identity(&Credential::NONE).get_key_bundle(GetKeyBundleRequest {}).await?.into_inner();
        let bundle = Self::check(&answer)?;
        let shown = bundle.fingerprint();
        match trusted {
            Some(trusted) if trusted != shown => {
                Err(EdgeError::OtherOrganisation { shown, trusted: trusted.to_owned() })
            }
            _ => Ok(bundle),
        }
    }

    fn check(answer: &GetKeyBundleResponse) -> Result<Self, EdgeError> {
        let organisation: [u8; 32] = answer
            .organisation_key
            .as_slice()
            .try_into()
            .map_err(|_| EdgeError::Incomplete("an organisation's key"))?;
        let mut teams = Vec::new();
        for key in &answer.team_keys {
            let public = RecipientPublic::from_bytes(&key.public_key)?;
            let team = TeamKey { team: key.team.clone(), generation: key.generation, public };
            verify_team_key(&organisation, &team, &key.signature)?;
            teams.push(team);
        }
        Ok(Self { organisation, recovery: RecipientPublic::from_bytes(&answer.recovery_key)?, teams })
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
        self.teams.iter().find(|key| key.team == team.as_str()).ok_or(EdgeError::Incomplete("a team's key"))
    }

    /// Wraps a compartment's key to everyone who may open it: its teams, the recovery key, and for the thread the
    /// receipt when there is one.
    pub fn wrap(
        &self,
        case: CaseId,
        compartment: Compartment,
        epoch: u32,
        key: &CompartmentKey,
        receipt: Option<&RecipientSecret>,
    ) -> Result<Vec<KeyWrap>, EdgeError> {
        let mut wraps = Vec::new();
        let mut wrap_to = |recipient: &str, generation: u32, public: &RecipientPublic| {
            let wrapped = wrap_key(public, key, &WrapContext { case, compartment, epoch, recipient })?;
            wraps.push(KeyWrap { recipient: recipient.to_owned(), generation, wrapped });
            Ok::<_, EdgeError>(())
        };
        for team in Team::readers(compartment) {
            let team_key = self.team(*team)?;
            wrap_to(team.recipient(), team_key.generation, &team_key.public)?;
        }
        wrap_to(RECOVERY, 1, &self.recovery)?;
        if let (Compartment::Thread, Some(receipt)) = (compartment, receipt) {
            wrap_to(RECEIPT, 0, &receipt.public()?)?;
        }
        Ok(wraps)
    }
}
