//! Events in, effects on cases.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use flare_contracts::{
    common::v1::Lane,
    events::v1::{
        AnswersAdded, FileAttached, GateClosed, GrantActivated, GrantApproved, GrantDrafted, GrantRejected,
        GrantTerminated, GrantWithdrawn, PayeeEntered, ReceiptFrozen, RequestSubmitted, WithdrawalRequested,
        grants_event, triage_event,
    },
    input,
    intake::v1::{Danger, Listing, MessageKind},
    triage::v1::{Outcome, Stage},
};
use flare_kernel::{CaseId, Codename, GrantId, NeedId};
use flare_store::Write;
use flare_testkit::{Sandbox, on_both_engines};
use tokio::sync::Semaphore;

use super::*;
use crate::{
    domain::WaitsFor,
    fixtures::{id, *},
};

on_both_engines!(a_request_begins_a_case_once, crate::SCHEMA);
async fn a_request_begins_a_case_once(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.submitted(1, Lane::Unspecified).await;
    let read = world.read(case).await;
    let summary = read.summary.unwrap();
    assert_eq!(
        (summary.lane(), summary.stage(), &*summary.next),
        (Lane::Urgent, Stage::Submitted, "acknowledge")
    );
    assert_eq!(world.timers().await, [("acknowledge".to_owned(), 24)]);
    world.submitted(1, Lane::Critical).await;
    assert_eq!(world.read(case).await.version, 1, "a repetition changes nothing");
    assert_eq!(world.last_event(case).await, ("CaseOpened".to_owned(), "system:triage".to_owned()));
}

/// Two cases that would both be called mobile-walrus-04, and what each is called where the other has that name.
fn namesakes() -> [(CaseId, &'static str); 2] {
    let case = |number: u16| {
        let mut bytes = [0; 16];
        bytes[14..].copy_from_slice(&number.to_be_bytes());
        CaseId::from_bytes(bytes)
    };
    let namesakes = [(case(2_084), "timely-prion-67"), (case(2_495), "bright-grebe-34")];
    for (case, second) in namesakes {
        let candidates: Vec<_> = Codename::candidates(case).take(2).map(|name| name.to_string()).collect();
        assert_eq!(candidates, ["mobile-walrus-04", second]);
    }
    namesakes
}

async fn codename(world: &World, case: CaseId) -> String {
    world.read(case).await.summary.unwrap().codename
}

on_both_engines!(a_second_case_of_a_name_gets_the_next_and_every_case_keeps_its_own, crate::SCHEMA);
async fn a_second_case_of_a_name_gets_the_next_and_every_case_keeps_its_own(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let [(one, _), (other, second)] = namesakes();
    for case in [one, other, other, one] {
        world.triage.database().write(world.to_begin(case).await).await.unwrap();
    }
    for (case, name) in [(one, "mobile-walrus-04"), (other, second)] {
        assert_eq!((codename(&world, case).await, world.version(case).await), (name.to_owned(), 1));
        let told = world.events(case).await;
        let triage_event::Event::CaseOpened(opened) = &told[0] else { panic!("{told:?}") };
        assert_eq!(opened.codename, name, "told with the first event");
        world.message(case, MessageKind::Text, true).await;
        assert_eq!(codename(&world, case).await, name);
    }
}

/// Everybody else shows the name that they were told: what they could work out may be another case's.
#[test]
fn nobody_else_names_a_case() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut folders: Vec<_> = ["crates", "services", "tests"].map(|folder| root.join(folder)).into();
    let mut callers = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let calls = text.contains("Codename::candidates");
                callers.extend(calls.then(|| path.strip_prefix(&root).unwrap().display().to_string()));
            }
        }
    }
    let expected = [
        // A device checks that a name which it was told is one of its case's.
        "crates/edge/src/desk/names.rs",
        "crates/kernel/src/codename.rs",
        "services/triage/src/consumers/intake.rs",
        "services/triage/src/consumers/tests.rs",
    ];
    assert_eq!(callers, expected.map(str::to_owned).into());
}

/// A case that begins in a write which is not committed before it may go on.
struct Slow {
    begin: Arc<Apply>,
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl Write for Slow {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.begin.apply(tx).await?;
        self.begun.add_permits(1);
        self.go_on.acquire().await.unwrap().forget();
        Ok(())
    }
}

