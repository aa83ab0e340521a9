//! What triage told about cases, and identity about people.

use flare_access::Roles;
use flare_kernel::{CaseId, Codename, GrantId, Lane, NeedId, StaffId};
use flare_store::{Error, Reads, Record, Tx, Value, sql};

use crate::domain::{CaseFacts, MoneyState, Voter};

/// What is known of a case; nothing when no event of it has come yet.
pub(crate) async fn find(tx: &mut Tx, case: CaseId) -> Result<Option<CaseFacts>, Error> {
    let query = sql("SELECT codename, lane, money, closed FROM cases WHERE case_id = $1");
    let query = query.bind(case.to_string());
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
        references.extend(reference.bytes_or_null("fingerprint")?);
    }
    let query = sql("SELECT need_id FROM recommended_needs WHERE case_id = $1 ORDER BY need_id");
    let needs = tx.fetch_all(query.bind(case.to_string())).await?;
    Ok(Some(CaseFacts {
        codename: row.parse_or_null("codename")?,
        lane: row.number("lane", Lane::from_i64)?,
        money: row.parse("money")?,
        closed: row.flag("closed")?,
        recommended: needs.iter().map(|need| need.id("need_id")).collect::<Result<_, _>>()?,
        confirmed_by,
        references,
    }))
}

/// Notes that a case exists, as urgent as long as nobody says otherwise.
pub(crate) async fn note(tx: &mut Tx, case: CaseId) -> Result<(), Error> {
    begun(case).first("lane", Lane::Urgent).insert_new(tx).await.map(drop)
}

/// Notes the name that triage gave a case.
pub(crate) async fn set_codename(tx: &mut Tx, case: CaseId, codename: &Codename) -> Result<(), Error> {
    note(tx, case).await?;
    let row = Record::of("cases").key("case_id", case).set("codename", codename.as_str());
    row.update(tx).await.map(drop)
}

/// Sets a case's lane.
pub(crate) async fn set_lane(tx: &mut Tx, case: CaseId, lane: Lane) -> Result<(), Error> {
    begun(case).set("lane", lane).save(tx).await
}

/// A case of which nothing else is known.
fn begun(case: CaseId) -> Record {
    let begun = Record::of("cases").key("case_id", case).first("money", MoneyState::Free.as_str());
    begun.first("money_version", 0_i64).first("closed", false)
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
pub(crate) async fn money(reads: &mut impl Reads, case: CaseId) -> Result<(MoneyState, i64), Error> {
    let query = sql("SELECT money, money_version FROM cases WHERE case_id = $1").bind(case.to_string());
    let Some(row) = reads.row(query).await? else { return Ok((MoneyState::Free, 0)) };
    Ok((row.parse("money")?, row.int("money_version")?))
}

/// Notes that a case was closed, or is open again.
pub(crate) async fn set_closed(tx: &mut Tx, case: CaseId, closed: bool) -> Result<(), Error> {
    note(tx, case).await?;
    Record::of("cases").key("case_id", case).set("closed", closed).update(tx).await.map(drop)
}

/// Notes that a grant was recommended for a need.
pub(crate) async fn recommend(tx: &mut Tx, case: CaseId, need: NeedId) -> Result<(), Error> {
    Record::of("recommended_needs").key("case_id", case).key("need_id", need).insert_new(tx).await.map(drop)
}

/// Notes that a grant is recommended for a need no longer.
pub(crate) async fn take_back_need(tx: &mut Tx, case: CaseId, need: NeedId) -> Result<(), Error> {
    let query = sql("DELETE FROM recommended_needs WHERE case_id = $1 AND need_id = $2");
    tx.execute(query.bind(case.to_string()).bind(need.to_string())).await.map(drop)
}

/// Notes that the needs of a grant which came to nothing are recommended no longer, but for those that another grant may
/// still help with. Triage, which the grant's event tells, has them decided anew.
pub(crate) async fn take_back_needs_of(tx: &mut Tx, case: CaseId, grant: GrantId) -> Result<(), Error> {
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
    let reference = Record::of("case_references").key("case_id", case).key("reference_id", reference);
    reference.first("confirmed", false).set("fingerprint", fingerprint.to_vec()).save(tx).await
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
    let reference = Record::of("case_references").key("case_id", case).key("reference_id", reference);
    reference.set("confirmed", confirmed).set("checked_by", Value::unless_empty(checked_by)).save(tx).await
}

/// A person as identity told about them; somebody of whom it told nothing yet has no key and no role.
pub(crate) async fn voter(tx: &mut Tx, id: StaffId) -> Result<Voter, Error> {
    let query = sql("SELECT roles, signing_key, active FROM staff WHERE staff_id = $1").bind(id.to_string());
    let Some(row) = tx.fetch_optional(query).await? else {
        return Ok(Voter { id, roles: Roles::NONE, signing_key: None, active: true });
    };
    let roles = row.number("roles", Roles::from_bits)?;
    let signing_key = row.array_or_null("signing_key")?;
    Ok(Voter { id, roles, signing_key, active: row.flag("active")? })
}

/// Notes a person.
pub(crate) async fn put_voter(tx: &mut Tx, voter: &Voter) -> Result<(), Error> {
    Record::of("staff")
        .key("staff_id", voter.id)
        .set("roles", voter.roles.bits())
        .set("signing_key", voter.signing_key)
        .set("active", voter.active)
        .save(tx)
        .await
}
