//! The only SQL of identity.

mod sessions;

use flare_access::Roles;
use flare_contracts::{Refusal, common::v1::Role, identity::v1 as wire};
use flare_kernel::StaffId;
use flare_seal::Argon2Params;
use flare_store::{Database, Error, Page, Reads, Record, Row, Tx, sql};

use crate::{
    commands::Enrolment,
    domain::{PublicKeys, Staff, StaffName, State, Team},
};

pub(crate) use sessions::{
    delete_past_sessions, end_session, end_sessions, insert_session, session, sessions_of,
};

/// Locks whatever concerns the organisation as a whole: its founding, and who is left to administer it.
pub(crate) const ORGANISATION: &str = "organisation";

/// What identity holds against a login.
pub(crate) struct Credentials {
    pub(crate) id: StaffId,
    pub(crate) state: State,
    pub(crate) salt: [u8; 16],
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
    /// Wrapped.
    pub(crate) auth_key_hash: Vec<u8>,
    /// Wrapped.
    pub(crate) sealed_seed: Vec<u8>,
}

/// A membership: team, generation, wrapped secret.
pub(crate) type Membership = (Team, u32, Vec<u8>);

fn roles(row: &Row) -> Result<Roles, Error> {
    row.number("roles", Roles::from_bits)
}

fn staff_of(row: &Row) -> Result<Staff, Error> {
    let keys = row.bytes_or_null("encryption_key")?.zip(row.array_or_null("signing_key")?);
    Ok(Staff {
        id: row.id("staff_id")?,
        name: row.word("name", StaffName::new)?,
        roles: roles(row)?,
        state: row.parse("state")?,
        code_hash: row.array_or_null("code_hash")?,
        keys: keys.map(|(encryption, signing)| PublicKeys { encryption, signing }),
        certificate: row.array_or_null("certificate")?,
    })
}

/// A person, or the refusal of an id that names nobody.
pub(crate) async fn staff(reads: &mut impl Reads, id: StaffId) -> Result<Staff, Error> {
    let query =
        sql("SELECT staff_id, name, roles, state, code_hash, encryption_key, signing_key, certificate \
             FROM staff WHERE staff_id = $1")
        .bind(id.to_string());
    staff_of(&reads.row(query).await?.ok_or_else(|| Refusal::not_found("staff"))?)
}

/// The id of whoever has a name.
pub(crate) async fn id_by_name(tx: &mut Tx, name: &StaffName) -> Result<Option<StaffId>, Error> {
    let query = sql("SELECT staff_id FROM staff WHERE name = $1").bind(name.to_string());
    tx.fetch_optional(query).await?.map(|row| row.id("staff_id")).transpose()
}

/// Whether an active administrator besides this person exists. The organisation's stream must be locked.
pub(crate) async fn other_administrators(tx: &mut Tx, besides: StaffId) -> Result<bool, Error> {
    let admin: Roles = [Role::Admin].into_iter().collect();
    let row = tx
        .fetch_one(
            sql("SELECT COUNT(*) AS others FROM staff \
                 WHERE state = 'active' AND (roles & $1) <> 0 AND staff_id <> $2")
            .bind(admin.bits())
            .bind(besides.to_string()),
        )
        .await?;
    Ok(row.int("others")? > 0)
}

/// Stores a person who was invited.
pub(crate) async fn insert_staff(tx: &mut Tx, staff: &Staff) -> Result<(), Error> {
    Record::of("staff")
        .key("staff_id", staff.id)
        .set("name", staff.name.to_string())
        .set("roles", staff.roles.bits())
        .set("state", staff.state.as_str())
        .set("code_hash", staff.code_hash)
        .insert(tx)
        .await
}

/// Stores a person's roles, state and certificate.
pub(crate) async fn update_staff(tx: &mut Tx, staff: &Staff) -> Result<(), Error> {
    Record::of("staff")
        .key("staff_id", staff.id)
        .set("roles", staff.roles.bits())
        .set("state", staff.state.as_str())
        .set("code_hash", staff.code_hash)
        .set("certificate", staff.certificate)
        .update(tx)
        .await
        .map(drop)
}