on_both_engines!(two_cases_that_begin_at_once_take_two_names, crate::SCHEMA);
async fn two_cases_that_begin_at_once_take_two_names(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let [(one, _), (other, second)] = namesakes();
    let (first, next) = (world.to_begin(one).await, world.to_begin(other).await);
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = Slow { begin: Arc::new(first), begun: Arc::clone(&begun), go_on: Arc::clone(&go_on) };
    let writing = {
        let database = world.triage.database().clone();
        tokio::spawn(async move { database.write(slow).await })
    };
    begun.acquire().await.unwrap().forget();
    // The first has its name, and nobody else sees that yet: the second waits, on a file for its one writer.
    let (written, ()) = tokio::join!(world.triage.database().write(next), async { go_on.add_permits(1) });
    written.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(codename(&world, one).await, "mobile-walrus-04");
    assert_eq!(codename(&world, other).await, second);
}

/// The hours until each timer, the first first.
async fn hours_left(world: &World) -> Vec<i64> {
    let mut hours: Vec<_> = world.timers().await.into_iter().map(|(_, hours)| hours).collect();
    hours.sort_unstable();
    hours
}

on_both_engines!(a_request_that_waited_is_due_from_when_it_began_to_wait_and_goes_first, crate::SCHEMA);
async fn a_request_that_waited_is_due_from_when_it_began_to_wait_and_goes_first(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (at_once, waited, late) = (world.submitted(1, Lane::Critical).await, id(2), id(3));
    for (case, hours) in [(waited, -1), (late, -10)] {
        let listing = Listing { lane_hint: Lane::Critical.into(), ..Listing::default() };
        let waiting_since = world.now().await.plus(flare_kernel::Duration::from_hours(hours));
        let submitted = RequestSubmitted {
            case_id: case.to_string(),
            listing: Some(listing),
            waiting_since: Some(input::timestamp_out(waiting_since)),
            ..RequestSubmitted::default()
        };
        world.intake("requester", submitted).await;
        let summary = world.read(case).await.summary.unwrap();
        assert_eq!(summary.submitted, Some(input::timestamp_out(waiting_since)));
        let due = waiting_since.plus(flare_kernel::Duration::from_hours(2));
        assert_eq!(summary.due, Some(input::timestamp_out(due)));
    }
    let first_first = [late, waited, at_once].map(|case| case.to_string());
    assert_eq!(world.queue(WaitsFor::Us).await, first_first);
    assert_eq!(hours_left(&world).await, [-8, 1, 2]);
    // What is late already is told at once, and again after its lane's time.
    assert_eq!(world.fire_timers().await, 1);
    assert_eq!(world.last_event(late).await, ("CaseOverdue".to_owned(), "system:timer".to_owned()));
    assert_eq!(hours_left(&world).await, [1, 2, 2]);
}

on_both_engines!(question_and_answer_take_turns, crate::SCHEMA);
async fn question_and_answer_take_turns(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Critical).await;
    world.advance_hours(1);
    world.message(case, MessageKind::Question, false).await;
    assert_eq!(shown(&world.read(case).await), (Stage::AwaitingRequester, false));
    assert_eq!(world.last_event(case).await, ("QuestionAsked".to_owned(), "system:triage".to_owned()));
    assert_eq!(world.timers().await, [("welfare_check".to_owned(), 12)]);
    world.advance_hours(12);
    assert_eq!(world.fire_timers().await, 1);
    assert_eq!(world.last_event(case).await, ("WelfareCheckDue".to_owned(), "system:timer".to_owned()));
    world.message(case, MessageKind::Answer, true).await;
    let read = world.read(case).await;
    assert_eq!(shown(&read), (Stage::Assessing, true));
    assert_eq!((read.our_clock_seconds, read.total_clock_seconds), (3_600, 13 * 3_600));
    assert_eq!(world.last_event(case).await, ("RequesterAnswered".to_owned(), "requester".to_owned()));
    assert_eq!(world.timers().await, [("outcome".to_owned(), 47)]);
    world.message(case, MessageKind::Text, false).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Assessing, false));
}

