//! Requests.

use flare_contracts::{
    common::v1::{Mode, Trigger},
    input,
    intake::v1::{Channel, ConsentState, Danger, DangerAnswer, Purpose, RequesterKind},
};
use flare_kernel::{CaseId, Lane, StaffId, Timestamp};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

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
    Record::of("requests")
        .key("case_id", request.case)
        .set("channel", request.channel.as_str_name())
        .set("received", request.received)
        .set("lane_hint", listing.lane_hint)
        .set("language", listing.language.to_string())
        .set("kind", listing.kind.as_str_name())
        .set("on_behalf", listing.on_behalf)
        .set("mode", listing.mode.as_str_name())
        .set("set_off_by", listing.trigger.as_str_name())
        .set("danger", listing.danger.as_str_name())
        .set("content", request.content)
        .insert(tx)
        .await?;
    let consent = |(purpose, state): &(Purpose, ConsentState)| {
        let consent = Record::of("consents").key("case_id", request.case);
        consent.key("purpose", purpose.as_str_name()).set("state", state.as_str_name())
    };
    tx.insert(listing.consents.iter().map(consent).collect()).await
}

pub(crate) async fn find(reads: &mut impl Reads, case: CaseId) -> Result<Option<Request>, Error> {
    let request = reads
        .row(
            sql("SELECT channel, received, lane_hint, language, kind, on_behalf, mode, set_off_by, danger, content \
                 FROM requests WHERE case_id = $1")
            .bind(case.to_string()),
        )
        .await?;
    let Some(row) = request else { return Ok(None) };
    let consents = reads
        .rows(
            sql("SELECT purpose, state FROM consents WHERE case_id = $1 ORDER BY purpose")
                .bind(case.to_string()),
        )
        .await?;
    Ok(Some(Request {
        case,
        channel: row.word("channel", Channel::from_str_name)?,
        received: row.timestamp("received")?,
        content: row.array("content")?,
        listing: Listing {
            lane_hint: row.number("lane_hint", Lane::from_i64)?,
            language: row.parse("language")?,
            kind: row.word("kind", RequesterKind::from_str_name)?,
            on_behalf: row.flag("on_behalf")?,
            consents: consents.iter().map(consent).collect::<Result<_, _>>()?,
            mode: row.word("mode", Mode::from_str_name)?,
            trigger: row.word("set_off_by", Trigger::from_str_name)?,
            danger: row.word("danger", Danger::from_str_name)?,
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
    Record::of("later_danger")
        .key("case_id", case)
        .key("seq", seq)
        .set("danger", danger.as_str_name())
        .set("author", author.name())
        .set("at", tx.now())
        .insert(tx)
        .await
}

/// What was said of danger after the request was sent, oldest first.
pub(crate) async fn later_danger(reads: &mut impl Reads, case: CaseId) -> Result<Vec<DangerAnswer>, Error> {
    let query = sql("SELECT danger, author, at FROM later_danger WHERE case_id = $1 ORDER BY seq");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    let answer = |row: &Row| {
        Ok(DangerAnswer {
            danger: row.word("danger", Danger::from_str_name)?.into(),
            author: row.text("author")?,
            at: Some(input::timestamp_out(row.timestamp("at")?)),
        })
    };
    rows.iter().map(answer).collect()
}

/// Whether there is such a case.
pub(crate) async fn exists(reads: &mut impl Reads, case: CaseId) -> Result<bool, Error> {
    let row =
        reads.row(sql("SELECT case_id FROM requests WHERE case_id = $1").bind(case.to_string())).await?;
    Ok(row.is_some())
}

/// The number of the last event in a case's history.
pub(crate) async fn version(reads: &mut impl Reads, case: CaseId) -> Result<i64, Error> {
    let row = reads.row(sql("SELECT seq FROM streams WHERE stream = $1").bind(case.to_string())).await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// Keeps an id that was drawn for whoever is about to open a case.
pub(crate) async fn reserve(tx: &mut Tx, case: CaseId, staff: StaffId) -> Result<(), Error> {
    let reserved = Record::of("reserved_cases").key("case_id", case).set("staff_id", staff);
    reserved.set("at", tx.now()).insert(tx).await
}

/// Whom an id was drawn for.
pub(crate) async fn reserved_for(reads: &mut impl Reads, case: CaseId) -> Result<Option<StaffId>, Error> {
    let reserved = sql("SELECT staff_id FROM reserved_cases WHERE case_id = $1");
    reads.row(reserved.bind(case.to_string())).await?.map(|row| row.id("staff_id")).transpose()
}

fn consent(row: &Row) -> Result<(Purpose, ConsentState), Error> {
    Ok((row.word("purpose", Purpose::from_str_name)?, row.word("state", ConsentState::from_str_name)?))
}
