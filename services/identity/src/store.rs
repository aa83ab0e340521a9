//! The only SQL of identity.

mod sessions;

use flare_access::Roles;
use flare_contracts::{Refusal, common::v1::Role, identity::v1 as wire};
use flare_kernel::StaffId;
use flare_seal::Argon2Params;
use flare_store::{Database, Error, Row, Sql, Tx, sql};

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

const STAFF: &str = "staff";

fn small(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| Error::Corrupt(column.to_owned()))
}

fn team(row: &Row) -> Result<Team, Error> {
    Team::parse("team", &row.text("team")?).map_err(|_| Error::Corrupt("team".to_owned()))
}

fn roles(row: &Row) -> Result<Roles, Error> {
    Roles::from_bits(row.int("roles")?).map_err(|_| Error::Corrupt("staff.roles".to_owned()))
}

fn state(row: &Row) -> Result<State, Error> {
    State::from_name(&row.text("state")?).ok_or_else(|| Error::Corrupt("staff.state".to_owned()))
}

fn fixed<const N: usize>(bytes: Vec<u8>, column: &str) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Corrupt(column.to_owned()))
}

fn staff_of(row: &Row) -> Result<Staff, Error> {
    let keys = match (row.bytes_or_null("encryption_key")?, row.bytes_or_null("signing_key")?) {
        (Some(encryption), Some(signing)) => {
            Some(PublicKeys { encryption, signing: fixed(signing, "staff.signing_key")? })
        }
        (None, _) | (_, None) => None,
    };
    let code_hash = row.bytes_or_null("code_hash")?;
    let certificate = row.bytes_or_null("certificate")?;
    Ok(Staff {
        id: row.id("staff_id")?,
        name: StaffName::new(&row.text("name")?).ok_or_else(|| Error::Corrupt("staff.name".to_owned()))?,
        roles: roles(row)?,
        state: state(row)?,
        code_hash: code_hash.map(|hash| fixed(hash, "staff.code_hash")).transpose()?,
        keys,
        certificate: certificate.map(|bytes| fixed(bytes, "staff.certificate")).transpose()?,
    })
}

fn staff_by_id(id: StaffId) -> Sql<'static> {
    sql("SELECT staff_id, name, roles, state, code_hash, encryption_key, signing_key, certificate \
         FROM staff WHERE staff_id = $1")
    .bind(id.to_string())
}

/// A person, or the refusal of an id that names nobody.
pub(crate) async fn staff(tx: &mut Tx, id: StaffId) -> Result<Staff, Error> {
    let row = tx.fetch_optional(staff_by_id(id)).await?.ok_or_else(|| Refusal::not_found(STAFF))?;
    staff_of(&row)
}

/// A person, read outside a transaction.
pub(crate) async fn read_staff(database: &Database, id: StaffId) -> Result<Staff, Error> {
    let row = database.fetch_optional(staff_by_id(id)).await?.ok_or_else(|| Refusal::not_found(STAFF))?;
    staff_of(&row)
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
    tx.execute(
        sql("INSERT INTO staff (staff_id, name, roles, state, code_hash) VALUES ($1, $2, $3, $4, $5)")
            .bind(staff.id.to_string())
            .bind(staff.name.to_string())
            .bind(staff.roles.bits())
            .bind(staff.state.as_str())
            .bind(staff.code_hash.map(Vec::from)),
    )
    .await
    .map(drop)
}

