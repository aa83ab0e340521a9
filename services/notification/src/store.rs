//! The only SQL of notification.

mod messages;

use std::collections::HashSet;

use flare_access::Roles;
use flare_kernel::{CaseId, Codename, GrantId, Lane, NoticeId, StaffId, Timestamp};
use flare_messaging::Received;
use flare_store::{Database, Error, Page, Record, Row, Tx, sql};

use crate::domain::{Ask, Audience, Facts, GrantFacts, Member, Settle, Subject};

pub(crate) use messages::{
    Message, broker_is_back, claim_messages, due_queues, has_due_messages, has_open_messages, insert_message,
    message_done, message_waits, need_queue, queue_failed, queue_lost, queue_made,
};

/// A notice as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) id: NoticeId,
    pub(crate) lane: Lane,
    pub(crate) case: CaseId,
    /// The name of the case, once it was told.
    pub(crate) codename: Option<Codename>,
    pub(crate) grant: Option<GrantId>,
    pub(crate) ask: String,
    pub(crate) due: Option<Timestamp>,
    pub(crate) raised: Timestamp,
}

/// A notice to store, of one person.
pub(crate) struct NewNotice<'a> {
    pub(crate) id: NoticeId,
    pub(crate) event_id: &'a str,
    pub(crate) staff: StaffId,
    pub(crate) lane: Lane,
    pub(crate) subject: Subject,
    pub(crate) ask: Ask,
    pub(crate) about: &'a str,
    pub(crate) audience: &'a Audience,
    pub(crate) due: Option<Timestamp>,
}

/// A notice that only somebody without access had.
pub(crate) struct Orphan {
    pub(crate) id: NoticeId,
    pub(crate) lane: Lane,
    pub(crate) subject: Subject,
    pub(crate) ask: Ask,
    pub(crate) about: String,
    pub(crate) audience: Audience,
    pub(crate) due: Option<Timestamp>,
}

/// The ask under which everything about a thing is settled.
const EVERYTHING: &str = "*";

fn lane(row: &Row) -> Result<Lane, Error> {
    row.number("lane", Lane::from_i64)
}

fn roles(row: &Row) -> Result<Roles, Error> {
    row.number("roles", Roles::from_bits)
}

fn notice(row: &Row) -> Result<Notice, Error> {
    Ok(Notice {
        id: row.id("notice_id")?,
        lane: lane(row)?,
        case: row.id("case_id")?,
        codename: row.parse_or_null("codename")?,
        grant: row.id_or_null("grant_id")?,
        ask: row.text("ask")?,
        due: row.timestamp_or_null("due")?,
        raised: row.timestamp("raised")?,
    })
}

/// Notes what identity tells of a person. `active` is left as it is when nothing is said about it.
pub(crate) async fn put_member(
    tx: &mut Tx,
    id: StaffId,
    roles: Roles,
    active: Option<bool>,
) -> Result<(), Error> {
    let member = Record::of("directory").key("staff_id", id).set("roles", roles.bits());
    let member = match active {
        Some(active) => member.set("active", active),
        None => member.first("active", false),
    };
    member.save(tx).await
}

/// Notes that a person has no access any more.
pub(crate) async fn disable_member(tx: &mut Tx, id: StaffId) -> Result<(), Error> {
    Record::of("directory").key("staff_id", id).set("active", false).update(tx).await.map(drop)
}

/// The cases in which a person has open notices.
pub(crate) async fn cases_with_notices_of(tx: &mut Tx, id: StaffId) -> Result<Vec<CaseId>, Error> {
    let query = sql("SELECT DISTINCT case_id FROM notices WHERE staff_id = $1 AND settled_at IS NULL");
    tx.fetch_all(query.bind(id.to_string())).await?.iter().map(|row| row.id("case_id")).collect()
}

/// Takes a person's open notices away, read or not, and gives those that nobody else has.
pub(crate) async fn orphan_notices_of(tx: &mut Tx, id: StaffId) -> Result<Vec<Orphan>, Error> {
    let rows = tx
        .fetch_all(
            sql("SELECT n.notice_id, n.lane, n.case_id, n.grant_id, n.ask, n.about, n.audience, n.due FROM notices n \
                 WHERE n.staff_id = $1 AND n.settled_at IS NULL AND NOT EXISTS (SELECT 1 FROM notices o \
                 WHERE o.about = n.about AND o.ask = n.ask AND o.settled_at IS NULL AND o.staff_id <> n.staff_id) \
                 ORDER BY n.lane, n.raised, n.notice_id")
            .bind(id.to_string()),
        )
        .await?;
    let taken = sql("UPDATE notices SET settled_at = $2 WHERE staff_id = $1 AND settled_at IS NULL")
        .bind(id.to_string())
        .bind(tx.now().as_micros());
    tx.execute(taken).await?;
    rows.iter().map(orphan).collect()
}

