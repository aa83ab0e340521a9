//! The listener: bounded connections, each of which must go on or is closed.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Connections at once; one more is closed at once.
const CONNECTIONS: usize = 256;
/// A request's headers come within this, and a silent connection is closed after it.
const HEADERS: Duration = Duration::from_secs(30);
/// What is under way may end within this once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// The most that a request's head may take.
const HEAD_BYTES: usize = 16 * 1024;

/// Serves until `token` is cancelled.
pub async fn serve(listener: TcpListener, router: Router, token: CancellationToken) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    while let Some(accepted) = token.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, or a caller who went away again: the next one may do.
                tracing::warn!(%error, "a connection to the portal failed");
                if token.run_until_cancelled(tokio::time::sleep(Duration::from_millis(50))).await.is_none() {
                    break;
                }
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            tracing::debug!("a connection to the portal was one too many");
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let token = token.clone();
        connections.spawn(async move {
            let _slot = slot;
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                // How a connection ends is its caller's business; nothing of it is logged.
                _ = connection.as_mut() => {}
                () = token.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(GRACE, connection).await;
                }
            }
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}
