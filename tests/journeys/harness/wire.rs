//! A page as it comes over the wire: every byte of it, with no browser between.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use super::cutter::header;

/// What came back on one connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) html: String,
    /// Everything that came.
    pub(crate) bytes: usize,
}

/// Fetches a page.
pub(crate) fn get(pages: &str, path: &str) -> Reply {
    ask(pages, &visit(pages, path, ""))
}

/// A page's request, with a cookie if there is one.
pub(crate) fn visit(pages: &str, path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {pages}\r\n{}Connection: close\r\n\r\n", cookie_line(cookie))
}

fn cookie_line(cookie: &str) -> String {
    if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") }
}

/// Sends a form, with a cookie if there is one.
pub(crate) fn post(pages: &str, path: &str, body: &str, cookie: &str) -> Reply {
    ask(pages, &form(pages, path, body, cookie))
}

/// A form's request as a browser of today would send it.
pub(crate) fn form(pages: &str, path: &str, body: &str, cookie: &str) -> String {
    let cookie = cookie_line(cookie);
    format!(
        "POST {path} HTTP/1.1\r\nHost: {pages}\r\nOrigin: http://{pages}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{cookie}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Says something and reads until the other side has no more to say.
pub(crate) fn ask(pages: &str, request: &str) -> Reply {
    said_on(TcpStream::connect(pages).unwrap(), request)
}

/// The same, from another place: an address of this machine that is not the usual one.
pub(crate) fn ask_from(place: Ipv4Addr, pages: &str, request: &str) -> Reply {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((place, 0)).into()).unwrap();
    socket.connect(&pages.parse::<SocketAddr>().unwrap().into()).unwrap();
    said_on(socket.into(), request)
}

fn said_on(mut stream: TcpStream, request: &str) -> Reply {
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, html) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        html: html.to_owned(),
        bytes: text.len(),
    }
}

impl Reply {
    /// A header, if it came.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The cookie that came with it, as it goes back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// The words of the code that the page shows.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.status, 200, "no code: {}", self.html);
        let words = self.html.split("<li>").skip(1).map(|rest| rest.split('<').next().unwrap());
        words.collect::<Vec<_>>().join(" ")
    }

    /// What a hidden field of the page holds.
    pub(crate) fn field(&self, name: &str) -> String {
        let field = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1);
        field
            .unwrap_or_else(|| panic!("no field {name}: {}", self.html))
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }
}
