//! Events in, effects on cases.

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
use flare_kernel::{CaseId, GrantId, NeedId};
use flare_testkit::{Sandbox, on_both_engines};

use super::*;
use crate::{
    fixtures::{id, *},
    store::page_of_queue,
};

on_both_engines!(a_request_begins_a_case_once, crate::SCHEMA);
async fn a_request_begins_a_case_once(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.submitted(1, Lane::Unspecified).await;
    let read = desk.read(case).await;
    let summary = read.summary.unwrap();
    assert_eq!(
        (summary.lane(), summary.stage(), &*summary.next),
        (Lane::Urgent, Stage::Submitted, "acknowledge")
    );
    assert_eq!(desk.timers().await, [("acknowledge".to_owned(), 24)]);
    desk.submitted(1, Lane::Critical).await;
    assert_eq!(desk.read(case).await.version, 1, "a repetition changes nothing");
    assert_eq!(desk.last_event(case).await, ("CaseOpened".to_owned(), "system:triage".to_owned()));
}

/// The hours until each timer, the first first.
async fn hours_left(desk: &Desk) -> Vec<i64> {
    let mut hours: Vec<_> = desk.timers().await.into_iter().map(|(_, hours)| hours).collect();
    hours.sort_unstable();
    hours
}

on_both_engines!(a_request_that_waited_is_due_from_when_it_began_to_wait_and_goes_first, crate::SCHEMA);
async fn a_request_that_waited_is_due_from_when_it_began_to_wait_and_goes_first(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let (at_once, waited, late) = (desk.submitted(1, Lane::Critical).await, id(2), id(3));
    for (case, hours) in [(waited, -1), (late, -10)] {
        let listing = Listing { lane_hint: Lane::Critical.into(), ..Listing::default() };
        let waiting_since = desk.now().await.plus(flare_kernel::Duration::from_hours(hours));
        let submitted = RequestSubmitted {
            case_id: case.to_string(),
            listing: Some(listing),
            waiting_since: Some(input::timestamp_out(waiting_since)),
            ..RequestSubmitted::default()
        };
        desk.intake("requester", submitted).await;
        let summary = desk.read(case).await.summary.unwrap();
        assert_eq!(summary.submitted, Some(input::timestamp_out(waiting_since)));
        let due = waiting_since.plus(flare_kernel::Duration::from_hours(2));
        assert_eq!(summary.due, Some(input::timestamp_out(due)));
    }
    let page = flare_store::Page::asked(10, "").unwrap();
    let queue = page_of_queue(&desk.sandbox.database, &page).await.unwrap();
    assert_eq!(queue.iter().map(|(_, case)| case.id).collect::<Vec<_>>(), [late, waited, at_once]);
    assert_eq!(hours_left(&desk).await, [-8, 1, 2]);
    // What is late already is told at once, and again after its lane's time.
    assert_eq!(desk.fire_timers().await, 1);
    assert_eq!(desk.last_event(late).await, ("CaseOverdue".to_owned(), "system:timer".to_owned()));
    assert_eq!(hours_left(&desk).await, [1, 2, 2]);
}

on_both_engines!(question_and_answer_take_turns, crate::SCHEMA);
async fn question_and_answer_take_turns(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Critical).await;
    desk.advance_hours(1);
    desk.message(case, MessageKind::Question, false).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::AwaitingRequester, false));
    assert_eq!(desk.last_event(case).await, ("QuestionAsked".to_owned(), "system:triage".to_owned()));
    assert_eq!(desk.timers().await, [("welfare_check".to_owned(), 12)]);
    desk.advance_hours(12);
    assert_eq!(desk.fire_timers().await, 1);
    assert_eq!(desk.last_event(case).await, ("WelfareCheckDue".to_owned(), "system:timer".to_owned()));
    desk.message(case, MessageKind::Answer, true).await;
    let read = desk.read(case).await;
    assert_eq!(shown(&read), (Stage::Assessing, true));
    assert_eq!((read.our_clock_seconds, read.total_clock_seconds), (3_600, 13 * 3_600));
    assert_eq!(desk.last_event(case).await, ("RequesterAnswered".to_owned(), "requester".to_owned()));
    assert_eq!(desk.timers().await, [("outcome".to_owned(), 47)]);
    desk.message(case, MessageKind::Text, false).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Assessing, false));
}

