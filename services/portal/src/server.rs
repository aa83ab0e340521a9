//! The listener: connections shared out by place, each of which must go on or is closed, and where their callers are.

mod onion;
mod tls;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use bytes::Bytes;
use flare_access::{Place, TrustedProxies};
use flare_room::{Connections, HeldSeat, Room, Seat, Slot, Slots};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::figures::{self, Want};

pub use tls::{CertificateError, ShownCertificate};

/// A request's headers come within this, and a silent connection is closed after it.
const HEADERS: Duration = Duration::from_secs(10);
/// TLS, or the line that Tor writes, takes no longer.
const OPENING: Duration = Duration::from_secs(10);
/// How long a newcomer waits for room while every connection is busy, and how often it looks.
const FOR_ROOM: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// What is under way may end within this once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// The most that a request's head may take.
const HEAD_BYTES: usize = 16 * 1024;

/// How browsers reach the portal.
#[derive(Clone)]
pub struct Door {
    /// Connections at once; for one more the idlest is closed.
    pub most: u32,
    /// How it is known where a caller is.
    pub callers: Callers,
    /// What browsers are shown, where TLS is ours.
    pub certificate: Option<ShownCertificate>,
}

/// How it is known where a caller is.
#[derive(Clone)]
pub enum Callers {
    /// At the other end of the connection.
    Connected,
    /// Where a front at one of these addresses says in x-forwarded-for; nobody else is served.
    BehindFronts(TrustedProxies),
    /// On a circuit of Tor, which names it before anything else is sent.
    BehindOnion,
}

impl Callers {
    /// Where a caller is before anything was read of it.
    fn connected(&self, address: IpAddr) -> Option<Place> {
        match self {
            Self::Connected => Some(Place::of(address)),
            Self::BehindFronts(_) | Self::BehindOnion => None,
        }
    }
}

/// In a request for which there is no room, so that its page says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoRoom;

/// Serves until `token` is cancelled.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    router: Router,
    token: CancellationToken,
) -> io::Result<()> {
    let connections = Connections::new(door.most);
    // Whoever is not admitted yet, and whoever calls through a front, which has all its connections to itself.
    let (opening, calls) = (Slots::new(door.most), Slots::new(door.most));
    let served = TaskTracker::new();
    while let Some(accepted) = token.run_until_cancelled(listener.accept()).await {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a caller who went away again: the next one may do.
                tracing::warn!(%error, "a connection to the portal failed");
                if token.run_until_cancelled(sleep(LOOK)).await.is_none() {
                    break;
                }
                continue;
            }
        };
        // Nobody waits for what a place of its own has taken already: others than that place must find room to wait.
        let Some(slot) = opening.take(door.callers.connected(address.ip()).as_ref()) else {
            figures::refused(Want::Room);
            continue;
        };
        let caller = Caller {
            address,
            door: door.clone(),
            connections: connections.clone(),
            opening: opening.clone(),
            calls: calls.clone(),
            token: token.clone(),
            work: served.clone(),
        };
        served.spawn(caller.serve(stream, slot, router.clone()));
    }
    served.close();
    served.wait().await;
    Ok(())
}

/// Somebody who connected.
struct Caller {
    address: SocketAddr,
    door: Door,
    connections: Connections,
    opening: Slots,
    calls: Slots,
    token: CancellationToken,
    /// What is being done for those who sent something.
    work: TaskTracker,
}

impl Caller {
    async fn serve(self, mut stream: TcpStream, slot: Slot, router: Router) {
        let admitted = self.token.run_until_cancelled(self.admit(&mut stream, slot));
        let Some(Some((place, room))) = admitted.await else {
            return;
        };
        let (fronts, calls) = (self.fronts(), self.calls.clone());
        let connection = OnConnection { place, fronts, address: self.address.ip(), calls, seat: room.seat() };
        // How a connection ends is its caller's business; nothing of it is logged.
        match &self.door.certificate {
            None => self.converse(stream, connection, &room, router).await,
            Some(certificate) => {
                let handshake = timeout(OPENING, certificate.0.accept(stream));
                let Some(Ok(Ok(stream))) = room.closing().run_until_cancelled(handshake).await else {
                    return;
                };
                self.converse(stream, connection, &room, router).await;
            }
        }
    }

