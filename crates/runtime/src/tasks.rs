//! Long-running tasks: each has a name, a stated meaning of its failure, and an end.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use flare_kernel::Backoff;
use futures::FutureExt;
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why a task failed.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// What it means when a task fails or panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The process cannot do its work without it: everything is asked to stop.
    StopProcess,
    /// It is started again after a wait, for as long as the process runs.
    Restart(Backoff),
}

/// The tasks of a process. Clones share them.
#[derive(Clone, Debug)]
pub struct Tasks {
    token: CancellationToken,
    tracker: TaskTracker,
    running: Arc<Mutex<Vec<Running>>>,
    failed: Arc<Mutex<Option<String>>>,
}

#[derive(Debug)]
struct Running {
    name: Arc<str>,
    abort: AbortHandle,
}

/// How the tasks ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// The task whose failure stopped the process, if one did.
    pub failed: Option<String>,
    /// Tasks that did not end in time and were dropped where they stood.
    pub unfinished: Vec<String>,
}

impl Tasks {
    /// No tasks yet. Cancelling `token` asks all of them to end.
    pub fn new(token: CancellationToken) -> Self {
        let (tracker, running, failed) = <(TaskTracker, Arc<Mutex<_>>, Arc<Mutex<_>>)>::default();
        Self { token, tracker, running, failed }
    }

    /// The token that asks everything to end.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Runs what `make` makes until it ends with `Ok`. It is given a token and must end soon after that is cancelled;
    /// a failure or panic after that no longer counts.
    pub fn spawn<F, R>(&self, name: impl Into<Arc<str>>, on_failure: OnFailure, make: F)
    where
        F: FnMut(CancellationToken) -> R + Send + 'static,
        R: Future<Output = Result<(), TaskError>> + Send + 'static,
    {
        let name = name.into();
        let supervisor = supervise(self.clone(), Arc::clone(&name), on_failure, make);
        let abort = self.tracker.spawn(supervisor).abort_handle();
        let mut running = lock(&self.running);
        running.retain(|task| !task.abort.is_finished());
        running.push(Running { name, abort });
    }

    /// Runs a future that cannot be made again, and without which the process cannot do its work.
    pub fn spawn_once<R>(&self, name: impl Into<Arc<str>>, future: R)
    where
        R: Future<Output = Result<(), TaskError>> + Send + 'static,
    {
        let mut future = Some(future);
        self.spawn(name, OnFailure::StopProcess, move |_| {
            let future = future.take();
            async move {
                match future {
                    Some(future) => future.await,
                    None => Ok(()),
                }
            }
        });
    }

    /// Waits until the process is asked to stop, then up to `bound` for the tasks to end. What has not ended then is
    /// dropped: everything here is as safe to kill as to stop.
    pub async fn finish(&self, bound: Duration) -> Ending {
        self.token.cancelled().await;
        self.tracker.close();
        let in_time = timeout(bound, self.tracker.wait()).await.is_ok();
        let mut unfinished = Vec::new();
        for task in lock(&self.running).drain(..) {
            if !in_time && !task.abort.is_finished() {
                task.abort.abort();
                unfinished.push(task.name.to_string());
            }
        }
        unfinished.sort();
        Ending { failed: lock(&self.failed).clone(), unfinished }
    }
}

async fn supervise<F, R>(tasks: Tasks, name: Arc<str>, mut on_failure: OnFailure, mut make: F)
where
    F: FnMut(CancellationToken) -> R + Send,
    R: Future<Output = Result<(), TaskError>> + Send,
{
    loop {
        let started = Instant::now();
        // A task that panics is dropped and made anew; nothing of it is looked at again.
        let run = AssertUnwindSafe(async { make(tasks.token.clone()).await }).catch_unwind().await;
        let failure = match run {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("panicked: {}", constant_text(&*panic)),
        };
        if tasks.token.is_cancelled() {
            tracing::debug!(task = &*name, failure, "task failed while stopping");
            return;
        }
        match &mut on_failure {
            OnFailure::StopProcess => {
                tracing::error!(task = &*name, failure, "task failed; stopping");
                lock(&tasks.failed).get_or_insert_with(|| name.to_string());
                tasks.token.cancel();
                return;
            }
            OnFailure::Restart(backoff) => {
                // Whatever ran well for longer than the longest wait has got over its trouble.
                if started.elapsed() > backoff.most() {
                    backoff.reset();
                }
                let wait = backoff.next_wait();
                tracing::warn!(
                    task = &*name,
                    failure,
                    wait_ms = wait.as_millis(),
                    "task failed; starting it again"
                );
                tokio::select! {
                    () = sleep(wait) => {}
                    () = tasks.token.cancelled() => return,
                }
            }
        }
    }
}

