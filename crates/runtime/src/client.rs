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

use flare_kernel::Backoff;
use http::{Request, Response};
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{Instant, sleep},
};
use tonic::{
    Code, Status, TimeoutExpired,
    body::Body,
    service::{Interceptor, InterceptorLayer},
    transport::{Channel, Endpoint, Error},
};
use tower::{Service, ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

use crate::{tls::Tls, trace_context};

/// What a generated client is made over, whether the other role runs in this process or elsewhere:
/// `IntakeClient::new(channel)`.
pub type PeerChannel = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// How long a caller waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to open.
    pub connect: Duration,
    /// For an answer to begin when the call names no deadline; for ever when there is none, as long as the connection
    /// lives.
    pub answer: Option<Duration>,
    /// A silent connection is asked whether it lives this often,
    pub keepalive: Duration,
    /// and given up when no answer comes in time.
    pub keepalive_timeout: Duration,
}

impl Patience {
    /// A service's, with another that stands beside it.
    pub const SERVICE: Self = Self {
        connect: Duration::from_secs(2),
        answer: Some(Duration::from_secs(30)),
        keepalive: Duration::from_secs(10),
        keepalive_timeout: Duration::from_secs(5),
    };

    /// A person's, on a bad network: a file of 100 MiB is answered when all of it has gone.
    pub const PERSON: Self = Self {
        connect: Duration::from_secs(5),
        answer: None,
        keepalive: Duration::from_secs(20),
        keepalive_timeout: Duration::from_secs(20),
    };
}

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
    connect_with(addresses, tls, Patience::SERVICE, interceptor)
}

/// The same with another patience than a service's.
pub fn connect_with<I>(
    addresses: &[&str],
    tls: Option<&Tls>,
    patience: Patience,
    interceptor: I,
) -> Result<PeerChannel, ChannelError>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let replica = |address| Ok::<_, Error>(Replica::at(endpoint(address, tls, patience)?));
    let replicas = addresses.iter().copied().map(replica).collect::<Result<Vec<_>, _>>()?;
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
    dress(Replicas::new(vec![Replica::over(channel)]), interceptor)
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

fn endpoint(address: &str, tls: Option<&Tls>, patience: Patience) -> Result<Endpoint, Error> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?
        .connect_timeout(patience.connect)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(patience.keepalive)
        .keep_alive_timeout(patience.keepalive_timeout);
    if let Some(answer) = patience.answer {
        endpoint = endpoint.timeout(answer);
    }
    match tls {
        Some(tls) => endpoint.tls_config(tls.client()),
        None => Ok(endpoint),
    }
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

/// The replicas of a role, called in turn. A call goes out on a connection that stands: where none can be made, the next
/// replica is asked, and the one that cannot be reached is left out for a moment. So a dead address costs nobody a call,
/// whether or not the call may be repeated; a replica that dies with a call on its way does.
#[derive(Clone)]
struct Replicas {
    all: Arc<[Replica]>,
    turn: Arc<AtomicUsize>,
}

struct Replica {
    way: Way,
    rests_until: Mutex<Option<Instant>>,
}

enum Way {
    /// Such as one within the process.
    There(Channel),
    /// Connected when it is needed. The lock is held while connecting, so that callers wait for one connection and do
    /// not make one each.
    To(Box<Endpoint>, AsyncMutex<Option<Channel>>),
}

impl Replicas {
    fn new(all: Vec<Replica>) -> Self {
        Self { all: all.into(), turn: Arc::default() }
    }

    /// All replicas from the one whose turn it is, those that rest last.
    fn in_turn(&self) -> impl Iterator<Item = &Replica> {
        let count = self.all.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (resting, ready): (Vec<_>, Vec<_>) = (0..count)
            .map(|step| &self.all[turn.wrapping_add(step) % count])
            .partition(|replica| replica.rests());
        ready.into_iter().chain(resting)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let mut out_of_reach = Status::unavailable("no address is given");
        for replica in self.in_turn() {
            match replica.connected().await {
                Ok(channel) => return replica.send(channel, request).await,
                Err(error) => {
                    replica.rest();
                    out_of_reach = Status::unavailable("no connection could be made");
                    out_of_reach.set_source(Arc::new(error));
                }
            }
        }
        Err(out_of_reach)
    }
}

impl Replica {
    fn at(endpoint: Endpoint) -> Self {
        Self { way: Way::To(Box::new(endpoint), AsyncMutex::default()), rests_until: Mutex::default() }
    }

    fn over(channel: Channel) -> Self {
        Self { way: Way::There(channel), rests_until: Mutex::default() }
    }

    /// A channel whose connection stood when it was last heard of.
    async fn connected(&self) -> Result<Channel, Error> {
        match &self.way {
            Way::There(channel) => Ok(channel.clone()),
            Way::To(endpoint, open) => {
                let mut open = open.lock().await;
                if let Some(channel) = &*open {
                    return Ok(channel.clone());
                }
                Ok(open.insert(endpoint.connect().await?).clone())
            }
        }
    }

    async fn send(&self, mut channel: Channel, request: Request<Body>) -> Result<Response<Body>, Status> {
        let answer = match channel.ready().await {
            Ok(ready) => ready.call(request).await,
            Err(error) => Err(error),
        };
        // An error here is the connection's; a refusal by the other side is an answer.
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.rest();
                if let Way::To(_, open) = &self.way {
                    *open.lock().await = None;
                }
                Err(status(error))
            }
        }
    }

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
        let replicas = self.clone();
        Box::pin(async move { replicas.send(request).await })
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
    if matches!(status.code(), Code::Unknown | Code::Cancelled | Code::Internal) {
        // tonic's words for a connection that broke in the middle of a call, and for one that closed just before it.
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
    async fn a_dead_address_costs_no_call() {
        let (living, _token) = replica().await;
        let (dead, another) = (nobody().await, nobody().await);
        let channel = connect(&[&dead, &living, &another], None, plain).unwrap();
        for _ in 0..10 {
            ask(&channel, "", "").await.unwrap();
        }
        let channel = connect(&[&dead, &another], None, plain).unwrap();
        assert_eq!(ask(&channel, "", "").await.unwrap_err().code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn replicas_are_called_in_turn_and_one_that_died_is_left_out() {
        let (first, end) = replica().await;
        let (second, _token) = replica().await;
        let channel = connect(&[&first, &second], None, plain).unwrap();
        for _ in 0..4 {
            ask(&channel, "", "").await.unwrap();
        }
        end.cancel();
        // Nobody listens at the first any more; whoever is connected to it still hears so at most once.
        while tokio::net::TcpStream::connect(&first).await.is_ok() {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            retrying(|| ask(&channel, "", "")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_call_is_made_again_while_nobody_can_be_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let channel = connect(&[&address.to_string()], None, plain).unwrap();
        // The first connection ends before it is one; the second is served.
        let serving = tokio::spawn(async move {
            drop(listener.accept().await.unwrap());
            let health = Health::starting(["flare.events.v1.EventLog"]).await;
            let server =
                GrpcServer::new(&settings(&[]), Identity::new(), Log::new().routes(), &health).unwrap();
            server.serve(listener, None, CancellationToken::new()).await
        });
        retrying(|| ask(&channel, "", "")).await.unwrap();
        serving.abort();
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
