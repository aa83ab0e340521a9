//! A small service to try the stack on: the event log, answering what the stream's name asks for.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use flare_contracts::events::v1::{
    EventsAfterRequest, EventsAfterResponse, ListEventsRequest, ListEventsResponse, ListQuarantinedRequest,
    ListQuarantinedResponse, LoggedEvent, ReplayRequest, ReplayResponse, StreamHeadsRequest,
    StreamHeadsResponse,
    event_log_client::EventLogClient,
    event_log_server::{EventLog, EventLogServer},
};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::Semaphore,
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    Settings,
    client::PeerChannel,
    config::{ServerSettings, Sources},
    trace_context,
};

/// What the answer to "text" is as large as.
pub(crate) const TEXT: usize = 1_000;

/// Answers by the stream's name: "panic", "hold" (until released), "large", "trace", or an empty list.
#[derive(Clone)]
pub(crate) struct Log {
    /// Counts the calls that are being held.
    pub(crate) held: Arc<Semaphore>,
    /// Lets held calls go.
    pub(crate) release: Arc<Semaphore>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { held: Arc::new(Semaphore::new(0)), release: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn routes(&self) -> Routes {
        Routes::new(EventLogServer::new(self.clone()))
    }
}

#[tonic::async_trait]
impl EventLog for Log {
    async fn events_after(
        &self,
        request: Request<EventsAfterRequest>,
    ) -> Result<Response<EventsAfterResponse>, Status> {
        let event = |stream: String| LoggedEvent { stream, ..LoggedEvent::default() };
        let events = match request.get_ref().stream.as_str() {
            "panic" => panic!("the secret is {}", request.get_ref().producer),
            "hold" => {
                self.held.add_permits(1);
                self.release.acquire().await.unwrap().forget();
                vec![]
            }
            "large" => vec![event("x".repeat(600 * 1024))],
            "text" => vec![event("x".repeat(TEXT))],
            "trace" => vec![event(trace_context::traceparent().unwrap_or_default())],
            _ => vec![],
        };
        Ok(Response::new(EventsAfterResponse { events }))
    }

    async fn stream_heads(
        &self,
        _: Request<StreamHeadsRequest>,
    ) -> Result<Response<StreamHeadsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_events(
        &self,
        _: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_quarantined(
        &self,
        _: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn replay(&self, _: Request<ReplayRequest>) -> Result<Response<ReplayResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// The default settings with these changes, and 1 second to drain.
pub(crate) fn settings(changes: &[(&str, &str)]) -> ServerSettings {
    let sources = Sources::defaults().set("server.shutdown_grace_seconds", "1");
    let sources = changes.iter().fold(sources, |sources, (key, value)| sources.set(*key, *value));
    Settings::load(&sources).unwrap().server
}

/// Asks the log of this name; `producer` is a text that comes with the question.
pub(crate) async fn ask(
    channel: &PeerChannel,
    stream: &str,
    producer: &str,
) -> Result<Vec<LoggedEvent>, Status> {
    let question = EventsAfterRequest { producer: producer.into(), stream: stream.into(), seq: 0, limit: 0 };
    let mut client = EventLogClient::new(channel.clone());
    // No test waits longer for anything.
    let answer = tokio::time::timeout(Duration::from_secs(20), client.events_after(question)).await;
    Ok(answer.expect("an answer in time")?.into_inner().events)
}

/// An interceptor that adds nothing.
#[allow(clippy::unnecessary_wraps, clippy::result_large_err, reason = "the shape of an interceptor")]
pub(crate) fn plain(request: Request<()>) -> Result<Request<()>, Status> {
    Ok(request)
}

/// Connects from the nth of many addresses of this machine, none of which is the usual one.
pub(crate) async fn connect_from(nth: u32, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + 1 + nth);
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}
