//! What tests stand on: a service's database on either engine, with a clock that the test moves, a way to a server that the
//! test cuts, and the policy of an installation that sets none.

mod policy;
mod proxy;
mod sandbox;

pub use policy::policy;
pub use proxy::Proxy;
pub use sandbox::{Sandbox, in_full, postgres_url, rabbitmq_url, redis_url, tool};

/// Makes two tests of one async function that takes a [`Sandbox`]: one on SQLite, one on PostgreSQL. The second runs
/// where `FLARE_TEST_POSTGRES` names a server, which `cargo xtask test` always sees to.
///
/// ```ignore
/// on_both_engines!(a_vote_counts_once, flare_grants::SCHEMA);
/// async fn a_vote_counts_once(sandbox: Sandbox) { … }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($test:ident, $schema:expr) => {
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let sandbox = $crate::Sandbox::sqlite($schema).await;
                super::$test(sandbox).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(sandbox) = $crate::Sandbox::postgres($schema).await {
                    let cleaner = sandbox.cleaner();
                    super::$test(sandbox).await;
                    cleaner.clean().await;
                }
            }
        }
    };
}
