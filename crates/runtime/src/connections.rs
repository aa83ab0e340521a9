//! Connections that are counted: one too many is closed at once.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use flare_access::TrustedProxies;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::slots::{Slot, Slots};

/// A connection that holds a slot while it stands.
pub(crate) struct Counted {
    stream: TcpStream,
    _slot: Slot,
}

/// The connections that have a slot. A trusted proxy's are not held against its address: it speaks for many.
pub(crate) fn counted(
    incoming: impl Stream<Item = io::Result<TcpStream>>,
    slots: Slots,
    proxies: TrustedProxies,
) -> impl Stream<Item = io::Result<Counted>> {
    incoming.filter_map(move |accepted| {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => return Some(Err(error)),
        };
        let from = stream.peer_addr().ok().map(|address| address.ip().to_canonical());
        let Some(slot) = slots.take(from.filter(|address| !proxies.include(*address))) else {
            tracing::debug!("a connection was one too many");
            return None;
        };
        Some(Ok(Counted { stream, _slot: slot }))
    })
}

impl Connected for Counted {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
