//! The lists: their order, their pages, and the index that each stands on; and that reading waits for nobody.

use std::sync::Arc;

use flare_contracts::{
    common::v1::Lane,
    events::v1::{GrantActivated, GrantDrafted, GrantRejected, GrantSubmitted, PayeeEntered},
    intake::v1::MessageKind,
};
use flare_kernel::{GrantId, NeedId};
use flare_store::{Tx, Write, sql};
use flare_testkit::{Sandbox, on_both_engines};
use tokio::sync::Semaphore;

use super::*;
use crate::fixtures::*;

async fn pages(world: &World, owner: Option<StaffId>, size: i32) -> Vec<Vec<String>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.triage.queue(owner, WaitsFor::Us, size, &token).await.unwrap();
        pages.push(page.cases.into_iter().map(|case| case.case_id).collect());
        token = page.next_page_token;
        if token.is_empty() {
            return pages;
        }
    }
}

on_both_engines!(the_queue_is_in_order_of_lane_then_of_the_time_that_is_left, crate::SCHEMA);
async fn the_queue_is_in_order_of_lane_then_of_the_time_that_is_left(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let mut expected = [Vec::new(), Vec::new(), Vec::new()];
    for number in 1..=9 {
        let lane = [Lane::Standard, Lane::Critical, Lane::Urgent][usize::from(number % 3)];
        let case = world.submitted(number, lane).await;
        expected[usize::from(number % 3)].push(case.to_string());
        world.advance_hours(1);
    }
    let [standard, critical, urgent] = expected;
    let expected = [critical.clone(), urgent.clone(), standard.clone()].concat();
    for size in [1, 2, 3, 4, 9, 0] {
        assert_eq!(pages(&world, None, size).await.concat(), expected, "in pages of {size}");
    }
    assert_eq!(pages(&world, None, 3).await.len(), 3, "no empty page at the end");
    for (size, token) in [
        (-1, ""),
        (201, ""),
        (1, "x"),
        (1, &input::next_page_token(&["1", "1", "1"].map(str::to_owned))),
        (1, &input::next_page_token(&["a", "1", "1", "1", "case"].map(str::to_owned))),
    ] {
        let refused = world.triage.queue(None, WaitsFor::Us, size, token).await.map(drop);
        assert_eq!(refusal(refused).reason, "INVALID_FIELD");
    }

    // Nobody has taken the first of the urgent ones in a day. It stands a lane higher, by the time that is left there.
    world.advance_hours(18);
    let fresh = world.submitted(10, Lane::Critical).await.to_string();
    let (overdue, urgent) = urgent.split_first().unwrap();
    let risen = [critical, vec![overdue.clone(), fresh], urgent.to_vec(), standard].concat();
    for size in [1, 2, 4, 0] {
        assert_eq!(pages(&world, None, size).await.concat(), risen, "in pages of {size}");
    }
}