    /// Where the caller is, as far as the connection tells, and room for it. The slot is held while it waits.
    async fn admit(&self, stream: &mut TcpStream, slot: Slot) -> Option<(Option<Place>, Room)> {
        let address = self.address.ip();
        let (place, _slot) = match &self.door.callers {
            Callers::Connected => (self.door.callers.connected(address), slot),
            // A front speaks for many: each request names its own place.
            Callers::BehindFronts(fronts) if fronts.include(address) => (None, slot),
            Callers::BehindFronts(_) => return None,
            Callers::BehindOnion => {
                let circuit = timeout(OPENING, onion::circuit(stream)).await.ok()?.ok()?;
                // From here on it waits among those of its circuit.
                drop(slot);
                let Some(slot) = self.opening.take(Some(&circuit)) else {
                    figures::refused(Want::Room);
                    return None;
                };
                (Some(circuit), slot)
            }
        };
        let until = Instant::now() + FOR_ROOM;
        loop {
            if let Some(room) = self.connections.take(place.as_ref()) {
                return Some((place, room));
            }
            if Instant::now() >= until {
                figures::refused(Want::Room);
                return None;
            }
            sleep(LOOK).await;
        }
    }

    fn fronts(&self) -> TrustedProxies {
        match &self.door.callers {
            Callers::BehindFronts(fronts) => fronts.clone(),
            Callers::Connected | Callers::BehindOnion => TrustedProxies::default(),
        }
    }

    async fn converse<S>(&self, stream: S, connection: OnConnection, room: &Room, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request| {
            let (request, held, slot) = connection.receive(request);
            let router = router.clone();
            // A task of its own: what came whole is done to its end, whether or not its sender is still there.
            let work = self.work.spawn(async move {
                let response = router.oneshot(request).await;
                drop(slot);
                response
            });
            async move {
                let response = work.await;
                drop(held);
                response.map(|made| made.unwrap_or_else(|never| match never {}))
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            _ = connection.as_mut() => {}
            () = room.closing().cancelled() => {}
            () = self.token.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(GRACE, connection).await;
            }
        }
    }
}

/// What every request on a connection has.
#[derive(Clone)]
struct OnConnection {
    place: Option<Place>,
    fronts: TrustedProxies,
    address: IpAddr,
    calls: Slots,
    seat: Seat,
}

/// Keeps a connection from being closed for another once its request has come whole.
type Held = Arc<OnceLock<HeldSeat>>;

impl OnConnection {
    /// The request with its place, and without the header that a front may name it in. A front's connections are nobody's,
    /// so a request that comes by one takes a slot of its place; where the front does not say, the place is the front.
    fn receive(&self, request: Request<Incoming>) -> (Request<Body>, Held, Option<Slot>) {
        let (mut parts, body) = request.into_parts();
        self.seat.called();
        let named = self.fronts.take_named(self.address, &mut parts.headers);
        let (place, slot) = if let Some(place) = &self.place {
            (place.clone(), None)
        } else {
            let place = Place::of(named.unwrap_or(self.address));
            let slot = self.calls.take(Some(&place));
            if slot.is_none() {
                figures::refused(Want::Room);
                parts.extensions.insert(NoRoom);
            }
            (place, slot)
        };
        parts.extensions.insert(place);
        let held = Held::default();
        let heard = Heard { body, seat: self.seat.clone(), held: Arc::clone(&held) };
        heard.hold_if_whole();
        (Request::from_parts(parts, Body::new(heard)), held, slot)
    }
}

/// A body that is being sent. As long as it is, its connection may be the idlest, and be closed for another.
struct Heard {
    body: Incoming,
    seat: Seat,
    held: Held,
}

impl Heard {
    fn hold_if_whole(&self) {
        if self.body.is_end_stream() {
            self.held.get_or_init(|| self.seat.hold());
        }
    }
}

impl HttpBody for Heard {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => {
                self.seat.heard();
                self.hold_if_whole();
            }
            Poll::Ready(None) => {
                self.held.get_or_init(|| self.seat.hold());
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
