//! The rows of a grant's money: reservations, advance, payments, and what was unspent.

use flare_kernel::{Currency, GrantId, Money};
use flare_store::{Error, Tx, sql};

use super::{
    Read,
    read::{code, corrupt, id, instant, micros, money, text},
};
use crate::domain::{
    Advance, CLOSE_OUTCOMES, Closing, Grant, NewClose, Reservation, Tranche, WRITE_OFF_REASONS,
};

pub(super) async fn put_reservation(
    tx: &mut Tx,
    grant: GrantId,
    place: usize,
    reservation: &Reservation,
) -> Result<(), Error> {
    let query = sql("INSERT INTO reservations \
                         (grant_id, number, fund, currency, amount, reserved_by, reserved_at, released) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (grant_id, number) DO UPDATE SET released = excluded.released");
    tx.execute(
        query
            .bind(grant.to_string())
            .bind(place_number(place)?)
            .bind(reservation.fund.clone())
            .bind(reservation.amount.currency().code())
            .bind(reservation.amount.minor())
            .bind(reservation.by.to_string())
            .bind(reservation.at.as_micros())
            .bind(i64::from(reservation.released)),
    )
    .await
    .map(drop)
}

pub(super) async fn reservations(read: &mut impl Read, grant: GrantId) -> Result<Vec<Reservation>, Error> {
    let query = sql("SELECT fund, currency, amount, reserved_by, reserved_at, released FROM reservations \
                     WHERE grant_id = $1 ORDER BY number");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            Ok(Reservation {
                fund: row.text("fund")?,
                amount: money(row, "amount", row.parse("currency")?)?,
                by: row.id("reserved_by")?,
                at: row.timestamp("reserved_at")?,
                released: row.flag("released")?,
            })
        })
        .collect()
}

pub(super) async fn save_advance(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let id = grant.id.to_string();
    let Some(advance) = grant.advance else {
        return tx.execute(sql("DELETE FROM advances WHERE grant_id = $1").bind(id)).await.map(drop);
    };
    let query = sql("INSERT INTO advances (grant_id, proposer, amount, first_by, second_by, used) \
                     VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (grant_id) DO UPDATE SET amount = excluded.amount, first_by = excluded.first_by, \
                         second_by = excluded.second_by, used = excluded.used");
    tx.execute(
        query
            .bind(id)
            .bind(grant.proposer.to_string())
            .bind(advance.amount.minor())
            .bind(advance.first.to_string())
            .bind(text(advance.second))
            .bind(grant.advance_used().minor()),
    )
    .await
    .map(drop)
}

pub(super) async fn advance(
    read: &mut impl Read,
    grant: GrantId,
    currency: Currency,
) -> Result<Option<Advance>, Error> {
    let query = sql("SELECT amount, first_by, second_by FROM advances WHERE grant_id = $1");
    let Some(row) = read.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let amount = money(&row, "amount", currency)?;
    Ok(Some(Advance { amount, first: row.id("first_by")?, second: id(&row, "second_by")? }))
}

pub(super) async fn put_tranche(
    tx: &mut Tx,
    grant: &Grant,
    place: usize,
    tranche: &Tranche,
    before: Option<&Grant>,
) -> Result<(), Error> {
    if before.is_none_or(|before| before.tranches.len() < place) {
        let query = sql(
            "INSERT INTO tranches (tranche_id, grant_id, proposer, number, currency, amount, due, advance, \
                             state, released_by, sent_at, arrival_next, arrived, write_off_by, write_off_reason, \
                             lost_by, returned_by) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'scheduled', '', 0, 0, 0, '', '', '', '')",
        );
        let query = query
            .bind(tranche.id.to_string())
            .bind(grant.id.to_string())
            .bind(grant.proposer.to_string())
            .bind(place_number(place)?)
            .bind(tranche.amount.currency().code())
            .bind(tranche.amount.minor())
            .bind(tranche.due.to_string())
            .bind(i64::from(tranche.advance));
        tx.execute(query).await?;
    }
    let query = sql(
        "UPDATE tranches SET state = $2, released_by = $3, sent_at = $4, arrival_next = $5, arrived = $6, \
                         write_off_by = $7, write_off_reason = $8, lost_by = $9, returned_by = $10 \
                     WHERE tranche_id = $1",
    );
    tx.execute(
        query
            .bind(tranche.id.to_string())
            .bind(tranche.state.as_str())
            .bind(text(tranche.released_by))
            .bind(micros(tranche.sent))
            .bind(micros(tranche.arrival_next))
            .bind(tranche.arrived.map_or(0, Money::minor))
            .bind(text(tranche.write_off.map(|(by, _)| by)))
            .bind(tranche.write_off.map_or("", |(_, reason)| reason))
            .bind(text(tranche.lost_by))
            .bind(text(tranche.returned_by)),
    )
    .await
    .map(drop)
}

pub(super) async fn tranches(read: &mut impl Read, grant: GrantId) -> Result<Vec<Tranche>, Error> {
    let query =
        sql("SELECT tranche_id, currency, amount, due, advance, state, released_by, sent_at, arrival_next, \
                         arrived, write_off_by, write_off_reason, lost_by, returned_by \
                     FROM tranches WHERE grant_id = $1 ORDER BY number");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            let currency: Currency = row.parse("currency")?;
            let write_off = id(row, "write_off_by")?.zip(code(row, "write_off_reason", WRITE_OFF_REASONS)?);
            Ok(Tranche {
                id: row.id("tranche_id")?,
                amount: money(row, "amount", currency)?,
                due: row.parse("due")?,
                advance: row.flag("advance")?,
                state: row.parse("state")?,
                released_by: id(row, "released_by")?,
                sent: instant(row, "sent_at")?,
                arrival_next: instant(row, "arrival_next")?,
                arrived: Some(money(row, "arrived", currency)?).filter(|money| !money.is_zero()),
                write_off,
                lost_by: id(row, "lost_by")?,
                returned_by: id(row, "returned_by")?,
            })
        })
        .collect()
}

pub(super) async fn save_closing(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let Some(closing) = grant.closing else { return Ok(()) };
    let query = sql("INSERT INTO closings (grant_id, outcome, unspent, light, proposed_by, confirmed_by) \
                     VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (grant_id) DO UPDATE SET outcome = excluded.outcome, unspent = excluded.unspent, \
                         light = excluded.light, proposed_by = excluded.proposed_by, \
                         confirmed_by = excluded.confirmed_by");
    tx.execute(
        query
            .bind(grant.id.to_string())
            .bind(closing.close.outcome)
            .bind(closing.close.unspent.minor())
            .bind(i64::from(closing.light))
            .bind(closing.by.to_string())
            .bind(text(closing.confirmed_by)),
    )
    .await
    .map(drop)
}

pub(super) async fn closing(
    read: &mut impl Read,
    grant: GrantId,
    currency: Currency,
) -> Result<Option<Closing>, Error> {
    let query =
        sql("SELECT outcome, unspent, light, proposed_by, confirmed_by FROM closings WHERE grant_id = $1");
    let Some(row) = read.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let outcome = code(&row, "outcome", CLOSE_OUTCOMES)?.ok_or_else(|| corrupt("closings.outcome"))?;
    let close = NewClose { outcome, unspent: money(&row, "unspent", currency)? };
    let (by, confirmed_by) = (row.id("proposed_by")?, id(&row, "confirmed_by")?);
    Ok(Some(Closing { close, light: row.flag("light")?, by, confirmed_by }))
}

fn place_number(place: usize) -> Result<i64, Error> {
    i64::try_from(place).map_err(|_| corrupt("number"))
}
