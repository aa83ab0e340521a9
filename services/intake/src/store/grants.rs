//! What the requester is shown of the grants of a case.

use flare_kernel::{CaseId, Currency, GrantId, Money, NeedId, TrancheId};
use flare_store::{Error, Row, Sql, Tx, sql};

use super::{Reads, micros, word};
use crate::domain::{grant::Grant, payment::Tranche};

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, grant: &Grant) -> Result<(), Error> {
    let insert = sql(
        "INSERT INTO view_grants (grant_id, case_id, drafted_at, stage, proposal, proposal_message, agreement, \
             agreement_message, currency, ceiling, starts, ends, vote_due, report_due, over_at) \
             VALUES ($1, $11, $12, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, NULL)",
    );
    tx.execute(bound(insert, grant).bind(case.to_string()).bind(grant.drafted_at.as_micros())).await?;
    for need in &grant.needs {
        tx.execute(
            sql("INSERT INTO view_grant_needs (grant_id, case_id, need_id) VALUES ($1, $2, $3) \
                 ON CONFLICT (grant_id, need_id) DO NOTHING")
            .bind(grant.id.to_string())
            .bind(case.to_string())
            .bind(need.to_string()),
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn save(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let update =
        sql("UPDATE view_grants SET stage = $2, proposal = $3, proposal_message = $4, agreement = $5, \
             agreement_message = $6, currency = $7, ceiling = $8, starts = $9, ends = $10, \
             vote_due = CAST($11 AS BIGINT), report_due = CAST($12 AS BIGINT), over_at = CAST($13 AS BIGINT) \
             WHERE grant_id = $1");
    let [vote_due, report_due, over_at] = [grant.vote_due, grant.report_due, grant.over_at].map(micros);
    tx.execute(bound(update, grant).bind(vote_due).bind(report_due).bind(over_at)).await.map(drop)
}

/// A statement with what every grant has, from `$1` to `$10`.
fn bound(statement: Sql<'static>, grant: &Grant) -> Sql<'static> {
    statement
        .bind(grant.id.to_string())
        .bind(grant.stage.as_str())
        .bind(grant.proposal.as_str())
        .bind(grant.proposal_message.clone())
        .bind(grant.agreement.as_str())
        .bind(grant.agreement_message.clone())
        .bind(grant.ceiling.currency().code())
        .bind(grant.ceiling.minor())
        .bind(grant.starts.clone())
        .bind(grant.ends.clone())
}

/// The grants of a case in the order in which they were drafted.
pub(crate) async fn of_case(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Grant>, Error> {
    let rows = reads
        .all(
            sql("SELECT grant_id, drafted_at, stage, proposal, proposal_message, agreement, agreement_message, \
                 currency, ceiling, starts, ends, vote_due, report_due, over_at FROM view_grants \
                 WHERE case_id = $1 ORDER BY drafted_at, grant_id")
            .bind(case.to_string()),
        )
        .await?;
    let needs = reads
        .all(
            sql("SELECT grant_id, need_id FROM view_grant_needs WHERE case_id = $1 ORDER BY grant_id, need_id")
                .bind(case.to_string()),
        )
        .await?;
    let needs: Vec<(GrantId, NeedId)> = needs
        .iter()
        .map(|row| Ok((row.id("grant_id")?, row.id("need_id")?)))
        .collect::<Result<_, Error>>()?;
    rows.iter().map(|row| grant(row, &needs)).collect()
}

/// The case of a grant, if the grant is known.
pub(crate) async fn case_of(reads: &mut impl Reads, grant: GrantId) -> Result<Option<CaseId>, Error> {
    let row =
        reads.one(sql("SELECT case_id FROM view_grants WHERE grant_id = $1").bind(grant.to_string())).await?;
    row.map(|row| row.id("case_id")).transpose()
}

/// One grant of a case.
pub(crate) async fn find(reads: &mut impl Reads, case: CaseId, id: GrantId) -> Result<Option<Grant>, Error> {
    Ok(of_case(reads, case).await?.into_iter().find(|grant| grant.id == id))
}

/// Stores a payment as it is now.
pub(crate) async fn put_tranche(
    tx: &mut Tx,
    case: CaseId,
    place: i64,
    tranche: &Tranche,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO view_tranches (tranche_id, grant_id, case_id, place, currency, amount, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tranche_id) DO UPDATE \
             SET currency = $5, amount = $6, state = $7")
        .bind(tranche.id.to_string())
        .bind(tranche.grant.to_string())
        .bind(case.to_string())
        .bind(place)
        .bind(tranche.amount.currency().code())
        .bind(tranche.amount.minor())
        .bind(tranche.state.as_str()),
    )
    .await
    .map(drop)
}

/// The payments of a case, those of one grant together and in the order in which they were scheduled.
pub(crate) async fn tranches(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Tranche>, Error> {
    let rows = reads
        .all(
            sql(
                "SELECT tranche_id, grant_id, currency, amount, state FROM view_tranches WHERE case_id = $1 \
                 ORDER BY grant_id, place",
            )
            .bind(case.to_string()),
        )
        .await?;
    rows.iter().map(tranche).collect()
}

/// One payment of a grant.
pub(crate) async fn find_tranche(
    reads: &mut impl Reads,
    grant: GrantId,
    id: TrancheId,
) -> Result<Option<Tranche>, Error> {
    let row = reads
        .one(
            sql("SELECT tranche_id, grant_id, currency, amount, state FROM view_tranches \
                 WHERE tranche_id = $1 AND grant_id = $2")
            .bind(id.to_string())
            .bind(grant.to_string()),
        )
        .await?;
    row.as_ref().map(tranche).transpose()
}

fn grant(row: &Row, needs: &[(GrantId, NeedId)]) -> Result<Grant, Error> {
    let id = row.id("grant_id")?;
    Ok(Grant {
        id,
        drafted_at: row.timestamp("drafted_at")?,
        needs: needs.iter().filter(|(grant, _)| *grant == id).map(|(_, need)| *need).collect(),
        stage: word(row, "stage")?,
        proposal: word(row, "proposal")?,
        proposal_message: row.text("proposal_message")?,
        agreement: word(row, "agreement")?,
        agreement_message: row.text("agreement_message")?,
        ceiling: money(row, "ceiling")?,
        starts: row.text("starts")?,
        ends: row.text("ends")?,
        vote_due: row.timestamp_or_null("vote_due")?,
        report_due: row.timestamp_or_null("report_due")?,
        over_at: row.timestamp_or_null("over_at")?,
    })
}

fn tranche(row: &Row) -> Result<Tranche, Error> {
    Ok(Tranche {
        id: row.id("tranche_id")?,
        grant: row.id("grant_id")?,
        amount: money(row, "amount")?,
        state: word(row, "state")?,
    })
}

/// Money in the columns `currency` and `amount`.
fn money(row: &Row, amount: &str) -> Result<Money, Error> {
    let currency: Currency = row.parse("currency")?;
    Money::new(currency, row.int(amount)?).map_err(|_| Error::Corrupt(amount.to_owned()))
}
