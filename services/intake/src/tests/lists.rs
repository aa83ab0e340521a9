//! Each list reads its index, however large the tables grow.

use flare_store::{Error, Row, Tx, Write, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::store;

/// Runs a statement as it stands.
pub(super) struct Run(pub(super) &'static str);

impl Write for Run {
    type Output = u64;

    async fn apply(&self, tx: &mut Tx) -> Result<u64, Error> {
        tx.execute(sql(self.0)).await
    }
}

/// Asks for a statement's plan as if its tables were large.
struct Plan {
    statement: &'static str,
    on_postgres: bool,
}

impl Write for Plan {
    type Output = String;

    async fn apply(&self, tx: &mut Tx) -> Result<String, Error> {
        if self.on_postgres {
            tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
        }
        let mut query = sql(self.statement).bind("case_x");
        // Statements about one compartment have its name second; the numbers come last.
        if self.statement.contains("compartment = $2") {
            query = query.bind("thread");
        }
        if self.statement.contains("(seq, name) > ($2, $3)") {
            query = query.bind(0_i64).bind("").bind(50_i64);
        } else if self.statement.contains("LIMIT") {
            query = query.bind(0_i64).bind(50_i64);
        }
        let column = if self.on_postgres { "QUERY PLAN" } else { "detail" };
        let rows: Vec<Row> = tx.fetch_all(query).await?;
        rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>, _>>().map(|lines| lines.join("\n"))
    }
}

on_both_engines!(every_list_reads_its_own_index, crate::SCHEMA);
async fn every_list_reads_its_own_index(sandbox: Sandbox) {
    let on_postgres = sandbox.folder().is_none();
    let plans = store::messages::PLANS.into_iter().chain(store::files::PLANS).chain([store::answers::PLAN]);
    for (on_sqlite, on_server, index) in plans {
        let statement = if on_postgres { on_server } else { on_sqlite };
        let plan = sandbox.database.write(Plan { statement, on_postgres }).await.unwrap();
        // SQLite names the index of a UNIQUE constraint by the table; its columns tell it.
        let places = ["(case_id=? AND seq>?)", "(case_id=? AND (seq,name)>(?,?))"];
        let unnamed =
            plan.contains("sqlite_autoindex") && places.iter().any(|columns| plan.contains(columns));
        assert!(plan.contains(index) || unnamed, "{index} is not in:\n{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
    }
}
