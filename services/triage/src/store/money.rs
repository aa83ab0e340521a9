//! Pauses and inquiries, and what grants was asked because of them.

use flare_kernel::{CaseId, Duration, StaffId};
use flare_store::{Database, Error, Row, Tx, sql};

use crate::{
    MONEY_TIMEOUT,
    domain::{MoneyKind, Stopped},
};

/// How long grants is not asked after it was asked: twice as long as it may take to answer, so that the worker never asks
/// beside whoever stopped the money, nor beside itself.
const FIRST_WAIT: Duration = Duration::from_secs(2 * MONEY_TIMEOUT.as_secs().cast_signed());
const LAST_WAIT: Duration = Duration::from_secs(60);

/// Something grants has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueAsk {
    pub(crate) case: CaseId,
    pub(crate) kind: MoneyKind,
    /// The version of the case that asks.
    pub(crate) version: i64,
}

/// Notes that a pause or inquiry began.
pub(crate) async fn begin_stop(
    tx: &mut Tx,
    case: CaseId,
    what: Stopped,
    reason: &'static str,
    by: &str,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO stops (case_id, number, how, reason, begun_by, begun) \
             SELECT $1, COUNT(*) + 1, $2, $3, $4, $5 FROM stops WHERE case_id = $6")
        .bind(case.to_string())
        .bind(what.as_str())
        .bind(reason)
        .bind(by)
        .bind(tx.now().as_micros())
        .bind(case.to_string()),
    )
    .await
    .map(drop)
}

/// Notes who ended it. The table refuses whoever began it and, for an inquiry, whoever is no head.
pub(crate) async fn end_stop(
    tx: &mut Tx,
    case: CaseId,
    what: Stopped,
    by: StaffId,
    is_head: bool,
) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE stops SET ended_by = $3, ended = $4, ended_by_head = $5 \
             WHERE case_id = $1 AND how = $2 AND ended IS NULL")
        .bind(case.to_string())
        .bind(what.as_str())
        .bind(by.to_string())
        .bind(tx.now().as_micros())
        .bind(i64::from(is_head)),
    )
    .await
    .map(drop)
}

/// What grants was asked about a case and has not answered, outside any transaction.
pub(crate) async fn asked_of(database: &Database, case: CaseId) -> Result<Option<DueAsk>, Error> {
    let query = sql("SELECT case_id, money_kind, money_version FROM cases \
                     WHERE case_id = $1 AND money_stop = 'asked'");
    database.fetch_optional(query.bind(case.to_string())).await?.as_ref().map(from_row).transpose()
}

/// How long until the first of what grants has not answered is to be asked again; none when it answered everything.
pub(crate) async fn next_ask(database: &Database) -> Result<Option<Duration>, Error> {
    let query =
        sql("SELECT money_due FROM cases WHERE money_stop = 'asked' ORDER BY money_due, case_id LIMIT 1");
    let Some(row) = database.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some(row.timestamp("money_due")?.since(database.now().await?)))
}

/// Takes what is due to be asked again, and puts each off, so that no other worker asks at the same time. It never ends
/// before grants answers.
pub(crate) async fn claim_due_asks(tx: &mut Tx, limit: i64) -> Result<Vec<DueAsk>, Error> {
    let now = tx.now();
    let query = sql("SELECT case_id, money_kind, money_version, money_attempts FROM cases \
                     WHERE money_stop = 'asked' AND money_due <= $1 ORDER BY money_due, case_id LIMIT $2");
    let mut claimed = Vec::new();
    for row in tx.fetch_all(query.bind(now.as_micros()).bind(limit)).await? {
        let (ask, attempts) = (from_row(&row)?, row.small("money_attempts")?);
        let taken = tx
            .execute(
                sql("UPDATE cases SET money_attempts = money_attempts + 1, money_due = $3 \
                     WHERE case_id = $1 AND money_version = $2 AND money_stop = 'asked' AND money_due <= $4")
                .bind(ask.case.to_string())
                .bind(ask.version)
                .bind(now.plus(asked_again(attempts + 1)).as_micros())
                .bind(now.as_micros()),
            )
            .await?;
        if taken == 1 {
            claimed.push(ask);
        }
    }
    Ok(claimed)
}

/// How long after so many attempts of the worker grants is asked again: as long after the first as after none, then
/// doubling up to a minute.
pub(crate) fn asked_again(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(5);
    LAST_WAIT.min(Duration::from_micros(FIRST_WAIT.as_micros() << doublings))
}

fn from_row(row: &Row) -> Result<DueAsk, Error> {
    Ok(DueAsk {
        case: row.id("case_id")?,
        kind: row.parse("money_kind")?,
        version: row.int("money_version")?,
    })
}
