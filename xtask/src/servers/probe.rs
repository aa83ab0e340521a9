//! Does the server itself answer? A port that merely accepts a connection proves nothing: a proxy does that too, and
//! so does a server that is still starting.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use url::Url;

use super::Kind;

const PATIENCE: Duration = Duration::from_secs(3);

/// Speaks the first words of the server's own protocol; the error says in words what came instead of the right answer.
pub(super) fn probe(kind: Kind, address: &Url) -> Result<(), String> {
    let mut stream = connect(kind, address).map_err(|error| error.to_string())?;
    let answer = match kind {
        Kind::Postgres => ask(&mut stream, &startup_message(address), 1),
        Kind::Rabbitmq => ask(&mut stream, b"AMQP\x00\x00\x09\x01", 11),
        Kind::Redis => ask(&mut stream, b"PING\r\n", 5),
    };
    let answer = answer.map_err(|error| format!("it took the connection and then: {error}"))?;
    match (kind, answer.as_slice()) {
        // An authentication request: the server is up and knows the database's name.
        (Kind::Postgres, [b'R'])
        // A method frame (1) on channel 0, after its length the method connection.start (10, 10).
        | (Kind::Rabbitmq, [1, 0, 0, _, _, _, _, 0, 10, 0, 10])
        | (Kind::Redis, b"+PONG" | b"-NOAU") => Ok(()),
        (Kind::Postgres, [b'E']) => Err(format!("PostgreSQL refuses: {}", refusal(&mut stream))),
        (kind, other) => Err(format!("it does not answer as {} does: {other:?}", kind.name())),
    }
}

fn connect(kind: Kind, address: &Url) -> io::Result<TcpStream> {
    let host = address.host_str().unwrap_or("127.0.0.1");
    let mut last = io::Error::other("the name has no address");
    for socket in (host, address.port().unwrap_or(kind.port())).to_socket_addrs()? {
        match TcpStream::connect_timeout(&socket, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn ask(stream: &mut TcpStream, words: &[u8], answer_bytes: usize) -> io::Result<Vec<u8>> {
    stream.write_all(words)?;
    let mut answer = vec![0; answer_bytes];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// PostgreSQL's `StartupMessage`, protocol 3.0: length, version, pairs of C strings, an empty one.
fn startup_message(address: &Url) -> Vec<u8> {
    let user = if address.username().is_empty() { "postgres" } else { address.username() };
    let database = match address.path().trim_start_matches('/') {
        "" => user,
        database => database,
    };
    let pairs = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(pairs.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), pairs.as_bytes()].concat()
}

/// The words in PostgreSQL's `ErrorResponse`: after its length, fields of a letter and a C string; `M` is the message.
fn refusal(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // It hangs up after a refusal; whatever came until then or until patience ends is what there is.
    let _ = stream.take(4096).read_to_end(&mut rest);
    let mut fields = rest.get(4..).unwrap_or_default().split(|byte| *byte == 0);
    let message = fields.find_map(|field| field.strip_prefix(b"M")).unwrap_or(b"no reason given");
    String::from_utf8_lossy(message).into_owned()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// A server that hears the first words, says `answer` and hangs up; and what the probe makes of it.
    fn probed(kind: Kind, answer: &'static [u8]) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = kind.at(listener.local_addr().unwrap().port()).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = [0; 256];
            let count = stream.read(&mut heard).unwrap();
            stream.write_all(answer).unwrap();
            heard[..count].to_vec()
        });
        let outcome = probe(kind, &address);
        assert!(!server.join().unwrap().is_empty());
        outcome
    }

    #[test]
    fn the_right_answer_of_each_is_known() {
        probed(Kind::Postgres, b"R\0\0\0\x08\0\0\0\0").unwrap();
        probed(Kind::Rabbitmq, b"\x01\0\0\0\0\x01\xf8\0\x0a\0\x0a\0\x09").unwrap();
        probed(Kind::Redis, b"+PONG\r\n").unwrap();
        probed(Kind::Redis, b"-NOAUTH Authentication required.\r\n").unwrap();
    }

    #[test]
    fn a_connection_alone_proves_nothing() {
        for kind in Kind::ALL {
            probed(kind, b"").unwrap_err();
            probed(kind, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap_err();
        }
    }

    #[test]
    fn a_server_that_is_still_starting_is_quoted() {
        let starting = b"E\0\0\0\x40SFATAL\0C57P03\0Mthe database system is starting up\0\0";
        assert!(probed(Kind::Postgres, starting).unwrap_err().contains("the database system is starting up"));
    }

    #[test]
    fn a_closed_port_is_an_error() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for kind in Kind::ALL {
            probe(kind, &kind.at(port).unwrap()).unwrap_err();
        }
    }

    #[test]
    fn the_startup_message_names_user_and_database() {
        let message = startup_message(&Kind::Postgres.at(1).unwrap());
        assert_eq!(message, b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0");
    }
}
