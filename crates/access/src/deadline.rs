//! How long an answer may take.
//!
//! tonic's own deadline ends with the first part of an answer and has no limit for callers who name none. This one
//! covers the whole answer, streams included, and bounds both kinds of caller. What a handler began to write goes on
//! without it (commands run detached from their caller); only the waiting ends.

use std::{
    collections::BTreeSet,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use flare_contracts::Refusal;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body};

use crate::refusals;

/// The longest that an RPC may take. A caller may ask for less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For most RPCs. 30 seconds by default.
    pub usual: Duration,
    /// For those in `long_paths`. 10 minutes by default: a file of 100 MB at 170 kB/s.
    pub long: Duration,
    /// The RPCs that stream, such as `/flare.intake.v1.Files/Upload`.
    pub long_paths: BTreeSet<String>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { usual: Duration::from_secs(30), long: Duration::from_mins(10), long_paths: BTreeSet::new() }
    }
}

/// Watching health goes on for as long as it may; whoever still wants to know watches again.
const WATCH: &str = "/grpc.health.v1.Health/Watch";

impl Deadlines {
    /// The deadline of a call that comes in now.
    pub(crate) fn of(&self, parts: &http::request::Parts) -> Instant {
        let path = parts.uri.path();
        let most = if path == WATCH || self.long_paths.contains(path) { self.long } else { self.usual };
        let asked = parts.headers.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
        Instant::now() + asked.map_or(most, |asked| asked.min(most))
    }
}

/// A `grpc-timeout`: at most 8 digits and a unit (gRPC over HTTP/2, "Requests"). One that cannot be read counts as
/// none, as in tonic.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(count)),
        "M" => Some(Duration::from_mins(count)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// The answer, unless it is late; what streams after its first part is cut off at the same instant.
pub(crate) async fn within<E>(
    deadline: Instant,
    answer: impl Future<Output = Result<Response<Body>, E>>,
) -> Result<Response<Body>, E> {
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(answer) => answer.map(|response| response.map(|body| TimelyBody::wrap(body, deadline))),
        Err(_) => Ok(Status::from(refusals::too_late()).into_http()),
    }
}

/// A body that ends with a status of its own when the deadline passes before its end.
struct TimelyBody {
    body: Body,
    late: Pin<Box<Sleep>>,
    ended: bool,
}

impl TimelyBody {
    fn wrap(body: Body, deadline: Instant) -> Body {
        Body::new(Self { body, late: Box::pin(sleep_until(deadline)), ended: false })
    }
}

impl HttpBody for TimelyBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.late.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Dropping the body drops the handler's stream, and with it whatever it was waiting for.
        self.body = Body::empty();
        self.ended = true;
        Poll::Ready(Some(trailers(refusals::too_late()).map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn trailers(refusal: Refusal) -> Result<HeaderMap, Status> {
    let mut trailers = HeaderMap::new();
    Status::from(refusal).add_header(&mut trailers)?;
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use tonic::Code;

    use super::*;

    fn given(deadlines: &Deadlines, path: &str, timeout: Option<&str>) -> Duration {
        let mut call = http::Request::builder().uri(path);
        if let Some(timeout) = timeout {
            call = call.header("grpc-timeout", timeout);
        }
        deadlines.of(&call.body(()).unwrap().into_parts().0) - Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_may_ask_for_less_time_and_never_gets_more() {
        let deadlines = Deadlines { long_paths: ["/long".to_owned()].into(), ..Deadlines::default() };
        let (usual, long) = (Duration::from_secs(30), Duration::from_mins(10));
        for unreadable in
            [None, Some(""), Some("S"), Some("5"), Some("123456789S"), Some("+5S"), Some("5s"), Some("-1S")]
        {
            assert_eq!(given(&deadlines, "/short", unreadable), usual, "{unreadable:?}");
            assert_eq!(given(&deadlines, "/long", unreadable), long, "{unreadable:?}");
        }
        assert_eq!(given(&deadlines, WATCH, None), long);
        assert_eq!(given(&deadlines, "/short", Some("99999999H")), usual);
        assert_eq!(given(&deadlines, "/long", Some("9M")), Duration::from_mins(9));
        assert_eq!(given(&deadlines, "/short", Some("250m")), Duration::from_millis(250));
        assert_eq!(given(&deadlines, "/short", Some("0n")), Duration::ZERO);
    }

    #[test]
    fn every_unit_is_read() {
        let units = ["2H", "2M", "2S", "2m", "2u", "2n"].map(|text| parse(text).unwrap().as_nanos());
        assert_eq!(units, [7_200_000_000_000, 120_000_000_000, 2_000_000_000, 2_000_000, 2_000, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_refused_at_the_deadline() {
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(3);
        let answer = within(deadline, std::future::pending::<Result<_, Infallible>>()).await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!((status.code(), begin.elapsed().as_secs()), (Code::DeadlineExceeded, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_never_ends_is_ended_at_the_deadline_with_a_status() {
        let (mut sender, stream) = http_body_util::channel::Channel::<Bytes, Status>::new(1);
        sender.send_data(Bytes::from_static(b"first part")).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(3);
        let answer =
            within(deadline, async { Ok::<_, Infallible>(Response::new(Body::new(stream))) }).await.unwrap();
        let whole = answer.into_body().collect().await.unwrap();
        let status = Status::from_header_map(whole.trailers().unwrap()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(whole.to_bytes(), "first part");
        assert!(sender.send_data(Bytes::new()).await.is_err(), "the handler's stream is let go");
    }

    #[tokio::test(start_paused = true)]
    async fn a_timely_answer_passes_unchanged() {
        let body = Body::new(
            http_body_util::Full::new(Bytes::from_static(b"answer")).map_err(|never| match never {}),
        );
        let deadline = Instant::now() + Duration::from_secs(3);
        let answer = within(deadline, async { Ok::<_, Infallible>(Response::new(body)) }).await.unwrap();
        let whole = answer.into_body().collect().await.unwrap();
        assert!(whole.trailers().is_none());
        assert_eq!(whole.to_bytes(), "answer");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,12}") {
            let _ = parse(&text);
        }
    }
}
