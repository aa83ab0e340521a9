//! A TCP proxy between Flare and a server, which a test can cut and mend.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Passes bytes on to a server until it is cut.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: String,
    line: Arc<Line>,
}

struct Line {
    server: String,
    cut: AtomicBool,
    over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    turned_away: AtomicUsize,
}

impl Proxy {
    /// A proxy before the server at this `host:port`.
    pub(crate) fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let line = Arc::new(Line {
            server: server.to_owned(),
            cut: AtomicBool::new(false),
            over: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
            turned_away: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&line);
        thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                if serving.over.load(Ordering::SeqCst) {
                    return;
                }
                serving.pass_on(caller);
            }
        });
        Self { address, line }
    }

    /// Ends every connection and lets no new one through.
    pub(crate) fn cut(&self) {
        let mut open = self.line.open.lock().unwrap();
        self.line.cut.store(true, Ordering::SeqCst);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many have tried to connect while it was cut.
    pub(crate) fn turned_away(&self) -> usize {
        self.line.turned_away.load(Ordering::SeqCst)
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Line {
    fn pass_on(&self, caller: TcpStream) {
        // Held while connecting, so that no connection slips past a cut.
        let mut open = self.open.lock().unwrap();
        if self.cut.load(Ordering::SeqCst) {
            let _ = caller.shutdown(Shutdown::Both);
            self.turned_away.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let Ok(server) = TcpStream::connect(&self.server) else { return };
        for (from, to) in [(&caller, &server), (&server, &caller)] {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        open.extend([caller, server]);
    }
}
