//! Everything that anybody says to Redis, as Redis itself tells it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    thread::JoinHandle,
};

use super::servers::Servers;

/// A connection on which Redis repeats every command it is given.
pub(crate) struct RedisWatch {
    stream: TcpStream,
    reading: JoinHandle<Vec<u8>>,
    prefix: String,
}

impl RedisWatch {
    /// Begins to watch.
    pub(crate) fn start(servers: &Servers) -> Self {
        let address = url::Url::parse(&servers.redis).unwrap();
        let place = (address.host_str().unwrap().to_owned(), address.port().unwrap_or(6379));
        let mut stream = TcpStream::connect(place).unwrap();
        if let Some(password) = address.password() {
            stream.write_all(format!("AUTH {} {password}\r\n", address.username()).as_bytes()).unwrap();
        }
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        assert_eq!(first.trim(), "+OK");
        let prefix = servers.prefix.clone();
        let of = prefix.clone();
        let reading = std::thread::spawn(move || {
            let mut seen = Vec::new();
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if memchr::memmem::find(&line, of.as_bytes()).is_some() {
                    seen.extend_from_slice(&line);
                }
                line.clear();
            }
            seen
        });
        Self { stream, reading, prefix }
    }

    /// Every command since then that names a key of this installation.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.stream.shutdown(Shutdown::Both).unwrap();
        let seen = self.reading.join().unwrap();
        assert!(
            memchr::memmem::find(&seen, self.prefix.as_bytes()).is_some(),
            "nobody asked Redis for anything"
        );
        seen
    }
}
