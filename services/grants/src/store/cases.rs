//! What triage told about cases, and identity about people.

use flare_access::Roles;
use flare_kernel::{CaseId, Lane, StaffId, Timestamp};
use flare_store::{Error, Tx, sql};

use super::read::corrupt;
use crate::domain::{CaseFacts, MoneyState, Voter};

/// What is known of a case; nothing when no event of it has come yet.
pub(crate) async fn find(tx: &mut Tx, case: CaseId) -> Result<Option<CaseFacts>, Error> {
    let query = sql("SELECT lane, money FROM cases WHERE case_id = $1").bind(case.to_string());
    let Some(row) = tx.fetch_optional(query).await? else { return Ok(None) };
    let query =
        sql("SELECT fingerprint, confirmed FROM case_references WHERE case_id = $1 ORDER BY reference_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    let mut confirmed = 0;
    let mut references = Vec::with_capacity(rows.len());
    for reference in &rows {
        confirmed += usize::from(reference.flag("confirmed")?);
        references.push(reference.bytes("fingerprint")?);
    }
    Ok(Some(CaseFacts {
        lane: Lane::from_i64(row.int("lane")?).map_err(|_| corrupt("cases.lane"))?,
        money: row.parse("money")?,
        confirmed,
        references,
    }))
}

/// Notes that a case exists, as urgent as long as nobody says otherwise.
pub(crate) async fn note(tx: &mut Tx, case: CaseId) -> Result<(), Error> {
    let query = sql("INSERT INTO cases (case_id, lane, money, hold_asked_at) VALUES ($1, $2, 'free', 0) \
                     ON CONFLICT (case_id) DO NOTHING");
    tx.execute(query.bind(case.to_string()).bind(Lane::Urgent.as_i64())).await.map(drop)
}

/// Sets a case's lane.
pub(crate) async fn set_lane(tx: &mut Tx, case: CaseId, lane: Lane) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql("UPDATE cases SET lane = $2 WHERE case_id = $1");
    tx.execute(query.bind(case.to_string()).bind(lane.as_i64())).await.map(drop)
}

/// Sets what was last asked about all money of a case.
pub(crate) async fn set_money(tx: &mut Tx, case: CaseId, money: MoneyState) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql("UPDATE cases SET money = $2 WHERE case_id = $1");
    tx.execute(query.bind(case.to_string()).bind(money.as_str())).await.map(drop)
}

/// Notes that triage asked for a hold directly, now.
pub(crate) async fn hold_asked(tx: &mut Tx, case: CaseId) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql("UPDATE cases SET hold_asked_at = $2 WHERE case_id = $1");
    tx.execute(query.bind(case.to_string()).bind(tx.now().as_micros())).await.map(drop)
}

/// When triage last asked for a hold directly.
pub(crate) async fn hold_asked_at(tx: &mut Tx, case: CaseId) -> Result<Timestamp, Error> {
    let query = sql("SELECT hold_asked_at FROM cases WHERE case_id = $1").bind(case.to_string());
    tx.fetch_optional(query)
        .await?
        .map_or(Ok(Timestamp::from_micros(0)), |row| row.timestamp("hold_asked_at"))
}

/// Adds a reference of a case. Adding it again changes its fingerprint only.
pub(crate) async fn add_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: &str,
    fingerprint: &[u8],
) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql(
        "INSERT INTO case_references (case_id, reference_id, fingerprint, confirmed) VALUES ($1, $2, $3, 0) \
                     ON CONFLICT (case_id, reference_id) DO UPDATE SET fingerprint = excluded.fingerprint",
    );
    tx.execute(query.bind(case.to_string()).bind(reference.to_owned()).bind(fingerprint.to_vec()))
        .await
        .map(drop)
}

/// Notes whether a reference confirms. One whose adding never came is added without a fingerprint.
pub(crate) async fn set_confirmed(
    tx: &mut Tx,
    case: CaseId,
    reference: &str,
    confirmed: bool,
) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql(
        "INSERT INTO case_references (case_id, reference_id, fingerprint, confirmed) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (case_id, reference_id) DO UPDATE SET confirmed = excluded.confirmed",
    );
    tx.execute(
        query
            .bind(case.to_string())
            .bind(reference.to_owned())
            .bind(Vec::<u8>::new())
            .bind(i64::from(confirmed)),
    )
    .await
    .map(drop)
}

/// A person as identity told about them; somebody of whom it told nothing yet has no key and no role.
pub(crate) async fn voter(tx: &mut Tx, id: StaffId) -> Result<Voter, Error> {
    let query = sql("SELECT roles, signing_key, active FROM staff WHERE staff_id = $1").bind(id.to_string());
    let Some(row) = tx.fetch_optional(query).await? else {
        return Ok(Voter { id, roles: Roles::NONE, signing_key: None, active: true });
    };
    let key = row.bytes("signing_key")?;
    let signing_key = if key.is_empty() { None } else { Some(row.array("signing_key")?) };
    let roles = Roles::from_bits(row.int("roles")?).map_err(|_| corrupt("staff.roles"))?;
    Ok(Voter { id, roles, signing_key, active: row.flag("active")? })
}

/// Notes a person.
pub(crate) async fn put_voter(tx: &mut Tx, voter: &Voter) -> Result<(), Error> {
    let query = sql("INSERT INTO staff (staff_id, roles, signing_key, active) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (staff_id) DO UPDATE SET roles = excluded.roles, \
                         signing_key = excluded.signing_key, active = excluded.active");
    tx.execute(
        query
            .bind(voter.id.to_string())
            .bind(voter.roles.bits())
            .bind(voter.signing_key.map(|key| key.to_vec()).unwrap_or_default())
            .bind(i64::from(voter.active)),
    )
    .await
    .map(drop)
}
