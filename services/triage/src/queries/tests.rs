//! The lists: their order, their pages, and the index that each stands on; and that reading waits for nobody.

use std::sync::Arc;

use flare_contracts::{common::v1::Lane, events::v1::PayeeEntered};
use flare_kernel::GrantId;
use flare_store::{Tx, Write, sql};
use flare_testkit::{Sandbox, on_both_engines};
use tokio::sync::Semaphore;

use super::*;
use crate::fixtures::*;

async fn pages(desk: &Desk, owner: Option<StaffId>, size: i32) -> Vec<Vec<String>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let (cases, next) = desk.triage.page(owner, size, &token).await.unwrap();
        pages.push(cases.into_iter().map(|case| case.case_id).collect());
        token = next;
        if token.is_empty() {
            return pages;
        }
    }
}

on_both_engines!(the_queue_is_in_order_of_lane_then_of_waiting, crate::SCHEMA);
async fn the_queue_is_in_order_of_lane_then_of_waiting(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let mut expected = [Vec::new(), Vec::new(), Vec::new()];
    for number in 1..=9 {
        let lane = [Lane::Standard, Lane::Critical, Lane::Urgent][usize::from(number % 3)];
        let case = desk.submitted(number, lane).await;
        expected[usize::from(number % 3)].push(case.to_string());
        desk.advance_hours(1);
    }
    let [standard, critical, urgent] = expected;
    let expected = [critical, urgent, standard].concat();
    for size in [1, 2, 3, 4, 9, 0] {
        assert_eq!(pages(&desk, None, size).await.concat(), expected, "in pages of {size}");
    }
    assert_eq!(pages(&desk, None, 3).await.len(), 3, "no empty page at the end");
    for (size, token) in
        [(-1, ""), (201, ""), (1, "x"), (1, &input::next_page_token(&["a", "b", "c"].map(str::to_owned)))]
    {
        assert_eq!(refusal(desk.triage.page(None, size, token).await.map(|_| ())).reason, "INVALID_FIELD");
    }
}

on_both_engines!(everybody_has_their_own_cases, crate::SCHEMA);
async fn everybody_has_their_own_cases(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    desk.submitted(1, Lane::Critical).await;
    let mine = desk.acknowledged(2, Lane::Urgent).await;
    let first = desk.acknowledged(3, Lane::Critical).await;
    desk.closed(4).await;
    let expected = [vec![first.to_string()], vec![mine.to_string()]];
    assert_eq!(pages(&desk, Some(staff(1)), 1).await, expected);
    assert_eq!(pages(&desk, Some(staff(2)), 1).await, [Vec::<String>::new()]);
}

on_both_engines!(cases_that_share_a_fingerprint_find_each_other, crate::SCHEMA);
async fn cases_that_share_a_fingerprint_find_each_other(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let (one, other, third) = (
        desk.acknowledged(1, Lane::Urgent).await,
        desk.acknowledged(2, Lane::Urgent).await,
        desk.acknowledged(3, Lane::Urgent).await,
    );
    // The requester of the first is paid in the second; the reference is the same in the first and the third.
    let grant_id = GrantId::from_bytes([1; 16]).to_string();
    let case_id = other.to_string();
    desk.grants(PayeeEntered { case_id, grant_id, fingerprint: vec![1; 32], by: String::new() }).await;
    desk.reference(one, 9).await;
    desk.reference(third, 9).await;
    let found = async |case| {
        let mut cases: Vec<_> =
            desk.triage.matches(case).await.unwrap().cases.into_iter().map(|case| case.case_id).collect();
        cases.sort();
        cases
    };
    assert_eq!(found(one).await, [other.to_string(), third.to_string()]);
    assert_eq!(found(other).await, [one.to_string()]);
    let unknown = desk.triage.matches(CaseId::from_bytes([9; 16])).await;
    assert_eq!(refusal(unknown).reason, "NOT_FOUND");
}

