use flare_contracts::{
    Event,
    common::v1::{Lane, Role},
    events::v1::{self as events, grants_event},
    notification::v1::ListInboxRequest,
};
use flare_kernel::Duration as Span;
use flare_testkit::{Sandbox, on_both_engines};

use flare_messaging::ApproverQueues as _;

use super::*;
use crate::fixtures::{
    APPROVER, Answer, HEAD, OTHER_APPROVER, World, case, enrolled, grant, id, submitted, to_the_votes, voted,
};

/// A grant that waits for the votes of both approvers, in a case of this lane.
async fn waiting(sandbox: Sandbox, lane: Lane) -> World {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case(), lane), "requester").await;
    for event in to_the_votes(&[]) {
        world.handle(&event).await;
    }
    world
}

fn told(world: &World) -> Vec<StaffId> {
    let mut told: Vec<_> = world.broker.published().into_iter().map(|(staff, _)| staff).collect();
    told.sort_unstable();
    told
}

on_both_engines!(each_approver_has_a_queue_and_the_vote_on_it_once, crate::SCHEMA);
async fn each_approver_has_a_queue_and_the_vote_on_it_once(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    assert!(world.workers.work_once().await.unwrap());
    let mut queues = world.broker.queues();
    queues.sort_unstable();
    assert_eq!(queues, [id(APPROVER), id(OTHER_APPROVER)]);
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)]);
    let inbox = world.list(APPROVER, ListInboxRequest::default()).await.unwrap();
    let expected = (id(APPROVER), inbox.notices[0].notice_id.clone());
    assert!(world.broker.published().contains(&expected), "the event carries the notice's id");
    world.sandbox.advance(Span::from_hours(1));
    assert!(!world.workers.work_once().await.unwrap(), "nothing is left to do");
    assert_eq!(told(&world).len(), 2);
}

on_both_engines!(while_the_broker_is_away_messages_wait, crate::SCHEMA);
async fn while_the_broker_is_away_messages_wait(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    world.broker.set_away(true);
    for _ in 0..9 {
        assert!(world.workers.work_once().await.unwrap());
        assert!(!world.workers.work_once().await.unwrap(), "it is not tried again at once");
        world.sandbox.advance(Span::from_secs(16));
    }
    world.broker.set_away(false);
    while world.workers.work_once().await.unwrap() {}
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)], "never more than sixteen seconds late");
}

on_both_engines!(when_the_broker_is_back_all_that_waits_is_tried_at_once, crate::SCHEMA);
async fn when_the_broker_is_back_all_that_waits_is_tried_at_once(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    world.broker.set_away(true);
    for _ in 0..6 {
        assert!(world.workers.work_once().await.unwrap());
        world.sandbox.advance(Span::from_secs(16));
    }
    assert!(world.workers.work_once().await.unwrap(), "all wait for sixteen seconds now");
    world.broker.set_away(false);
    assert!(!world.workers.work_once().await.unwrap());
    // A vote is asked for anew, also of one whose queue waits for nothing.
    world.handle(&enrolled(HEAD, &[Role::Head, Role::Approver])).await;
    world.handle(&to_the_votes(&[])[1]).await;
    while world.workers.work_once().await.unwrap() {}
    assert_eq!(told(&world), [id(HEAD), id(APPROVER), id(OTHER_APPROVER)], "the clock has not moved");
}

on_both_engines!(a_queue_that_is_made_and_refuses_is_tried_seldom, crate::SCHEMA);
async fn a_queue_that_is_made_and_refuses_is_tried_seldom(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    world.broker.set_refusing(true);
    for _ in 0..6 {
        let mut rounds = 0;
        while world.workers.work_once().await.unwrap() {
            rounds += 1;
            assert!(rounds < 4, "one finds that it refuses, the next makes it again, and then it waits");
        }
        assert!(!world.broker.queues().is_empty());
        world.sandbox.advance(Span::from_secs(16));
    }
    assert_eq!(told(&world), []);
    world.broker.set_refusing(false);
    while world.workers.work_once().await.unwrap() {}
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)]);
}

on_both_engines!(what_another_worker_holds_is_not_taken_though_the_broker_is_back, crate::SCHEMA);
async fn what_another_worker_holds_is_not_taken_though_the_broker_is_back(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    let held = world.sandbox.database.write(ClaimMessages { limit: BATCH }).await.unwrap();
    assert_eq!(held.len(), 2);
    world.handle(&to_the_votes(&[])[1]).await;
    while world.workers.work_once().await.unwrap() {}
    let held: Vec<_> = held.iter().map(|message| message.notice.id.to_string()).collect();
    let published = world.broker.published();
    assert_eq!(published.len(), 2, "the broker is there");
    assert!(published.iter().all(|(_, id)| !held.contains(id)));
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_messages WHERE done_at IS NULL").await, 2);
}

