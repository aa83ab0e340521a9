//! What triage told about cases, and identity about people.

use flare_access::Roles;
use flare_kernel::{CaseId, GrantId, Lane, NeedId, StaffId};
use flare_store::{Error, Tx, sql};

use super::{Read, read::corrupt};
use crate::domain::{CaseFacts, MoneyState, Voter};

/// What is known of a case; nothing when no event of it has come yet.
pub(crate) async fn find(tx: &mut Tx, case: CaseId) -> Result<Option<CaseFacts>, Error> {
    let query = sql("SELECT lane, money, closed FROM cases WHERE case_id = $1").bind(case.to_string());
    let Some(row) = tx.fetch_optional(query).await? else { return Ok(None) };
    let query = sql(
        "SELECT fingerprint, confirmed, checked_by FROM case_references WHERE case_id = $1 ORDER BY reference_id",
    );
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    let mut confirmed_by = Vec::new();
    let mut references = Vec::with_capacity(rows.len());
    for reference in &rows {
        if reference.flag("confirmed")? {
            confirmed_by.push(reference.text("checked_by")?);
        }
        references.push(reference.bytes("fingerprint")?);
    }
    let query = sql("SELECT need_id FROM recommended_needs WHERE case_id = $1 ORDER BY need_id");
    let needs = tx.fetch_all(query.bind(case.to_string())).await?;
    Ok(Some(CaseFacts {
        lane: Lane::from_i64(row.int("lane")?).map_err(|_| corrupt("cases.lane"))?,
        money: row.parse("money")?,
        closed: row.flag("closed")?,
        recommended: needs.iter().map(|need| need.id("need_id")).collect::<Result<_, _>>()?,
        confirmed_by,
        references,
    }))
}

/// Notes that a case exists, as urgent as long as nobody says otherwise.
pub(crate) async fn note(tx: &mut Tx, case: CaseId) -> Result<(), Error> {
    let query =
        sql("INSERT INTO cases (case_id, lane, money, money_version, closed) VALUES ($1, $2, 'free', 0, 0) \
             ON CONFLICT (case_id) DO NOTHING");
    tx.execute(query.bind(case.to_string()).bind(Lane::Urgent.as_i64())).await.map(drop)
}

/// Sets a case's lane.
pub(crate) async fn set_lane(tx: &mut Tx, case: CaseId, lane: Lane) -> Result<(), Error> {
    let query =
        sql("INSERT INTO cases (case_id, lane, money, money_version, closed) VALUES ($1, $2, 'free', 0, 0) \
             ON CONFLICT (case_id) DO UPDATE SET lane = excluded.lane");
    tx.execute(query.bind(case.to_string()).bind(lane.as_i64())).await.map(drop)
}

/// Notes what was asked about all money of a case at a version of the case, unless something newer is known. Whether it
/// was noted.
pub(crate) async fn set_money(
    tx: &mut Tx,
    case: CaseId,
    money: MoneyState,
    version: i64,
) -> Result<bool, Error> {
    note(tx, case).await?;
    let query =
        sql("UPDATE cases SET money = $2, money_version = $3 WHERE case_id = $1 AND money_version <= $4");
    let query = query.bind(case.to_string()).bind(money.as_str()).bind(version).bind(version);
    Ok(tx.execute(query).await? == 1)
}

/// What the money of a case is, and the version of the case that made it so; free where nothing is known.
pub(crate) async fn money(read: &mut impl Read, case: CaseId) -> Result<(MoneyState, i64), Error> {
    let query = sql("SELECT money, money_version FROM cases WHERE case_id = $1").bind(case.to_string());
    let Some(row) = read.row(query).await? else { return Ok((MoneyState::Free, 0)) };
    Ok((row.parse("money")?, row.int("money_version")?))
}

/// Notes that a case was closed, or is open again.
pub(crate) async fn set_closed(tx: &mut Tx, case: CaseId, closed: bool) -> Result<(), Error> {
    note(tx, case).await?;
    let query = sql("UPDATE cases SET closed = $2 WHERE case_id = $1");
    tx.execute(query.bind(case.to_string()).bind(i64::from(closed))).await.map(drop)
}

/// Notes that a grant was recommended for a need.
pub(crate) async fn recommend(tx: &mut Tx, case: CaseId, need: NeedId) -> Result<(), Error> {
    let query = sql("INSERT INTO recommended_needs (case_id, need_id) VALUES ($1, $2) \
                     ON CONFLICT (case_id, need_id) DO NOTHING");
    tx.execute(query.bind(case.to_string()).bind(need.to_string())).await.map(drop)
}

/// Notes that a grant is recommended for a need no longer.
pub(crate) async fn take_back(tx: &mut Tx, case: CaseId, need: NeedId) -> Result<(), Error> {
    let query = sql("DELETE FROM recommended_needs WHERE case_id = $1 AND need_id = $2");
    tx.execute(query.bind(case.to_string()).bind(need.to_string())).await.map(drop)
}

/// A grant came to nothing: what no other grant which may still help is for is recommended no longer. Triage, which
/// hears of it, has those needs decided anew.
pub(crate) async fn fell_through(tx: &mut Tx, case: CaseId, grant: GrantId) -> Result<(), Error> {
    let query = sql("DELETE FROM recommended_needs WHERE case_id = $1 \
         AND need_id IN (SELECT mine.need_id FROM grant_needs mine WHERE mine.grant_id = $2) \
         AND need_id NOT IN (\
             SELECT other.need_id FROM grant_needs other JOIN grants g ON g.grant_id = other.grant_id \
             WHERE g.case_id = $3 AND g.stage NOT IN ('rejected', 'withdrawn', 'terminated'))");
    let query = query.bind(case.to_string()).bind(grant.to_string()).bind(case.to_string());
    tx.execute(query).await.map(drop)
}

/// Adds a reference of a case. Adding it again changes its fingerprint only.
pub(crate) async fn add_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: &str,
    fingerprint: &[u8],
) -> Result<(), Error> {
    note(tx, case).await?;
    let query =
        sql("INSERT INTO case_references (case_id, reference_id, fingerprint, confirmed, checked_by) \
                     VALUES ($1, $2, $3, 0, '') \
                     ON CONFLICT (case_id, reference_id) DO UPDATE SET fingerprint = excluded.fingerprint");
    tx.execute(query.bind(case.to_string()).bind(reference.to_owned()).bind(fingerprint.to_vec()))
        .await
        .map(drop)
}

/// Notes whether a reference confirms, by whose check. One whose adding never came is added without a fingerprint.
pub(crate) async fn set_confirmed(
    tx: &mut Tx,
    case: CaseId,
    reference: &str,
    confirmed: bool,
    checked_by: &str,
) -> Result<(), Error> {
    note(tx, case).await?;
    let query =
        sql("INSERT INTO case_references (case_id, reference_id, fingerprint, confirmed, checked_by) \
                     VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (case_id, reference_id) DO UPDATE SET confirmed = excluded.confirmed, \
                         checked_by = excluded.checked_by");
    tx.execute(
        query
            .bind(case.to_string())
            .bind(reference.to_owned())
            .bind(Vec::<u8>::new())
            .bind(i64::from(confirmed))
            .bind(checked_by.to_owned()),
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
