//! A flood is made slower, not refused: a call that a service refuses for a limit waits here for its turn, first come first
//! served among those of its place.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use flare_access::Place;
use flare_contracts::{Cause, Refusal, ToldRefusal};
use flare_edge::Way;
use flare_room::Slots;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Full};
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{Instant, sleep, timeout_at},
};
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    figures::{self, Want},
    place::caller,
};

/// The longest that a call waits: shorter than what browsers and fronts bear.
const LONGEST: Duration = Duration::from_secs(50);

/// The shortest wait.
const SHORTEST: Duration = Duration::from_millis(10);

/// The wait where a service says "busy" and not until when.
const BUSY: Duration = Duration::from_millis(250);

/// So many calls wait at once, shared out by place.
const WAITING: u32 = 128;

/// The queues of all ways: one for each place and RPC, while anybody waits in it.
#[derive(Clone)]
pub(crate) struct Queues(Arc<Shared>);

struct Shared {
    waiting: Slots,
    by_place: Mutex<HashMap<Queue, Weak<AsyncMutex<()>>>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Queue {
    place: Option<Place>,
    rpc: String,
}

impl Queues {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { waiting: Slots::new(WAITING), by_place: Mutex::default() }))
    }

    /// A way whose calls wait. Each call is one message: it is kept until it was taken.
    pub(crate) fn before(&self, way: Way) -> Way {
        BoxCloneSyncService::new(Patient { queues: self.clone(), way })
    }

    fn of(&self, queue: Queue) -> Arc<AsyncMutex<()>> {
        let mut all = self.0.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, line| line.strong_count() > 0);
        if let Some(line) = all.get(&queue).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::default();
        all.insert(queue, Arc::downgrade(&line));
        line
    }
}

#[derive(Clone)]
struct Patient {
    queues: Queues,
    way: Way,
}

/// One call, as often as it is made.
struct Call {
    parts: Parts,
    message: Bytes,
    way: Way,
}

impl Call {
    async fn make(&mut self) -> Result<Response<Body>, Status> {
        let body = Body::new(Full::new(self.message.clone()));
        self.way.ready().await?.call(Request::from_parts(self.parts.clone(), body)).await
    }
}

impl Patient {
    async fn make(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let deadline = Instant::now() + LONGEST;
        let (parts, body) = request.into_parts();
        let message = body.collect().await?.to_bytes();
        let place = caller();
        let line = self.queues.of(Queue { place: place.clone(), rpc: parts.uri.path().to_owned() });
        let mut call = Call { parts, message, way: self.way };
        let mut pause = Duration::ZERO;
        // Behind whoever waits already, or newcomers would take every turn.
        if line.try_lock().is_ok() {
            let answer = call.make().await?;
            let Some(wait) = wait(&answer) else { return Ok(answer) };
            pause = wait;
        }
        let Some(_slot) = self.queues.0.waiting.take(place.as_ref()) else { return Err(given_up()) };
        figures::waited();
        let Ok(_turn) = timeout_at(deadline, line.lock()).await else { return Err(given_up()) };
        while Instant::now() + pause <= deadline {
            sleep(pause).await;
            let answer = call.make().await?;
            let Some(wait) = wait(&answer) else { return Ok(answer) };
            pause = wait;
        }
        Err(given_up())
    }
}

impl Service<Request<Body>> for Patient {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().make(request))
    }
}

/// How long to wait before a refused call is made again; none for any other answer. What is refused so was not begun.
fn wait(answer: &Response<Body>) -> Option<Duration> {
    let told = ToldRefusal::read(&Status::from_header_map(answer.headers())?)?;
    let passes = matches!(told.cause, Cause::TooManyCalls | Cause::TooBusy);
    passes.then(|| told.retry_after.unwrap_or(BUSY).max(SHORTEST))
}

fn given_up() -> Status {
    figures::refused(Want::Limit);
    Refusal::from(Cause::TooBusy).into()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tower::service_fn;

    use super::*;
    use crate::place::on_behalf;

    fn place(last: u8) -> Place {
        Place::of([192, 0, 2, last].into())
    }

    /// A service that refuses this often, each time for so long, and then answers; and how often it was called.
    fn service(refusals: usize, wait: Duration) -> (Way, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let way = service_fn(move |_: Request<Body>| {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                let refusal = Refusal::from(Cause::TooManyCalls).retry_after(wait);
                let answered = Response::new(Body::empty());
                Ok::<_, Status>(if nth < refusals { Status::from(refusal).into_http() } else { answered })
            }
        });
        (BoxCloneSyncService::new(way), calls)
    }

    async fn call(way: &Way, from: Option<Place>) -> Result<Response<Body>, Status> {
        let request = Request::post("/flare.intake.v1.Intake/SubmitRequest").body(Body::empty()).unwrap();
        let mut way = way.clone();
        on_behalf(from, async move { way.ready().await?.call(request).await }).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_call_waits_as_long_as_it_was_told_and_is_made_again() {
        let (way, calls) = service(3, Duration::from_secs(2));
        let way = Queues::new().before(way);
        let begun = Instant::now();
        assert!(call(&way, Some(place(1))).await.is_ok());
        assert_eq!((calls.load(Ordering::SeqCst), begun.elapsed().as_secs()), (4, 6));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_nor_for_what_takes_too_long() {
        let (way, _) = service(usize::MAX, Duration::from_secs(2));
        let begun = Instant::now();
        assert!(call(&Queues::new().before(way), Some(place(1))).await.is_err());
        assert!(begun.elapsed() <= LONGEST);
        let (way, calls) = service(usize::MAX, Duration::from_hours(1));
        assert!(call(&Queues::new().before(way), Some(place(1))).await.is_err());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_place_leaves_others_room_to_wait_and_is_told_when_it_has_none() {
        let (way, calls) = service(usize::MAX, Duration::from_secs(2));
        let queues = Queues::new();
        let way = queues.before(way);
        let mut flood = tokio::task::JoinSet::new();
        for _ in 0..WAITING {
            let way = way.clone();
            flood.spawn(async move { call(&way, Some(place(1))).await });
        }
        let refused = flood.join_next().await.unwrap().unwrap();
        assert_eq!(refused.unwrap_err().code(), tonic::Code::ResourceExhausted);
        assert!(calls.load(Ordering::SeqCst) > 0);
        assert!(queues.0.waiting.take(Some(&place(2))).is_some());
        drop(flood);
        let line = queues.of(Queue { place: Some(place(3)), rpc: String::new() });
        assert!(Arc::ptr_eq(&line, &queues.of(Queue { place: Some(place(3)), rpc: String::new() })));
    }
}
