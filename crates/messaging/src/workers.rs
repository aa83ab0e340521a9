//! Every loop that the roles of a process need, each with a name and an end.

use std::{fmt, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    Bus, Depths, EventSource, FollowTrace, GapWorker, HostedService, InboxWorker, RabbitSettings,
    RabbitSource, Reconciler, Relay, TimerWorker,
};

/// What the workers of a process share.
#[derive(Clone)]
pub struct Wiring {
    /// Where events go.
    pub bus: Arc<dyn Bus>,
    /// Where events are fetched that never came.
    pub source: Arc<dyn EventSource>,
    /// The broker to receive from; none where the bus is local.
    pub rabbit: Option<RabbitSettings>,
    /// Makes the span under which an event is applied part of the trace it happened in.
    pub follow: FollowTrace,
}

/// One loop. It may be run again after a panic: whatever it had under way is found in the database.
#[derive(Clone)]
pub struct Worker {
    name: Arc<str>,
    task: Task,
}

#[derive(Clone)]
enum Task {
    Relay(Relay),
    Inbox(InboxWorker),
    Gaps(GapWorker),
    Timers(TimerWorker),
    Reconciler(Reconciler),
    Rabbit(RabbitSource),
    Depths(Depths),
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.name)
    }
}

impl Worker {
    /// Such as `triage: relay`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Works until the token is cancelled, and ends soon after: what is under way is finished, and bounded in time.
    pub async fn run(self, token: CancellationToken) {
        match self.task {
            Task::Relay(relay) => relay.run(token).await,
            Task::Inbox(inbox) => inbox.run(token).await,
            Task::Gaps(gaps) => gaps.run(token).await,
            Task::Timers(timers) => timers.run(token).await,
            Task::Reconciler(reconciler) => reconciler.run(token).await,
            Task::Rabbit(consumer) => consumer.run(token).await,
            Task::Depths(depths) => depths.run(token).await,
        }
    }
}

/// The workers of these roles. Nothing runs before [`Worker::run`].
pub fn workers(roles: &[HostedService], wiring: &Wiring) -> Vec<Worker> {
    roles.iter().flat_map(|role| workers_of(role, wiring)).collect()
}

fn workers_of(role: &HostedService, wiring: &Wiring) -> Vec<Worker> {
    let rabbit = wiring.rabbit.clone();
    let relay = Relay::new(role, Arc::clone(&wiring.bus));
    let gaps = GapWorker::of_role(role, &wiring.source).into_iter();
    let gaps = gaps.map(|gaps| (format!("gaps of {}", gaps.producer()), Some(Task::Gaps(gaps))));
    let named = |(what, task): (&str, Option<Task>)| (what.to_owned(), task);
    let tasks = [
        ("relay", Some(Task::Relay(relay))),
        ("inbox", InboxWorker::new(role, wiring.follow).map(Task::Inbox)),
        ("timers", TimerWorker::new(role).map(Task::Timers)),
        ("reconciler", Reconciler::new(role, Arc::clone(&wiring.source)).map(Task::Reconciler)),
        (
            "consumer",
            rabbit.and_then(|rabbit| RabbitSource::new(role, rabbit, wiring.follow)).map(Task::Rabbit),
        ),
        ("depths", Some(Task::Depths(Depths::new(role)))),
    ];
    let worker = |(what, task): (String, Option<Task>)| {
        Some(Worker { name: format!("{}: {what}", role.service).into(), task: task? })
    };
    tasks.into_iter().map(named).chain(gaps).filter_map(worker).collect()
}
