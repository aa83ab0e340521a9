//! What the requester is shown of the case: its state, its steps and its needs.

use flare_contracts::{StepCode, common::v1::NeedKind, input, intake::v1::Step};
use flare_kernel::{CaseId, Codename, Lane, NeedId, Timestamp};
use flare_store::{Error, Reads, Record, Tx, Value, sql};

use crate::domain::{
    case_view::CaseView,
    need::{Need, NeedOutcome},
};

/// The most steps that are shown: the newest.
const MOST_STEPS: i64 = 500;

pub(crate) async fn insert(tx: &mut Tx, view: &CaseView) -> Result<(), Error> {
    record(view).insert(tx).await
}

pub(crate) async fn save(tx: &mut Tx, view: &CaseView) -> Result<(), Error> {
    record(view).update(tx).await.map(drop)
}

fn record(view: &CaseView) -> Record {
    Record::of("case_view")
        .key("case_id", view.case)
        .set("codename", view.codename.as_ref().map(Codename::as_str))
        .set("lane", view.lane)
        .set("progress", view.progress.as_str())
        .set("asked_to_stop", view.asked_to_stop)
        .set("stop", view.stop.as_str())
        .set("money_stopped", view.money_stopped)
        .set("heard_at", view.heard_at)
        .set("answer_by", view.answer_by)
}

pub(crate) async fn find(reads: &mut impl Reads, case: CaseId) -> Result<Option<CaseView>, Error> {
    let row = reads
        .row(
            sql("SELECT codename, lane, progress, asked_to_stop, stop, money_stopped, heard_at, answer_by \
                 FROM case_view WHERE case_id = $1")
            .bind(case.to_string()),
        )
        .await?;
    row.map(|row| {
        Ok(CaseView {
            case,
            codename: row.parse_or_null("codename")?,
            lane: row.number("lane", Lane::from_i64)?,
            progress: row.parse("progress")?,
            asked_to_stop: row.flag("asked_to_stop")?,
            stop: row.parse("stop")?,
            money_stopped: row.flag("money_stopped")?,
            heard_at: row.timestamp_or_null("heard_at")?,
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
        .bind(Some(about).filter(|about| !about.is_empty())),
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
    Record::of("view_steps")
        .key("case_id", case)
        .key("place", 1_i64)
        .set("source", source)
        .set("what", what.as_str())
        .set("at", tx.now())
        .insert(tx)
        .await
}

/// The newest steps, oldest first.
pub(crate) async fn steps(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Step>, Error> {
    let rows = reads
        .rows(
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
                    about: row.text_or_empty("about")?,
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
    Record::of("view_needs")
        .key("need_id", need.id)
        .set("case_id", case)
        .set("place", place)
        .set("kind", need.kind.as_str_name())
        .set("outcome", need.outcome.as_str())
        .set("reason", Value::unless_empty(&need.reason))
        .set("since", need.since)
        .insert_new(tx)
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
    Record::of("view_needs")
        .key("need_id", need)
        .key("case_id", case)
        .set("outcome", outcome.as_str())
        .set("reason", Value::unless_empty(reason))
        .set("since", since)
        .update(tx)
        .await
        .map(drop)
}

pub(crate) async fn needs(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Need>, Error> {
    let rows = reads
        .rows(
            sql("SELECT need_id, kind, outcome, reason, since FROM view_needs WHERE case_id = $1 ORDER BY place, need_id")
                .bind(case.to_string()),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Need {
                id: row.id("need_id")?,
                kind: row.word("kind", NeedKind::from_str_name)?,
                outcome: row.parse("outcome")?,
                reason: row.text_or_empty("reason")?,
                since: row.timestamp("since")?,
            })
        })
        .collect()
}
