//! Cases: one row each, and the lists of them.

use std::fmt::Display;

use flare_contracts::{Refusal, events::v1::TriageEvent, input::lane_out, triage::v1::CaseState};
use flare_kernel::{CaseId, Duration, Lane, StaffId};
use flare_store::{Database, Error, Row, Sql, Tx, sql};

use super::{parsed_or_null, small};
use crate::domain::{Alarms, Case, MoneyAsk, MoneyState, OurClock, Running, Step, Target};

/// What every statement that reads cases selects.
macro_rules! columns {
    ($from:literal) => {
        concat!(
            "SELECT c.case_id, c.lane, c.submitted, c.owner, c.work, c.to_draft, c.awaiting, c.paused_by, c.held_by, c.ended, \
             c.exit, c.has_news, c.clock_spent, c.clock_since, c.step, c.step_due, c.step_left, c.step_alarm, \
             c.step_reminders, c.welfare_due, c.referral_due, c.money_kind, c.money_stop, c.money_version ",
            $from
        )
    };
}

/// The queue after a place: lane, then time of submission.
pub(crate) const LIST_QUEUE: &str = columns!(
    "FROM cases c WHERE c.in_queue = 1 AND (c.lane, c.submitted, c.case_id) > ($1, $2, $3) \
     ORDER BY c.lane, c.submitted, c.case_id LIMIT $4"
);

/// One owner's part of the queue after a place.
pub(crate) const LIST_OF_OWNER: &str = columns!(
    "FROM cases c WHERE c.in_queue = 1 AND c.owner = $5 AND (c.lane, c.submitted, c.case_id) > ($1, $2, $3) \
     ORDER BY c.lane, c.submitted, c.case_id LIMIT $4"
);

/// Other cases that share a fingerprint with one, newest first.
pub(crate) const LIST_MATCHES: &str = columns!(
    "FROM cases c WHERE c.case_id IN (\
         SELECT theirs.case_id FROM fingerprints ours JOIN fingerprints theirs ON theirs.value = ours.value \
         WHERE ours.case_id = $1 AND theirs.case_id <> $1) \
     ORDER BY c.submitted DESC, c.case_id LIMIT $2"
);

/// A place in the queue: the key of the last row shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) lane: i64,
    pub(crate) submitted: i64,
    pub(crate) case: String,
}

impl Place {
    /// Before every case.
    pub(crate) const fn top() -> Self {
        Self { lane: 0, submitted: i64::MIN, case: String::new() }
    }

    /// Where a case stands.
    pub(crate) fn of(case: &Case) -> Self {
        let (lane, submitted) = (case.lane.as_i64(), case.submitted.as_micros());
        Self { lane, submitted, case: case.id.to_string() }
    }
}

/// A page of the queue.
pub(crate) async fn page_of_queue(database: &Database, after: Place, limit: i64) -> Result<Vec<Case>, Error> {
    read_page(database, placed(sql(LIST_QUEUE), after, limit)).await
}

/// A page of one owner's cases.
pub(crate) async fn page_of_owner(
    database: &Database,
    owner: StaffId,
    after: Place,
    limit: i64,
) -> Result<Vec<Case>, Error> {
    read_page(database, placed(sql(LIST_OF_OWNER), after, limit).bind(owner.to_string())).await
}

/// The cases that share a fingerprint with one, at most `limit`.
pub(crate) async fn matches(database: &Database, case: CaseId, limit: i64) -> Result<Vec<Case>, Error> {
    read_page(database, sql(LIST_MATCHES).bind(case.to_string()).bind(limit)).await
}

