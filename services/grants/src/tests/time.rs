//! What time does: submissions and votes late, the end date, the report, the close, payments nobody heard of.

use flare_contracts::grants::v1::{Decision, TrancheState};
use flare_kernel::Duration;
use flare_testkit::{Sandbox, on_both_engines};

use crate::{
    domain::{
        Stage, TimerKind,
        samples::{APPROVERS, FINANCE, OFFICER, PROPOSER, eur},
    },
    fixtures::World,
};

on_both_engines!(late_votes_are_told_again_and_again, crate::SCHEMA);
async fn late_votes_are_told_again_and_again(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    assert_eq!(world.fire().await, 0);
    world.sandbox.advance(Duration::from_days(5));
    assert_eq!(world.fire().await, 1);
    assert_eq!(world.fire().await, 0);
    assert_eq!(world.last_event().await.kind, "flare.events.v1.GrantOverdue");
    assert_eq!(world.last_event().await.actor.as_deref(), Some("system:timer"));
    assert_eq!(world.timer(TimerKind::Vote).await, Some(world.now().plus(Duration::from_days(1))));
    world.sandbox.advance(Duration::from_days(1));
    assert_eq!(world.fire().await, 1);
}

on_both_engines!(a_grant_that_is_not_submitted_is_told_of_until_it_is, crate::SCHEMA);
async fn a_grant_that_is_not_submitted_is_told_of_until_it_is(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.draft().await.unwrap();
    let due = world.now().plus(Duration::from_hours(48));
    assert_eq!(world.timer(TimerKind::Draft).await, Some(due));
    world.sandbox.advance(Duration::from_hours(48));
    assert_eq!(world.fire().await, 1);
    assert_eq!(world.last_event().await.kind, "flare.events.v1.GrantOverdue");
    assert_eq!(world.timer(TimerKind::Draft).await, Some(world.now().plus(Duration::from_days(1))));
    world.show("", "phone").await.unwrap();
    world.submit(PROPOSER).await.unwrap();
    assert_eq!(world.timer(TimerKind::Draft).await, None);
    world.vote(APPROVERS[0], Decision::Return).await.unwrap();
    assert_eq!(world.timer(TimerKind::Draft).await, Some(world.now().plus(Duration::from_hours(48))));
}

on_both_engines!(a_payment_that_comes_back_after_the_end_leaves_nobody_waiting, crate::SCHEMA);
async fn a_payment_that_comes_back_after_the_end_leaves_nobody_waiting(sandbox: Sandbox) {
    let world = World::reporting(sandbox).await;
    world.settle(1, TrancheState::Returned, None).await.unwrap();
    assert_eq!(world.last_event().await.kind, "flare.events.v1.ReportDueSet");
    assert_eq!(world.timer(TimerKind::Report).await, None);
    assert_eq!(world.timer(TimerKind::Close).await, Some(world.now().plus(Duration::from_days(14))));
    world.schedule(2, eur(100), false).await.unwrap();
    world.release(FINANCE[1], 2).await.unwrap();
    world.send(2).await.unwrap();
    assert_eq!(world.timer(TimerKind::Report).await, Some(world.now().plus(Duration::from_days(30))));
    assert_eq!(world.timer(TimerKind::Close).await, None);
}

on_both_engines!(a_grant_ends_on_its_end_date_and_waits_for_its_report, crate::SCHEMA);
async fn a_grant_ends_on_its_end_date_and_waits_for_its_report(sandbox: Sandbox) {
    let world = World::reporting(sandbox).await;
    assert_eq!(world.timer(TimerKind::End).await, None);
    let due = world.timer(TimerKind::Report).await.unwrap();
    assert_eq!(due.since(world.now()), Duration::from_days(30));
    world.sandbox.advance(Duration::from_days(30));
    assert_eq!(world.fire().await, 2, "the report, and a payment that nobody heard of");
    world.report_submitted().await;
    assert_eq!(world.timer(TimerKind::Report).await, None);
    assert_eq!(world.timer(TimerKind::Close).await, Some(world.now().plus(Duration::from_days(14))));
    world.sandbox.advance(Duration::from_days(14));
    assert_eq!(world.fire().await, 2, "the close, and the payment");
}

on_both_engines!(an_approved_grant_whose_end_passes_unpaid_is_closed_without_a_report, crate::SCHEMA);
async fn an_approved_grant_whose_end_passes_unpaid_is_closed_without_a_report(sandbox: Sandbox) {
    let world = World::approved(sandbox).await;
    world.sandbox.advance(Duration::from_days(120));
    assert_eq!(world.fire().await, 1);
    assert_eq!(world.grant().await.stage, Stage::Reporting);
    world.close(OFFICER, "overtaken", eur(940_000)).await.unwrap();
    world.close(FINANCE[0], "overtaken", eur(940_000)).await.unwrap();
    assert_eq!(world.grant().await.stage, Stage::Closed);
}

on_both_engines!(a_payment_nobody_heard_of_is_asked_after, crate::SCHEMA);
async fn a_payment_nobody_heard_of_is_asked_after(sandbox: Sandbox) {
    let world = World::sent(sandbox).await;
    world.sandbox.advance(Duration::from_days(7));
    assert_eq!(world.fire().await, 1);
    assert_eq!(world.last_event().await.kind, "flare.events.v1.GrantOverdue");
    world.arrival_reported(1, eur(500_000)).await;
    assert_eq!(world.timer(TimerKind::Arrival).await, None);
}

on_both_engines!(a_payment_after_the_pay_by_date_is_refused, crate::SCHEMA);
async fn a_payment_after_the_pay_by_date_is_refused(sandbox: Sandbox) {
    let world = World::active(sandbox).await;
    world.schedule(1, eur(100), false).await.unwrap();
    world.sandbox.advance(Duration::from_days(120));
    world.fire().await;
    crate::fixtures::refused(world.release(FINANCE[1], 1).await, "PAY_BY_PASSED");
}
