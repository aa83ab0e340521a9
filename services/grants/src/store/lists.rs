//! The lists: each one literal statement with its own index, paged by the last row's key.

use flare_contracts::{grants::v1::GrantSummary, input};
use flare_kernel::{CaseId, Lane, StaffId};
use flare_store::{Database, Error, Page, Row, sql};

use crate::domain::Stage;

/// The grants of a case, the earliest first.
pub(crate) const OF_CASE: &str = "SELECT grant_id, case_id, codename, stage, lane, currency, ceiling, end_on, created_at, \
        approval_due AS due \
    FROM grants WHERE case_id = $1 AND (created_at, grant_id) > ($2, $3) \
    ORDER BY created_at, grant_id LIMIT $4";

/// Grants that wait for this approver's vote, the one due first on top.
pub(crate) const TO_VOTE: &str = "SELECT grant_id, case_id, codename, stage, lane, currency, ceiling, end_on, created_at, \
        approval_due AS due \
    FROM grants AS g WHERE stage = 'in_approval' AND (approval_due, grant_id) > ($2, $3) AND proposer <> $1 \
        AND NOT EXISTS (SELECT 1 FROM conflicts AS c WHERE c.grant_id = g.grant_id AND c.approver = $1) \
        AND NOT EXISTS (SELECT 1 FROM votes AS v \
            WHERE v.grant_id = g.grant_id AND v.round = g.round AND v.voter = $1) \
    ORDER BY approval_due, grant_id LIMIT $4";

/// Grants that wait for finance, the most pressing lane first and in it the one due first.
pub(crate) const FOR_FINANCE: &str = "SELECT grant_id, case_id, codename, stage, lane, currency, ceiling, end_on, created_at, \
        finance_due AS due \
    FROM grants WHERE for_finance = 1 AND (lane, finance_due, grant_id) > ($1, $2, $3) \
    ORDER BY lane, finance_due, grant_id LIMIT $4";

/// A place in a list: lane, instant and grant. Not every list is in order of lane.
pub(crate) type GrantPlace = (i64, i64, String);

/// A row of a list and its place there.
pub(crate) type Listed = (GrantPlace, GrantSummary);

pub(crate) async fn of_case(
    database: &Database,
    case: CaseId,
    page: &Page<GrantPlace>,
) -> Result<Vec<Listed>, Error> {
    let (_, at, grant) = page.after().clone();
    let query = sql(OF_CASE).bind(case.to_string()).bind(at).bind(grant).bind(page.limit());
    database.fetch_all(query).await?.iter().map(|row| listed(row, "created_at")).collect()
}

pub(crate) async fn to_vote(
    database: &Database,
    voter: StaffId,
    page: &Page<GrantPlace>,
) -> Result<Vec<Listed>, Error> {
    let (_, at, grant) = page.after().clone();
    let query = sql(TO_VOTE).bind(voter.to_string()).bind(at).bind(grant).bind(page.limit());
    database.fetch_all(query).await?.iter().map(|row| listed(row, "due")).collect()
}

pub(crate) async fn for_finance(database: &Database, page: &Page<GrantPlace>) -> Result<Vec<Listed>, Error> {
    let (lane, at, grant) = page.after().clone();
    let query = sql(FOR_FINANCE).bind(lane).bind(at).bind(grant).bind(page.limit());
    database.fetch_all(query).await?.iter().map(|row| listed(row, "due")).collect()
}

fn listed(row: &Row, at: &str) -> Result<Listed, Error> {
    let grant = row.text("grant_id")?;
    let stage: Stage = row.parse("stage")?;
    let lane = row.number("lane", Lane::from_i64)?;
    let summary = GrantSummary {
        grant_id: grant.clone(),
        case_id: row.text("case_id")?,
        codename: row.text("codename")?,
        stage: stage.out().into(),
        lane: input::lane_out(lane).into(),
        ceiling: Some(input::money_out(row.money("ceiling")?)),
        end: row.text("end_on")?,
        due: row.timestamp_or_null("due")?.map(input::timestamp_out),
    };
    Ok(((lane.as_i64(), row.int(at)?, grant), summary))
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;

    /// Asks the engine how it would run a statement. PostgreSQL reads a small table as a whole unless it is told not to.
    struct Explain {
        statement: &'static str,
        sqlite: bool,
    }

    impl flare_store::Write for Explain {
        type Output = String;

        async fn apply(&self, tx: &mut flare_store::Tx) -> Result<String, Error> {
            if !self.sqlite {
                tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
            }
            let column = if self.sqlite { "detail" } else { "QUERY PLAN" };
            let rows = tx.fetch_all(sql(self.statement)).await?;
            let lines = rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>, _>>()?;
            Ok(lines.join("\n"))
        }
    }

    async fn plan(sandbox: &Sandbox, statement: &str) -> String {
        let sqlite = sandbox.folder().is_some();
        let first = if statement == FOR_FINANCE { "1" } else { "'a'" };
        let mut text = statement.to_owned();
        for (argument, literal) in [("$1", first), ("$2", "2"), ("$3", "'a'"), ("$4", "10")] {
            text = text.replace(argument, literal);
        }
        let explain = if sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        let statement = Box::leak(format!("{explain} {text}").into_boxed_str());
        sandbox.database.write(Explain { statement, sqlite }).await.unwrap()
    }

    on_both_engines!(each_list_has_its_index, crate::SCHEMA);
    async fn each_list_has_its_index(sandbox: Sandbox) {
        for (statement, index) in
            [(OF_CASE, "grants_of_case"), (TO_VOTE, "grants_to_vote"), (FOR_FINANCE, "grants_for_finance")]
        {
            let plan = plan(&sandbox, statement).await;
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
            assert!(!plan.contains("USE TEMP B-TREE FOR ORDER BY") && !plan.contains("Sort"), "{plan}");
            assert!(!plan.contains("SCAN g ") && !plan.contains("Seq Scan on grants"), "{plan}");
        }
    }
}
