//! Cases: one row each, and the lists of them.

use std::fmt::Display;

use flare_contracts::{Refusal, events::v1::TriageEvent, input::lane_out, triage::v1::CaseState};
use flare_kernel::{CaseId, Codename, Duration, Lane};
use flare_store::{Error, Reads, Record, Row, Tx, Work, sql};

use super::money::asked_again;
use crate::domain::{Alarms, Case, Ended, MoneyAsk, OurClock, Running, Step, Target, WaitsFor};

/// What every statement that reads cases selects.
macro_rules! columns {
    () => {
        "c.case_id, c.codename, c.lane, c.submitted, c.owner, c.work, c.to_draft, c.awaiting, c.paused_by, c.held_by, \
         c.ended, c.exit, c.grants_wait, c.has_news, c.clock_spent, c.clock_since, c.step, c.step_due, c.step_left, \
         c.step_alarm, c.step_reminders, c.welfare_due, c.referral_due, c.money_kind, c.money_stop, c.money_version"
    };
}
pub(super) use columns;

/// Other cases that share a fingerprint with one, newest first.
pub(crate) const LIST_MATCHES: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases c WHERE c.case_id IN (\
         SELECT theirs.case_id FROM fingerprints ours JOIN fingerprints theirs ON theirs.value = ours.value \
         WHERE ours.case_id = $1 AND theirs.case_id <> $1) \
     ORDER BY c.submitted DESC, c.case_id LIMIT $2"
);

/// The cases that share a fingerprint with one, at most `limit`.
pub(crate) async fn matches(reads: &mut impl Reads, case: CaseId, limit: i64) -> Result<Vec<Case>, Error> {
    let rows = reads.rows(sql(LIST_MATCHES).bind(case.to_string()).bind(limit)).await?;
    rows.iter().map(from_row).collect()
}

/// Whether there is such a case.
pub(crate) async fn exists(reads: &mut impl Reads, case: CaseId) -> Result<bool, Error> {
    let row = reads.row(sql("SELECT case_id FROM cases WHERE case_id = $1").bind(case.to_string()));
    Ok(row.await?.is_some())
}

/// The case of a codename.
pub(crate) async fn case_named(reads: &mut impl Reads, codename: &Codename) -> Result<Option<CaseId>, Error> {
    let query = sql("SELECT case_id FROM cases WHERE codename = $1").bind(codename.to_string());
    reads.row(query).await?.map(|row| row.id("case_id")).transpose()
}

