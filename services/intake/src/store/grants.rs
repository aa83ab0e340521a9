//! What the requester is shown of the grants of a case.

use flare_kernel::{CaseId, GrantId, NeedId, TrancheId};
use flare_store::{Error, Reads, Record, Row, Tx, Value, sql};

use crate::domain::{grant::Grant, payment::Tranche};

pub(crate) async fn insert(tx: &mut Tx, case: CaseId, grant: &Grant) -> Result<(), Error> {
    record(grant).set("case_id", case).set("drafted_at", grant.drafted_at).insert(tx).await?;
    let need = |need: &NeedId| {
        Record::of("view_grant_needs").key("grant_id", grant.id).key("need_id", *need).set("case_id", case)
    };
    tx.insert_new(grant.needs.iter().map(need).collect(), "need_id").await.map(drop)
}

pub(crate) async fn save(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    record(grant).update(tx).await.map(drop)
}

/// What may change of a grant.
fn record(grant: &Grant) -> Record {
    Record::of("view_grants")
        .key("grant_id", grant.id)
        .set("stage", grant.stage.as_str())
        .set("proposal", grant.proposal.as_str())
        .set("proposal_message", Value::unless_empty(&grant.proposal_message))
        .set("agreement", grant.agreement.as_str())
        .set("agreement_message", Value::unless_empty(&grant.agreement_message))
        .set("currency", grant.ceiling.currency().code())
        .set("ceiling", grant.ceiling.minor())
        .set("starts", grant.starts.clone())
        .set("ends", grant.ends.clone())
        .set("vote_due", grant.vote_due)
        .set("report_due", grant.report_due)
        .set("over_at", grant.over_at)
}

/// The grants of a case in the order in which they were drafted.
pub(crate) async fn of_case(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Grant>, Error> {
    let rows = reads
        .rows(
            sql("SELECT grant_id, drafted_at, stage, proposal, proposal_message, agreement, agreement_message, \
                 currency, ceiling, starts, ends, vote_due, report_due, over_at FROM view_grants \
                 WHERE case_id = $1 ORDER BY drafted_at, grant_id")
            .bind(case.to_string()),
        )
        .await?;
    let needs = reads
        .rows(
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
        reads.row(sql("SELECT case_id FROM view_grants WHERE grant_id = $1").bind(grant.to_string())).await?;
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
    Record::of("view_tranches")
        .key("tranche_id", tranche.id)
        .first("grant_id", tranche.grant)
        .first("case_id", case)
        .first("place", place)
        .set("currency", tranche.amount.currency().code())
        .set("amount", tranche.amount.minor())
        .set("state", tranche.state.as_str())
        .save(tx)
        .await
}

/// The payments of a case, those of one grant together and in the order in which they were scheduled.
pub(crate) async fn tranches(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Tranche>, Error> {
    let rows = reads
        .rows(
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
        .row(
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
        stage: row.parse("stage")?,
        proposal: row.parse("proposal")?,
        proposal_message: row.text_or_empty("proposal_message")?,
        agreement: row.parse("agreement")?,
        agreement_message: row.text_or_empty("agreement_message")?,
        ceiling: row.money("ceiling")?,
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
        amount: row.money("amount")?,
        state: row.parse("state")?,
    })
}
