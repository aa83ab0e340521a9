//! Timers fire once, whoever fires them and whatever fails.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use flare_contracts::Refusal;
use flare_kernel::{Duration, Timestamp};
use flare_store::{Database, Error, Tx, Write, sql};
use tokio_util::sync::CancellationToken;

use super::{World, eventually, fixtures::Told, on_both_engines};
use crate::{DueTimer, Round, Rounds as _, TimerHandler, TimerWorker};

on_both_engines!(
    two_workers_fire_each_timer_once,
    a_failing_timer_fires_later_and_is_never_dropped,
    a_timer_set_again_fires_when_it_is_due_then,
    a_running_worker_wakes_for_a_new_timer,
    a_worker_waits_for_the_next_timer_and_is_idle_without_one,
);

/// Writes an effect for each firing, fails as often as told, and sets a timer again for a while.
#[derive(Default)]
struct Alarm {
    fired: AtomicUsize,
    failures_left: AtomicI64,
    set_again: AtomicI64,
}

#[async_trait]
impl TimerHandler for Alarm {
    async fn fire(&self, tx: &mut Tx, due: &DueTimer) -> Result<(), Error> {
        let next = tx
            .fetch_all(sql("SELECT seq FROM effects WHERE stream = $1").bind(due.stream.clone()))
            .await?
            .len();
        tx.execute(
            sql("INSERT INTO effects (stream, seq, message) VALUES ($1, $2, $3)")
                .bind(due.stream.clone())
                .bind(i64::try_from(next).unwrap() + 1)
                .bind(due.kind.clone()),
        )
        .await?;
        if self.failures_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Err(Refusal::from(Told::ToFail).into());
        }
        if self.set_again.fetch_sub(1, Ordering::SeqCst) > 0 {
            tx.set_timer(&due.stream, "again", tx.now().plus(Duration::from_secs(10))).await?;
        }
        self.fired.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

struct SetTimer {
    stream: String,
    due: Timestamp,
}

impl Write for SetTimer {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.lock(&[&self.stream]).await?;
        tx.set_timer(&self.stream, "reminder", self.due).await
    }
}

async fn set_in(database: &Database, stream: &str, secs: i64) {
    let due = database.now().await.unwrap().plus(Duration::from_secs(secs));
    database.write(SetTimer { stream: stream.to_owned(), due }).await.unwrap();
}

async fn waiting(database: &Database) -> usize {
    database.fetch_all(sql("SELECT stream FROM timers")).await.unwrap().len()
}

fn worker(world: &World, alarm: &Arc<Alarm>) -> TimerWorker {
    TimerWorker::new(&world.role_with_timers(Arc::clone(alarm) as Arc<dyn TimerHandler>)).unwrap()
}

async fn two_workers_fire_each_timer_once(world: &World) {
    let (alarm, database) = (Arc::new(Alarm::default()), world.inbox_database());
    for case in 0..60 {
        set_in(database, &format!("case_{case}"), 5).await;
    }
    let workers = [worker(world, &alarm), worker(world, &alarm)];
    assert_eq!(workers[0].fire_once().await.unwrap(), 0, "nothing is due");
    world.advance_secs(5);
    let drain = |worker: TimerWorker, database: Database| async move {
        let mut fired = 0;
        while waiting(&database).await > 0 {
            fired += worker.fire_once().await.unwrap();
        }
        fired
    };
    let [first, second] = workers.map(|worker| tokio::spawn(drain(worker, database.clone())));
    assert_eq!(first.await.unwrap() + second.await.unwrap(), 60);
    for case in 0..60 {
        assert_eq!(world.effects(&format!("case_{case}")).await, [1], "case_{case}");
    }
}

async fn a_failing_timer_fires_later_and_is_never_dropped(world: &World) {
    let (alarm, database) = (Arc::new(Alarm::default()), world.inbox_database());
    alarm.failures_left.store(12, Ordering::SeqCst);
    set_in(database, "case_1", 0).await;
    let worker = worker(world, &alarm);
    for _ in 0..12 {
        assert_eq!(worker.fire_once().await.unwrap(), 0);
        assert_eq!(waiting(database).await, 1);
        assert_eq!(world.effects("case_1").await, [0; 0], "a failure undoes everything");
        world.advance_secs(300);
    }
    assert_eq!(worker.fire_once().await.unwrap(), 1);
    assert_eq!(world.effects("case_1").await, [1]);
    assert_eq!(waiting(database).await, 0);
}

async fn a_timer_set_again_fires_when_it_is_due_then(world: &World) {
    let (alarm, database) = (Arc::new(Alarm::default()), world.inbox_database());
    let worker = worker(world, &alarm);
    set_in(database, "case_1", 5).await;
    set_in(database, "case_1", 60).await;
    world.advance_secs(5);
    assert_eq!(worker.fire_once().await.unwrap(), 0, "the later setting replaced the earlier");
    alarm.set_again.store(1, Ordering::SeqCst);
    world.advance_secs(55);
    assert_eq!(worker.fire_once().await.unwrap(), 1);
    assert_eq!(worker.fire_once().await.unwrap(), 0, "the one that the handler set is not due yet");
    world.advance_secs(10);
    assert_eq!(worker.fire_once().await.unwrap(), 1);
    assert_eq!(world.effects("case_1").await, [1, 2]);
}

async fn a_running_worker_wakes_for_a_new_timer(world: &World) {
    let (alarm, database) = (Arc::new(Alarm::default()), world.inbox_database());
    let token = CancellationToken::new();
    let running = tokio::spawn({
        let (worker, token) = (worker(world, &alarm), token.clone());
        async move { worker.run(token).await }
    });
    set_in(database, "case_1", 0).await;
    eventually("it fires", async || alarm.fired.load(Ordering::SeqCst) == 1).await;
    token.cancel();
    running.await.unwrap();
}

async fn a_worker_waits_for_the_next_timer_and_is_idle_without_one(world: &World) {
    let (alarm, database) = (Arc::new(Alarm::default()), world.inbox_database());
    let (mut worker, token) = (worker(world, &alarm), CancellationToken::new());
    assert_eq!(worker.round(&token).await.unwrap(), Round::Idle);
    set_in(database, "case_1", 3_600).await;
    assert_eq!(worker.round(&token).await.unwrap(), Round::DueIn(std::time::Duration::from_hours(1)));
    world.advance_secs(3_600);
    assert_eq!(worker.round(&token).await.unwrap(), Round::Worked(std::time::Duration::ZERO));
    assert_eq!(worker.round(&token).await.unwrap(), Round::Idle);
}
