//! Founding an organisation, enrolling its people, and letting them into teams.

use flare_contracts::{
    common::v1::Role,
    identity::v1::{
        AdmitToTeamRequest, CertifyStaffRequest, EnrolRequest, FoundOrganisationRequest,
        GetTeamRecoveryRequest, Invitation, NewTeamKey, Staff, Stretching, TeamKey as WireTeamKey,
    },
};
use flare_kernel::random;
use flare_seal::{
    Argon2Params, OrganisationSeed, Passphrase, PersonKeys, PersonSeed, RecipientPublic, RecipientSecret,
    TeamKey, certify, sign_recovery_key, sign_team_key, unwrap_secret, wrap_secret,
};
use flare_typed::text::clean_value;
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{Credential, EdgeError, KeyBundle, Lines, Session, Team, session::membership_context};

/// What founding leaves with the founder.
pub struct Founding {
    /// The first administrator's id; none when an earlier call with the same seed had founded it and its answer was lost.
    pub administrator: Option<String>,
    /// The one-time code that they enrol with.
    pub code: String,
}

/// What enrolling needs.
pub struct NewMember<'a> {
    /// The name they were invited under.
    pub name: &'a str,
    /// The one-time code.
    pub code: &'a str,
    /// Theirs alone.
    pub passphrase: &'a Passphrase,
    /// How it is stretched.
    pub params: Argon2Params,
}

/// A one-time code and the hash that identity is given.
pub fn draw_code() -> Result<(String, Vec<u8>), EdgeError> {
    let code = data_encoding::BASE32_NOPAD.encode(&random::<20>()?).to_lowercase();
    let hash = code_hash(&code);
    Ok((code, hash))
}

/// What identity is given of a one-time code.
pub fn code_hash(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
}

/// The one-time code of the first administrator. It comes from the seed, so that whoever kept the seed has it too.
pub fn founding_code(seed: &OrganisationSeed) -> String {
    data_encoding::BASE32_NOPAD.encode(&of_seed(seed, b"flare/founding-code/1")[..20]).to_lowercase()
}

fn of_seed(seed: &OrganisationSeed, what: &[u8]) -> [u8; 32] {
    Sha256::new_with_prefix(what).chain_update(seed.expose()).finalize().into()
}

/// Founds the organisation: draws its teams' keys and hands identity what it needs of them. Whoever calls has kept the
/// seed where it is not lost; calling again with the same one, after an answer was lost, founds nothing else.
pub async fn found(
    lines: &Lines,
    seed: &OrganisationSeed,
    organisation: &str,
    administrator: &str,
    setup_code: &str,
) -> Result<Founding, EdgeError> {
    let code = founding_code(seed);
    let recovery = seed.recovery().public()?;
    let team_keys = Team::ALL
        .into_iter()
        .map(|team| new_team(seed, &recovery, team))
        .collect::<Result<_, EdgeError>>()?;
    let request = FoundOrganisationRequest {
        request_id: data_encoding::HEXLOWER.encode(&of_seed(seed, b"flare/founding-request/1")[..16]),
        setup_code: clean_value(setup_code),
        name: organisation.to_owned(),
        organisation_key: seed.signer().public().to_vec(),
        recovery_key: recovery.to_bytes(),
        recovery_signature: sign_recovery_key(seed, &recovery).to_vec(),
        team_keys,
        administrator: Some(Invitation {
            name: administrator.to_owned(),
            roles: vec![Role::Admin.into()],
            code_hash: code_hash(&code),
        }),
    };
    match lines.identity(&Credential::NONE).found_organisation(request).await {
        Ok(answer) => Ok(Founding { administrator: Some(answer.into_inner().administrator_id), code }),
        // The teams' keys are others each time, so an earlier call is not answered again: whether it was this seed's
        // shows in what was founded.
        Err(refused) if matches!(refused.code(), Code::AlreadyExists | Code::FailedPrecondition) => {
            if KeyBundle::fetch(lines, None).await?.is_of(seed) {
                Ok(Founding { administrator: None, code })
            } else {
                Err(refused.into())
            }
        }
        Err(refused) => Err(refused.into()),
    }
}

fn recovery_context<'a>(team: &'a str, generation: &'a str) -> [&'a str; 3] {
    ["flare/team-recovery/1", team, generation]
}

fn new_team(
    seed: &OrganisationSeed,
    recovery: &RecipientPublic,
    team: Team,
) -> Result<NewTeamKey, EdgeError> {
    let secret = RecipientSecret::generate()?;
    let key = TeamKey { team: team.as_str().to_owned(), generation: 1, public: secret.public()? };
    let signature = sign_team_key(seed, &key).to_vec();
    let wrapped_to_recovery = wrap_secret(recovery, secret.expose(), &recovery_context(team.as_str(), "1"))?;
    let public_key = key.public.to_bytes();
    let key = WireTeamKey { team: key.team, generation: 1, public_key, signature };
    Ok(NewTeamKey { key: Some(key), wrapped_to_recovery })
}

