//! The queue: pages of it in its order, and how many rows of it wait for whom.

use std::cmp::Ordering;

use flare_kernel::{Lane, StaffId, Timestamp};
use flare_store::{Error, Page, Reads, Row, sql};

use super::cases::{columns, from_row};
use crate::domain::{Case, WaitsFor};

/// The rows that wait for somebody are counted up to so many.
const MOST_COUNTED: i64 = 1_000;

/// The rows of one lane that stand together in a lane of the queue, after a place there.
macro_rules! stretch {
    ($queue_lane:literal, $rows:literal, $place:literal, $owner:literal) => {
        concat!(
            "SELECT * FROM (SELECT CAST(",
            $queue_lane,
            " AS BIGINT) AS queue_lane, c.queue_due, ",
            columns!(),
            " FROM cases c WHERE c.in_queue = 1 AND c.waits_for = $3",
            $owner,
            " AND ",
            $rows,
            " AND (c.queue_due, c.submitted, c.case_id) > (",
            $place,
            ") ORDER BY c.queue_due, c.submitted, c.case_id LIMIT $2) AS stretch"
        )
    };
}

/// The queue as of $1: what is overdue then stands a lane higher, if there is one. Each stretch is read in the order of the
/// index, for no more than a page, and at most five pages of rows are sorted into one. The place after which a stretch that
/// is not overdue begins is never before $1.
macro_rules! queue {
    ($owner:literal) => {
        concat!(
            stretch!("1", "c.lane = 1", "$4, $5, $6", $owner),
            " UNION ALL ",
            stretch!("1", "c.lane = 2 AND c.queue_due <= $1", "$4, $5, $6", $owner),
            " UNION ALL ",
            stretch!("2", "c.lane = 2", "$7, $8, $9", $owner),
            " UNION ALL ",
            stretch!("2", "c.lane = 3 AND c.queue_due <= $1", "$10, $11, $12", $owner),
            " UNION ALL ",
            stretch!("3", "c.lane = 3", "$13, $14, $15", $owner),
            " ORDER BY queue_lane, queue_due, submitted, case_id LIMIT $2"
        )
    };
}

/// The queue after a place.
pub(crate) const LIST_QUEUE: &str = queue!("");

/// One owner's part of the queue after a place.
pub(crate) const LIST_OF_OWNER: &str = queue!(" AND c.owner = $16");

macro_rules! counted {
    ($waits_for:literal, $owner:literal) => {
        // The order is the index's own: so it is walked, and the table left alone.
        concat!(
            "SELECT '",
            $waits_for,
            "' AS waits_for, CAST(COUNT(*) AS BIGINT) AS cases FROM (\
                 SELECT c.case_id FROM cases c WHERE c.in_queue = 1 AND c.waits_for = '",
            $waits_for,
            "'",
            $owner,
            " ORDER BY c.lane, c.queue_due LIMIT $1) AS counted"
        )
    };
}

macro_rules! counts {
    ($owner:literal) => {
        concat!(
            counted!("us", $owner),
            " UNION ALL ",
            counted!("requester", $owner),
            " UNION ALL ",
            counted!("votes", $owner),
            " UNION ALL ",
            counted!("referral", $owner),
            " UNION ALL ",
            counted!("grant", $owner)
        )
    };
}

/// How many rows of the queue wait for whom.
pub(crate) const COUNT_QUEUE: &str = counts!("");

/// The same of one owner's part.
pub(crate) const COUNT_OF_OWNER: &str = counts!(" AND c.owner = $2");

/// A place in the queue: as of when, and in the order of then lane, due time, time of submission and case.
pub(crate) type PagePlace = (i64, i64, i64, i64, String);

/// As of when the pages of a list are in order, once its first was asked for.
pub(crate) fn as_of(page: &Page<PagePlace>) -> Option<Timestamp> {
    let (as_of, ..) = page.after();
    (*as_of > 0).then(|| Timestamp::from_micros(*as_of))
}

/// A page of the queue, or of one owner's part of it, in its order as of an instant.
pub(crate) async fn page_of_queue(
    reads: &mut impl Reads,
    (owner, waits_for): (Option<StaffId>, WaitsFor),
    page: &Page<PagePlace>,
    as_of: Timestamp,
) -> Result<Vec<(PagePlace, Case)>, Error> {
    let list = if owner.is_some() { LIST_OF_OWNER } else { LIST_QUEUE };
    let mut query = sql(list).bind(as_of.as_micros()).bind(page.limit()).bind(waits_for.as_str());
    for (due, submitted, case) in begins(page.after(), as_of) {
        query = query.bind(due).bind(submitted).bind(case);
    }
    if let Some(owner) = owner {
        query = query.bind(owner.to_string());
    }
    let placed = |row: &Row| {
        let case = from_row(row)?;
        let place = case.place(as_of);
        let place = (
            as_of.as_micros(),
            place.lane.as_i64(),
            place.due.as_micros(),
            place.submitted.as_micros(),
            place.case.to_string(),
        );
        Ok((place, case))
    };
    reads.rows(query).await?.iter().map(placed).collect()
}

/// Where in a lane of the queue a stretch begins: after a due time, a time of submission and a case.
type Begin = (i64, i64, String);

/// Where the stretches of the queue begin after a place: of the critical lane all that stands there, of each other lane what
/// is not overdue, and of the urgent one then what is overdue of the standard one.
fn begins((_, lane, due, submitted, case): &PagePlace, as_of: Timestamp) -> [Begin; 4] {
    let begin = |of: Lane| match of.as_i64().cmp(lane) {
        // The place is in a later lane: nothing is left of this one.
        Ordering::Less => (i64::MAX, i64::MAX, String::new()),
        Ordering::Equal => (*due, *submitted, case.clone()),
        Ordering::Greater => Begin::default(),
    };
    let not_overdue = |of| begin(of).max((as_of.as_micros(), i64::MAX, String::new()));
    [begin(Lane::Critical), not_overdue(Lane::Urgent), begin(Lane::Urgent), not_overdue(Lane::Standard)]
}

/// How many rows of the queue, or of one owner's part of it, wait for whom.
pub(crate) async fn queue_counts(
    reads: &mut impl Reads,
    owner: Option<StaffId>,
) -> Result<Vec<(WaitsFor, i64)>, Error> {
    let query = match owner {
        None => sql(COUNT_QUEUE).bind(MOST_COUNTED),
        Some(owner) => sql(COUNT_OF_OWNER).bind(MOST_COUNTED).bind(owner.to_string()),
    };
    let rows = reads.rows(query).await?;
    rows.iter().map(|row| Ok((row.parse("waits_for")?, row.int("cases")?))).collect()
}