/// Stores a person who enrolled.
pub(crate) async fn enrol_staff(
    tx: &mut Tx,
    id: StaffId,
    enrolment: &Enrolment,
    keys: &PublicKeys,
) -> Result<(), Error> {
    let params = enrolment.stretched.params;
    Record::of("staff")
        .key("staff_id", id)
        .set("state", State::Active.as_str())
        .set("code_hash", None::<[u8; 32]>)
        .set("salt", enrolment.stretched.salt)
        .set("memory_kib", params.memory_kib())
        .set("passes", params.passes())
        .set("lanes", params.lanes())
        .set("auth_key_hash", enrolment.auth_key_hash.clone())
        .set("sealed_seed", enrolment.sealed_seed.clone())
        .set("encryption_key", keys.encryption.clone())
        .set("signing_key", keys.signing)
        .update(tx)
        .await
        .map(drop)
}

/// What a login under this name is held against; nothing unless the person has enrolled.
pub(crate) async fn credentials(database: &Database, name: &StaffName) -> Result<Option<Credentials>, Error> {
    let query = sql("SELECT staff_id, state, salt, memory_kib, passes, lanes, auth_key_hash, sealed_seed \
                     FROM staff WHERE name = $1 AND auth_key_hash IS NOT NULL")
    .bind(name.to_string());
    let Some(row) = database.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some(Credentials {
        id: row.id("staff_id")?,
        state: row.parse("state")?,
        salt: row.array("salt")?,
        memory_kib: row.small("memory_kib")?,
        passes: row.small("passes")?,
        lanes: row.small("lanes")?,
        auth_key_hash: row.bytes("auth_key_hash")?,
        sealed_seed: row.bytes("sealed_seed")?,
    }))
}

impl Credentials {
    /// The parameters as they were accepted at enrolment, if `rule` still accepts them.
    pub(crate) fn params(&self, rule: flare_seal::PassphraseRule) -> Result<Argon2Params, Error> {
        Argon2Params::within(rule, self.memory_kib, self.passes, self.lanes)
            .map_err(|_| Error::Corrupt("staff.memory_kib".to_owned()))
    }
}

/// The organisation's public key; nothing until it is founded.
pub(crate) async fn organisation_key(tx: &mut Tx) -> Result<Option<[u8; 32]>, Error> {
    let row = tx.fetch_optional(sql("SELECT organisation_key FROM organisation")).await?;
    row.map(|row| row.array("organisation_key")).transpose()
}

/// Whether the organisation exists.
pub(crate) async fn is_founded(tx: &mut Tx) -> Result<bool, Error> {
    Ok(tx.fetch_optional(sql("SELECT one FROM organisation")).await?.is_some())
}

/// Stores the organisation.
pub(crate) async fn insert_organisation(
    tx: &mut Tx,
    name: &str,
    organisation_key: &[u8; 32],
    (recovery_key, recovery_signature): (&[u8], &[u8; 64]),
) -> Result<(), Error> {
    Record::of("organisation")
        .key("one", 1_i64)
        .set("name", name)
        .set("organisation_key", *organisation_key)
        .set("recovery_key", recovery_key.to_vec())
        .set("recovery_signature", *recovery_signature)
        .set("founded_at", tx.now())
        .insert(tx)
        .await
}

/// Stores a generation of a team's key; `recovery` is its secret, wrapped.
pub(crate) async fn insert_team_key(
    tx: &mut Tx,
    key: &wire::TeamKey,
    recovery: Vec<u8>,
) -> Result<(), Error> {
    Record::of("team_keys")
        .key("team", key.team.clone())
        .key("generation", key.generation)
        .set("public_key", key.public_key.clone())
        .set("signature", key.signature.clone())
        .set("wrapped_to_recovery", recovery)
        .insert(tx)
        .await
}

/// Whether a team has a key of this generation.
pub(crate) async fn has_team_key(tx: &mut Tx, team: Team, generation: u32) -> Result<bool, Error> {
    let query = sql("SELECT team FROM team_keys WHERE team = $1 AND generation = $2")
        .bind(team.as_str())
        .bind(i64::from(generation));
    Ok(tx.fetch_optional(query).await?.is_some())
}