on_both_engines!(answers_and_files_of_the_requester_are_news_and_those_of_staff_are_not, crate::SCHEMA);
async fn answers_and_files_of_the_requester_are_news_and_those_of_staff_are_not(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.submitted(1, Lane::Urgent).await;
    let case_id = case.to_string();
    let file =
        |by_requester| FileAttached { case_id: case_id.clone(), by_requester, ..FileAttached::default() };
    let answers = || AnswersAdded { case_id: case_id.clone(), ..AnswersAdded::default() };
    desk.intake(&staff(1).to_string(), answers()).await;
    desk.intake(&staff(1).to_string(), file(false)).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Submitted, false));
    desk.intake("requester", answers()).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Submitted, true));
    desk.message(case, MessageKind::Text, false).await;
    desk.intake("requester", file(true)).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Submitted, true));
}

on_both_engines!(danger_that_is_told_later_raises_the_lane_once_and_brings_the_step_forward, crate::SCHEMA);
async fn danger_that_is_told_later_raises_the_lane_once_and_brings_the_step_forward(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.submitted(1, Lane::Urgent).await;
    let said = |danger: Danger| AnswersAdded {
        case_id: case.to_string(),
        danger: danger.into(),
        ..AnswersAdded::default()
    };
    let lane = async || desk.read(case).await.summary.unwrap().lane();
    desk.advance_hours(1);
    desk.intake("requester", said(Danger::No)).await;
    assert_eq!((lane().await, desk.timers().await), (Lane::Urgent, vec![("acknowledge".to_owned(), 23)]));
    desk.intake("requester", said(Danger::Yes)).await;
    assert_eq!((lane().await, desk.timers().await), (Lane::Critical, vec![("acknowledge".to_owned(), 2)]));
    assert_eq!(desk.last_event(case).await, ("LaneRaised".to_owned(), "requester".to_owned()));
    let version = desk.version(case).await;
    for again in [Danger::Yes, Danger::No, Danger::NotSure] {
        desk.intake(&staff(1).to_string(), said(again)).await;
    }
    assert_eq!((lane().await, desk.version(case).await), (Lane::Critical, version), "nothing said lowers it");

    let owned = desk.assessing(2, Lane::Standard).await;
    let told =
        AnswersAdded { case_id: owned.to_string(), danger: Danger::Yes.into(), ..AnswersAdded::default() };
    desk.intake(&staff(1).to_string(), told).await;
    let read = desk.read(owned).await.summary.unwrap();
    assert_eq!((read.lane(), read.has_news), (Lane::Critical, false), "staff who write it down know it");
    assert_eq!(desk.last_event(owned).await, ("LaneRaised".to_owned(), staff(1).to_string()));
}

on_both_engines!(a_message_on_a_closed_case_brings_it_back_to_the_queue, crate::SCHEMA);
async fn a_message_on_a_closed_case_brings_it_back_to_the_queue(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.closed(1).await;
    let queue = async || desk.triage.page(None, 0, "").await.unwrap().0.len();
    assert_eq!(queue().await, 0);
    desk.message(case, MessageKind::Text, true).await;
    assert_eq!((queue().await, desk.last_event(case).await.0), (1, "RequesterAnswered".to_owned()));
    assert_eq!(shown(&desk.read(case).await), (Stage::Closed, true));
    desk.message(case, MessageKind::Text, false).await;
    assert_eq!(queue().await, 0);
}

on_both_engines!(a_requester_withdraws_once_whatever_the_stage, crate::SCHEMA);
async fn a_requester_withdraws_once_whatever_the_stage(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    for (number, closed) in [(1, false), (2, true)] {
        let case =
            if closed { desk.closed(number).await } else { desk.assessing(number, Lane::Urgent).await };
        let request =
            WithdrawalRequested { case_id: case.to_string(), reason: "unsaid".to_owned(), act: None };
        desk.intake("requester", request.clone()).await;
        let version = desk.version(case).await;
        desk.intake("requester", request).await;
        let read = desk.read(case).await;
        assert_eq!((shown(&read).0, read.version), (Stage::Withdrawn, version));
        assert_eq!(desk.last_event(case).await, ("CaseStopped".to_owned(), "requester".to_owned()));
        assert!(!desk.triage.money_is_settled(case).await.unwrap(), "grants is asked by the worker");
    }
}

