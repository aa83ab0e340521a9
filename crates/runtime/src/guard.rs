//! What protects a server from its callers and its own bugs: a bound on calls at once, bounds on messages, and a panic
//! that becomes a status.

use std::{
    any::Any,
    collections::BTreeSet,
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use flare_access::{FromPortal, TrustedProxies, take_place};
use flare_contracts::{Cause, Refusal};
use flare_room::{HeldSeat, Slot, Slots};
use futures::FutureExt;
use http::{
    HeaderMap, Method, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use rustls_pki_types::{CertificateDer, ServerName};
use tonic::{Status, body::Body, transport::server::TlsConnectInfo};
use tower::{BoxError, Layer, Service};
use webpki::EndEntityCert;

use crate::{
    config::ServerSettings,
    connections::Line,
    frames::{BoundedRequest, Frames},
};

/// Health is asked this often at once.
const CHECKS: u32 = 64;

/// Streams of reflection, and of whoever watches health, at once.
const STREAMS: u32 = 32;

/// The word that a service's credentials begin with; its case does not count (RFC 9110, 11.1).
const SERVICE: &[u8] = b"service ";

/// Guards every call.
#[derive(Clone)]
pub(crate) struct GuardLayer {
    rooms: Rooms,
    file_calls: Arc<BTreeSet<String>>,
    proxies: TrustedProxies,
    decode_limit: u32,
    encode_limit: u32,
    silence: Duration,
    services_need_certificate: bool,
    portal: Portal,
}

/// Which calls are the portal's: these alone say truly which place they are made for.
#[derive(Clone)]
enum Portal {
    /// Those on a connection whose certificate bears this name.
    Named(Arc<str>),
    /// All of them: only the portal has this channel.
    Within,
    /// None.
    Nowhere,
}

/// Each kind of call has slots of its own, so that none can shut out another: above all, that nothing which lasts
/// shuts out a request for help, and that a busy process does not look like a dead one.
#[derive(Clone)]
struct Rooms {
    calls: Slots,
    /// Calls of the portal, so that a flood of its pages leaves those of services to each other their room.
    portal: Slots,
    /// Calls that carry files last as long as somebody's line is slow.
    files: Slots,
    checks: Slots,
    streams: Slots,
}

impl GuardLayer {
    pub(crate) fn new(settings: &ServerSettings) -> Self {
        Self {
            rooms: Rooms {
                calls: Slots::new(settings.max_calls_in_flight),
                portal: Slots::new(settings.max_calls_in_flight),
                files: Slots::new(settings.max_file_calls_in_flight),
                checks: Slots::new(CHECKS),
                streams: Slots::new(STREAMS),
            },
            file_calls: Arc::default(),
            proxies: settings.trusted_proxies(),
            decode_limit: settings.decode_limit_bytes,
            encode_limit: settings.encode_limit_bytes,
            silence: settings.silence(),
            services_need_certificate: false,
            portal: Portal::Named(settings.portal_name.as_str().into()),
        }
    }

    /// Takes the calls of these paths for calls that carry files.
    pub(crate) fn with_file_calls(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.file_calls = Arc::new(paths.into_iter().collect());
        self
    }

    /// The same guard with slots of its own, for services within the process: what strangers do at the door never keeps them
    /// from reaching each other.
    pub(crate) fn apart(self) -> Self {
        self.within(Portal::Nowhere)
    }

    /// The same guard with slots of its own, for the portal within the process.
    pub(crate) fn of_portal(self) -> Self {
        self.within(Portal::Within)
    }

    fn within(mut self, portal: Portal) -> Self {
        let Rooms { calls, portal: of_portal, files, checks, streams } = &self.rooms;
        self.rooms = Rooms {
            calls: calls.another(),
            portal: of_portal.another(),
            files: files.another(),
            checks: checks.another(),
            streams: streams.another(),
        };
        self.portal = portal;
        self
    }

    /// Over mutual TLS a service's token is not enough: it counts only on a connection with a certificate of the
    /// installation, so that the service key alone, once leaked, opens nothing from outside.
    pub(crate) fn services_need_certificate(mut self, need: bool) -> Self {
        self.services_need_certificate = need;
        self
    }

    /// A slot for a call.
    fn admit(&self, request: &mut Request<Body>) -> Result<Held, Refusal> {
        let line = request.extensions().get::<Line>().cloned();
        if let Some(line) = &line {
            line.seat.called();
            request.extensions_mut().insert(line.tcp.clone());
        }
        let mut from = self.proxies.note(request);
        let from_portal = self.is_portal(request);
        if from_portal {
            request.extensions_mut().insert(FromPortal);
        }
        if let Some(place) = take_place(request.headers_mut(), from_portal) {
            request.extensions_mut().insert(place.clone());
            from = Some(place);
        }
        if self.services_need_certificate && is_service(request.headers()) && certificate(request).is_none() {
            return Err(Cause::NoCertificate.into());
        }
        if !is_grpc(request) {
            return Err(Cause::NotGrpc.into());
        }
        let room = match request.uri().path() {
            path if self.file_calls.contains(path) => &self.rooms.files,
            path if path.starts_with("/flare.") && from_portal => &self.rooms.portal,
            path if path.starts_with("/flare.") => &self.rooms.calls,
            "/grpc.health.v1.Health/Check" => &self.rooms.checks,
            _ => &self.rooms.streams,
        };
        let slot = room.take(from.as_ref()).ok_or(Cause::TooBusy)?;
        Ok(Held { _slot: slot, _seat: line.map(|line| line.seat.hold()) })
    }

    fn is_portal(&self, request: &Request<Body>) -> bool {
        match &self.portal {
            Portal::Named(name) => certificate(request).is_some_and(|shown| is_for(&shown, name)),
            Portal::Within => true,
            Portal::Nowhere => false,
        }
    }
}

/// What a call has until its answer has been read to the end.
struct Held {
    _slot: Slot,
    _seat: Option<HeldSeat>,
}

/// What is no call is refused before it holds anything.
fn is_grpc(request: &Request<Body>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    request.method() == Method::POST && kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

fn is_service(headers: &HeaderMap) -> bool {
    let begins =
        |value: &[u8]| value.get(..SERVICE.len()).is_some_and(|word| word.eq_ignore_ascii_case(SERVICE));
    headers.get_all(AUTHORIZATION).iter().any(|value| begins(value.as_bytes()))
}

/// The certificate that the other end of the connection showed; the handshake has checked who signed it.
fn certificate(request: &Request<Body>) -> Option<CertificateDer<'static>> {
    let connection = request.extensions().get::<TlsConnectInfo<Line>>()?;
    connection.peer_certs()?.first().cloned()
}

/// Whether a certificate is for a host of this name.
fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok(name) = ServerName::try_from(name) else { return false };
    EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.verify_is_valid_for_subject_name(&name).is_ok())
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

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let slot = match self.layer.admit(&mut request) {
            Ok(slot) => slot,
            Err(refusal) => return Box::pin(async { Ok(Status::from(refusal).into_http()) }),
        };
        let request =
            request.map(|body| BoundedRequest::wrap(body, self.layer.decode_limit, self.layer.silence));
        let encode_limit = self.layer.encode_limit;
        // Whatever panicked is dropped and never looked at again; the database rolls back what it had begun.
        let answer = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        Box::pin(async move {
            let result = match answer {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            Ok(match result {
                Ok(Ok(response)) => response.map(|body| GuardedBody::wrap(body, encode_limit, slot)),
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
    count_panics(1);
    fault()
}

/// Counts faults of ours; none when the process begins, since an alarm notices the first only where it saw none before.
pub(crate) fn count_panics(times: u64) {
    metrics::counter!("flare_panics_total").increment(times);
}

/// An answer that ends with a status of its own when what makes it panics, or when a message in it is too large.
struct GuardedBody {
    body: Body,
    frames: Frames,
    ended: bool,
    /// The call counts until its answer has been read to the end.
    slot: Option<Held>,
}

impl GuardedBody {
    fn wrap(body: Body, limit: u32, slot: Held) -> Body {
        Body::new(Self { body, frames: Frames::new(limit), ended: false, slot: Some(slot) })
    }

    fn end_with(&mut self, status: &Status) -> Result<Frame<Bytes>, Status> {
        self.body = Body::empty();
        self.ended = true;
        self.slot = None;
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
            this.slot = None;
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
    async fn an_answer_that_panics_on_its_way_ends_with_a_status_and_frees_its_slot() {
        let slots = Slots::new(1);
        let slot = Held { _slot: slots.take(None).unwrap(), _seat: None };
        let mut body = pin!(GuardedBody::wrap(Body::new(Breaking(false)), 100, slot));
        let piece = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap().unwrap();
        assert!(piece.is_data());
        assert!(slots.take(None).is_none());
        let end = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap().unwrap();
        let status = Status::from_header_map(end.trailers_ref().unwrap()).unwrap();
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(slots.take(None).is_some());
        assert!(poll_fn(|cx| body.as_mut().poll_frame(cx)).await.is_none());
    }
}