on_both_engines!(time_that_passes_between_pages_loses_no_row_and_repeats_none, crate::SCHEMA);
async fn time_that_passes_between_pages_loses_no_row_and_repeats_none(sandbox: Sandbox) {
    let world = World::new(sandbox);
    for number in 1..=24 {
        let lane = [Lane::Standard, Lane::Critical, Lane::Urgent][usize::from(number % 3)];
        match number % 5 {
            0 => world.decided(number).await,
            _ => world.submitted(number, lane).await,
        };
        world.advance_hours(7);
    }
    let as_of = world.now().await;
    let mut places = Vec::new();
    for number in 1..=24 {
        let case = store::find_case(&mut world.triage.database().clone(), id(number)).await.unwrap();
        places.push(case.unwrap().place(as_of));
    }
    places.sort();
    let in_order: Vec<_> = places.iter().map(|place| place.case.to_string()).collect();

    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.triage.queue(None, WaitsFor::Us, 5, &token).await.unwrap();
        listed.extend(page.cases.into_iter().map(|case| case.case_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        world.advance_hours(20);
        world.fire_timers().await;
    }
    assert_eq!(listed, in_order, "as it was when the first page was asked for");
    assert_ne!(world.queue(WaitsFor::Us).await, in_order, "and since then it has changed");
}

on_both_engines!(what_waits_for_others_is_folded_and_counted, crate::SCHEMA);
async fn what_waits_for_others_is_folded_and_counted(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let unread = [world.submitted(1, Lane::Urgent).await, world.submitted(2, Lane::Standard).await];
    let asked = world.assessing(3, Lane::Urgent).await;
    world.message(asked, MessageKind::Question, false).await;
    let referred = world.assessing(4, Lane::Critical).await;
    world.referral(referred, 1).await;
    let voted_on = with_grant(&world, 5, true).await;
    let under_way = with_grant(&world, 6, true).await;
    let (case_id, grant_id) = (under_way.to_string(), grant(6));
    world.grants(GrantActivated { case_id, grant_id, ..GrantActivated::default() }).await;

    let ids = |cases: &[CaseId]| cases.iter().map(ToString::to_string).collect::<Vec<_>>();
    let folded = [
        (WaitsFor::Us, ids(&unread)),
        (WaitsFor::Requester, ids(&[asked])),
        (WaitsFor::Votes, ids(&[voted_on])),
        (WaitsFor::Referral, ids(&[referred])),
        (WaitsFor::Grant, ids(&[under_way])),
    ];
    for (waits_for, cases) in &folded {
        assert_eq!(world.queue(*waits_for).await, *cases, "{waits_for:?}");
        for case in cases {
            let summary = world.read(case.parse().unwrap()).await.summary.unwrap();
            assert_eq!(summary.waits_for(), WireWaitsFor::from(*waits_for));
        }
    }
    let counts = async |owner| {
        let page = world.triage.queue(owner, WaitsFor::Votes, 0, "").await.unwrap();
        page.counts.iter().map(|count| (count.waits_for(), count.cases)).collect::<Vec<_>>()
    };
    let each = WaitsFor::ALL.iter().map(|waits_for| WireWaitsFor::from(*waits_for));
    assert_eq!(counts(None).await, each.clone().zip([2, 1, 1, 1, 1]).collect::<Vec<_>>());
    assert_eq!(counts(Some(staff(1))).await, each.clone().zip([0, 1, 1, 1, 1]).collect::<Vec<_>>());
    assert_eq!(counts(Some(staff(2))).await, each.zip([0; 5]).collect::<Vec<_>>());
    let first = world.triage.queue(None, WaitsFor::Us, 1, "").await.unwrap();
    let second = world.triage.queue(None, WaitsFor::Us, 1, &first.next_page_token).await.unwrap();
    assert_eq!((first.counts.len(), second.counts.len()), (5, 0), "told once");

    // The requester writes, and the votes are against it: whatever was waited for, both are ours.
    for case in [asked, under_way] {
        world.message(case, MessageKind::Text, true).await;
    }
    let (case_id, grant_id) = (voted_on.to_string(), grant(5));
    world.grants(GrantRejected { case_id, grant_id, ..GrantRejected::default() }).await;
    let ours = world.queue(WaitsFor::Us).await;
    assert!(ids(&[asked, under_way, voted_on]).iter().all(|case| ours.contains(case)), "{ours:?}");
    world.message(under_way, MessageKind::Text, false).await;
    assert_eq!(world.queue(WaitsFor::Grant).await, ids(&[under_way]), "they were answered");
}

fn grant(number: u8) -> String {
    GrantId::from_bytes([number; 16]).to_string()
}

/// A case whose only need waits for a grant: a draft, or one that is voted on.
async fn with_grant(world: &World, number: u8, submitted: bool) -> CaseId {
    let case = world.assessing(number, Lane::Critical).await;
    let need: NeedId = world.need(case, 1).await;
    world.recommend(case, need, 1).await;
    let (case_id, grant_id, need_ids) = (case.to_string(), grant(number), vec![need.to_string()]);
    world
        .grants(GrantDrafted {
            case_id: case_id.clone(),
            grant_id: grant_id.clone(),
            need_ids,
            ..GrantDrafted::default()
        })
        .await;
    if submitted {
        world.grants(GrantSubmitted { case_id, grant_id, ..GrantSubmitted::default() }).await;
    }
    case
}

on_both_engines!(a_draft_is_ours_until_it_is_submitted, crate::SCHEMA);
async fn a_draft_is_ours_until_it_is_submitted(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let unread = world.submitted(1, Lane::Critical).await;
    let drafted = with_grant(&world, 2, false).await;
    let both = [unread, drafted].map(|case| case.to_string());
    assert_eq!(world.queue(WaitsFor::Us).await, both, "what has no time of its own comes last in its lane");
    let case_id = drafted.to_string();
    world.grants(GrantSubmitted { case_id, grant_id: grant(2), ..GrantSubmitted::default() }).await;
    assert_eq!(world.queue(WaitsFor::Us).await, [unread.to_string()]);
}

on_both_engines!(everybody_has_their_own_cases, crate::SCHEMA);
async fn everybody_has_their_own_cases(sandbox: Sandbox) {
    let world = World::new(sandbox);
    world.submitted(1, Lane::Critical).await;
    let mine = world.acknowledged(2, Lane::Urgent).await;
    let first = world.acknowledged(3, Lane::Critical).await;
    world.closed(4).await;
    let expected = [vec![first.to_string()], vec![mine.to_string()]];
    assert_eq!(pages(&world, Some(staff(1)), 1).await, expected);
    assert_eq!(pages(&world, Some(staff(2)), 1).await, [Vec::<String>::new()]);
}

on_both_engines!(cases_that_share_a_fingerprint_find_each_other, crate::SCHEMA);
async fn cases_that_share_a_fingerprint_find_each_other(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (one, other, third) = (
        world.acknowledged(1, Lane::Urgent).await,
        world.acknowledged(2, Lane::Urgent).await,
        world.acknowledged(3, Lane::Urgent).await,
    );
    // The requester of the first is paid in the second; the reference is the same in the first and the third.
    let grant_id = GrantId::from_bytes([1; 16]).to_string();
    let case_id = other.to_string();
    world.grants(PayeeEntered { case_id, grant_id, fingerprint: vec![1; 32], by: String::new() }).await;
    world.reference(one, 9).await;
    world.reference(third, 9).await;
    let found = async |case| {
        let mut cases: Vec<_> =
            world.triage.matches(case).await.unwrap().cases.into_iter().map(|case| case.case_id).collect();
        cases.sort();
        cases
    };
    assert_eq!(found(one).await, [other.to_string(), third.to_string()]);
    assert_eq!(found(other).await, [one.to_string()]);
    let unknown = world.triage.matches(CaseId::from_bytes([9; 16])).await;
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
    let world = World::new(sandbox);
    let case = world.acknowledged(1, Lane::Urgent).await;
    let before = world.read(case).await;
    let hold = Hold { case, begun: Arc::new(Semaphore::new(0)), go_on: Arc::new(Semaphore::new(0)) };
    let holding = {
        let (database, hold) = (world.triage.database().clone(), hold.clone());
        tokio::spawn(async move { database.write(hold).await })
    };
    hold.begun.acquire().await.unwrap().forget();
    assert_eq!(world.read(case).await, before);
    hold.go_on.add_permits(1);
    holding.await.unwrap().unwrap();
}

/// Reads a statement's plan after a few hundred rows, with what leaves an index's order alone priced out where the engine
/// would prefer it for so few.
struct Plan {
    statement: String,
    postgres: bool,
}

impl Write for Plan {
    type Output = Vec<String>;

    async fn apply(&self, tx: &mut Tx) -> Result<Vec<String>, Error> {
        let (explain, column) =
            if self.postgres { ("EXPLAIN", "QUERY PLAN") } else { ("EXPLAIN QUERY PLAN", "detail") };
        if self.postgres {
            tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
            tx.execute(sql("SET LOCAL enable_bitmapscan = off")).await?;
        }
        let explained: &'static str = Box::leak(format!("{explain} {}", self.statement).into_boxed_str());
        let rows = tx.fetch_all(sql(explained)).await?;
        rows.iter().map(|row| row.text(column)).collect()
    }
}

/// A statement with literals in the place of its arguments.
fn with_literals(statement: &str, literals: &[&str]) -> String {
    // The last first: `$1` is the beginning of `$16`, too.
    let mut text = statement.to_owned();
    for (index, literal) in literals.iter().enumerate().rev() {
        text = text.replace(&format!("${}", index + 1), literal);
    }
    text
}

struct Fill(bool);

impl Write for Fill {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        for number in 0..600_i64 {
            tx.execute(
                sql("INSERT INTO cases (case_id, codename, lane, submitted, owner, work, to_draft, awaiting, has_news, \
                     in_queue, waits_for, queue_due, clock_spent, step_reminders, money_attempts) \
                     VALUES ($1, $2, $3, $4, $5, 'assessing', 0, 0, 0, 1, 'us', $6, 0, 0, 0)")
                .bind(format!("case_{number}"))
                .bind(format!("name-{number}"))
                .bind(1 + number % 3)
                .bind(number)
                .bind(format!("staff_{}", number % 9))
                .bind(number + 1_000),
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
    let world = World::new(sandbox);
    let postgres = world.sandbox.folder().is_none();
    world.triage.database().write(Fill(postgres)).await.unwrap();
    let place = ["1300", "1", "'case'"];
    let queue = [["1300", "10", "'us'"], place, place, place, place].concat();
    let of_owner = [queue.as_slice(), &["'staff_1'"]].concat();
    // One owner's few cases of a group are counted by either index. Each stretch of the queue comes in the order of its index. What they come to, no more than five pages, is sorted into
    // one: by SQLite each before they are merged, by PostgreSQL all at once. Matches are few.
    let (sorted, never, few) = ([5, 1], [0, 0], [9, 9]);
    for (statement, literals, index, times, may_sort) in [
        (store::LIST_QUEUE, queue.as_slice(), "cases_queue", 5, sorted),
        (store::LIST_OF_OWNER, of_owner.as_slice(), "cases_of_owner", 5, sorted),
        (store::COUNT_QUEUE, &["10"][..], "cases_queue", 5, never),
        (store::COUNT_OF_OWNER, &["10", "'staff_1'"][..], " cases_", 5, never),
        (store::LIST_MATCHES, &["'case'", "10"][..], "fingerprints_value", 1, few),
    ] {
        let plan = Plan { statement: with_literals(statement, literals), postgres };
        let plan = world.triage.database().write(plan).await.unwrap();
        let lines = |what: &str| plan.iter().filter(|line| line.contains(what)).count();
        assert!(lines(index) >= times, "{plan:#?}");
        let scans_all = plan.iter().any(|line| line.contains("Seq Scan") || line.trim() == "SCAN c");
        assert!(!scans_all && lines("SCAN c ") == 0, "{plan:#?}");
        let sorts = lines("Sort Key") + lines("USE TEMP B-TREE FOR ORDER BY");
        assert!(sorts <= may_sort[usize::from(postgres)], "{plan:#?}");
    }
}