on_both_engines!(a_code_that_its_holder_froze_pauses_the_case_until_one_of_staff_resumes_it, crate::SCHEMA);
async fn a_code_that_its_holder_froze_pauses_the_case_until_one_of_staff_resumes_it(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Urgent).await;
    let frozen = |case: CaseId| ReceiptFrozen { case_id: case.to_string(), ..ReceiptFrozen::default() };
    desk.intake(&staff(1).to_string(), frozen(case)).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Assessing, false), "staff know what they froze");
    desk.intake("requester", frozen(case)).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Paused, true));
    assert_eq!(desk.last_event(case).await, ("CaseStopped".to_owned(), "requester".to_owned()));
    assert!(!desk.triage.money_is_settled(case).await.unwrap(), "grants is asked to hold its money");
    let version = desk.version(case).await;
    desk.intake("requester", frozen(case)).await;
    assert_eq!(desk.version(case).await, version, "once");
    desk.resume(case, 1).await.unwrap();
    assert_eq!(shown(&desk.read(case).await).0, Stage::Assessing);

    let closed = desk.closed(2).await;
    desk.intake("requester", frozen(closed)).await;
    assert_eq!(shown(&desk.read(closed).await), (Stage::Closed, true), "it is in sight again");
}

fn grant(number: u8) -> String {
    GrantId::from_bytes([number; 16]).to_string()
}

async fn draft(desk: &Desk, case: CaseId, number: u8, needs: &[NeedId]) {
    let need_ids = needs.iter().map(ToString::to_string).collect();
    let drafted = GrantDrafted {
        case_id: case.to_string(),
        grant_id: grant(number),
        need_ids,
        ..GrantDrafted::default()
    };
    desk.grants(drafted).await;
}

async fn outcomes(desk: &Desk, case: CaseId) -> Vec<Outcome> {
    desk.read(case).await.needs.iter().map(flare_contracts::triage::v1::Need::outcome).collect()
}

on_both_engines!(needs_follow_their_grants, crate::SCHEMA);
async fn needs_follow_their_grants(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Urgent).await;
    let need = desk.need(case, 1).await;
    desk.recommend(case, need, 1).await;
    draft(&desk, case, 1, &[need]).await;
    draft(&desk, case, 2, &[need]).await;
    let case_id = case.to_string();
    let rejected = |number| GrantRejected {
        case_id: case_id.clone(),
        grant_id: grant(number),
        need_ids: vec![need.to_string()],
        ..GrantRejected::default()
    };
    desk.grants(rejected(1)).await;
    assert_eq!(outcomes(&desk, case).await, [Outcome::Recommended], "another grant may still help");
    desk.grants(rejected(2)).await;
    assert_eq!(outcomes(&desk, case).await, [Outcome::Open]);
    assert_eq!(shown(&desk.read(case).await).0, Stage::Assessing);

    desk.recommend(case, need, 2).await;
    draft(&desk, case, 3, &[need]).await;
    desk.grants(GrantApproved {
        case_id: case_id.clone(),
        grant_id: grant(3),
        need_ids: vec![need.to_string()],
        proposer: staff(1).to_string(),
    })
    .await;
    assert_eq!(outcomes(&desk, case).await, [Outcome::Granted]);
    desk.grants(GrantActivated { case_id: case_id.clone(), grant_id: grant(3), ..GrantActivated::default() })
        .await;
    let read = desk.read(case).await;
    assert_eq!(shown(&read).0, Stage::Decided);
    let stages: Vec<_> = read.grants.iter().map(|grant| grant.stage.as_str()).collect();
    assert_eq!(stages, ["rejected", "rejected", "active"]);
    assert_eq!(read.recommendations.len(), 2);
    assert!(read.recommendations[1].words.is_some(), "the newest words belong to the newest recommendation");
    desk.grants(GrantTerminated {
        case_id: case_id.clone(),
        grant_id: grant(3),
        ..GrantTerminated::default()
    })
    .await;
    assert_eq!(outcomes(&desk, case).await, [Outcome::Open]);

    desk.recommend(case, need, 3).await;
    draft(&desk, case, 4, &[need]).await;
    desk.grants(GrantWithdrawn { case_id, grant_id: grant(4), ..GrantWithdrawn::default() }).await;
    assert_eq!(outcomes(&desk, case).await, [Outcome::Open]);
}