fn orphan(row: &Row) -> Result<Orphan, Error> {
    Ok(Orphan {
        id: row.id("notice_id")?,
        lane: lane(row)?,
        subject: Subject { case: row.id("case_id")?, grant: row.id_or_null("grant_id")? },
        ask: row.parse("ask")?,
        about: row.text("about")?,
        audience: row.word("audience", Audience::of_code)?,
        due: row.timestamp_or_null("due")?,
    })
}

/// A person as the directory has them, if they have access.
pub(crate) async fn member(tx: &mut Tx, id: StaffId) -> Result<Option<Member>, Error> {
    let query = sql("SELECT roles FROM directory WHERE staff_id = $1 AND active = 1").bind(id.to_string());
    let Some(row) = tx.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some(Member { id, roles: roles(&row)? }))
}

/// Everyone who has access.
pub(crate) async fn directory(tx: &mut Tx) -> Result<Vec<Member>, Error> {
    let rows =
        tx.fetch_all(sql("SELECT staff_id, roles FROM directory WHERE active = 1 ORDER BY staff_id")).await?;
    rows.iter().map(|row| Ok(Member { id: row.id("staff_id")?, roles: roles(row)? })).collect()
}

/// What is known of a case, and of a grant if the event is about one.
pub(crate) async fn facts(tx: &mut Tx, subject: Subject) -> Result<Facts, Error> {
    let mut facts = Facts::default();
    let case = sql("SELECT codename, lane, owner FROM cases WHERE case_id = $1");
    if let Some(row) = tx.fetch_optional(case.bind(subject.case.to_string())).await? {
        facts.codename = row.parse_or_null("codename")?;
        facts.lane = row.number_or_null("lane", Lane::from_i64)?;
        facts.owner = row.id_or_null("owner")?;
    }
    if let Some(grant) = subject.grant {
        let grant = sql("SELECT proposer, active FROM grants WHERE grant_id = $1").bind(grant.to_string());
        if let Some(row) = tx.fetch_optional(grant).await? {
            facts.grant = Some(GrantFacts { proposer: row.id("proposer")?, active: row.flag("active")? });
        }
    }
    Ok(facts)
}

/// Stores what is known, as far as it changed.
pub(crate) async fn put_facts(
    tx: &mut Tx,
    subject: Subject,
    before: &Facts,
    facts: &Facts,
) -> Result<(), Error> {
    if (&before.codename, before.lane, before.owner) != (&facts.codename, facts.lane, facts.owner) {
        Record::of("cases")
            .key("case_id", subject.case)
            .set("codename", facts.codename.as_ref().map(Codename::as_str))
            .set("lane", facts.lane)
            .set("owner", facts.owner)
            .save(tx)
            .await?;
    }
    if let (Some(grant), Some(known)) = (subject.grant, facts.grant)
        && before.grant != facts.grant
    {
        let grant = Record::of("grants").key("grant_id", grant);
        grant.set("proposer", known.proposer).set("active", known.active).save(tx).await?;
    }
    // A case that became more pressing takes its open notices along.
    if let (Some(old), Some(new)) = (before.lane, facts.lane)
        && old != new
    {
        tx.execute(
            sql("UPDATE notices SET lane = $2 WHERE case_id = $1 AND settled_at IS NULL")
                .bind(subject.case.to_string())
                .bind(new.as_i64()),
        )
        .await?;
    }
    Ok(())
}

/// Settles open notices, and remembers when, for events that are older and still to come.
pub(crate) async fn settle(tx: &mut Tx, what: &Settle, by: &Received) -> Result<(), Error> {
    let now = tx.now().as_micros();
    let (query, remembered) = match what {
        Settle::Asked(ask, about) => (
            sql("UPDATE notices SET settled_at = $3 WHERE about = $1 AND ask = $2 AND settled_at IS NULL")
                .bind(about.clone())
                .bind(ask.as_str())
                .bind(now),
            Some((about.clone(), ask.as_str())),
        ),
        // Its notice is raised by an event of the same stream, so none that is older can come.
        Settle::AskedOf(ask, about, staff) => (
            sql("UPDATE notices SET settled_at = $4 \
                 WHERE about = $1 AND ask = $2 AND staff_id = $3 AND settled_at IS NULL")
            .bind(about.clone())
            .bind(ask.as_str())
            .bind(staff.to_string())
            .bind(now),
            None,
        ),
        Settle::Grant(grant) => (
            sql("UPDATE notices SET settled_at = $2 WHERE grant_id = $1 AND settled_at IS NULL")
                .bind(grant.to_string())
                .bind(now),
            Some((grant.to_string(), EVERYTHING)),
        ),
        Settle::Case(case) => (
            sql("UPDATE notices SET settled_at = $2 WHERE case_id = $1 AND settled_at IS NULL")
                .bind(case.to_string())
                .bind(now),
            Some((case.to_string(), EVERYTHING)),
        ),
    };
    tx.execute(query).await?;
    let Some((about, ask)) = remembered else { return Ok(()) };
    tx.execute(
        sql("INSERT INTO settlements (about, ask, producer, stream, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (about, ask, producer, stream) DO UPDATE SET at = $5 WHERE settlements.at < $5")
        .bind(about)
        .bind(ask)
        .bind(by.producer.as_str())
        .bind(by.stream.clone())
        .bind(by.at.as_micros()),
    )
    .await
    .map(drop)
}

