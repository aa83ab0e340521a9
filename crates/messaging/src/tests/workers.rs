//! All workers of a process together.

use std::sync::Arc;

use flare_kernel::Lane;
use tokio_util::sync::CancellationToken;

use super::{World, eventually, on_both_engines};
use crate::{LocalBus, Wiring, workers};

on_both_engines!(an_event_goes_all_the_way_and_everything_ends_when_told_to);

async fn an_event_goes_all_the_way_and_everything_ends_when_told_to(world: &World) {
    let roles = world.roles();
    let wiring = Wiring {
        bus: Arc::new(LocalBus::new(&roles, |_, _| {})),
        source: world.source(),
        rabbit: None,
        follow: |_, _| {},
    };
    let workers = workers(&roles, &wiring);
    let names: Vec<_> = workers.iter().map(|worker| worker.name().to_owned()).collect();
    assert_eq!(
        names,
        [
            "intake: relay",
            "intake: depths",
            "triage: relay",
            "triage: inbox",
            "triage: reconciler",
            "triage: depths",
            "triage: gaps of intake"
        ]
    );
    let token = CancellationToken::new();
    let running: Vec<_> = workers.into_iter().map(|worker| tokio::spawn(worker.run(token.clone()))).collect();
    for case in 0..10 {
        world.intake().log(&format!("case_{case}"), Lane::Critical, 3).await;
    }
    for case in 0..10 {
        let stream = format!("case_{case}");
        eventually("all are applied", async || world.effects(&stream).await == [1, 2, 3]).await;
    }
    assert_eq!(world.recorder.disorder(), 0);
    token.cancel();
    for worker in running {
        worker.await.unwrap();
    }
}