on_both_engines!(answers_and_files_of_the_requester_are_news_and_those_of_staff_are_not, crate::SCHEMA);
async fn answers_and_files_of_the_requester_are_news_and_those_of_staff_are_not(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.submitted(1, Lane::Urgent).await;
    let case_id = case.to_string();
    let file =
        |by_requester| FileAttached { case_id: case_id.clone(), by_requester, ..FileAttached::default() };
    let answers = || AnswersAdded { case_id: case_id.clone(), ..AnswersAdded::default() };
    world.intake(&staff(1).to_string(), answers()).await;
    world.intake(&staff(1).to_string(), file(false)).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Submitted, false));
    world.intake("requester", answers()).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Submitted, true));
    world.message(case, MessageKind::Text, false).await;
    world.intake("requester", file(true)).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Submitted, true));
}

on_both_engines!(danger_that_is_told_later_raises_the_lane_once_and_brings_the_step_forward, crate::SCHEMA);
async fn danger_that_is_told_later_raises_the_lane_once_and_brings_the_step_forward(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.submitted(1, Lane::Urgent).await;
    let said = |danger: Danger| AnswersAdded {
        case_id: case.to_string(),
        danger: danger.into(),
        ..AnswersAdded::default()
    };
    let lane = async || world.read(case).await.summary.unwrap().lane();
    world.advance_hours(1);
    world.intake("requester", said(Danger::No)).await;
    assert_eq!((lane().await, world.timers().await), (Lane::Urgent, vec![("acknowledge".to_owned(), 23)]));
    world.intake("requester", said(Danger::Yes)).await;
    assert_eq!((lane().await, world.timers().await), (Lane::Critical, vec![("acknowledge".to_owned(), 2)]));
    assert_eq!(world.last_event(case).await, ("LaneRaised".to_owned(), "requester".to_owned()));
    let version = world.version(case).await;
    for again in [Danger::Yes, Danger::No, Danger::NotSure] {
        world.intake(&staff(1).to_string(), said(again)).await;
    }
    let stands = (lane().await, world.version(case).await);
    assert_eq!(stands, (Lane::Critical, version), "nothing said lowers it");

    let owned = world.assessing(2, Lane::Standard).await;
    let told =
        AnswersAdded { case_id: owned.to_string(), danger: Danger::Yes.into(), ..AnswersAdded::default() };
    world.intake(&staff(1).to_string(), told).await;
    let read = world.read(owned).await.summary.unwrap();
    assert_eq!((read.lane(), read.has_news), (Lane::Critical, false), "staff who write it down know it");
    assert_eq!(world.last_event(owned).await, ("LaneRaised".to_owned(), staff(1).to_string()));
}

on_both_engines!(a_message_on_a_closed_case_brings_it_back_to_the_queue, crate::SCHEMA);
async fn a_message_on_a_closed_case_brings_it_back_to_the_queue(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.closed(1).await;
    let queue = async || world.queue(WaitsFor::Us).await.len();
    assert_eq!(queue().await, 0);
    world.message(case, MessageKind::Text, true).await;
    assert_eq!((queue().await, world.last_event(case).await.0), (1, "RequesterAnswered".to_owned()));
    assert_eq!(shown(&world.read(case).await), (Stage::Closed, true));
    world.message(case, MessageKind::Text, false).await;
    assert_eq!(queue().await, 0);
}

on_both_engines!(a_requester_withdraws_once_whatever_the_stage, crate::SCHEMA);
async fn a_requester_withdraws_once_whatever_the_stage(sandbox: Sandbox) {
    let world = World::new(sandbox);
    for (number, closed) in [(1, false), (2, true)] {
        let case =
            if closed { world.closed(number).await } else { world.assessing(number, Lane::Urgent).await };
        let request =
            WithdrawalRequested { case_id: case.to_string(), reason: "unsaid".to_owned(), act: None };
        world.intake("requester", request.clone()).await;
        let version = world.version(case).await;
        world.intake("requester", request).await;
        let read = world.read(case).await;
        assert_eq!((shown(&read).0, read.version), (Stage::Withdrawn, version));
        assert_eq!(world.last_event(case).await, ("CaseStopped".to_owned(), "requester".to_owned()));
        assert!(!world.triage.money_is_settled(case).await.unwrap(), "grants is asked by the worker");
    }
}

