//! What stands between a browser and the portal, one request at a time, and can lose any part of one: the line of a
//! borrowed phone.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// How much of the body of a form arrives before the line breaks, while it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrives {
    Nothing,
    Half,
    /// Everything arrives and is answered; the answer is lost.
    Everything,
}

/// A line to the portal.
pub(crate) struct Cutter {
    /// Where browsers reach it.
    pub(crate) address: String,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    pages: Mutex<String>,
    cut: Mutex<Option<Arrives>>,
    broken: AtomicUsize,
    over: Mutex<bool>,
}

impl Cutter {
    /// A line that leads nowhere yet.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let line = Arc::new(Line::default());
        let serving = Arc::clone(&line);
        thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                if *serving.over.lock().unwrap() {
                    return;
                }
                let line = Arc::clone(&serving);
                thread::spawn(move || line.pass_on(&caller));
            }
        });
        Self { address, line }
    }

    /// Leads to the pages at this address.
    pub(crate) fn lead_to(&self, pages: &str) {
        pages.clone_into(&mut self.line.pages.lock().unwrap());
    }

    /// Breaks each line on which a form is sent, from now on.
    pub(crate) fn cut(&self, arrives: Arrives) {
        *self.line.cut.lock().unwrap() = Some(arrives);
    }

    /// Lets forms through again, and tells how often the line broke.
    pub(crate) fn mend(&self) -> usize {
        *self.line.cut.lock().unwrap() = None;
        self.line.broken.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        *self.line.over.lock().unwrap() = true;
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Line {
    /// One request and its answer; the browser connects anew for the next.
    fn pass_on(&self, caller: &TcpStream) {
        // What becomes of a broken line is the browser's business.
        let _ = self.try_pass_on(caller);
        let _ = caller.shutdown(Shutdown::Both);
    }

    fn try_pass_on(&self, mut caller: &TcpStream) -> io::Result<()> {
        let mut request = Vec::new();
        let head = loop {
            if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
                break end + 4;
            }
            read_some(caller, &mut request)?;
        };
        let text = String::from_utf8_lossy(&request[..head]).into_owned();
        let length = header(&text, "content-length").map_or(0, |length| length.parse().unwrap());
        while request.len() < head + length {
            read_some(caller, &mut request)?;
        }
        let cut = self.cut.lock().unwrap().filter(|_| text.starts_with("POST "));
        let arrives = match cut {
            Some(Arrives::Nothing) => 0,
            Some(Arrives::Half) => length / 2,
            Some(Arrives::Everything) | None => length,
        };
        let mut server = TcpStream::connect(self.pages.lock().unwrap().as_str())?;
        // So that the server ends the connection when it has answered.
        let lines = text.trim_end().lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
        let head_sent = lines.chain(["Connection: close", "", ""]).collect::<Vec<_>>().join("\r\n");
        server.write_all(head_sent.as_bytes())?;
        server.write_all(&request[head..head + arrives])?;
        if arrives < length {
            server.shutdown(Shutdown::Both)?;
        } else {
            let mut answer = Vec::new();
            server.read_to_end(&mut answer)?;
            if cut.is_none() {
                return caller.write_all(&answer);
            }
        }
        self.broken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A header of a request or an answer.
pub(crate) fn header<'t>(head: &'t str, name: &str) -> Option<&'t str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn read_some(mut from: &TcpStream, to: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    let read = from.read(&mut bytes)?;
    to.extend_from_slice(&bytes[..read]);
    if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
