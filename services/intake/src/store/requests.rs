//! Requests.

use flare_contracts::{
    common::v1::{Mode, Trigger},
    input,
    intake::v1::{Channel, ConsentState, Danger, DangerAnswer, Purpose, RequesterKind},
};
use flare_kernel::{CaseId, Lane, StaffId, Timestamp};
use flare_store::{Error, Row, Tx, Value, sql};

use super::{Reads, wire};
use crate::{author::Author, domain::listing::Listing};

/// A request, without its answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) case: CaseId,
    pub(crate) channel: Channel,
    pub(crate) received: Timestamp,
    pub(crate) listing: Listing,
    /// What was sent first, without what sealing draws afresh.
    pub(crate) content: [u8; 32],
}

pub(crate) async fn insert(tx: &mut Tx, request: &Request) -> Result<(), Error> {
    let listing = &request.listing;
    tx.execute(
        sql("INSERT INTO requests (case_id, channel, received, lane_hint, language, kind, on_behalf, mode, set_off_by, \
             danger, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(request.case.to_string())
        .bind(request.channel.as_str_name())
        .bind(request.received.as_micros())
        .bind(listing.lane_hint.as_i64())
        .bind(listing.language.to_string())
        .bind(listing.kind.as_str_name())
        .bind(i64::from(listing.on_behalf))
        .bind(listing.mode.as_str_name())
        .bind(listing.trigger.as_str_name())
        .bind(listing.danger.as_str_name())
        .bind(request.content.to_vec()),
    )
    .await?;
    let consents: Vec<[Value; 3]> = listing
        .consents
        .iter()
        .map(|(purpose, state)| {
            [request.case.to_string().into(), purpose.as_str_name().into(), state.as_str_name().into()]
        })
        .collect();
    tx.insert("consents (case_id, purpose, state)", &consents).await
}

pub(crate) async fn find(reads: &mut impl Reads, case: CaseId) -> Result<Option<Request>, Error> {
    let request = reads
        .one(
            sql("SELECT channel, received, lane_hint, language, kind, on_behalf, mode, set_off_by, danger, content \
                 FROM requests WHERE case_id = $1")
            .bind(case.to_string()),
        )
        .await?;
    let Some(row) = request else { return Ok(None) };
    let consents = reads
        .all(
            sql("SELECT purpose, state FROM consents WHERE case_id = $1 ORDER BY purpose")
                .bind(case.to_string()),
        )
        .await?;
    Ok(Some(Request {
        case,
        channel: wire(&row, "channel", Channel::from_str_name)?,
        received: row.timestamp("received")?,
        content: row.array("content")?,
        listing: Listing {
            lane_hint: lane(&row, "lane_hint")?,
            language: row.parse("language")?,
            kind: wire(&row, "kind", RequesterKind::from_str_name)?,
            on_behalf: row.flag("on_behalf")?,
            consents: consents.iter().map(consent).collect::<Result<_, _>>()?,
            mode: wire(&row, "mode", Mode::from_str_name)?,
            trigger: wire(&row, "set_off_by", Trigger::from_str_name)?,
            danger: wire(&row, "danger", Danger::from_str_name)?,
        },
    }))
}

/// Keeps what is said of danger now beside what was said before. `seq` numbers the event it is said with.
pub(crate) async fn add_danger(
    tx: &mut Tx,
    case: CaseId,
    (seq, author): (i64, &Author),
    danger: Danger,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO later_danger (case_id, seq, danger, author, at) VALUES ($1, $2, $3, $4, $5)")
            .bind(case.to_string())
            .bind(seq)
            .bind(danger.as_str_name())
            .bind(author.name())
            .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// What was said of danger after the request was sent, oldest first.
pub(crate) async fn later_danger(reads: &mut impl Reads, case: CaseId) -> Result<Vec<DangerAnswer>, Error> {
    let query = sql("SELECT danger, author, at FROM later_danger WHERE case_id = $1 ORDER BY seq");
    let rows = reads.all(query.bind(case.to_string())).await?;
    let answer = |row: &Row| {
        Ok(DangerAnswer {
            danger: wire(row, "danger", Danger::from_str_name)?.into(),
            author: row.text("author")?,
            at: Some(input::timestamp_out(row.timestamp("at")?)),
        })
    };
    rows.iter().map(answer).collect()
}

/// Whether there is such a case.
pub(crate) async fn exists(reads: &mut impl Reads, case: CaseId) -> Result<bool, Error> {
    let row =
        reads.one(sql("SELECT case_id FROM requests WHERE case_id = $1").bind(case.to_string())).await?;
    Ok(row.is_some())
}

/// The number of the last event in a case's history.
pub(crate) async fn version(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let row = reads.one(sql("SELECT seq FROM streams WHERE stream = $1").bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// Keeps an id that was drawn for whoever is about to open a case.
pub(crate) async fn reserve(tx: &mut Tx, case: CaseId, staff: StaffId) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO reserved_cases (case_id, staff_id, at) VALUES ($1, $2, $3)")
            .bind(case.to_string())
            .bind(staff.to_string())
            .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Whom an id was drawn for.
pub(crate) async fn reserved_for(reads: &mut impl Reads, case: CaseId) -> Result<Option<StaffId>, Error> {
    let reserved = sql("SELECT staff_id FROM reserved_cases WHERE case_id = $1");
    reads.one(reserved.bind(case.to_string())).await?.map(|row| row.id("staff_id")).transpose()
}

fn consent(row: &Row) -> Result<(Purpose, ConsentState), Error> {
    Ok((wire(row, "purpose", Purpose::from_str_name)?, wire(row, "state", ConsentState::from_str_name)?))
}

/// A lane's column.
pub(crate) fn lane(row: &Row, column: &str) -> Result<Lane, Error> {
    Lane::from_i64(row.int(column)?).map_err(|_| Error::Corrupt(column.to_owned()))
}