on_both_engines!(a_code_that_its_holder_froze_pauses_the_case_until_one_of_staff_resumes_it, crate::SCHEMA);
async fn a_code_that_its_holder_froze_pauses_the_case_until_one_of_staff_resumes_it(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Urgent).await;
    let frozen = |case: CaseId| ReceiptFrozen { case_id: case.to_string(), ..ReceiptFrozen::default() };
    world.intake(&staff(1).to_string(), frozen(case)).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Assessing, false), "staff know what they froze");
    world.intake("requester", frozen(case)).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Paused, true));
    assert_eq!(world.last_event(case).await, ("CaseStopped".to_owned(), "requester".to_owned()));
    assert!(!world.triage.money_is_settled(case).await.unwrap(), "grants is asked to hold its money");
    let version = world.version(case).await;
    world.intake("requester", frozen(case)).await;
    assert_eq!(world.version(case).await, version, "once");
    world.resume(case, 1).await.unwrap();
    assert_eq!(shown(&world.read(case).await).0, Stage::Assessing);

    let closed = world.closed(2).await;
    world.intake("requester", frozen(closed)).await;
    assert_eq!(shown(&world.read(closed).await), (Stage::Closed, true), "it is in sight again");
}

fn grant(number: u8) -> String {
    GrantId::from_bytes([number; 16]).to_string()
}

async fn draft(world: &World, case: CaseId, number: u8, needs: &[NeedId]) {
    let need_ids = needs.iter().map(ToString::to_string).collect();
    let drafted = GrantDrafted {
        case_id: case.to_string(),
        grant_id: grant(number),
        need_ids,
        ..GrantDrafted::default()
    };
    world.grants(drafted).await;
}

async fn outcomes(world: &World, case: CaseId) -> Vec<Outcome> {
    world.read(case).await.needs.iter().map(flare_contracts::triage::v1::Need::outcome).collect()
}

on_both_engines!(needs_follow_their_grants, crate::SCHEMA);
async fn needs_follow_their_grants(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Urgent).await;
    let need = world.need(case, 1).await;
    world.recommend(case, need, 1).await;
    draft(&world, case, 1, &[need]).await;
    draft(&world, case, 2, &[need]).await;
    let case_id = case.to_string();
    let rejected = |number| GrantRejected {
        case_id: case_id.clone(),
        grant_id: grant(number),
        need_ids: vec![need.to_string()],
        ..GrantRejected::default()
    };
    world.grants(rejected(1)).await;
    assert_eq!(outcomes(&world, case).await, [Outcome::Recommended], "another grant may still help");
    world.grants(rejected(2)).await;
    assert_eq!(outcomes(&world, case).await, [Outcome::Open]);
    assert_eq!(shown(&world.read(case).await).0, Stage::Assessing);

    world.recommend(case, need, 2).await;
    draft(&world, case, 3, &[need]).await;
    world
        .grants(GrantApproved {
            case_id: case_id.clone(),
            grant_id: grant(3),
            need_ids: vec![need.to_string()],
            proposer: staff(1).to_string(),
        })
        .await;
    assert_eq!(outcomes(&world, case).await, [Outcome::Granted]);
    world
        .grants(GrantActivated { case_id: case_id.clone(), grant_id: grant(3), ..GrantActivated::default() })
        .await;
    let read = world.read(case).await;
    assert_eq!(shown(&read).0, Stage::Decided);
    let stages: Vec<_> = read.grants.iter().map(|grant| grant.stage.as_str()).collect();
    assert_eq!(stages, ["rejected", "rejected", "active"]);
    assert_eq!(read.recommendations.len(), 2);
    assert!(read.recommendations[1].words.is_some(), "the newest words belong to the newest recommendation");
    world
        .grants(GrantTerminated {
            case_id: case_id.clone(),
            grant_id: grant(3),
            ..GrantTerminated::default()
        })
        .await;
    assert_eq!(outcomes(&world, case).await, [Outcome::Open]);

    world.recommend(case, need, 3).await;
    draft(&world, case, 4, &[need]).await;
    world.grants(GrantWithdrawn { case_id, grant_id: grant(4), ..GrantWithdrawn::default() }).await;
    assert_eq!(outcomes(&world, case).await, [Outcome::Open]);
}