/// A write that holds a case, and with it the one writer of a file, until it is let go.
#[derive(Clone)]
struct Hold {
    case: CaseId,
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl Write for Hold {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.lock(&[&self.case]).await?;
        self.begun.add_permits(1);
        self.go_on.acquire().await.unwrap().forget();
        Ok(())
    }
}

on_both_engines!(a_case_is_read_while_a_write_holds_it, crate::SCHEMA);
async fn a_case_is_read_while_a_write_holds_it(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.acknowledged(1, Lane::Urgent).await;
    let before = desk.read(case).await;
    let hold = Hold { case, begun: Arc::new(Semaphore::new(0)), go_on: Arc::new(Semaphore::new(0)) };
    let holding = {
        let (database, hold) = (desk.triage.database().clone(), hold.clone());
        tokio::spawn(async move { database.write(hold).await })
    };
    hold.begun.acquire().await.unwrap().forget();
    assert_eq!(desk.read(case).await, before);
    hold.go_on.add_permits(1);
    holding.await.unwrap().unwrap();
}

/// Reads a statement's plan after a few hundred rows, with sequential scans priced out where the engine would prefer
/// them for so few.
struct Plan {
    statement: &'static str,
    postgres: bool,
    numbers: i64,
    texts: usize,
}

impl Write for Plan {
    type Output = String;

    async fn apply(&self, tx: &mut Tx) -> Result<String, Error> {
        let (explain, column) =
            if self.postgres { ("EXPLAIN ", "QUERY PLAN") } else { ("EXPLAIN QUERY PLAN ", "detail") };
        if self.postgres {
            tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
        }
        let explained: &'static str = Box::leak(format!("{explain}{}", self.statement).into_boxed_str());
        let mut query = sql(explained);
        if self.numbers == 0 {
            query = query.bind("case").bind(10_i64);
        } else {
            query = query.bind(1_i64).bind(1_i64).bind("case").bind(10_i64);
            if self.texts == 2 {
                query = query.bind("staff");
            }
        }
        let rows = tx.fetch_all(query).await?;
        Ok(rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>, _>>()?.join("\n"))
    }
}

struct Fill(bool);

impl Write for Fill {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        for number in 0..600_i64 {
            tx.execute(
                sql("INSERT INTO cases (case_id, lane, submitted, owner, work, to_draft, awaiting, has_news, in_queue, clock_spent, \
                     step_reminders, money_attempts) \
                     VALUES ($1, $2, $3, $4, 'assessing', 0, 0, 0, 1, 0, 0, 0)")
                .bind(format!("case_{number}"))
                .bind(1 + number % 3)
                .bind(number)
                .bind(format!("staff_{}", number % 9)),
            )
            .await?;
            tx.execute(
                sql("INSERT INTO fingerprints (case_id, kind, value) VALUES ($1, 'requester', $2)")
                    .bind(format!("case_{number}"))
                    .bind(number.to_be_bytes().to_vec()),
            )
            .await?;
        }
        if self.0 {
            tx.execute(sql("ANALYZE cases")).await?;
            tx.execute(sql("ANALYZE fingerprints")).await?;
        }
        Ok(())
    }
}

on_both_engines!(each_list_stands_on_its_own_index, crate::SCHEMA);
async fn each_list_stands_on_its_own_index(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let postgres = desk.sandbox.folder().is_none();
    desk.triage.database().write(Fill(postgres)).await.unwrap();
    let lists = [
        (store::LIST_QUEUE, 2, 1, "cases_queue"),
        (store::LIST_OF_OWNER, 2, 2, "cases_of_owner"),
        (store::LIST_MATCHES, 0, 1, "fingerprints_value"),
    ];
    for (statement, numbers, texts, index) in lists {
        let plan = Plan { statement, postgres, numbers, texts };
        let plan = desk.triage.database().write(plan).await.unwrap();
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("SCAN c"), "{plan}");
        // The order comes from the index. Matches are few and may be sorted.
        let sorted = plan.contains("Sort") || plan.contains("USE TEMP B-TREE FOR ORDER BY");
        assert!(numbers == 0 || !sorted, "{plan}");
    }
}
