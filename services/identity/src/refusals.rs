//! What identity refuses beside what a person's own state forbids, and the rules of its fields: each with its code and
//! its text.

use flare_contracts::{InputRule, Kind, Reason, Refusal, coded};

coded! {
    /// Why a call is refused.
    pub(crate) enum IdentityRefusal {
        AlreadyFounded = "ALREADY_FOUNDED", "an organisation is founded once; this one is";
        BadSetupCode = "BAD_SETUP_CODE",
            "this is not the setup code; it stands in the file `setup-code` beside the database";
        NameTaken = "NAME_TAKEN", "somebody has this name, or had it";
        KeyTaken = "KEY_TAKEN", "somebody else has this key";
        BadLogin = "BAD_LOGIN", "this name and passphrase do not belong together";
        SessionOver = "SESSION_OVER", "this session is over; log in again";
        TooManyAttempts = "TOO_MANY_ATTEMPTS", "too many attempts under this name; try again later";
    }
}

impl Reason for IdentityRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::AlreadyFounded | Self::NameTaken | Self::KeyTaken => Kind::State,
            Self::BadSetupCode | Self::BadLogin | Self::SessionOver => Kind::Unauthenticated,
            Self::TooManyAttempts => Kind::Exhausted,
        }
    }
}

coded! {
    /// Which rule a field breaks.
    pub(crate) enum IdentityRule {
        NotAName = "NOT_A_NAME", "must be 2 to 40 lower-case letters, digits, dots and hyphens";
        NoRole = "NO_ROLE", "must hold at least one role";
        NoAdministrator = "NO_ADMINISTRATOR", "must hold the administrator's role";
        NotAWrap { bytes: usize } = "NOT_A_WRAP", "must be a wrap of {bytes} bytes";
        NotASealedSeed { bytes: usize } = "NOT_A_SEALED_SEED", "must be a sealing of {bytes} bytes";
        NotASigningKey = "NOT_A_SIGNING_KEY", "must be an Ed25519 public key";
        StretchedOtherwise { memory_kib: u32, passes: u32, lanes: u32 } = "STRETCHED_OTHERWISE",
            "must be {memory_kib} KiB, {passes} passes and {lanes} lane";
        NotOfTheOrganisation = "NOT_OF_THE_ORGANISATION", "must be the organisation's, over this very key";
        NotACertificate = "NOT_A_CERTIFICATE",
            "must be the organisation's, over the keys this person enrolled with";
        TeamKeyMissing = "TEAM_KEY_MISSING",
            "must hold one key for each of triage, approvers and finance";
        NoSuchGeneration = "NO_SUCH_GENERATION", "must be one that the team has a key of";
    }
}

/// One answer, whether the name is unknown, the passphrase wrong, or the person has no access.
pub(crate) fn bad_login() -> Refusal {
    IdentityRefusal::BadLogin.into()
}

/// A name that somebody has.
pub(crate) fn name_taken() -> Refusal {
    Refusal::from(IdentityRefusal::NameTaken).field("name", InputRule::NotNew)
}

/// A key that somebody else has.
pub(crate) fn key_taken() -> Refusal {
    Refusal::from(IdentityRefusal::KeyTaken).field("signing_key", InputRule::NotNew)
}
