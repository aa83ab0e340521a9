//! What the bus lost is fetched.

use flare_kernel::Lane;

use super::{World, on_both_engines};

on_both_engines!(a_bus_that_forgot_everything_is_a_delay_and_no_loss, what_is_known_is_not_fetched_again);

async fn a_bus_that_forgot_everything_is_a_delay_and_no_loss(world: &World) {
    let (intake, worker) = (world.intake(), world.inbox_worker());
    for case in 0..25 {
        intake.log(&format!("case_{case}"), Lane::Standard, 5).await;
    }
    intake.log("case_long", Lane::Critical, 250).await;
    let partly = intake.log("case_partly", Lane::Urgent, 4).await;
    world.insert(&partly[..2]).await;
    worker.apply_once().await.unwrap();
    world.insert(&partly[3..]).await;

    // What was lost, and of the stream that was known in part all that follows its cursor.
    assert_eq!(world.reconciler().reconcile_once().await.unwrap(), 25 * 5 + 250 + 2);
    while worker.apply_once().await.unwrap() > 0 {}
    for case in 0..25 {
        assert_eq!(world.effects(&format!("case_{case}")).await, [1, 2, 3, 4, 5]);
    }
    assert_eq!(world.effects("case_long").await, (1..=250).collect::<Vec<_>>());
    assert_eq!(world.effects("case_partly").await, [1, 2, 3, 4]);
    assert_eq!(world.recorder.disorder(), 0);
}

async fn what_is_known_is_not_fetched_again(world: &World) {
    let events = world.intake().log("case_1", Lane::Urgent, 3).await;
    world.insert(&events).await;
    assert_eq!(world.reconciler().reconcile_once().await.unwrap(), 0, "it waits in the inbox");
    world.inbox_worker().apply_once().await.unwrap();
    assert_eq!(world.reconciler().reconcile_once().await.unwrap(), 0, "it was applied");
}
