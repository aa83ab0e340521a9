//! Somebody with a browser, on one connection.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Failure;

pub(super) const STORY: &str = "They came at night and took every device. We are three, two of us are hurt.";
pub(super) const REACH: &str = "Signal, after 18:00";

/// A connection to the pages that is kept between requests, as a browser keeps it.
pub(super) struct Visitor {
    stream: TcpStream,
    /// The name under which the portal knows itself.
    host: String,
}

impl Visitor {
    /// Connects to an address, which may be that of a line to `host`.
    pub(super) async fn arrive(address: &str, host: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host: host.to_owned() })
    }

    /// Opens the page, sends it, and has the code.
    pub(super) async fn asks(address: &str, host: &str) -> Result<(), Failure> {
        let mut visitor = Self::arrive(address, host).await?;
        let slip = visitor.opens("/en/ask").await?;
        visitor.sends(&slip).await
    }

    /// Fetches a page; gives what its form carries.
    pub(super) async fn opens(&mut self, path: &str) -> Result<String, Failure> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        let page = self.says(&request).await?;
        let slip = page.split("name=\"f\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        Ok(slip.ok_or("the page has no form")?.to_owned())
    }

    /// Sends the form.
    pub(super) async fn sends(&mut self, slip: &str) -> Result<(), Failure> {
        let (story, reach) = (STORY.replace(' ', "+"), REACH.replace(' ', "+").replace(':', "%3A"));
        let body = format!("f={slip}&story={story}&reach={reach}");
        let request = format!(
            "POST /en/ask HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}",
            host = self.host,
            length = body.len()
        );
        let page = self.says(&request).await?;
        if page.contains("<ol") { Ok(()) } else { Err("no code".into()) }
    }

    /// One request and its answer; anything but 200 is a failure.
    async fn says(&mut self, request: &str) -> Result<String, Failure> {
        self.stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(16 * 1024);
        loop {
            if let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.ok_or("a page of unknown length")?.parse()?;
                while answer.len() < end + 4 + length {
                    self.read(&mut answer).await?;
                }
                if !head.starts_with("http/1.1 200") {
                    return Err(head.lines().next().unwrap_or_default().to_owned().into());
                }
                return Ok(String::from_utf8(answer.split_off(end + 4))?);
            }
            self.read(&mut answer).await?;
        }
    }

    async fn read(&mut self, answer: &mut Vec<u8>) -> Result<(), Failure> {
        if self.stream.read_buf(answer).await? == 0 { Err("the connection ended".into()) } else { Ok(()) }
    }
}