/// Stores a person's roles, state and certificate.
pub(crate) async fn update_staff(tx: &mut Tx, staff: &Staff) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE staff SET roles = $2, state = $3, code_hash = CASE WHEN $3 = 'invited' THEN code_hash END, \
             certificate = $4 WHERE staff_id = $1")
        .bind(staff.id.to_string())
        .bind(staff.roles.bits())
        .bind(staff.state.as_str())
        .bind(staff.certificate.map(Vec::from)),
    )
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
    tx.execute(
        sql("UPDATE staff SET state = 'active', code_hash = NULL, salt = $2, memory_kib = $3, passes = $4, lanes = $5, \
             auth_key_hash = $6, sealed_seed = $7, encryption_key = $8, signing_key = $9 WHERE staff_id = $1")
        .bind(id.to_string())
        .bind(enrolment.stretched.salt.to_vec())
        .bind(i64::from(params.memory_kib()))
        .bind(i64::from(params.passes()))
        .bind(i64::from(params.lanes()))
        .bind(enrolment.auth_key_hash.clone())
        .bind(enrolment.sealed_seed.clone())
        .bind(keys.encryption.clone())
        .bind(keys.signing.to_vec()),
    )
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
        state: state(&row)?,
        salt: row.array("salt")?,
        memory_kib: small(&row, "memory_kib")?,
        passes: small(&row, "passes")?,
        lanes: small(&row, "lanes")?,
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
    tx.execute(
        sql("INSERT INTO organisation (one, name, organisation_key, recovery_key, recovery_signature, founded_at) \
             VALUES (1, $1, $2, $3, $4, $5)")
        .bind(name.to_owned())
        .bind(organisation_key.to_vec())
        .bind(recovery_key.to_vec())
        .bind(recovery_signature.to_vec())
        .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Stores a generation of a team's key; `recovery` is its secret, wrapped.
pub(crate) async fn insert_team_key(
    tx: &mut Tx,
    key: &wire::TeamKey,
    recovery: Vec<u8>,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO team_keys (team, generation, public_key, signature, wrapped_to_recovery) \
             VALUES ($1, $2, $3, $4, $5)")
        .bind(key.team.clone())
        .bind(i64::from(key.generation))
        .bind(key.public_key.clone())
        .bind(key.signature.clone())
        .bind(recovery),
    )
    .await
    .map(drop)
}

/// Whether a team has a key of this generation.
pub(crate) async fn has_team_key(tx: &mut Tx, team: Team, generation: u32) -> Result<bool, Error> {
    let query = sql("SELECT team FROM team_keys WHERE team = $1 AND generation = $2")
        .bind(team.as_str())
        .bind(i64::from(generation));
    Ok(tx.fetch_optional(query).await?.is_some())
}

/// The organisation and its teams' keys; nothing until it is founded.
pub(crate) async fn key_bundle(database: &Database) -> Result<Option<wire::GetKeyBundleResponse>, Error> {
    let query = sql("SELECT name, organisation_key, recovery_key, recovery_signature FROM organisation");
    let Some(row) = database.fetch_optional(query).await? else { return Ok(None) };
    let keys = database
        .fetch_all(sql(
            "SELECT team, generation, public_key, signature FROM team_keys ORDER BY team, generation",
        ))
        .await?;
    let team_key = |row: &Row| {
        Ok(wire::TeamKey {
            team: row.text("team")?,
            generation: small(row, "generation")?,
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
    Ok(Some((small(&row, "generation")?, row.bytes("wrapped_to_recovery")?)))
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
    let seq = tx.version(staff);
    tx.execute(
        sql("INSERT INTO memberships (staff_id, team, generation, seq, wrapped) VALUES ($1, $2, $3, $4, $5)")
            .bind(staff.to_string())
            .bind(team.as_str())
            .bind(i64::from(generation))
            .bind(seq)
            .bind(wrapped),
    )
    .await
    .map(drop)
}

/// The team secrets wrapped to a person, still wrapped under the service key.
pub(crate) async fn memberships(database: &Database, staff: StaffId) -> Result<Vec<Membership>, Error> {
    let query = sql("SELECT team, generation, wrapped FROM memberships WHERE staff_id = $1 \
                     ORDER BY team, generation, seq")
    .bind(staff.to_string());
    let rows = database.fetch_all(query).await?;
    rows.iter().map(|row| Ok((team(row)?, small(row, "generation")?, row.bytes("wrapped")?))).collect()
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

/// People in order of name, from the one after `after`.
pub(crate) async fn page_of_staff(database: &Database, after: &str, limit: i64) -> Result<Vec<Staff>, Error> {
    let rows = database.fetch_all(sql(page_of_staff!()).bind(after.to_owned()).bind(limit)).await?;
    rows.iter().map(staff_of).collect()
}

/// The teams of the people whose names lie after `after`, up to `last`.
pub(crate) async fn teams_between(
    database: &Database,
    after: &str,
    last: &str,
) -> Result<Vec<(StaffId, String)>, Error> {
    let query =
        sql("SELECT DISTINCT m.staff_id, m.team FROM staff s JOIN memberships m ON m.staff_id = s.staff_id \
                     WHERE s.name > $1 AND s.name <= $2 ORDER BY m.staff_id, m.team")
        .bind(after.to_owned())
        .bind(last.to_owned());
    let rows = database.fetch_all(query).await?;
    rows.iter().map(|row| Ok((row.id("staff_id")?, row.text("team")?))).collect()
}
