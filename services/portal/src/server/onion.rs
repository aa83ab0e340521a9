//! Which circuit a connection of an onion service comes by. Tor writes it before the first byte of the caller when its setting
//! `HiddenServiceExportCircuitID haproxy` is on: a line of the PROXY protocol, version 1, whose source is an address that Tor
//! made up, `fc00:dead:beef:4dad::/64`, with the circuit's number as its last 32 bits.
//!
//! The line: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, section 2.1.

use std::{io, net::Ipv6Addr};

use flare_access::Place;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest line there is, with its end.
const LONGEST: usize = 107;

/// The first 64 bits of the addresses that Tor makes up.
const TOR: [u16; 4] = [0xfc00, 0xdead, 0xbeef, 0x4dad];

/// Reads the line and nothing after it.
pub(super) async fn circuit(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Place> {
    let mut line = Vec::with_capacity(LONGEST);
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST {
            return Err(no_line());
        }
        // Byte by byte: what follows is the caller's.
        line.push(stream.read_u8().await?);
    }
    read(&line).map(Place::of_circuit).ok_or_else(no_line)
}

/// The number of a line's circuit.
fn read(line: &[u8]) -> Option<u32> {
    let line = str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ');
    if (words.next()?, words.next()?) != ("PROXY", "TCP6") {
        return None;
    }
    let segments = words.next()?.parse::<Ipv6Addr>().ok()?.segments();
    words.next()?.parse::<Ipv6Addr>().ok()?;
    let _ports: (u16, u16) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let [.., high, low] = segments;
    (words.next().is_none() && segments[..4] == TOR && segments[4..6] == [0, 0])
        .then(|| u32::from(high) << 16 | u32::from(low))
}

fn no_line() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "Tor did not say which circuit this is")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn the_line_that_tor_writes_is_read_and_what_follows_is_left() {
        let mut stream: &[u8] = b"PROXY TCP6 fc00:dead:beef:4dad::a:2b ::1 40000 80\r\nGET / HTTP/1.1\r\n";
        assert_eq!(circuit(&mut stream).await.unwrap(), Place::of_circuit(0x000a_002b));
        assert_eq!(stream, b"GET / HTTP/1.1\r\n");
    }

    #[tokio::test]
    async fn anything_else_is_refused_within_the_length_of_a_line() {
        for line in [
            "GET / HTTP/1.1\r\n\r\n",
            "PROXY UNKNOWN\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n",
            "PROXY TCP6 2001:db8::a:2b ::1 1 2\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad:1::2b ::1 1 2\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::2b ::1 1 70000\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::2b ::1 1 2 3\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::2b ::1 1\r\n",
            "\r\n",
            "PROXY",
        ] {
            let mut stream = line.as_bytes();
            assert!(circuit(&mut stream).await.is_err(), "{line}");
        }
        let endless = [b'x'; 1_000];
        let mut stream = &endless[..];
        assert!(circuit(&mut stream).await.is_err());
        assert_eq!(stream.len(), 1_000 - LONGEST);
    }

    proptest! {
        #[test]
        fn a_line_gives_the_circuit_it_was_written_for_and_none_makes_it_panic(
            number: u32, noise in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let (high, low) = (number >> 16, number & 0xffff);
            let line = format!("PROXY TCP6 fc00:dead:beef:4dad::{high:x}:{low:x} ::1 1 2\r\n");
            prop_assert_eq!(read(line.as_bytes()), Some(number));
            let _ = read(&noise);
        }
    }
}
