//! Calls to other roles: lazily connected, bounded in time, part of the caller's trace, spread over replicas.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tokio::time::{Instant, sleep};
use tonic::{
    Code, Status, TimeoutExpired,
    body::Body,
    service::{Interceptor, InterceptorLayer},
    transport::{Channel, Endpoint, Error},
};
use tower::{Service, ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

use crate::{backoff::Backoff, tls::Tls, trace_context};

/// What a generated client is made over, whether the other role runs in this process or elsewhere:
/// `IntakeClient::new(channel)`.
pub type PeerChannel = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer may take to begin when the caller names no deadline.
const CALL: Duration = Duration::from_secs(30);

/// A silent connection is asked whether it lives this often, and given up when no answer comes in time.
const KEEPALIVE: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a replica that could not be reached is left alone.
const REST: Duration = Duration::from_secs(1);

/// How often a call is made at most before its failure counts.
const TRIES: u32 = 3;

/// Why a channel could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// There is nowhere to connect to.
    #[error("no address is given")]
    NoAddress,
    /// An address or a certificate cannot be used.
    #[error("the address or its certificates cannot be used: {0}")]
    Transport(#[from] Error),
}

/// A channel to the replicas at these addresses (`host:port`). Nothing is connected before the first call, and every
/// call carries what `interceptor` adds, such as a service's token.
pub fn connect<I>(addresses: &[&str], tls: Option<&Tls>, interceptor: I) -> Result<PeerChannel, ChannelError>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let replicas = addresses.iter().map(|address| channel(address, tls)).collect::<Result<Vec<_>, _>>()?;
    if replicas.is_empty() {
        return Err(ChannelError::NoAddress);
    }
    Ok(dress(Replicas::new(replicas), interceptor))
}

/// The same over one channel that is there already, such as one within the process.
pub fn over<I>(channel: Channel, interceptor: I) -> PeerChannel
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    dress(Replicas::new(vec![channel]), interceptor)
}

/// Makes a call again, up to three times, when the other side could not be reached. Only for calls that may be
/// repeated: reads, and changes that carry the same `request_id` each time.
pub async fn retrying<T, R>(mut call: impl FnMut() -> R) -> Result<T, Status>
where
    R: Future<Output = Result<T, Status>>,
{
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(500));
    for _ in 1..TRIES {
        match call().await {
            Err(status) if status.code() == Code::Unavailable => sleep(backoff.next_wait()).await,
            result => return result,
        }
    }
    call().await
}

fn channel(address: &str, tls: Option<&Tls>) -> Result<Channel, Error> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?
        .connect_timeout(CONNECT)
        .timeout(CALL)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    if let Some(tls) = tls {
        endpoint = endpoint.tls_config(tls.client())?;
    }
    Ok(endpoint.connect_lazy())
}

fn dress<I>(replicas: Replicas, interceptor: I) -> PeerChannel
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let service = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        .map_request(|mut request: Request<Body>| {
            trace_context::inject(request.headers_mut());
            request
        })
        .layer(InterceptorLayer::new(interceptor))
        .service(replicas);
    BoxCloneSyncService::new(service)
}

/// The replicas of a role, called in turn. One that cannot be reached is left out for a moment: calls to a dead
/// process fail faster than a living one answers, so it must not look like the least busy.
#[derive(Clone)]
struct Replicas {
    all: Arc<[Replica]>,
    turn: Arc<AtomicUsize>,
}

struct Replica {
    channel: Channel,
    rests_until: Mutex<Option<Instant>>,
}

impl Replicas {
    fn new(channels: Vec<Channel>) -> Self {
        let all =
            channels.into_iter().map(|channel| Replica { channel, rests_until: Mutex::default() }).collect();
        Self { all, turn: Arc::default() }
    }

    /// The number of the replica whose turn it is, passing over those that rest unless all do.
    fn next(&self) -> usize {
        let count = self.all.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|step| turn.wrapping_add(step) % count);
        in_turn.into_iter().find(|number| !self.all[*number].rests()).unwrap_or(turn % count)
    }
}

