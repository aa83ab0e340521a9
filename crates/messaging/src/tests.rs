//! Two services on either engine: intake, which logs events, and triage, which records what reaches it.

mod crashes;
mod event_log;
mod event_sink;
mod fixtures;
mod gaps;
mod histories;
mod inbox;
mod reconciler;
mod relay;
mod timers;
mod workers;

/// Makes two tests of one async function that takes a [`World`](fixtures::World): one on SQLite, one on PostgreSQL where
/// `FLARE_TEST_POSTGRES` names a server.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {$(
        mod $test {
            use crate::tests::fixtures::World;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$test(&World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(world) = World::postgres().await {
                    super::$test(&world).await;
                    world.clean().await;
                }
            }
        }
    )*};
}
pub(crate) use fixtures::{World, eventually};
pub(crate) use on_both_engines;