/// Locks a case and reads it, if there is one.
pub(crate) async fn lock_case_if_any(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, Error> {
    tx.lock(&[&case]).await?;
    // A case begins with the first event of its history.
    if tx.version(case) == 0 { Ok(None) } else { find_case(tx, case).await }
}

/// Reads a case without locking it, to show it.
pub(crate) async fn find_case(reads: &mut impl Reads, case: CaseId) -> Result<Option<Case>, Error> {
    let query = sql(concat!("SELECT ", columns!(), " FROM cases c WHERE c.case_id = $1"));
    reads.row(query.bind(case.to_string())).await?.as_ref().map(from_row).transpose()
}

/// Locks a case and reads it.
pub(crate) async fn lock_case(tx: &mut Tx, case: CaseId) -> Result<Case, Error> {
    let found = lock_case_if_any(tx, case).await?;
    found.ok_or_else(|| Refusal::not_found("case").into())
}

/// A case's version, without its lock.
pub(crate) async fn version_of(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let row = reads.row(sql("SELECT seq FROM streams WHERE stream = $1").bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// What a change leaves behind.
pub(crate) fn state(tx: &Tx, case: &Case) -> CaseState {
    CaseState {
        case_id: case.id.to_string(),
        version: tx.version(case.id),
        stage: flare_contracts::triage::v1::Stage::from(case.stage()).into(),
        lane: lane_out(case.lane).into(),
        codename: case.codename.to_string(),
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

/// Stores a case that begins, unless another has its codename; says whether it did. Where another case takes that name at
/// the same time, this waits until it is known which of the two has it.
pub(crate) async fn begin(tx: &mut Tx, case: &Case) -> Result<bool, Error> {
    let named = Record::of("cases")
        .key("codename", case.codename.as_str())
        .set("case_id", case.id)
        .set("submitted", case.submitted)
        .set("money_attempts", 0_i64);
    with_facts(named, case).insert_new(tx).await
}

/// Saves a case that has begun, and sets its alarms.
pub(crate) async fn save(tx: &mut Tx, case: &mut Case) -> Result<(), Error> {
    let version = tx.version(case.id);
    let fresh = match &mut case.money {
        Some(ask) if ask.version.is_none() => {
            ask.version = Some(version);
            true
        }
        Some(_) | None => false,
    };
    let mut row = with_facts(Record::of("cases").key("case_id", case.id), case);
    if fresh {
        tx.hint(Work::Own);
        // Whoever made the change asks at once. The worker does it in their place where they died, or were not answered.
        row = row.set("money_attempts", 0_i64).set("money_due", tx.now().plus(asked_again(0)));
    }
    row.update(tx).await?;
    arm(tx, case).await
}

/// A row with all that changes of a case.
fn with_facts(row: Record, case: &Case) -> Record {
    let (due, left, alarm) = match case.target.map(|target| target.running) {
        None => (None, None, None),
        Some(Running::Until { due, alarm }) => (Some(due), None, Some(alarm)),
        Some(Running::Stopped { left }) => (None, Some(left), None),
    };
    let money = case.money.as_ref();
    row.set("lane", case.lane)
        .set("owner", case.owner)
        .set("work", case.work.as_str())
        .set("to_draft", case.to_draft)
        .set("awaiting", case.awaiting)
        .set("paused_by", case.paused_by.map(|by| by.to_string()))
        .set("held_by", case.held_by)
        .set("ended", case.ended.map(Ended::as_str))
        .set("exit", case.exit.clone())
        .set("grants_wait", case.grants_wait.map(WaitsFor::as_str))
        .set("has_news", case.has_news)
        .set("in_queue", case.in_queue())
        .set("waits_for", case.waits_for().as_str())
        .set("queue_due", case.queue_due())
        .set("clock_spent", case.clock.spent)
        .set("clock_since", case.clock.since)
        .set("step", case.target.map(|target| target.step.as_str()))
        .set("step_due", due)
        .set("step_left", left)
        .set("step_alarm", alarm)
        .set("step_reminders", case.target.map_or(0, |target| target.reminders))
        .set("welfare_due", case.welfare_due)
        .set("referral_due", case.referral_due)
        .set("money_kind", money.map(|ask| ask.kind.as_str()))
        .set("money_stop", money.map(|ask| ask.state.as_str()))
        .set("money_version", money.and_then(|ask| ask.version))
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

pub(super) fn from_row(row: &Row) -> Result<Case, Error> {
    let money = match row.parse_or_null("money_stop")? {
        None => None,
        Some(state) => Some(MoneyAsk {
            kind: row.parse("money_kind")?,
            state,
            version: row.int_or_null("money_version")?,
        }),
    };
    let mut case = Case {
        id: row.id("case_id")?,
        codename: row.parse("codename")?,
        lane: row.number("lane", Lane::from_i64)?,
        submitted: row.timestamp("submitted")?,
        owner: row.id_or_null("owner")?,
        work: row.parse("work")?,
        to_draft: row.flag("to_draft")?,
        awaiting: row.flag("awaiting")?,
        paused_by: row.parse_or_null("paused_by")?,
        held_by: row.id_or_null("held_by")?,
        ended: row.parse_or_null("ended")?,
        exit: row.text_or_null("exit")?,
        grants_wait: row.parse_or_null("grants_wait")?,
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
    let Some(step) = row.parse_or_null::<Step>("step")? else { return Ok(None) };
    let running = match (row.timestamp_or_null("step_due")?, row.timestamp_or_null("step_alarm")?) {
        (Some(due), Some(alarm)) => Running::Until { due, alarm },
        (Some(_), None) | (None, _) => {
            Running::Stopped { left: Duration::from_micros(row.int("step_left")?) }
        }
    };
    Ok(Some(Target { step, running, reminders: row.small("step_reminders")? }))
}
