//! What grants told of the grants of a case.

use flare_kernel::{CaseId, GrantId, NeedId};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

use crate::domain::{GrantStage, WaitsFor, grants_wait_for};

/// Notes where a grant stands.
pub(crate) async fn set_grant_stage(
    tx: &mut Tx,
    case: CaseId,
    grant: GrantId,
    stage: GrantStage,
) -> Result<(), Error> {
    let row = Record::of("case_grants").key("case_id", case).key("grant_id", grant);
    row.set("stage", stage.as_str()).save(tx).await
}

/// Whom the grants of a case wait for; nobody where all are over.
pub(crate) async fn grants_wait(tx: &mut Tx, case: CaseId) -> Result<Option<WaitsFor>, Error> {
    let query = sql("SELECT stage FROM case_grants WHERE case_id = $1").bind(case.to_string());
    let rows = tx.fetch_all(query).await?;
    let stages: Vec<GrantStage> = rows.iter().map(|row| row.parse("stage")).collect::<Result<_, _>>()?;
    Ok(grants_wait_for(stages))
}

/// Notes that a gate of a grant closed: one that was active is only approved.
pub(crate) async fn grant_no_longer_active(tx: &mut Tx, case: CaseId, grant: GrantId) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE case_grants SET stage = 'approved' \
             WHERE case_id = $1 AND grant_id = $2 AND stage = 'active'")
        .bind(case.to_string())
        .bind(grant.to_string()),
    )
    .await
    .map(drop)
}

/// Notes that a grant is for a need; noting it twice changes nothing.
pub(crate) async fn add_grant_need(
    tx: &mut Tx,
    case: CaseId,
    grant: GrantId,
    need: NeedId,
) -> Result<(), Error> {
    let row = Record::of("grant_needs").key("case_id", case).key("grant_id", grant);
    row.key("need_id", need).insert_new(tx).await.map(drop)
}

/// The needs that a grant was for and that no other grant which may still help is for.
pub(crate) async fn needs_left_by_grant(
    tx: &mut Tx,
    case: CaseId,
    grant: GrantId,
) -> Result<Vec<NeedId>, Error> {
    let query =
        sql("SELECT mine.need_id FROM grant_needs mine WHERE mine.case_id = $1 AND mine.grant_id = $2 \
                     AND NOT EXISTS (\
                         SELECT 1 FROM grant_needs other JOIN case_grants g \
                         ON g.case_id = other.case_id AND g.grant_id = other.grant_id \
                         WHERE other.case_id = mine.case_id AND other.need_id = mine.need_id \
                         AND other.grant_id <> mine.grant_id \
                         AND g.stage NOT IN ('rejected', 'withdrawn', 'terminated')) \
                     ORDER BY mine.need_id");
    let rows = tx.fetch_all(query.bind(case.to_string()).bind(grant.to_string())).await?;
    rows.iter().map(|row: &Row| row.id("need_id")).collect()
}

/// The grants of a case and where each stands.
pub(crate) async fn grants(reads: &mut impl Reads, case: CaseId) -> Result<Vec<(String, String)>, Error> {
    let query = sql("SELECT grant_id, stage FROM case_grants WHERE case_id = $1 ORDER BY grant_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    rows.iter().map(|row| Ok((row.text("grant_id")?, row.text("stage")?))).collect()
}

/// How many grants of a case have not come to an end.
pub(crate) async fn open_grants(tx: &mut Tx, case: CaseId) -> Result<i64, Error> {
    let query = sql("SELECT CAST(COUNT(*) AS BIGINT) AS open FROM case_grants WHERE case_id = $1 \
                     AND stage NOT IN ('closed', 'rejected', 'withdrawn', 'terminated')");
    tx.fetch_one(query.bind(case.to_string())).await?.int("open")
}
