//! A server behind a connection that a test can cut or stall.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set up must stop")]

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Stands before a server.
#[derive(Debug)]
pub struct Proxy {
    /// The server's address through the proxy.
    pub url: String,
    cuts: watch::Sender<u32>,
    stalled: watch::Sender<Stalled>,
    fatal: watch::Sender<&'static [u8]>,
    accepted: watch::Receiver<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stalled {
    None,
    All,
    /// Those that were opened before this many others.
    First(usize),
}

impl Proxy {
    /// Before the server at an address such as `amqp://user:password@host:port/path`.
    pub async fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a scheme");
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, target) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
        let target = target.to_owned();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{user}{at}{address}{path}");
        let (cuts, stalled, count) =
            (watch::Sender::new(0), watch::Sender::new(Stalled::None), watch::Sender::new(0));
        let fatal = watch::Sender::new(&b""[..]);
        let (accepted, faults) = (
            count.subscribe(),
            Faults { cut: cuts.subscribe(), stalled: stalled.subscribe(), fatal: fatal.subscribe() },
        );
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&target).await else { continue };
                let number = *count.borrow();
                count.send_replace(number + 1);
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(forward(number, from_client, to_server, faults.clone()));
                tokio::spawn(forward(number, from_server, to_client, faults.clone()));
            }
        });
        Self { url, cuts, stalled, fatal, accepted }
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> usize {
        *self.accepted.borrow()
    }

    /// Ends every connection.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Ends each connection that is about to say this; empty for none.
    pub fn cut_before(&self, words: &'static [u8]) {
        self.fatal.send_replace(words);
    }

    /// Lets nothing through, and ends nothing, until it is lifted.
    pub fn stall(&self, stalled: bool) {
        self.stalled.send_replace(if stalled { Stalled::All } else { Stalled::None });
    }

    /// Lets nothing through on the connections opened so far; those to come are free.
    pub fn stall_open_ones(&self) {
        self.stalled.send_replace(Stalled::First(*self.accepted.borrow()));
    }
}

/// What may befall a connection.
#[derive(Clone)]
struct Faults {
    cut: watch::Receiver<u32>,
    stalled: watch::Receiver<Stalled>,
    fatal: watch::Receiver<&'static [u8]>,
}

async fn forward(number: usize, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut faults: Faults) {
    faults.cut.mark_unchanged();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            _ = faults.cut.changed() => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(read @ 1..) = read else { return };
        let bytes = &buffer[..read];
        let fatal = *faults.fatal.borrow();
        if !fatal.is_empty() && bytes.windows(fatal.len()).any(|words| words == fatal) {
            return;
        }
        let free = |stalled: &Stalled| match stalled {
            Stalled::None => true,
            Stalled::All => false,
            Stalled::First(count) => number >= *count,
        };
        if faults.stalled.wait_for(free).await.is_err() || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