impl Replica {
    fn rests(&self) -> bool {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
    }
}

impl Service<Request<Body>> for Replicas {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (replicas, number) = (Arc::clone(&self.all), self.next());
        Box::pin(async move {
            let replica = &replicas[number];
            let mut channel = replica.channel.clone();
            let answer = match channel.ready().await {
                Ok(ready) => ready.call(request).await,
                Err(error) => Err(error),
            };
            // An error here is the connection's; a refusal by the other side is an answer.
            answer.inspect_err(|_| replica.rest()).map_err(status)
        })
    }
}

/// What a caller is told when the connection failed: that the call may be made again, unless its time was over.
fn status(error: Error) -> Status {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<TimeoutExpired>() {
            return Status::deadline_exceeded("no answer in time");
        }
        cause = inner.source();
    }
    let status = Status::from_error(error.into());
    if status.code() == Code::Unknown {
        // tonic's word for a connection that broke in the middle of a call.
        return Status::unavailable("the connection was lost");
    }
    status
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;
    use tower::layer::util::Identity;

    use super::*;
    use crate::{
        GrpcServer, Health,
        fixtures::{Log, ask, plain, settings},
    };

    /// A replica, and the token that ends it.
    async fn replica() -> (String, CancellationToken) {
        let health = Health::starting(["flare.events.v1.EventLog"]).await;
        let server = GrpcServer::new(&settings(&[]), Identity::new(), Log::new().routes(), &health).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let token = CancellationToken::new();
        let asked = token.clone();
        tokio::spawn(async move { server.serve(listener, None, asked).await });
        (address, token)
    }

    /// An address where nobody answers.
    async fn nobody() -> String {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        assert!(matches!(connect(&[], None, plain), Err(ChannelError::NoAddress)));
        assert!(matches!(connect(&["not an address"], None, plain), Err(ChannelError::Transport(_))));
        assert!(connect(&["127.0.0.1:1"], None, plain).is_ok(), "nothing is connected yet");
    }

    #[tokio::test]
    async fn a_dead_replica_costs_one_call_and_the_others_serve() {
        let (living, _token) = replica().await;
        let channel = connect(&[&nobody().await, &living], None, plain).unwrap();
        let mut failed = 0;
        for _ in 0..10 {
            failed += u32::from(ask(&channel, "", "").await.is_err());
        }
        // On a slow machine the dead one's rest can end in between, which costs another call.
        assert!((1..=3).contains(&failed), "{failed} of 10 calls failed");
    }

    #[tokio::test]
    async fn a_call_is_made_again_while_nobody_can_be_reached() {
        let (living, _token) = replica().await;
        let channel = connect(&[&nobody().await, &living], None, plain).unwrap();
        for _ in 0..10 {
            retrying(|| ask(&channel, "", "")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_replica_that_dies_in_the_middle_of_a_call_is_unavailable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let channel = connect(&[&listener.local_addr().unwrap().to_string()], None, plain).unwrap();
        let dying = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut preface = [0; 24];
            tokio::io::AsyncReadExt::read_exact(&mut connection, &mut preface).await.unwrap();
        };
        let (answer, ()) = tokio::join!(ask(&channel, "", ""), dying);
        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn an_answer_that_is_late_is_a_deadline_exceeded() {
        use flare_contracts::events::v1::{EventsAfterRequest, event_log_client::EventLogClient};

        // Takes connections and never says a word.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let channel = connect(&[&listener.local_addr().unwrap().to_string()], None, plain).unwrap();
        let mut request = tonic::Request::new(EventsAfterRequest::default());
        request.set_timeout(Duration::from_millis(50));
        let status = EventLogClient::new(channel).events_after(request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        let tries = AtomicU32::new(0);
        let fail = async |status: Status| {
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(status)
        };
        retrying(|| fail(Status::unavailable(""))).await.unwrap_err();
        assert_eq!(tries.swap(0, Ordering::SeqCst), TRIES);
        retrying(|| fail(Status::aborted(""))).await.unwrap_err();
        assert_eq!(tries.load(Ordering::SeqCst), 1);
    }
}
