//! The figures, as Prometheus reads them: over plain HTTP, one answer for each connection. Connections are few and short, and
//! one answer is written at a time, so that whoever reaches the port cannot hold it, or the process.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use flare_access::Place;
use flare_room::{Connections, Room};
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinSet,
    time::{interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Connections at once; for one more the idlest is closed.
const MOST: u32 = 16;
/// From connecting to the last byte of the answer.
const WITHIN: Duration = Duration::from_secs(10);
/// The most that a request's head may take, the least that hyper works with.
const HEAD_BYTES: usize = 8 * 1024;
/// How often what was observed is put to the figures, so that it does not pile up while nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long to wait when a connection could not be taken, for lack of files.
const PAUSE: Duration = Duration::from_millis(50);

/// How the text of the figures is written (Prometheus, exposition formats).
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

/// Serves until `token` is cancelled.
pub(crate) async fn serve(listener: TcpListener, figures: PrometheusHandle, token: CancellationToken) {
    let connections = Connections::new(MOST);
    let turn = Arc::new(Mutex::new(()));
    let mut readers = JoinSet::new();
    let mut upkeep = interval(UPKEEP);
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            _ = upkeep.tick() => figures.run_upkeep(),
            Some(_) = readers.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    if let Some(room) = connections.take(Some(&Place::of(address.ip()))) {
                        readers.spawn(answer(stream, room, (figures.clone(), Arc::clone(&turn))));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection for the figures failed");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}

/// One request, whatever it asks for, and the figures. How the connection ends is its reader's business.
async fn answer(stream: TcpStream, room: Room, (figures, turn): (PrometheusHandle, Arc<Mutex<()>>)) {
    let seat = room.seat();
    let service = service_fn(move |_: Request<Incoming>| {
        let (held, figures, turn) = (seat.hold(), figures.clone(), Arc::clone(&turn));
        async move {
            // Whoever hangs up does not stop what is being written for them: the next waits for it all the same.
            let turn = turn.lock_owned().await;
            let write = move || {
                let text = figures.render();
                drop(turn);
                text
            };
            let text = tokio::task::spawn_blocking(write).await.unwrap_or_default();
            drop(held);
            let mut response = Response::new(Full::<Bytes>::from(text));
            response.headers_mut().insert(CONTENT_TYPE, FORMAT);
            Ok::<_, Infallible>(response)
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let _ = room.closing().run_until_cancelled(timeout(WITHIN, conversation)).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use metrics_exporter_prometheus::PrometheusBuilder;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::Instant,
    };

    use super::*;
    use crate::fixtures::connect_from;

    async fn start() -> (SocketAddr, tokio_util::sync::DropGuard) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, token) = (listener.local_addr().unwrap(), CancellationToken::new());
        let figures = PrometheusBuilder::new().build_recorder().handle();
        tokio::spawn(serve(listener, figures, token.clone()));
        (address, token.drop_guard())
    }

    async fn read(address: SocketAddr) -> String {
        let mut reader = TcpStream::connect(address).await.unwrap();
        reader.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        reader.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn many_who_say_nothing_keep_no_reader_out() {
        let (address, _ends) = start().await;
        let mut silent = Vec::new();
        for nth in 0..3 * MOST {
            silent.push(connect_from(nth, address).await);
        }
        let answer = read(address).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("version=0.0.4"), "{answer}");
        // Well before the time that ends any connection.
        let first = tokio::time::timeout(WITHIN / 2, silent[0].read(&mut [0; 1])).await;
        assert_eq!(first.unwrap().unwrap_or(0), 0, "the first of them was let go");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_too_little_is_let_go_in_time() {
        let (address, _ends) = start().await;
        for said in ["", "GET / HTTP/1.1\r\nhost: x\r\n"] {
            let begun = Instant::now();
            let mut slow = TcpStream::connect(address).await.unwrap();
            slow.write_all(said.as_bytes()).await.unwrap();
            assert_eq!(slow.read(&mut [0; 1]).await.unwrap_or(0), 0);
            assert!(begun.elapsed() >= WITHIN && begun.elapsed() < 2 * WITHIN, "{:?}", begun.elapsed());
        }
    }
}
