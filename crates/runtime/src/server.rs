//! A gRPC server with safe defaults, over the network or within the process: the same stack in front of the same
//! services, so that both modes run the same code.

use std::{convert::Infallible, future::Future, io, time::Duration};

use flare_contracts::{DESCRIPTORS, MissingRule};
use flare_room::Connections;
use http::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    net::TcpListener,
    sync::mpsc,
    time::sleep,
};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    service::Routes,
    transport::{
        Channel, Endpoint, Server,
        server::{Connected, TcpIncoming},
    },
};
use tonic_reflection::server::Builder as Reflection;
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};

use crate::{
    config::ServerSettings, connections::counted, guard::GuardLayer, health::Health, observe::ObserveLayer,
    tls::Tls,
};

/// The most that a call's metadata may hold.
const HEADER_BYTES: u32 = 16 * 1024;

/// Streams that a caller may open and reset before it is thought hostile (CVE-2023-44487).
const PENDING_RESETS: usize = 32;

/// What an in-process connection holds on its way.
const DUPLEX_BYTES: usize = 256 * 1024;

/// In-process connections being opened at once; the clients here open one each.
const OPENING: usize = 16;

/// Why a server could not be made or run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An RPC does not say who may call it.
    #[error(transparent)]
    Rule(#[from] MissingRule),
    /// The descriptors cannot be shown.
    #[error("reflection cannot be offered: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// TLS or the transport failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every call had its answer.
    Wholly,
    /// Some calls were still running when the time for them was over.
    CutShort,
}

/// Services, and the stack in front of them: observation, guard, access, and then the services with health and
/// reflection. Clones share their bounds on calls at once, and a server within the process has its own.
#[derive(Clone)]
pub struct GrpcServer<L> {
    settings: ServerSettings,
    observe: ObserveLayer,
    guard: GuardLayer,
    access: L,
    routes: Routes,
    health: Health,
}

impl<L> GrpcServer<L>
where
    L: Layer<Routes> + Clone + Send + 'static,
    L::Service: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError> + Send + 'static,
{
    /// A server of these services behind `access`, with health and reflection beside them.
    pub fn new(
        settings: &ServerSettings,
        access: L,
        routes: Routes,
        health: &Health,
    ) -> Result<Self, ServerError> {
        let reflection = || Reflection::configure().register_encoded_file_descriptor_set(DESCRIPTORS);
        let routes = routes
            .add_service(health.service())
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?)
            .prepare();
        Ok(Self {
            settings: settings.clone(),
            observe: ObserveLayer::new()?,
            guard: GuardLayer::new(settings),
            access,
            routes,
            health: health.clone(),
        })
    }

    /// The same, with slots apart for calls of these paths, which carry files and may last.
    #[must_use]
    pub fn with_file_calls(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.guard = self.guard.with_file_calls(paths);
        self
    }

    /// Serves until `token` is cancelled, then lets calls end for as long as `shutdown_grace_seconds` says.
    pub async fn serve(
        self,
        listener: TcpListener,
        tls: Option<&Tls>,
        token: CancellationToken,
    ) -> Result<Drained, ServerError> {
        let keepalive = Duration::from_secs(self.settings.keepalive_seconds.into());
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(keepalive));
        let connections = Connections::new(self.settings.max_connections);
        let opening = self.settings.opening();
        let incoming = counted(incoming, connections, self.settings.trusted_proxies(), opening);
        self.serve_over(incoming, tls, token).await
    }

    /// A channel to this server within the process, and the server's run, which the caller spawns.
    pub fn serve_in_process(
        mut self,
        token: CancellationToken,
    ) -> (Channel, impl Future<Output = Result<Drained, ServerError>> + Send) {
        self.guard = self.guard.apart();
        self.serve_over_duplex(token)
    }

    /// The same for the portal alone, whose word is taken on which place each call is made for.
    pub fn serve_portal_in_process(
        mut self,
        token: CancellationToken,
    ) -> (Channel, impl Future<Output = Result<Drained, ServerError>> + Send) {
        self.guard = self.guard.of_portal();
        self.serve_over_duplex(token)
    }

    fn serve_over_duplex(
        self,
        token: CancellationToken,
    ) -> (Channel, impl Future<Output = Result<Drained, ServerError>> + Send) {
        let (opened, incoming) = mpsc::channel::<DuplexStream>(OPENING);
        let connector = service_fn(move |_: Uri| {
            let opened = opened.clone();
            async move {
                let (ours, theirs) = duplex(DUPLEX_BYTES);
                let closed = |_| {
                    io::Error::new(io::ErrorKind::ConnectionRefused, "the server in this process has ended")
                };
                opened.send(theirs).await.map_err(closed)?;
                Ok::<_, io::Error>(TokioIo::new(ours))
            }
        });
        let channel = Endpoint::from_static("http://in.process").connect_with_connector_lazy(connector);
        let incoming = ReceiverStream::new(incoming).map(Ok::<_, Infallible>);
        (channel, self.serve_over(incoming, None, token))
    }

    async fn serve_over<I, C, E>(
        self,
        incoming: I,
        tls: Option<&Tls>,
        token: CancellationToken,
    ) -> Result<Drained, ServerError>
    where
        I: Stream<Item = Result<C, E>> + Send,
        C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
        E: Into<BoxError> + Send,
    {
        let settings = &self.settings;
        let seconds = |seconds: u32| Some(Duration::from_secs(seconds.into()));
        let mut server = Server::builder()
            .max_concurrent_streams(settings.max_concurrent_streams)
            .http2_keepalive_interval(seconds(settings.keepalive_seconds))
            .http2_keepalive_timeout(seconds(settings.keepalive_timeout_seconds))
            .http2_max_header_list_size(HEADER_BYTES)
            .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS));
        if let Some(tls) = tls {
            server = server.tls_config(tls.server())?;
        }
        let services = ServiceBuilder::new()
            .layer(self.observe)
            .layer(self.guard.services_need_certificate(tls.is_some()))
            .layer(self.access)
            .service(self.routes);

        let grace = settings.shutdown_grace();
        let (health, asked) = (self.health, token.clone());
        let stopping = async move {
            asked.cancelled().await;
            // First, so that whoever routes calls here stops doing so.
            health.set_all(false).await;
        };
        let overdue = async {
            token.cancelled().await;
            sleep(grace).await;
        };
        tokio::select! {
            result = server.serve_with_incoming_shutdown(services, incoming, stopping) => {
                result?;
                Ok(Drained::Wholly)
            }
            () = overdue => {
                tracing::warn!("calls were still running at the end of server.shutdown_grace_seconds");
                Ok(Drained::CutShort)
            }
        }
    }
}

#[cfg(test)]
mod tests;