/// What a panic said, if that was a constant of the program. A text made at run time may quote what it stumbled over,
/// so it is withheld.
pub(crate) fn constant_text(panic: &(dyn Any + Send)) -> &'static str {
    panic.downcast_ref::<&'static str>().copied().unwrap_or("(text withheld)")
}

/// A poisoned lock only says that a panic happened elsewhere; these lists are whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const BOUND: Duration = Duration::from_secs(5);

    fn tasks() -> Tasks {
        Tasks::new(CancellationToken::new())
    }

    #[tokio::test]
    async fn a_failure_that_stops_the_process_asks_all_to_end_and_is_named() {
        let tasks = tasks();
        tasks.spawn("bystander", OnFailure::StopProcess, |token| async move {
            token.cancelled().await;
            Ok(())
        });
        tasks.spawn_once("relay", async { Err("the broker is gone".into()) });
        let ending = Ending { failed: Some("relay".into()), unfinished: vec![] };
        assert_eq!(tasks.finish(BOUND).await, ending);
    }

    #[tokio::test]
    async fn a_panic_stops_the_process_too() {
        let tasks = tasks();
        tasks.spawn_once("relay", async { panic!("deliberate") });
        assert_eq!(tasks.finish(BOUND).await.failed.as_deref(), Some("relay"));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_and_panics_are_started_again_with_growing_waits() {
        let tasks = tasks();
        let runs = Arc::new(AtomicU32::new(0));
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let (counted, started) = (Arc::clone(&runs), Instant::now());
        tasks.spawn("consumer", OnFailure::Restart(backoff), move |token| {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            assert_ne!(run, 1, "deliberate, while it is made");
            async move {
                match run {
                    0 => Err("no connection".into()),
                    2 => panic!("deliberate"),
                    _ => {
                        token.cancel();
                        Ok(())
                    }
                }
            }
        });
        assert_eq!(tasks.finish(BOUND).await, Ending::default());
        assert_eq!(runs.load(Ordering::SeqCst), 4);
        assert!(started.elapsed() >= Duration::from_millis(50 + 100 + 200));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_restart_ends_when_the_process_stops() {
        let tasks = tasks();
        let hour = Duration::from_hours(1);
        let (failed, has_failed) = tokio::sync::oneshot::channel::<()>();
        let mut failed = Some(failed);
        tasks.spawn("consumer", OnFailure::Restart(Backoff::new(hour, hour)), move |_| {
            let failed = failed.take();
            async move {
                drop(failed);
                Err("no connection".into())
            }
        });
        assert!(has_failed.await.is_err(), "the sender is dropped by the failing run");
        tasks.token().cancel();
        assert_eq!(tasks.finish(BOUND).await, Ending::default());
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_do_not_end_are_named_and_dropped() {
        let tasks = tasks();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        tasks.spawn_once("stuck", async move {
            let _held = held;
            std::future::pending().await
        });
        tasks.spawn_once("quick", async { Ok(()) });
        tasks.token().cancel();
        let ending = Ending { failed: None, unfinished: vec!["stuck".into()] };
        assert_eq!(tasks.finish(BOUND).await, ending);
        assert!(dropped.await.is_err(), "what it held is dropped");
    }

    #[test]
    fn a_panic_text_made_at_run_time_is_withheld() {
        let constant = std::panic::catch_unwind(|| panic!("deliberate")).unwrap_err();
        assert_eq!(constant_text(&*constant), "deliberate");
        let made = std::panic::catch_unwind(|| panic!("no char boundary in {:?}", "secret")).unwrap_err();
        assert_eq!(constant_text(&*made), "(text withheld)");
    }
}
