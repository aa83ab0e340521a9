//! What protects a server from its callers and its own bugs: a bound on calls at once, bounds on messages, and a panic
//! that becomes a status.

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use flare_contracts::{Kind, Refusal};
use futures::FutureExt;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{
    Status,
    body::Body,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};
use tower::{BoxError, Layer, Service};

use crate::{
    config::ServerSettings,
    frames::{BoundedRequest, Frames},
};

/// Guards every call.
#[derive(Clone)]
pub(crate) struct GuardLayer {
    slots: Arc<Semaphore>,
    decode_limit: u32,
    encode_limit: u32,
    services_need_certificate: bool,
}

impl GuardLayer {
    pub(crate) fn new(settings: &ServerSettings) -> Self {
        let slots = usize::try_from(settings.max_calls_in_flight).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))),
            decode_limit: settings.decode_limit_bytes,
            encode_limit: settings.encode_limit_bytes,
            services_need_certificate: false,
        }
    }

    /// Over mutual TLS a service's token is not enough: it counts only on a connection with a certificate of the
    /// installation, so that the service key alone, once leaked, opens nothing from outside.
    pub(crate) fn services_need_certificate(mut self, need: bool) -> Self {
        self.services_need_certificate = need;
        self
    }

    /// A place for a call of Flare's own; health and reflection always have one, because a busy process must not
    /// look like a dead one.
    fn admit(&self, request: &Request<Body>) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        if self.services_need_certificate && is_service(request.headers()) && !has_certificate(request) {
            let message = "a service must show a certificate of this installation";
            return Err(Refusal::new(Kind::Unauthenticated, "NO_CERTIFICATE", message));
        }
        if !request.uri().path().starts_with("/flare.") {
            return Ok(None);
        }
        let busy = || {
            Refusal::new(Kind::Exhausted, "TOO_BUSY", "too many calls at once; repeat this one in a moment")
        };
        Arc::clone(&self.slots).try_acquire_owned().map(Some).map_err(|_| busy())
    }
}

fn is_service(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| value.as_bytes().starts_with(b"Service "))
}

fn has_certificate(request: &Request<Body>) -> bool {
    let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
    connection.and_then(TlsConnectInfo::peer_certs).is_some_and(|certificates| !certificates.is_empty())
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { layer: self.clone(), inner }
    }
}

/// A service whose calls are guarded.
#[derive(Clone)]
pub(crate) struct Guard<S> {
    layer: GuardLayer,
    inner: S,
}

impl<S> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A service that could not get ready says so when it is called, as a status.
        self.inner.poll_ready(cx).map(|_| Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let place = match self.layer.admit(&request) {
            Ok(place) => place,
            Err(refusal) => return Box::pin(async { Ok(Status::from(refusal).into_http()) }),
        };
        let request = request.map(|body| BoundedRequest::wrap(body, self.layer.decode_limit));
        let encode_limit = self.layer.encode_limit;
        // Whatever panicked is dropped and never looked at again; the database rolls back what it had begun.
        let answer = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        Box::pin(async move {
            let result = match answer {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            Ok(match result {
                Ok(Ok(response)) => response.map(|body| GuardedBody::wrap(body, encode_limit, place)),
                Ok(Err(error)) => {
                    let error: BoxError = error.into();
                    tracing::error!(error, "a layer of the server failed");
                    fault().into_http()
                }
                Err(panic) => after(&*panic).into_http(),
            })
        })
    }
}

/// What a caller is told of a fault of ours: nothing but that it is one.
fn fault() -> Status {
    Status::internal("this is a fault of ours, and has been noted")
}

/// The hook in `telemetry` has logged the place of the panic by now.
fn after(_panic: &(dyn Any + Send)) -> Status {
    metrics::counter!("flare_panics_total").increment(1);
    fault()
}

/// An answer that ends with a status of its own when what makes it panics, or when a message in it is too large.
struct GuardedBody {
    body: Body,
    frames: Frames,
    ended: bool,
    /// The call counts until its answer has been read to the end.
    place: Option<OwnedSemaphorePermit>,
}

impl GuardedBody {
    fn wrap(body: Body, limit: u32, place: Option<OwnedSemaphorePermit>) -> Body {
        Body::new(Self { body, frames: Frames::new(limit), ended: false, place })
    }

    fn end_with(&mut self, status: &Status) -> Result<Frame<Bytes>, Status> {
        self.body = Body::empty();
        self.ended = true;
        self.place = None;
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers)?;
        Ok(Frame::trailers(trailers))
    }
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_frame(cx)));
        let frame = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(frame)) => frame,
            Err(panic) => return Poll::Ready(Some(this.end_with(&after(&*panic)))),
        };
        let Some(Ok(frame)) = frame else {
            this.place = None;
            return Poll::Ready(frame);
        };
        if this.frames.pass(frame.data_ref().map_or(&[], AsRef::as_ref)).is_err() {
            tracing::error!("an answer was larger than server.encode_limit_bytes");
            return Poll::Ready(Some(this.end_with(&fault())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin};

    use super::*;

    /// An answer that gives one piece and then panics.
    struct Breaking(bool);

    impl HttpBody for Breaking {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            assert!(!self.0, "deliberate");
            self.0 = true;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0, 0, 0, 0, 1, 7])))))
        }
    }

    #[tokio::test]
    async fn an_answer_that_panics_on_its_way_ends_with_a_status_and_frees_its_place() {
        let slots = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&slots).try_acquire_owned().ok();
        let mut body = pin!(GuardedBody::wrap(Body::new(Breaking(false)), 100, place));
        let piece = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap().unwrap();
        assert!(piece.is_data());
        assert_eq!(slots.available_permits(), 0);
        let end = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap().unwrap();
        let status = Status::from_header_map(end.trailers_ref().unwrap()).unwrap();
        assert_eq!(status.code(), tonic::Code::Internal);
        assert_eq!(slots.available_permits(), 1);
        assert!(poll_fn(|cx| body.as_mut().poll_frame(cx)).await.is_none());
    }
}
