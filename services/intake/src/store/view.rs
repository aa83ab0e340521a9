//! What the requester is shown of the case: its state, its steps and its needs.

use flare_contracts::{StepCode, common::v1::NeedKind, input, intake::v1::Step};
use flare_kernel::{CaseId, NeedId, Timestamp};
use flare_store::{Error, Sql, Tx, sql};

use super::{Reads, micros, requests::lane, wire, word};
use crate::domain::{
    case_view::CaseView,
    need::{Need, NeedOutcome},
};

/// The most steps that are shown: the newest.
const MOST_STEPS: i64 = 500;

pub(crate) async fn insert(tx: &mut Tx, view: &CaseView) -> Result<(), Error> {
    let insert = sql(
        "INSERT INTO case_view (case_id, lane, progress, asked_to_stop, stop, money_stopped, heard_at, answer_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, CAST($8 AS BIGINT))",
    );
    tx.execute(bound(insert, view)).await.map(drop)
}

pub(crate) async fn save(tx: &mut Tx, view: &CaseView) -> Result<(), Error> {
    let update = sql(
        "UPDATE case_view SET lane = $2, progress = $3, asked_to_stop = $4, stop = $5, money_stopped = $6, \
             heard_at = $7, answer_by = CAST($8 AS BIGINT) WHERE case_id = $1",
    );
    tx.execute(bound(update, view)).await.map(drop)
}

/// A statement with a whole row, from `$1` to `$8`.
fn bound(statement: Sql<'static>, view: &CaseView) -> Sql<'static> {
    statement
        .bind(view.case.to_string())
        .bind(view.lane.as_i64())
        .bind(view.progress.as_str())
        .bind(i64::from(view.asked_to_stop))
        .bind(view.stop.as_str())
        .bind(i64::from(view.money_stopped))
        .bind(view.heard_at.as_micros())
        .bind(micros(view.answer_by))
}

pub(crate) async fn find(reads: &mut impl Reads, case: CaseId) -> Result<Option<CaseView>, Error> {
    let row = reads
        .one(
            sql("SELECT lane, progress, asked_to_stop, stop, money_stopped, heard_at, answer_by FROM case_view \
                 WHERE case_id = $1")
            .bind(case.to_string()),
        )
        .await?;
    row.map(|row| {
        Ok(CaseView {
            case,
            lane: lane(&row, "lane")?,
            progress: word(&row, "progress")?,
            asked_to_stop: row.flag("asked_to_stop")?,
            stop: word(&row, "stop")?,
            money_stopped: row.flag("money_stopped")?,
            heard_at: row.timestamp("heard_at")?,
            answer_by: row.timestamp_or_null("answer_by")?,
        })
    })
    .transpose()
}

/// Adds a step to a locked case. `source` names the event it comes from: one event is one step, however often it comes.
pub(crate) async fn add_step(
    tx: &mut Tx,
    case: CaseId,
    source: String,
    at: Timestamp,
    (what, about): (StepCode, String),
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO view_steps (case_id, place, source, what, at, about) \
             SELECT $1, COALESCE(MAX(place), 0) + 1, $2, $3, $4, $5 FROM view_steps WHERE case_id = $1 \
             ON CONFLICT (case_id, source) DO NOTHING")
        .bind(case.to_string())
        .bind(source)
        .bind(what.as_str())
        .bind(at.as_micros())
        .bind(about),
    )
    .await
    .map(drop)
}

/// Adds the first step of a case that begins.
pub(crate) async fn add_first_step(
    tx: &mut Tx,
    case: CaseId,
    source: String,
    what: StepCode,
) -> Result<(), Error> {
    let row = [
        case.to_string().into(),
        1_i64.into(),
        source.into(),
        what.as_str().into(),
        tx.now().as_micros().into(),
        "".into(),
    ];
    tx.insert("view_steps (case_id, place, source, what, at, about)", &[row]).await
}

/// The newest steps, oldest first.
pub(crate) async fn steps(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Step>, Error> {
    let rows = reads
        .all(
            sql("SELECT what, at, about FROM view_steps WHERE case_id = $1 ORDER BY place DESC LIMIT $2")
                .bind(case.to_string())
                .bind(MOST_STEPS),
        )
        .await?;
    let mut steps = rows
        .iter()
        .map(|row| {
            let at = row.timestamp("at")?;
            Ok((
                at,
                Step {
                    what: row.text("what")?,
                    at: Some(input::timestamp_out(at)),
                    about: row.text("about")?,
                },
            ))
        })
        .rev()
        .collect::<Result<Vec<_>, Error>>()?;
    // Streams arrive independently: what arrived later may have happened earlier.
    steps.sort_by_key(|(at, _)| *at);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

pub(crate) async fn insert_need(tx: &mut Tx, case: CaseId, place: i64, need: &Need) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO view_needs (need_id, case_id, place, kind, outcome, reason, since) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (need_id) DO NOTHING")
        .bind(need.id.to_string())
        .bind(case.to_string())
        .bind(place)
        .bind(need.kind.as_str_name())
        .bind(need.outcome.as_str())
        .bind(need.reason.clone())
        .bind(need.since.as_micros()),
    )
    .await
    .map(drop)
}

pub(crate) async fn set_need(
    tx: &mut Tx,
    case: CaseId,
    need: NeedId,
    (outcome, reason): (NeedOutcome, &str),
    since: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        sql(
            "UPDATE view_needs SET outcome = $3, reason = $4, since = $5 WHERE need_id = $1 AND case_id = $2",
        )
        .bind(need.to_string())
        .bind(case.to_string())
        .bind(outcome.as_str())
        .bind(reason.to_owned())
        .bind(since.as_micros()),
    )
    .await
    .map(drop)
}

pub(crate) async fn needs(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Need>, Error> {
    let rows = reads
        .all(
            sql("SELECT need_id, kind, outcome, reason, since FROM view_needs WHERE case_id = $1 ORDER BY place, need_id")
                .bind(case.to_string()),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Need {
                id: row.id("need_id")?,
                kind: wire(row, "kind", NeedKind::from_str_name)?,
                outcome: word(row, "outcome")?,
                reason: row.text("reason")?,
                since: row.timestamp("since")?,
            })
        })
        .collect()
}
