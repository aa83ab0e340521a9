//! One span, one log line and one figure for each call: which RPC, how it ended, how long it took. Nothing else.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use flare_contracts::{AccessRules, MissingRule};
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field::Empty, info_span};

use crate::trace_context;

/// The histogram of call times, by RPC and status.
pub(crate) const CALL_SECONDS: &str = "flare_call_seconds";

const GRPC_STATUS: &str = "grpc-status";

/// What a call to a path nobody serves is counted as, so that callers cannot make new names for figures.
const UNKNOWN: &str = "unknown";

/// Observes every call.
#[derive(Clone)]
pub(crate) struct ObserveLayer {
    rpcs: Arc<HashMap<String, Arc<str>>>,
}

impl ObserveLayer {
    pub(crate) fn new() -> Result<Self, MissingRule> {
        let standard = [
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/Watch",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ];
        let rules = AccessRules::load()?;
        let paths = rules.iter().map(|(path, _)| path).chain(standard);
        let rpcs = paths.map(|path| (path.to_owned(), Arc::from(path.trim_start_matches('/')))).collect();
        Ok(Self { rpcs: Arc::new(rpcs) })
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { rpcs: Arc::clone(&self.rpcs), inner }
    }
}

/// A service whose calls are observed.
#[derive(Clone)]
pub(crate) struct Observe<S> {
    rpcs: Arc<HashMap<String, Arc<str>>>,
    inner: S,
}

impl<S> Service<Request<Body>> for Observe<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let rpc = self.rpcs.get(request.uri().path()).cloned().unwrap_or_else(|| UNKNOWN.into());
        let span =
            info_span!("call", rpc = &*rpc, "otel.name" = &*rpc, "otel.kind" = "server", trace = Empty);
        trace_context::follow_headers(&span, request.headers());
        if let Some(trace) = trace_context::trace_id(&span) {
            span.record("trace", trace);
        }
        let mut call = Observation { rpc, started: Instant::now(), code: None, span: span.clone() };
        let answer = span.in_scope(|| self.inner.call(request));
        Box::pin(
            async move {
                let response = answer.await.inspect_err(|_| call.code = Some(Code::Unknown))?;
                if response.headers().contains_key(GRPC_STATUS) {
                    // A refusal without a body has its status here instead of at the end.
                    call.code = Some(code_in(response.headers()));
                }
                Ok(response.map(|body| Body::new(ObservedBody::new(body, call))))
            }
            .instrument(span),
        )
    }
}

/// One call; it is written down when it is dropped, which also happens when the caller goes away.
struct Observation {
    rpc: Arc<str>,
    started: Instant,
    code: Option<Code>,
    span: Span,
}

impl Drop for Observation {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let took = self.started.elapsed();
        let status = name(code);
        metrics::histogram!(CALL_SECONDS, "rpc" => self.rpc.to_string(), "status" => status).record(took);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let _entered = self.span.enter();
        match code {
            Code::Internal | Code::Unknown | Code::DataLoss => {
                tracing::error!(status, took_ms, "call failed");
            }
            Code::Unavailable | Code::DeadlineExceeded => {
                tracing::warn!(status, took_ms, "call failed");
            }
            Code::Ok
            | Code::Cancelled
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => {
                tracing::debug!(status, took_ms, "call ended");
            }
        }
    }
}

/// The name of a status as the gRPC specification writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// An answer whose status, which comes at its very end, is looked at as it passes.
struct ObservedBody {
    body: Body,
    call: Observation,
}

impl ObservedBody {
    fn new(body: Body, call: Observation) -> Self {
        Self { body, call }
    }
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let span = this.call.span.clone();
        let _entered = span.enter();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.call.code = Some(code_in(trailers));
                }
            }
            Poll::Ready(Some(Err(status))) => this.call.code = Some(status.code()),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn code_in(headers: &HeaderMap) -> Code {
    headers.get(GRPC_STATUS).map_or(Code::Unknown, |value| Code::from_bytes(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        io,
        sync::Mutex,
    };

    use tower::{ServiceExt, service_fn};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What is logged while calls of this path get this answer, read to its end or dropped.
    async fn logged(path: &'static str, answer: fn() -> Response<Body>, read: bool) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(move || Lines(Arc::clone(&writer)));
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let respond = move |_: Request<Body>| -> Ready<Result<_, Status>> { ready(Ok(answer())) };
        let service = ObserveLayer::new().unwrap().layer(service_fn(respond));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        while read && std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_some() {}
        drop(body);
        drop(guard);
        String::from_utf8(lines.lock().unwrap().clone()).unwrap()
    }

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An answer whose status comes at its end.
    fn streamed() -> Response<Body> {
        struct Trailers(Option<HeaderMap>);

        impl HttpBody for Trailers {
            type Data = Bytes;
            type Error = Status;

            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
                Poll::Ready(self.0.take().map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }

        let mut trailers = HeaderMap::new();
        Status::data_loss("").add_header(&mut trailers).unwrap();
        Response::new(Body::new(Trailers(Some(trailers))))
    }

    #[tokio::test]
    async fn a_call_is_one_line_with_its_rpc_and_its_status_wherever_that_stands() {
        let path = "/flare.events.v1.EventLog/EventsAfter";
        let refused = logged(path, || Status::unavailable("canary").into_http(), true).await;
        assert!(refused.contains("rpc=\"flare.events.v1.EventLog/EventsAfter\""), "{refused}");
        assert!(refused.contains("WARN") && refused.contains("status=\"UNAVAILABLE\""), "{refused}");
        assert!(!refused.contains("canary") && refused.lines().count() == 1, "{refused}");
        let ended = logged(path, streamed, true).await;
        assert!(ended.contains("ERROR") && ended.contains("status=\"DATA_LOSS\""), "{ended}");
        let left = logged(path, streamed, false).await;
        assert!(left.contains("DEBUG") && left.contains("status=\"CANCELLED\""), "{left}");
    }

    #[tokio::test]
    async fn a_path_made_up_by_a_caller_is_not_repeated() {
        let line = logged("/flare.canary/Canary", || Status::unimplemented("").into_http(), true).await;
        assert!(line.contains("rpc=\"unknown\"") && !line.to_lowercase().contains("canary"), "{line}");
    }
}
