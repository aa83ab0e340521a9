//! Connections of callers that are counted: each stands while it has room, and whoever does not get as far as a first call is
//! let go.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use flare_access::{Place, TrustedProxies};
use flare_room::{Connections, Room, Seat};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// What a call knows of its connection.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) tcp: TcpConnectInfo,
    pub(crate) seat: Seat,
}

/// A connection that has room while it stands.
pub(crate) struct Counted {
    stream: TcpStream,
    room: Room,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until its first call has come.
    overdue: Option<Pin<Box<Sleep>>>,
}

/// The connections that have room, each with this long for its handshake and first call. A trusted proxy's are not held
/// against its address: it speaks for many.
pub(crate) fn counted(
    incoming: impl Stream<Item = io::Result<TcpStream>>,
    connections: Connections,
    proxies: TrustedProxies,
    opening: Duration,
) -> impl Stream<Item = io::Result<Counted>> {
    incoming.filter_map(move |accepted| {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => return Some(Err(error)),
        };
        let from = stream.peer_addr().ok().map(|address| address.ip());
        let from = from.filter(|address| !proxies.include(*address)).map(Place::of);
        let Some(room) = connections.take(from.as_ref()) else {
            tracing::debug!("a connection was one too many");
            return None;
        };
        let closed = Box::pin(room.closing().clone().cancelled_owned());
        Some(Ok(Counted { stream, room, closed, overdue: Some(Box::pin(sleep(opening))) }))
    })
}

impl Counted {
    /// Fails once the connection has lost its room, or has not called in time.
    fn stands(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.closed.as_mut().poll(cx).is_ready() {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the room went to another connection",
            ));
        }
        let Some(overdue) = &mut self.overdue else { return Ok(()) };
        let late = overdue.as_mut().poll(cx).is_ready();
        if self.room.seat().has_called() {
            self.overdue = None;
        } else if late {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no call came in time"));
        }
        Ok(())
    }
}

impl Connected for Counted {
    type ConnectInfo = Line;

    fn connect_info(&self) -> Line {
        Line { tcp: self.stream.connect_info(), seat: self.room.seat() }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.stands(cx)?;
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.stands(cx)?;
        Pin::new(&mut this.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.stands(cx)?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.stands(cx)?;
        Pin::new(&mut this.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