/// What sets a person's passphrase and keys. Takes about half a second: the passphrase is stretched here.
///
/// The keys are drawn here, so the same enrolment is sent again after a lost answer, not another. Once it has arrived
/// the keys are at identity, sealed under the passphrase: they cannot be lost on this device.
pub fn enrolment(member: &NewMember<'_>, request_id: &str) -> Result<EnrolRequest, EdgeError> {
    let seed = PersonSeed::generate()?;
    let salt: [u8; 16] = random()?;
    let keys = member.passphrase.keys(&salt, member.params)?;
    Ok(EnrolRequest {
        request_id: request_id.to_owned(),
        name: member.name.to_owned(),
        code: clean_value(member.code),
        salt: salt.to_vec(),
        stretching: Some(Stretching {
            memory_kib: member.params.memory_kib(),
            passes: member.params.passes(),
            lanes: member.params.lanes(),
        }),
        auth_key: keys.auth_key.to_vec(),
        sealed_seed: keys.seed_key.seal_seed(member.name, &seed)?,
        encryption_key: seed.recipient().public()?.to_bytes(),
        signing_key: seed.signer().public().to_vec(),
    })
}

/// Enrols somebody; gives their keys, whose fingerprint they read out to whoever certifies them.
pub async fn enrol(lines: &Lines, enrolment: EnrolRequest) -> Result<PersonKeys, EdgeError> {
    let (encryption, signing) = (enrolment.encryption_key.clone(), enrolment.signing_key.clone());
    let answer = lines.identity(&Credential::NONE).enrol(enrolment).await?.into_inner();
    person_keys(&answer.staff_id, &encryption, &signing)
}

/// A person's keys, as a service tells them. Whether they are theirs, the certificate shows.
pub fn person_keys(staff_id: &str, encryption: &[u8], signing: &[u8]) -> Result<PersonKeys, EdgeError> {
    let staff = staff_id.parse().map_err(|_| EdgeError::Incomplete("a staff id"))?;
    let signing = signing.try_into().map_err(|_| EdgeError::Incomplete("a signing key"))?;
    Ok(PersonKeys::new(staff, &RecipientPublic::from_bytes(encryption)?, signing))
}

/// Vouches for a person's keys, whose fingerprint they have read out: gives the certificate. Doing it again gives the same.
pub async fn certify_staff(
    session: &Session,
    keys: &PersonKeys,
    seed: &OrganisationSeed,
    request_id: &str,
) -> Result<Vec<u8>, EdgeError> {
    let certificate = certify(seed, keys).to_vec();
    let request = CertifyStaffRequest {
        request_id: request_id.to_owned(),
        staff_id: keys.staff.to_string(),
        certificate: certificate.clone(),
    };
    session.lines().identity(&session.credential().await?).certify_staff(request).await?;
    Ok(certificate)
}

/// What lets an enrolled person into a team: the team's secret, wrapped to their key, either from the admitting person's
/// own membership or, with the organisation's seed, from the recovery wrap. Their keys must be certified: whoever runs the
/// servers could put their own in their place. Each wrapping is another one, so the same
/// admission is sent again after a lost answer.
pub async fn admission(
    session: &Session,
    member: &Staff,
    team: Team,
    organisation: Option<&OrganisationSeed>,
    request_id: &str,
) -> Result<AdmitToTeamRequest, EdgeError> {
    session.bundle().certified(member)?;
    let generation = session.bundle().team(team)?.generation;
    let numbered = generation.to_string();
    let secret = match (organisation, session.team_secret(team, generation)) {
        (Some(seed), _) => {
            let request = GetTeamRecoveryRequest { team: team.as_str().to_owned() };
            let mut identity = session.lines().identity(&session.credential().await?);
            let kept = identity.get_team_recovery(request).await?.into_inner();
            let context = recovery_context(team.as_str(), &numbered);
            let secret = unwrap_secret(&seed.recovery(), &kept.wrapped_to_recovery, &context)?;
            let secret = RecipientSecret::from_bytes(*secret.expose());
            *session.bundle().check_team_secret(team.as_str(), generation, secret)?.expose()
        }
        (None, Some(own)) => *own.expose(),
        (None, None) => return Err(EdgeError::Incomplete("the team's key: you are no member of it")),
    };
    let public = RecipientPublic::from_bytes(&member.encryption_key)?;
    let context = membership_context(team.as_str(), &numbered, &member.staff_id);
    Ok(AdmitToTeamRequest {
        request_id: request_id.to_owned(),
        staff_id: member.staff_id.clone(),
        team: team.as_str().to_owned(),
        generation,
        wrapped: wrap_secret(&public, &secret, &context)?,
    })
}

/// Lets somebody into a team.
pub async fn admit(session: &Session, admission: AdmitToTeamRequest) -> Result<(), EdgeError> {
    session.lines().identity(&session.credential().await?).admit_to_team(admission).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_one_time_code_is_the_same_however_it_came() {
        let (code, _) = draw_code().unwrap();
        let passphrase = Passphrase::new("seventeen herons at dawn".to_owned());
        let enrolled_with = |code: &str| {
            let params = Argon2Params::for_tests();
            let member = NewMember { name: "mara", code, passphrase: &passphrase, params };
            enrolment(&member, "1").unwrap().code
        };
        for came in ["CODE\n", "\u{feff}CODE\r\n", "\u{200f}CODE\u{200b}", "\u{2068}CODE\u{2069} "] {
            assert_eq!(enrolled_with(&came.replace("CODE", &code)), code, "{}", came.escape_unicode());
        }
    }
}