fn placed(statement: Sql<'static>, after: Place, limit: i64) -> Sql<'static> {
    statement.bind(after.lane).bind(after.submitted).bind(after.case).bind(limit)
}

async fn read_page(database: &Database, query: Sql<'_>) -> Result<Vec<Case>, Error> {
    database.fetch_all(query).await?.iter().map(from_row).collect()
}

/// Whether there is such a case.
pub(crate) async fn exists(database: &Database, case: CaseId) -> Result<bool, Error> {
    let row =
        database.fetch_optional(sql("SELECT case_id FROM cases WHERE case_id = $1").bind(case.to_string()));
    Ok(row.await?.is_some())
}

/// Locks a case and reads it, if there is one.
pub(crate) async fn lock_case_if_any(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, Error> {
    tx.lock(&[&case]).await?;
    // A case begins with the first event of its history.
    if tx.version(case) == 0 { Ok(None) } else { find_case(tx, case).await }
}

/// Reads a case without locking it, to show it.
pub(crate) async fn find_case(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, Error> {
    let query = sql(columns!("FROM cases c WHERE c.case_id = $1")).bind(case.to_string());
    tx.fetch_optional(query).await?.as_ref().map(from_row).transpose()
}

/// Locks a case and reads it.
pub(crate) async fn lock_case(tx: &mut Tx, case: CaseId) -> Result<Case, Error> {
    let found = lock_case_if_any(tx, case).await?;
    found.ok_or_else(|| Refusal::not_found("case").into())
}

/// A case's version, without its lock.
pub(crate) async fn version_of(tx: &mut Tx, case: CaseId) -> Result<i64, Error> {
    let row =
        tx.fetch_optional(sql("SELECT seq FROM streams WHERE stream = $1").bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// What a change leaves behind.
pub(crate) fn state(tx: &Tx, case: &Case) -> CaseState {
    CaseState {
        case_id: case.id.to_string(),
        version: tx.version(case.id),
        stage: flare_contracts::triage::v1::Stage::from(case.stage()).into(),
        lane: lane_out(case.lane).into(),
    }
}

/// Logs what happened to a case.
pub(crate) fn log(
    tx: &mut Tx,
    case: &Case,
    actor: impl Display,
    event: impl Into<TriageEvent>,
) -> Result<(), Error> {
    tx.append(case.id, case.lane, actor.to_string(), &event.into())
}

/// Logs what happened and saves the case that it left.
pub(crate) async fn finish(
    tx: &mut Tx,
    case: &mut Case,
    actor: impl Display,
    event: impl Into<TriageEvent>,
) -> Result<CaseState, Error> {
    finish_with(tx, case, actor, [event.into()]).await
}

/// Like [`finish`], for an act that tells several things.
pub(crate) async fn finish_with(
    tx: &mut Tx,
    case: &mut Case,
    actor: impl Display,
    events: impl IntoIterator<Item = TriageEvent>,
) -> Result<CaseState, Error> {
    for event in events {
        log(tx, case, &actor, event)?;
    }
    save(tx, case).await?;
    Ok(state(tx, case))
}

/// Saves a case and sets its alarms.
pub(crate) async fn save(tx: &mut Tx, case: &mut Case) -> Result<(), Error> {
    let version = tx.version(case.id);
    let fresh = match &mut case.money {
        Some(ask) if ask.version.is_none() => {
            ask.version = Some(version);
            true
        }
        Some(_) | None => false,
    };
    tx.execute(upsert(case)).await?;
    if fresh {
        // Due at once: whoever made the change asks too, and asking twice is asking once.
        let due = tx.now().as_micros();
        tx.execute(
            sql("UPDATE cases SET money_attempts = 0, money_due = $2 WHERE case_id = $1")
                .bind(case.id.to_string())
                .bind(due),
        )
        .await?;
    }
    arm(tx, case).await
}

fn upsert(case: &Case) -> Sql<'static> {
    let micros = |at: Option<flare_kernel::Timestamp>| at.map(flare_kernel::Timestamp::as_micros);
    let text = |id: Option<StaffId>| id.map(|id| id.to_string());
    let (due, left, alarm) = match case.target.map(|target| target.running) {
        None => (None, None, None),
        Some(Running::Until { due, alarm }) => (Some(due), None, Some(alarm)),
        Some(Running::Stopped { left }) => (None, Some(left.as_micros()), None),
    };
    sql("INSERT INTO cases (case_id, lane, submitted, owner, work, awaiting, paused_by, held_by, ended, exit, has_news, \
         in_queue, clock_spent, clock_since, step, step_due, step_left, step_alarm, step_reminders, welfare_due, \
         referral_due, money_kind, money_stop, money_version, money_attempts, money_due, to_draft) \
         VALUES ($1, $2, $3, CAST($4 AS TEXT), $5, $6, CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT), \
         CAST($10 AS TEXT), $11, $12, $13, CAST($14 AS BIGINT), CAST($15 AS TEXT), CAST($16 AS BIGINT), \
         CAST($17 AS BIGINT), CAST($18 AS BIGINT), $19, CAST($20 AS BIGINT), CAST($21 AS BIGINT), CAST($22 AS TEXT), \
         $23, CAST($24 AS BIGINT), 0, 0, $25) \
         ON CONFLICT (case_id) DO UPDATE SET lane = excluded.lane, owner = excluded.owner, work = excluded.work, \
         awaiting = excluded.awaiting, paused_by = excluded.paused_by, held_by = excluded.held_by, \
         ended = excluded.ended, exit = excluded.exit, has_news = excluded.has_news, in_queue = excluded.in_queue, \
         clock_spent = excluded.clock_spent, clock_since = excluded.clock_since, step = excluded.step, \
         step_due = excluded.step_due, step_left = excluded.step_left, step_alarm = excluded.step_alarm, \
         step_reminders = excluded.step_reminders, welfare_due = excluded.welfare_due, \
         referral_due = excluded.referral_due, money_kind = excluded.money_kind, money_stop = excluded.money_stop, \
         money_version = excluded.money_version, to_draft = excluded.to_draft")
        .bind(case.id.to_string())
        .bind(case.lane.as_i64())
        .bind(case.submitted.as_micros())
        .bind(text(case.owner))
        .bind(case.work.as_str())
        .bind(i64::from(case.awaiting))
        .bind(case.paused_by.map(|by| by.to_string()))
        .bind(text(case.held_by))
        .bind(case.ended.map(|ended| ended.as_str().to_owned()))
        .bind(case.exit.clone())
        .bind(i64::from(case.has_news))
        .bind(i64::from(case.in_queue()))
        .bind(case.clock.spent.as_micros())
        .bind(micros(case.clock.since))
        .bind(case.target.map(|target| target.step.as_str().to_owned()))
        .bind(micros(due))
        .bind(left)
        .bind(micros(alarm))
        .bind(case.target.map_or(0, |target| i64::from(target.reminders)))
        .bind(micros(case.welfare_due))
        .bind(micros(case.referral_due))
        .bind(case.money.as_ref().map(|ask| ask.kind.as_str().to_owned()))
        .bind(case.money.as_ref().map_or("none", |ask| ask.state.as_str()))
        .bind(case.money.as_ref().and_then(|ask| ask.version))
        .bind(i64::from(case.to_draft))
}

/// Sets the timers that the case now needs and clears the others; one that did not move is left alone.
async fn arm(tx: &mut Tx, case: &mut Case) -> Result<(), Error> {
    let wanted = case.alarms();
    if wanted.step != case.armed.step {
        let before = case.armed.step.map(|(step, _)| step);
        if let Some(before) = before.filter(|before| wanted.step.map(|(step, _)| step) != Some(*before)) {
            tx.clear_timer(case.id, before.as_str()).await?;
        }
        if let Some((step, at)) = wanted.step {
            tx.set_timer(case.id, step.as_str(), at).await?;
        }
    }
    let others = [
        ("welfare_check", wanted.welfare, case.armed.welfare),
        ("referral", wanted.referral, case.armed.referral),
    ];
    for (kind, wanted, armed) in others {
        match wanted {
            _ if wanted == armed => {}
            Some(at) => tx.set_timer(case.id, kind, at).await?,
            None => tx.clear_timer(case.id, kind).await?,
        }
    }
    case.armed = wanted;
    Ok(())
}

fn from_row(row: &Row) -> Result<Case, Error> {
    let corrupt = |column: &str| Error::Corrupt(format!("cases.{column}"));
    let money = match row.text("money_stop")?.as_str() {
        "none" => None,
        state => Some(MoneyAsk {
            kind: row.parse("money_kind")?,
            state: state.parse::<MoneyState>().map_err(|_| corrupt("money_stop"))?,
            version: row.int_or_null("money_version")?,
        }),
    };
    let mut case = Case {
        id: row.id("case_id")?,
        lane: Lane::from_i64(row.int("lane")?).map_err(|_| corrupt("lane"))?,
        submitted: row.timestamp("submitted")?,
        owner: row.id_or_null("owner")?,
        work: row.parse("work")?,
        to_draft: row.flag("to_draft")?,
        awaiting: row.flag("awaiting")?,
        paused_by: parsed_or_null(row, "paused_by")?,
        held_by: row.id_or_null("held_by")?,
        ended: parsed_or_null(row, "ended")?,
        exit: row.text_or_null("exit")?,
        has_news: row.flag("has_news")?,
        clock: OurClock {
            spent: Duration::from_micros(row.int("clock_spent")?),
            since: row.timestamp_or_null("clock_since")?,
        },
        target: target(row)?,
        welfare_due: row.timestamp_or_null("welfare_due")?,
        referral_due: row.timestamp_or_null("referral_due")?,
        money,
        armed: Alarms::default(),
    };
    case.armed = case.alarms();
    Ok(case)
}

fn target(row: &Row) -> Result<Option<Target>, Error> {
    let Some(step) = parsed_or_null::<Step>(row, "step")? else { return Ok(None) };
    let running = match (row.timestamp_or_null("step_due")?, row.timestamp_or_null("step_alarm")?) {
        (Some(due), Some(alarm)) => Running::Until { due, alarm },
        (Some(_), None) | (None, _) => {
            Running::Stopped { left: Duration::from_micros(row.int("step_left")?) }
        }
    };
    Ok(Some(Target { step, running, reminders: small(row, "step_reminders")? }))
}
