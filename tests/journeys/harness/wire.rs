//! A page as it comes over the wire: every byte of it, with no browser between.

use std::{
    io::{self, Read as _, Write as _},
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

/// Opens the page and sends it with this story.
pub(crate) fn asks(pages: &str, story: &str) -> Reply {
    let slip = get(pages, "/en/ask").field("f");
    post(pages, "/en/ask", &asking(&slip, story), "")
}

/// What an opened page sends with this story, as whoever can be reached on Signal.
pub(crate) fn asking(slip: &str, story: &str) -> String {
    format!("f={slip}&story={}&reach=Signal", story.replace(' ', "+"))
}

/// Says something and reads until the other side has no more to say.
#[track_caller]
pub(crate) fn ask(pages: &str, request: &str) -> Reply {
    said_on(TcpStream::connect(pages).unwrap(), request).unwrap()
}

/// The same, from another place: an address of this machine that is not the usual one.
#[track_caller]
pub(crate) fn ask_from(place: Ipv4Addr, pages: &str, request: &str) -> Reply {
    try_ask_from(place, pages, request).unwrap()
}

/// The same, where whoever asks may be turned away, cut off, or answered too late.
pub(crate) fn try_ask_from(place: Ipv4Addr, pages: &str, request: &str) -> io::Result<Reply> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((place, 0)).into())?;
    socket.connect(&pages.parse::<SocketAddr>().unwrap().into())?;
    said_on(socket.into(), request)
}

fn said_on(mut stream: TcpStream, request: &str) -> io::Result<Reply> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8(answer).map_err(io::Error::other)?;
    let no_answer = || io::Error::other(format!("no answer: {text:?}"));
    let (head, html) = text.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(no_answer)?;
    Ok(Reply { status, head: head.to_owned(), html: html.to_owned(), bytes: text.len() })
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
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        self.field_if_any(name).unwrap_or_else(|| panic!("no field {name}: {}", self.html))
    }

    /// The same, of a page that may be another than the one with the field.
    pub(crate) fn field_if_any(&self, name: &str) -> Option<String> {
        let field = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
        field.split('"').next().map(str::to_owned)
    }
}
