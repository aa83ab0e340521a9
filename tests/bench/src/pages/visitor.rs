//! Somebody with a browser, on one connection.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore, client::Resumption};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::TlsConnector;

use super::Way;
use crate::Failure;

pub(crate) const STORY: &str = "They came at night and took every device. We are three, two of us are hurt.";
pub(crate) const REACH: &str = "Signal, after 18:00";

/// What a telephone's browser says with each request, whatever it asks for.
const HEADERS: &str = "User-Agent: Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0\r\n\
                       Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
                       Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
                       Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n\
                       Sec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nPriority: u=0, i\r\n";

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to the pages that is kept between requests, as a browser keeps it.
pub(crate) struct Visitor {
    stream: Box<dyn Stream>,
    /// The name under which the portal knows itself.
    host: String,
    scheme: &'static str,
}

impl Visitor {
    /// Connects.
    pub(crate) async fn arrive(way: &Way) -> Result<Self, Failure> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((way.from.unwrap_or(Ipv4Addr::LOCALHOST), 0)))?;
        let stream: TcpStream = socket.connect(way.to.parse()?).await?;
        stream.set_nodelay(true)?;
        let host = way.host.clone();
        let Some(tls) = &way.tls else {
            return Ok(Self { stream: Box::new(stream), host, scheme: "http" });
        };
        let name = ServerName::try_from(host.split(':').next().unwrap_or_default().to_owned())?;
        let connector = TlsConnector::from(Arc::new(trusting(&tls.authority)?));
        let stream = Box::new(connector.connect(name, stream).await?);
        Ok(Self { stream, host, scheme: "https" })
    }

    /// Fetches a page; gives what its form carries.
    pub(crate) async fn opens(&mut self, path: &str) -> Result<String, Failure> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{HEADERS}\r\n", self.host);
        let page = self.says(&request).await?;
        let slip = page.split("name=\"f\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        Ok(slip.ok_or("the page has no form")?.to_owned())
    }

    /// Sends the form.
    pub(crate) async fn sends(&mut self, slip: &str) -> Result<(), Failure> {
        let (story, reach) = (STORY.replace(' ', "+"), REACH.replace(' ', "+").replace(':', "%3A"));
        let body = format!("f={slip}&story={story}&reach={reach}");
        let request = format!(
            "POST /en/ask HTTP/1.1\r\nHost: {host}\r\n{HEADERS}Origin: {scheme}://{host}\r\nReferer: {scheme}://{host}/en/ask\r\n\
             Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            host = self.host,
            scheme = self.scheme,
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

/// A browser that trusts this authority, speaks the newest TLS, and remembers nothing of an earlier visit.
fn trusting(authority: &CertificateDer<'static>) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}