on_both_engines!(a_broker_that_forgot_its_queues_gets_them_again, crate::SCHEMA);
async fn a_broker_that_forgot_its_queues_gets_them_again(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    world.workers.work_once().await.unwrap();
    world.broker.wipe();
    world.handle(&to_the_votes(&[])[1]).await;
    for _ in 0..3 {
        world.workers.work_once().await.unwrap();
        world.sandbox.advance(Span::from_secs(1));
    }
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)]);
}

on_both_engines!(triage_decides_who_is_told, crate::SCHEMA);
async fn triage_decides_who_is_told(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Critical).await;
    for answer in [Answer::Nobody, Answer::Away] {
        world.triage.says(answer);
        world.workers.work_once().await.unwrap();
        assert_eq!(told(&world), []);
        world.sandbox.advance(Span::from_secs(60));
    }
    world.triage.says(Answer::Everyone);
    world.workers.work_once().await.unwrap();
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)]);
}

on_both_engines!(a_head_who_votes_is_told_of_a_critical_case_though_triage_is_away, crate::SCHEMA);
async fn a_head_who_votes_is_told_of_a_critical_case_though_triage_is_away(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle(&enrolled(HEAD, &[Role::Head, Role::Approver])).await;
    world.handle_from(&submitted(case(), Lane::Critical), "requester").await;
    for event in to_the_votes(&[]) {
        world.handle(&event).await;
    }
    world.triage.says(Answer::Away);
    world.workers.work_once().await.unwrap();
    assert_eq!(told(&world), [id(HEAD)]);
}

on_both_engines!(a_vote_that_nobody_waits_for_is_not_published, crate::SCHEMA);
async fn a_vote_that_nobody_waits_for_is_not_published(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    world.handle(&voted(APPROVER)).await;
    world.workers.work_once().await.unwrap();
    assert_eq!(told(&world), [id(OTHER_APPROVER)]);
    let withdrawn = events::GrantWithdrawn {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        ..events::GrantWithdrawn::default()
    };
    world.handle(&to_the_votes(&[])[1]).await;
    world.handle(&Event::Grants(grants_event::Event::GrantWithdrawn(withdrawn))).await;
    world.workers.work_once().await.unwrap();
    assert_eq!(told(&world), [id(OTHER_APPROVER)]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_messages WHERE done_at IS NULL").await, 0);
}

on_both_engines!(a_worker_that_dies_leaves_its_messages_to_the_next, crate::SCHEMA);
async fn a_worker_that_dies_leaves_its_messages_to_the_next(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    let database = &world.sandbox.database;
    // It dies between publishing and noting it.
    let claimed = database.write(ClaimMessages { limit: BATCH }).await.unwrap();
    assert_eq!(claimed.len(), 2);
    for staff in [APPROVER, OTHER_APPROVER] {
        world.broker.ensure(id(staff)).await.unwrap();
    }
    let ends = world.workers.publish(claimed).await;
    assert!(ends.iter().all(|(_, end)| *end == MessageEnd::Published));

    world.workers.work_once().await.unwrap();
    assert_eq!(told(&world).len(), 2, "while the lease lasts nobody else takes them");
    world.sandbox.advance(crate::commands::LEASE);
    world.workers.work_once().await.unwrap();
    let mut published = world.broker.published();
    published.sort();
    published.dedup();
    assert_eq!((told(&world).len(), published.len()), (4, 2), "again, under the same ids");
}

on_both_engines!(two_workers_at_once_tell_nobody_twice, crate::SCHEMA);
async fn two_workers_at_once_tell_nobody_twice(sandbox: Sandbox) {
    let world = waiting(sandbox, Lane::Urgent).await;
    for staff in [APPROVER, OTHER_APPROVER] {
        world.broker.ensure(id(staff)).await.unwrap();
    }
    let (one, other) = tokio::join!(world.workers.work_once(), world.workers.work_once());
    assert!(one.unwrap() | other.unwrap());
    assert_eq!(told(&world), [id(APPROVER), id(OTHER_APPROVER)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_tells_and_ends_when_asked() {
    let world = World::staffed(Sandbox::sqlite(crate::SCHEMA).await).await;
    let token = CancellationToken::new();
    let running = tokio::spawn(world.workers.clone().run(token.clone()));
    for event in to_the_votes(&[]) {
        world.handle(&event).await;
    }
    let told = async {
        while told(&world).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    token.cancel();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}
