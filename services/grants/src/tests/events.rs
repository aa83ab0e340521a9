//! What other services tell.

use flare_contracts::{
    Event,
    common::v1::Role,
    events::v1::{
        CaseAssessed, ProposalAnswered, RequestSubmitted, RolesSet, identity_event, intake_event,
        triage_event,
    },
    grants::v1::{Decision, grants_server::Grants as _},
    input,
    triage::v1::CheckResult,
};
use flare_kernel::{CaseId, Lane};
use flare_testkit::{Sandbox, on_both_engines};

use crate::{
    domain::{
        MoneyAsk, MoneyState, Stage, TimerKind, Verified,
        samples::{APPROVERS, CASE, FINANCE, GRANT, HEAD, OFFICER, PROPOSER, eur},
    },
    fixtures::{World, by, refused},
};

on_both_engines!(references_open_the_gate_of_every_grant_and_the_newest_check_of_each_counts, crate::SCHEMA);
async fn references_open_the_gate_of_every_grant_and_the_newest_check_of_each_counts(sandbox: Sandbox) {
    let world = World::active(sandbox).await;
    assert_eq!(world.grant().await.verified, Some(Verified::References));
    world.check_reference(2, CheckResult::Confirms).await;
    assert_eq!(world.grant().await.stage, Stage::Active);
    for corrected in [CheckResult::CannotSay, CheckResult::Contradicts] {
        world.check_reference(2, corrected).await;
        assert_eq!(world.grant().await.stage, Stage::Approved, "{corrected:?}");
        world.check_reference(2, CheckResult::Confirms).await;
        assert_eq!(world.grant().await.stage, Stage::Active);
    }
    world.check_reference(2, CheckResult::Contradicts).await;
    assert_eq!(world.last_event().await.actor.as_deref(), Some("system:grants"));
    world.check_reference(3, CheckResult::Confirms).await;
    assert_eq!(world.grant().await.stage, Stage::Active, "one whose adding came to nobody counts too");
}

on_both_engines!(what_the_proposer_checked_does_not_count_for_their_grant, crate::SCHEMA);
async fn what_the_proposer_checked_does_not_count_for_their_grant(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.references(1).await;
    world.reference(2, [2; 32]).await;
    world.check_reference_by(PROPOSER, 2, CheckResult::Confirms).await;
    world.draft().await.unwrap();
    assert_eq!(world.history().await, ["GrantDrafted"]);
    world.check_reference_by(PROPOSER, 1, CheckResult::Confirms).await;
    world.show("", "phone").await.unwrap();
    world.submit(PROPOSER).await.unwrap();
    refused(world.advance(HEAD, eur(100)).await, "NO_INDEPENDENT_CHECK");
    world.check_reference_by(OFFICER, 1, CheckResult::Confirms).await;
    assert_eq!(world.grant().await.verified, None);
    world.check_reference_by(HEAD, 2, CheckResult::Confirms).await;
    assert_eq!(world.grant().await.verified, Some(Verified::References));
}

on_both_engines!(a_grant_drafted_later_is_verified_by_what_was_found_before, crate::SCHEMA);
async fn a_grant_drafted_later_is_verified_by_what_was_found_before(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.references(2).await;
    world.draft().await.unwrap();
    assert_eq!(world.history().await, ["GrantDrafted", "GateOpened"]);
}

on_both_engines!(a_reference_who_turns_out_to_be_the_payee_closes_the_gate, crate::SCHEMA);
async fn a_reference_who_turns_out_to_be_the_payee_closes_the_gate(sandbox: Sandbox) {
    let world = World::active(sandbox).await;
    world.schedule(1, eur(100), false).await.unwrap();
    world.release(FINANCE[1], 1).await.unwrap();
    world.reference(9, [0x70; 32]).await;
    let grant = world.grant().await;
    assert!(grant.payee.as_ref().unwrap().is_reference && grant.stage == Stage::Approved);
    refused(world.send(1).await, "WRONG_TRANCHE_STATE");
    refused(world.check_payee(FINANCE[1]).await, "PAYEE_IS_REFERENCE");
}