on_both_engines!(a_recommended_need_is_due_until_a_grant_is_drafted_for_it, crate::SCHEMA);
async fn a_recommended_need_is_due_until_a_grant_is_drafted_for_it(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Critical).await;
    let (need, other) = (world.need(case, 1).await, world.need(case, 2).await);
    world.recommend(case, need, 1).await;
    world.advance_hours(1);
    world.recommend(case, other, 1).await;
    assert_eq!(world.timers().await, [("draft".to_owned(), 48)]);
    assert_eq!(world.read(case).await.summary.unwrap().next, "draft");
    draft(&world, case, 1, &[need]).await;
    assert_eq!(world.timers().await, [("draft".to_owned(), 48)], "the other has none yet");
    world.advance_hours(48);
    assert_eq!(world.fire_timers().await, 1);
    assert_eq!(world.last_event(case).await.0, "CaseOverdue");
    draft(&world, case, 2, &[other]).await;
    assert!(world.timers().await.is_empty());
    let (case_id, grant_id) = (case.to_string(), grant(2));
    world.grants(GrantWithdrawn { case_id, grant_id, ..GrantWithdrawn::default() }).await;
    assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
}

on_both_engines!(a_grant_is_only_approved_once_a_gate_closes, crate::SCHEMA);
async fn a_grant_is_only_approved_once_a_gate_closes(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Urgent).await;
    draft(&world, case, 1, &[]).await;
    let (case_id, grant_id) = (case.to_string(), grant(1));
    let closed = GateClosed { case_id: case_id.clone(), grant_id: grant_id.clone(), ..GateClosed::default() };
    world.grants(closed.clone()).await;
    assert_eq!(world.read(case).await.grants[0].stage, "draft", "nothing moved yet");
    world.grants(GrantActivated { case_id, grant_id, ..GrantActivated::default() }).await;
    world.grants(closed).await;
    assert_eq!(world.read(case).await.grants[0].stage, "approved");
}

on_both_engines!(a_grant_drafted_while_its_case_was_closed_puts_the_case_back_in_sight, crate::SCHEMA);
async fn a_grant_drafted_while_its_case_was_closed_puts_the_case_back_in_sight(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.closed(1).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Closed, false));
    draft(&world, case, 1, &[NeedId::from_bytes([1; 16])]).await;
    assert_eq!(shown(&world.read(case).await), (Stage::Closed, true));
}

on_both_engines!(grants_may_tell_of_a_case_before_intake_does, crate::SCHEMA);
async fn grants_may_tell_of_a_case_before_intake_does(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = CaseId::from_bytes([1; 16]);
    draft(&world, case, 1, &[NeedId::from_bytes([1; 16])]).await;
    let entered = PayeeEntered {
        case_id: case.to_string(),
        grant_id: grant(1),
        fingerprint: vec![50; 32],
        by: staff(1).to_string(),
    };
    world.grants(entered.clone()).await;
    world.grants(entered).await;
    let (case_id, grant_id) = (case.to_string(), grant(1));
    world.grants(GrantWithdrawn { case_id, grant_id, ..GrantWithdrawn::default() }).await;
    world.submitted(1, Lane::Urgent).await;
    let read = world.read(case).await;
    assert_eq!((read.version, &*read.grants[0].stage), (1, "withdrawn"));
}

on_both_engines!(an_event_that_no_producer_would_log_is_a_fault, crate::SCHEMA);
async fn an_event_that_no_producer_would_log_is_a_fault(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let event = grants_event::Event::GrantWithdrawn(GrantWithdrawn::default());
    let fault = world.apply(Service::Grants, "system:grants", Event::Grants(event)).await;
    assert!(matches!(fault, Err(Error::Corrupt(_))), "{fault:?}");
    let unknown = WithdrawalRequested { case_id: nobodys_case(), reason: "unsaid".to_owned(), act: None };
    world.intake("requester", unknown).await;
    let ours = triage_event::Event::CaseClosed(flare_contracts::events::v1::CaseClosed::default());
    world.apply(Service::Triage, "system:triage", Event::Triage(ours)).await.unwrap();
}
