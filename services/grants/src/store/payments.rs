//! The rows of a grant's money: reservations, advance, payments, and what was unspent.

use flare_contracts::codes;
use flare_kernel::{Currency, GrantId, Money};
use flare_store::{Error, Reads, Record, Tx, sql};

use crate::domain::{Advance, Closing, Grant, NewClose, Reservation, Tranche};

pub(super) async fn put_reservation(
    tx: &mut Tx,
    grant: GrantId,
    place: usize,
    reservation: &Reservation,
) -> Result<(), Error> {
    Record::of("reservations")
        .key("grant_id", grant)
        .key("number", place_number(place)?)
        .first("fund", reservation.fund.clone())
        .first("currency", reservation.amount.currency().code())
        .first("amount", reservation.amount.minor())
        .first("reserved_by", reservation.by)
        .first("reserved_at", reservation.at)
        .set("released", reservation.released)
        .save(tx)
        .await
}

pub(super) async fn reservations(reads: &mut impl Reads, grant: GrantId) -> Result<Vec<Reservation>, Error> {
    let query = sql("SELECT fund, currency, amount, reserved_by, reserved_at, released FROM reservations \
                     WHERE grant_id = $1 ORDER BY number");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            Ok(Reservation {
                fund: row.text("fund")?,
                amount: row.money("amount")?,
                by: row.id("reserved_by")?,
                at: row.timestamp("reserved_at")?,
                released: row.flag("released")?,
            })
        })
        .collect()
}

pub(super) async fn save_advance(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let Some(advance) = grant.advance else {
        let query = sql("DELETE FROM advances WHERE grant_id = $1").bind(grant.id.to_string());
        return tx.execute(query).await.map(drop);
    };
    Record::of("advances")
        .key("grant_id", grant.id)
        .first("proposer", grant.proposer)
        .set("amount", advance.amount.minor())
        .set("first_by", advance.first)
        .set("second_by", advance.second)
        .set("used", grant.advance_used().minor())
        .save(tx)
        .await
}

pub(super) async fn advance(
    reads: &mut impl Reads,
    grant: GrantId,
    currency: Currency,
) -> Result<Option<Advance>, Error> {
    let query = sql("SELECT amount, first_by, second_by FROM advances WHERE grant_id = $1");
    let Some(row) = reads.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let (first, second) = (row.id("first_by")?, row.id_or_null("second_by")?);
    Ok(Some(Advance { amount: row.amount("amount", currency)?, first, second }))
}

pub(super) async fn put_tranche(
    tx: &mut Tx,
    grant: &Grant,
    place: usize,
    tranche: &Tranche,
    before: Option<&Grant>,
) -> Result<(), Error> {
    let (write_off_by, write_off_reason) = tranche.write_off.unzip();
    let row = Record::of("tranches")
        .key("tranche_id", tranche.id)
        .first("grant_id", grant.id)
        .first("proposer", grant.proposer)
        .first("number", place_number(place)?)
        .first("currency", tranche.amount.currency().code())
        .first("amount", tranche.amount.minor())
        .first("due", tranche.due)
        .first("advance", tranche.advance)
        .set("state", tranche.state.as_str())
        .set("released_by", tranche.released_by)
        .set("sent_at", tranche.sent)
        .set("arrival_next", tranche.arrival_next)
        .set("arrived", tranche.arrived.map(Money::minor))
        .set("write_off_by", write_off_by)
        .set("write_off_reason", write_off_reason)
        .set("lost_by", tranche.lost_by)
        .set("returned_by", tranche.returned_by);
    // A new one never takes the place of another grant's.
    if before.is_none_or(|before| before.tranches.len() < place) {
        row.insert(tx).await
    } else {
        row.update(tx).await.map(drop)
    }
}

pub(super) async fn tranches(reads: &mut impl Reads, grant: GrantId) -> Result<Vec<Tranche>, Error> {
    let query =
        sql("SELECT tranche_id, currency, amount, due, advance, state, released_by, sent_at, arrival_next, \
                         arrived, write_off_by, write_off_reason, lost_by, returned_by \
                     FROM tranches WHERE grant_id = $1 ORDER BY number");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            let amount = row.money("amount")?;
            let in_currency = |minor| Money::new(amount.currency(), minor);
            let reason = row.code_or_null("write_off_reason", codes::WHY_WRITTEN_OFF)?;
            Ok(Tranche {
                id: row.id("tranche_id")?,
                amount,
                due: row.parse("due")?,
                advance: row.flag("advance")?,
                state: row.parse("state")?,
                released_by: row.id_or_null("released_by")?,
                sent: row.timestamp_or_null("sent_at")?,
                arrival_next: row.timestamp_or_null("arrival_next")?,
                arrived: row.number_or_null("arrived", in_currency)?,
                write_off: row.id_or_null("write_off_by")?.zip(reason),
                lost_by: row.id_or_null("lost_by")?,
                returned_by: row.id_or_null("returned_by")?,
            })
        })
        .collect()
}

pub(super) async fn save_closing(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let Some(closing) = grant.closing else { return Ok(()) };
    Record::of("closings")
        .key("grant_id", grant.id)
        .set("outcome", closing.close.outcome)
        .set("unspent", closing.close.unspent.minor())
        .set("light", closing.light)
        .set("proposed_by", closing.by)
        .set("confirmed_by", closing.confirmed_by)
        .save(tx)
        .await
}

pub(super) async fn closing(
    reads: &mut impl Reads,
    grant: GrantId,
    currency: Currency,
) -> Result<Option<Closing>, Error> {
    let query =
        sql("SELECT outcome, unspent, light, proposed_by, confirmed_by FROM closings WHERE grant_id = $1");
    let Some(row) = reads.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let outcome = row.code("outcome", codes::OUTCOMES)?;
    let close = NewClose { outcome, unspent: row.amount("unspent", currency)? };
    let (by, confirmed_by) = (row.id("proposed_by")?, row.id_or_null("confirmed_by")?);
    Ok(Some(Closing { close, light: row.flag("light")?, by, confirmed_by }))
}

fn place_number(place: usize) -> Result<i64, Error> {
    i64::try_from(place).map_err(|_| Error::Corrupt("number".to_owned()))
}