/// When an ask about a thing was last settled, by itself or with its grant or case, by an event of another stream than
/// this one's.
pub(crate) async fn settled(
    tx: &mut Tx,
    received: &Received,
    subject: Subject,
    ask: Ask,
    about: &str,
) -> Result<Option<Timestamp>, Error> {
    let row = tx
        .fetch_one(
            sql("SELECT MAX(at) AS at FROM settlements \
                 WHERE ((about = $1 AND ask = $2) OR (about = $3 AND ask = '*') OR (about = $4 AND ask = '*')) \
                 AND NOT (producer = $5 AND stream = $6)")
            .bind(about.to_owned())
            .bind(ask.as_str())
            .bind(subject.case.to_string())
            .bind(subject.grant.map(|grant| grant.to_string()).unwrap_or_default())
            .bind(received.producer.as_str())
            .bind(received.stream.clone()),
        )
        .await?;
    row.timestamp_or_null("at")
}

/// Stores notices, one for each event and person; gives the ids of those that are new.
pub(crate) async fn insert_notices(
    tx: &mut Tx,
    notices: &[NewNotice<'_>],
) -> Result<HashSet<NoticeId>, Error> {
    let raised = tx.now();
    let row = |notice: &NewNotice<'_>| {
        Record::of("notices")
            .key("event_id", notice.event_id)
            .key("staff_id", notice.staff)
            .set("notice_id", notice.id)
            .set("lane", notice.lane)
            .set("case_id", notice.subject.case)
            .set("grant_id", notice.subject.grant)
            .set("about", notice.about)
            .set("ask", notice.ask.as_str())
            .set("due", notice.due)
            .set("raised", raised)
            .set("audience", notice.audience.code())
    };
    let inserted = tx.insert_new(notices.iter().map(row).collect(), "notice_id").await?;
    inserted.iter().map(|row| row.id("notice_id")).collect()
}

/// A macro, so that the test of its plan explains the very statement.
macro_rules! page_of_inbox {
    () => {
        "SELECT n.notice_id, n.lane, n.case_id, c.codename, n.grant_id, n.ask, n.due, n.raised \
         FROM notices n LEFT JOIN cases c ON c.case_id = n.case_id \
         WHERE n.staff_id = $1 AND n.read_at IS NULL AND n.settled_at IS NULL \
         AND (n.lane, n.raised, n.notice_id) > ($2, $3, $4) \
         ORDER BY n.lane, n.raised, n.notice_id LIMIT $5"
    };
}

/// How to ask each engine for the plan.
#[cfg(test)]
pub(crate) const PLAN_OF_INBOX: (&str, &str) =
    (concat!("EXPLAIN QUERY PLAN ", page_of_inbox!()), concat!("EXPLAIN ", page_of_inbox!()));

/// The place of a notice in an inbox: lane, when raised, id.
pub(crate) type InboxPlace = (i64, i64, String);

/// A page of a person's open notices: critical first, then oldest.
pub(crate) async fn page_of_inbox(
    database: &Database,
    staff: StaffId,
    page: &Page<InboxPlace>,
) -> Result<Vec<(InboxPlace, Notice)>, Error> {
    let (lane, raised, id) = page.after().clone();
    let query = sql(page_of_inbox!()).bind(staff.to_string()).bind(lane).bind(raised).bind(id);
    let placed = |row: &Row| {
        let notice = notice(row)?;
        Ok(((notice.lane.as_i64(), notice.raised.as_micros(), notice.id.to_string()), notice))
    };
    database.fetch_all(query.bind(page.limit())).await?.iter().map(placed).collect()
}

/// The case and lane of a person's own notice.
pub(crate) async fn own_notice(
    tx: &mut Tx,
    id: NoticeId,
    staff: StaffId,
) -> Result<Option<(CaseId, Lane)>, Error> {
    let query = sql("SELECT case_id, lane FROM notices WHERE notice_id = $1 AND staff_id = $2")
        .bind(id.to_string())
        .bind(staff.to_string());
    let Some(row) = tx.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some((row.id("case_id")?, lane(&row)?)))
}

/// Marks a notice as read; says whether it was not yet.
pub(crate) async fn mark_read(tx: &mut Tx, id: NoticeId) -> Result<bool, Error> {
    let query = sql("UPDATE notices SET read_at = $2 WHERE notice_id = $1 AND read_at IS NULL")
        .bind(id.to_string())
        .bind(tx.now().as_micros());
    Ok(tx.execute(query).await? == 1)
}