on_both_engines!(a_recommended_need_is_due_until_a_grant_is_drafted_for_it, crate::SCHEMA);
async fn a_recommended_need_is_due_until_a_grant_is_drafted_for_it(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Critical).await;
    let (need, other) = (desk.need(case, 1).await, desk.need(case, 2).await);
    desk.recommend(case, need, 1).await;
    desk.advance_hours(1);
    desk.recommend(case, other, 1).await;
    assert_eq!(desk.timers().await, [("draft".to_owned(), 48)]);
    assert_eq!(desk.read(case).await.summary.unwrap().next, "draft");
    draft(&desk, case, 1, &[need]).await;
    assert_eq!(desk.timers().await, [("draft".to_owned(), 48)], "the other has none yet");
    desk.advance_hours(48);
    assert_eq!(desk.fire_timers().await, 1);
    assert_eq!(desk.last_event(case).await.0, "CaseOverdue");
    draft(&desk, case, 2, &[other]).await;
    assert!(desk.timers().await.is_empty());
    let (case_id, grant_id) = (case.to_string(), grant(2));
    desk.grants(GrantWithdrawn { case_id, grant_id, ..GrantWithdrawn::default() }).await;
    assert_eq!(desk.timers().await, [("outcome".to_owned(), 48)]);
}

on_both_engines!(a_grant_is_only_approved_once_a_gate_closes, crate::SCHEMA);
async fn a_grant_is_only_approved_once_a_gate_closes(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Urgent).await;
    draft(&desk, case, 1, &[]).await;
    let (case_id, grant_id) = (case.to_string(), grant(1));
    let closed = GateClosed { case_id: case_id.clone(), grant_id: grant_id.clone(), ..GateClosed::default() };
    desk.grants(closed.clone()).await;
    assert_eq!(desk.read(case).await.grants[0].stage, "draft", "nothing moved yet");
    desk.grants(GrantActivated { case_id, grant_id, ..GrantActivated::default() }).await;
    desk.grants(closed).await;
    assert_eq!(desk.read(case).await.grants[0].stage, "approved");
}

on_both_engines!(a_grant_drafted_while_its_case_was_closed_puts_the_case_back_in_sight, crate::SCHEMA);
async fn a_grant_drafted_while_its_case_was_closed_puts_the_case_back_in_sight(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.closed(1).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Closed, false));
    draft(&desk, case, 1, &[NeedId::from_bytes([1; 16])]).await;
    assert_eq!(shown(&desk.read(case).await), (Stage::Closed, true));
}

on_both_engines!(grants_may_tell_of_a_case_before_intake_does, crate::SCHEMA);
async fn grants_may_tell_of_a_case_before_intake_does(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = CaseId::from_bytes([1; 16]);
    draft(&desk, case, 1, &[NeedId::from_bytes([1; 16])]).await;
    let entered = PayeeEntered {
        case_id: case.to_string(),
        grant_id: grant(1),
        fingerprint: vec![50; 32],
        by: staff(1).to_string(),
    };
    desk.grants(entered.clone()).await;
    desk.grants(entered).await;
    let (case_id, grant_id) = (case.to_string(), grant(1));
    desk.grants(GrantWithdrawn { case_id, grant_id, ..GrantWithdrawn::default() }).await;
    desk.submitted(1, Lane::Urgent).await;
    let read = desk.read(case).await;
    assert_eq!((read.version, &*read.grants[0].stage), (1, "withdrawn"));
}

on_both_engines!(an_event_that_no_producer_would_log_is_a_fault, crate::SCHEMA);
async fn an_event_that_no_producer_would_log_is_a_fault(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let event = grants_event::Event::GrantWithdrawn(GrantWithdrawn::default());
    let fault = desk.apply(Producer::Grants, "system:grants", Event::Grants(event)).await;
    assert!(matches!(fault, Err(Error::Corrupt(_))), "{fault:?}");
    let unknown = WithdrawalRequested { case_id: nobodys_case(), reason: "unsaid".to_owned(), act: None };
    desk.intake("requester", unknown).await;
    let ours = triage_event::Event::CaseClosed(flare_contracts::events::v1::CaseClosed::default());
    desk.apply(Producer::Triage, "system:triage", Event::Triage(ours)).await.unwrap();
}
