//! The approvers' queues and what is on its way to them.

use flare_contracts::common::v1::Role;
use flare_kernel::{Duration, Lane, NoticeId, StaffId, Timestamp};
use flare_store::{Database, Error, Record, Tx, sql};

use super::{Notice, notice, roles};

/// How long a message or queue waits at most before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// A message to an approver's queue, claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) notice: Notice,
    pub(crate) staff: StaffId,
    /// The person is a head, says the directory.
    pub(crate) is_head: bool,
    /// Nobody waits for it any more.
    pub(crate) settled: bool,
}

/// An approver needs a queue.
pub(crate) async fn need_queue(tx: &mut Tx, staff: StaffId) -> Result<(), Error> {
    Record::of("approver_queues")
        .key("staff_id", staff)
        .set("ensured", false)
        .set("due", tx.now())
        .set("attempts", 0_i64)
        .save(tx)
        .await
}

/// A notice goes to its approver's queue too.
pub(crate) async fn insert_message(tx: &mut Tx, notice: NoticeId, lane: Lane) -> Result<(), Error> {
    Record::of("approver_messages")
        .key("notice_id", notice)
        .set("lane", lane)
        .set("due", tx.now())
        .set("attempts", 0_i64)
        .insert(tx)
        .await
}

/// The approvers whose queues are to be made now.
pub(crate) async fn due_queues(
    database: &Database,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<StaffId>, Error> {
    let query =
        sql("SELECT staff_id FROM approver_queues WHERE ensured = 0 AND due <= $1 ORDER BY due LIMIT $2")
            .bind(now.as_micros())
            .bind(limit);
    database.fetch_all(query).await?.iter().map(|row| row.id("staff_id")).collect()
}

/// A queue was made.
pub(crate) async fn queue_made(tx: &mut Tx, staff: StaffId) -> Result<(), Error> {
    let query = sql("UPDATE approver_queues SET ensured = 1, attempts = 0 WHERE staff_id = $1");
    tx.execute(query.bind(staff.to_string())).await.map(drop)
}

/// A queue may be gone; it is made again now, unless that is waited for already.
pub(crate) async fn queue_lost(tx: &mut Tx, staff: StaffId) -> Result<(), Error> {
    let query = sql("UPDATE approver_queues SET ensured = 0, due = $2 WHERE staff_id = $1 AND ensured = 1")
        .bind(staff.to_string())
        .bind(tx.now().as_micros());
    tx.execute(query).await.map(drop)
}

/// A queue could not be made; it is tried again after 1, 2, 4 … seconds, 16 at most.
pub(crate) async fn queue_failed(tx: &mut Tx, staff: StaffId) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE approver_queues SET attempts = attempts + 1, \
             due = $2 + 1000000 * CASE WHEN attempts > 3 THEN 16 ELSE (1 << CAST(attempts AS INTEGER)) END \
             WHERE staff_id = $1")
        .bind(staff.to_string())
        .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Whether any message is due.
pub(crate) async fn has_due_messages(database: &Database, now: Timestamp) -> Result<bool, Error> {
    let query = sql("SELECT notice_id FROM approver_messages WHERE done_at IS NULL AND due <= $1 LIMIT 1");
    Ok(database.fetch_optional(query.bind(now.as_micros())).await?.is_some())
}

/// Whether a message or queue waits, due or not.
pub(crate) async fn has_open_messages(database: &Database) -> Result<bool, Error> {
    let query = sql("SELECT notice_id AS id FROM approver_messages WHERE done_at IS NULL \
                     UNION ALL SELECT staff_id AS id FROM approver_queues WHERE ensured = 0 LIMIT 1");
    Ok(database.fetch_optional(query).await?.is_some())
}

/// Claims messages that are due, critical first: nobody else sees them before the lease ends.
pub(crate) async fn claim_messages(
    tx: &mut Tx,
    lease_ends: Timestamp,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let claimed = tx
        .fetch_all(
            sql(
                "UPDATE approver_messages SET due = $2 WHERE done_at IS NULL AND due <= $1 AND notice_id IN \
                 (SELECT notice_id FROM approver_messages WHERE done_at IS NULL AND due <= $1 \
                  ORDER BY lane, due LIMIT $3) RETURNING notice_id",
            )
            .bind(tx.now().as_micros())
            .bind(lease_ends.as_micros())
            .bind(limit),
        )
        .await?;
    let mut messages = Vec::with_capacity(claimed.len());
    for row in claimed {
        let row = tx
            .fetch_one(
                sql(
                    "SELECT n.notice_id, n.lane, n.case_id, c.codename, n.grant_id, n.ask, n.due, n.raised, \
                     n.staff_id, n.settled_at, COALESCE(d.roles, 0) AS roles \
                     FROM notices n LEFT JOIN directory d ON d.staff_id = n.staff_id \
                     LEFT JOIN cases c ON c.case_id = n.case_id WHERE n.notice_id = $1",
                )
                .bind(row.text("notice_id")?),
            )
            .await?;
        messages.push(Message {
            notice: notice(&row)?,
            staff: row.id("staff_id")?,
            is_head: roles(&row)?.holds(Role::Head),
            settled: row.int_or_null("settled_at")?.is_some(),
        });
    }
    Ok(messages)
}

/// A message was published, or is not needed any more.
pub(crate) async fn message_done(tx: &mut Tx, notice: NoticeId) -> Result<(), Error> {
    let query = sql("UPDATE approver_messages SET done_at = $2 WHERE notice_id = $1")
        .bind(notice.to_string())
        .bind(tx.now().as_micros());
    tx.execute(query).await.map(drop)
}

/// A message could not be published, or may not be yet; it is tried again after 1, 2, 4 … seconds, 16 at most: no vote
/// is asked for later than half a minute after the broker is back.
pub(crate) async fn message_waits(tx: &mut Tx, notice: NoticeId) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE approver_messages SET attempts = attempts + 1, \
             due = $2 + 1000000 * CASE WHEN attempts > 3 THEN 16 ELSE (1 << CAST(attempts AS INTEGER)) END \
             WHERE notice_id = $1")
        .bind(notice.to_string())
        .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// The broker takes messages again: whatever waits for it is tried at once.
///
/// A message that another worker holds is due when its lease ends. That is further away than any wait for as long as a
/// round takes; where one takes longer, the message may go out twice, with one id.
pub(crate) async fn broker_is_back(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let queues =
        sql("UPDATE approver_queues SET due = $1 WHERE ensured = 0 AND due > $1").bind(now.as_micros());
    tx.execute(queues).await?;
    let messages =
        sql("UPDATE approver_messages SET due = $1 WHERE done_at IS NULL AND due > $1 AND due <= $2")
            .bind(now.as_micros())
            .bind(now.plus(LONGEST_WAIT).as_micros());
    tx.execute(messages).await.map(drop)
}
