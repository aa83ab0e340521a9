//! A slow line: so many bits a second, and a time that every byte is on the way.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use crate::Failure;

/// The most that is on the way at once, in pieces of [`PIECE`] bytes.
const ON_THE_WAY: usize = 1_024;
/// About a packet.
const PIECE: usize = 1_400;

/// Opens a line to a server, there and back again taking `round_trip`, each way carrying `bits_per_second`; gives its
/// address.
pub(super) async fn slow(
    server: &str,
    round_trip: Duration,
    bits_per_second: u32,
) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                // The handshake goes there and back before anything is said.
                sleep(round_trip).await;
                let Ok(server) = TcpStream::connect(&server).await else { return };
                let ((from_caller, to_caller), (from_server, to_server)) =
                    (caller.into_split(), server.into_split());
                let way = |from, to| carry(from, to, round_trip / 2, bits_per_second);
                tokio::join!(way(from_caller, to_server), way(from_server, to_caller));
            });
        }
    });
    Ok(address)
}

/// One way: what is read leaves as fast as the line carries it, and arrives a delay later.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration, bits_per_second: u32) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let leave = async move {
        let mut free = Instant::now();
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = from.read(&mut piece).await {
            let bits = u32::try_from(read * 8).unwrap_or(u32::MAX);
            free = free.max(Instant::now()) + Duration::from_secs(1) * bits / bits_per_second;
            sleep_until(free).await;
            if send.send((free + delay, piece[..read].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let arrive = async move {
        while let Some((at, bytes)) = receive.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(leave, arrive);
}
