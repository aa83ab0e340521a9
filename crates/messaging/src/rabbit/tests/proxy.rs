//! A connection that a test can cut or stall.

use std::net::SocketAddr;

use lapin::uri::AMQPUri;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Stands before the broker.
pub(super) struct Proxy {
    /// The broker's address through the proxy.
    pub(super) url: String,
    cuts: watch::Sender<u32>,
    stalls: watch::Sender<bool>,
}

impl Proxy {
    pub(super) async fn to(url: &str) -> Self {
        let mut uri: AMQPUri = url.parse().unwrap();
        let target = format!("{}:{}", uri.authority.host, uri.authority.port);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        uri.authority.host = "127.0.0.1".to_owned();
        uri.authority.port = listener.local_addr().unwrap().port();
        let (cuts, stalls) = (watch::Sender::new(0), watch::Sender::new(false));
        let (cut, stall) = (cuts.subscribe(), stalls.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&target).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(forward(from_client, to_server, cut.clone(), stall.clone()));
                tokio::spawn(forward(from_server, to_client, cut.clone(), stall.clone()));
            }
        });
        Self { url: uri.to_string(), cuts, stalls }
    }

    /// Ends every connection.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nothing through, and ends nothing, until it is lifted.
    pub(super) fn stall(&self, stalled: bool) {
        self.stalls.send_replace(stalled);
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cut: watch::Receiver<u32>,
    mut stall: watch::Receiver<bool>,
) {
    cut.mark_unchanged();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            _ = cut.changed() => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(read @ 1..) = read else { return };
        if stall.wait_for(|stalled| !stalled).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