/// The organisation and its teams' keys; nothing until it is founded.
pub(crate) async fn key_bundle(reads: &mut impl Reads) -> Result<Option<wire::GetKeyBundleResponse>, Error> {
    let query = sql("SELECT name, organisation_key, recovery_key, recovery_signature FROM organisation");
    let Some(row) = reads.row(query).await? else { return Ok(None) };
    let query =
        sql("SELECT team, generation, public_key, signature FROM team_keys ORDER BY team, generation");
    let keys = reads.rows(query).await?;
    let team_key = |row: &Row| {
        Ok(wire::TeamKey {
            team: row.text("team")?,
            generation: row.small("generation")?,
            public_key: row.bytes("public_key")?,
            signature: row.bytes("signature")?,
        })
    };
    Ok(Some(wire::GetKeyBundleResponse {
        organisation: row.text("name")?,
        organisation_key: row.bytes("organisation_key")?,
        recovery_key: row.bytes("recovery_key")?,
        recovery_signature: row.bytes("recovery_signature")?,
        team_keys: keys.iter().map(team_key).collect::<Result<_, Error>>()?,
    }))
}

/// The newest generation of a team's key and its secret as wrapped to the recovery key, wrapped.
pub(crate) async fn team_recovery(database: &Database, team: Team) -> Result<Option<(u32, Vec<u8>)>, Error> {
    let query = sql("SELECT generation, wrapped_to_recovery FROM team_keys WHERE team = $1 \
                     ORDER BY generation DESC LIMIT 1")
    .bind(team.as_str());
    let Some(row) = database.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some((row.small("generation")?, row.bytes("wrapped_to_recovery")?)))
}

/// How often a person was admitted to a team with this generation of its key.
pub(crate) async fn admissions(
    tx: &mut Tx,
    staff: StaffId,
    team: Team,
    generation: u32,
) -> Result<usize, Error> {
    let query = sql("SELECT seq FROM memberships WHERE staff_id = $1 AND team = $2 AND generation = $3")
        .bind(staff.to_string())
        .bind(team.as_str())
        .bind(i64::from(generation));
    Ok(tx.fetch_all(query).await?.len())
}

/// Adds a team's secret as wrapped to a person, beside those that they were given before.
pub(crate) async fn add_membership(
    tx: &mut Tx,
    staff: StaffId,
    team: Team,
    generation: u32,
    wrapped: Vec<u8>,
) -> Result<(), Error> {
    Record::of("memberships")
        .key("staff_id", staff)
        .key("team", team.as_str())
        .key("generation", generation)
        .key("seq", tx.version(staff))
        .set("wrapped", wrapped)
        .insert(tx)
        .await
}

/// The team secrets wrapped to a person, still wrapped under the service key.
pub(crate) async fn memberships(reads: &mut impl Reads, staff: StaffId) -> Result<Vec<Membership>, Error> {
    let query = sql("SELECT team, generation, wrapped FROM memberships WHERE staff_id = $1 \
                     ORDER BY team, generation, seq")
    .bind(staff.to_string());
    let rows = reads.rows(query).await?;
    let membership = |row: &Row| Ok((row.parse("team")?, row.small("generation")?, row.bytes("wrapped")?));
    rows.iter().map(membership).collect()
}

/// A macro, so that the test of its plan explains the very statement.
macro_rules! page_of_staff {
    () => {
        "SELECT staff_id, name, roles, state, code_hash, encryption_key, signing_key, certificate FROM staff \
         WHERE name > $1 ORDER BY name LIMIT $2"
    };
}

/// How to ask each engine for the plan.
#[cfg(test)]
pub(crate) const PLAN_OF_PAGE: (&str, &str) =
    (concat!("EXPLAIN QUERY PLAN ", page_of_staff!()), concat!("EXPLAIN ", page_of_staff!()));

/// People in order of name.
pub(crate) async fn page_of_staff(
    reads: &mut impl Reads,
    page: &Page<(String,)>,
) -> Result<Vec<((String,), Staff)>, Error> {
    let query = sql(page_of_staff!()).bind(page.after().0.clone()).bind(page.limit());
    let rows = reads.rows(query).await?;
    rows.iter().map(|row| Ok(((row.text("name")?,), staff_of(row)?))).collect()
}

/// The teams of the people whose names lie after `after`, up to `last`.
pub(crate) async fn teams_between(
    reads: &mut impl Reads,
    after: &str,
    last: &str,
) -> Result<Vec<(StaffId, String)>, Error> {
    let query =
        sql("SELECT DISTINCT m.staff_id, m.team FROM staff s JOIN memberships m ON m.staff_id = s.staff_id \
                     WHERE s.name > $1 AND s.name <= $2 ORDER BY m.staff_id, m.team")
        .bind(after.to_owned())
        .bind(last.to_owned());
    let rows = reads.rows(query).await?;
    rows.iter().map(|row| Ok((row.id("staff_id")?, row.text("team")?))).collect()
}