on_both_engines!(grants_are_worked_on_in_their_cases_lane, crate::SCHEMA);
async fn grants_are_worked_on_in_their_cases_lane(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.draft().await.unwrap();
    let lane = input::lane_out(Lane::Critical).into();
    let assessed = CaseAssessed { case_id: CASE.to_string(), lane, outcome_by: None };
    world.handle(Event::Triage(triage_event::Event::CaseAssessed(assessed))).await;
    assert_eq!(world.grant().await.lane, Lane::Critical);
    world.show("", "phone").await.unwrap();
    world.submit(PROPOSER).await.unwrap();
    let due = world.grant().await.approval.unwrap().due;
    assert_eq!(due.since(world.now()), flare_kernel::Duration::from_hours(24));
}

on_both_engines!(a_case_that_becomes_critical_is_voted_on_within_a_day, crate::SCHEMA);
async fn a_case_that_becomes_critical_is_voted_on_within_a_day(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    let lane = input::lane_out(Lane::Critical).into();
    let assessed = CaseAssessed { case_id: CASE.to_string(), lane, outcome_by: None };
    world.handle(Event::Triage(triage_event::Event::CaseAssessed(assessed))).await;
    let event = world.last_event().await;
    assert_eq!((event.kind.as_str(), event.lane), ("flare.events.v1.VoteHastened", Lane::Critical));
    let due = world.now().plus(flare_kernel::Duration::from_hours(24));
    assert_eq!(world.timer(TimerKind::Vote).await, Some(due));
}

on_both_engines!(whoever_lost_the_role_votes_no_more, crate::SCHEMA);
async fn whoever_lost_the_role_votes_no_more(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    let set = RolesSet {
        staff_id: APPROVERS[0].to_string(),
        roles: vec![Role::Officer.into()],
        roles_held_back: Vec::new(),
    };
    world.handle(Event::Identity(identity_event::Event::RolesSet(set))).await;
    refused(world.vote(APPROVERS[0], Decision::Approve).await, "NOT_AN_APPROVER");
}

on_both_engines!(what_is_not_known_here_changes_nothing, crate::SCHEMA);
async fn what_is_not_known_here_changes_nothing(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.proposal_answered(true).await;
    world.arrival_reported(1, eur(1)).await;
    world.report_submitted().await;
    world.agreement_answered(1, true, false).await;
    assert_eq!(world.version().await, 0);
    world.draft().await.unwrap();
    let other_case = ProposalAnswered {
        act: None,
        case_id: CaseId::from_bytes([1; 16]).to_string(),
        grant_id: GRANT.to_string(),
        agrees: true,
    };
    world.handle(Event::Intake(intake_event::Event::ProposalAnswered(other_case))).await;
    assert_eq!(world.history().await, ["GrantDrafted"]);
}

on_both_engines!(a_case_is_known_from_its_request_on, crate::SCHEMA);
async fn a_case_is_known_from_its_request_on(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let case = CaseId::from_bytes([7; 16]);
    let mut request = world.draft_request(GRANT);
    request.case_id = case.to_string();
    refused(world.api.draft_grant(by(PROPOSER, request.clone())).await, "NOT_FOUND");
    let submitted = RequestSubmitted { case_id: case.to_string(), ..RequestSubmitted::default() };
    world.handle(Event::Intake(intake_event::Event::RequestSubmitted(submitted))).await;
    request.request_id = world.request_id();
    refused(world.api.draft_grant(by(PROPOSER, request.clone())).await, "NEED_NOT_RECOMMENDED");
    world.opened(case, Lane::Urgent).await;
    world.recommended(case, &[1, 2]).await;
    request.request_id = world.request_id();
    world.api.draft_grant(by(PROPOSER, request)).await.unwrap();
    assert_eq!(world.grant().await.lane, Lane::Urgent);
}

on_both_engines!(a_hold_that_comes_before_the_case_holds_its_grants, crate::SCHEMA);
async fn a_hold_that_comes_before_the_case_holds_its_grants(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.stopped("held").await;
    world.draft().await.unwrap();
    assert_eq!(world.grant().await.money, MoneyState::Held);
    assert_eq!(world.hold(MoneyAsk::Free).await, 0);
    assert_eq!(world.grant().await.money, MoneyState::Free);
}
