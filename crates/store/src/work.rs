//! Hints that there is something to do, so that whoever does it need not look again and again.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, time::sleep};

use crate::{
    Database,
    database::{Engine, Inner},
};

/// When the hints of a commit that was not answered are given again: each so many seconds after the one before.
const AGAIN_AFTER_SECS: [u64; 5] = [1, 2, 4, 8, 16];

/// What workers of a service wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Events were put to the outbox.
    Outbox,
    /// Events were put to the inbox, or what stopped some of them is gone.
    Inbox,
    /// A timer was set.
    Timers,
    /// Events of others may have been missed: the broker was away, or forgot.
    Missed,
    /// The service has something of its own to do, such as to ask another.
    Own,
}

/// One channel for each kind of work: a hint reaches every worker that waits for it, and one that comes while a worker is
/// at work is found by it afterwards.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    outbox: watch::Sender<()>,
    inbox: watch::Sender<()>,
    timers: watch::Sender<()>,
    missed: watch::Sender<()>,
    own: watch::Sender<()>,
}

impl Hints {
    fn give(&self, work: Work) {
        self.of(work).send_replace(());
    }

    fn of(&self, work: Work) -> &watch::Sender<()> {
        match work {
            Work::Outbox => &self.outbox,
            Work::Inbox => &self.inbox,
            Work::Timers => &self.timers,
            Work::Missed => &self.missed,
            Work::Own => &self.own,
        }
    }
}

/// The hints of one write from its commit on. They are given when this is dropped, so also where the answer comes too
/// late and nobody waits for it any longer: the commit may stand all the same. It may even be seen only later; so where
/// it was not answered they are given again, for half a minute.
pub(crate) struct HintsOfWrite {
    database: Arc<Inner>,
    hints: BTreeSet<Work>,
    stands: bool,
}

impl HintsOfWrite {
    /// The hints of a write that is about to be committed.
    pub(crate) fn new(database: Arc<Inner>, hints: BTreeSet<Work>) -> Self {
        Self { database, hints, stands: false }
    }

    /// Gives them once: the commit was answered, and stands.
    pub(crate) fn give_once(mut self) {
        self.stands = true;
    }
}

impl Drop for HintsOfWrite {
    fn drop(&mut self) {
        self.hints.iter().for_each(|work| self.database.hints.give(*work));
        if self.stands || self.hints.is_empty() {
            return;
        }
        // Without a runtime there is no worker either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(give_again(Arc::downgrade(&self.database), std::mem::take(&mut self.hints)));
        }
    }
}

/// Gives hints a few times more. It holds up nobody: it ends with the database, or with the process.
async fn give_again(database: Weak<Inner>, hints: BTreeSet<Work>) {
    for secs in AGAIN_AFTER_SECS {
        sleep(Duration::from_secs(secs)).await;
        let Some(database) = database.upgrade() else { return };
        for work in &hints {
            database.hints.give(*work);
        }
    }
}

/// Whoever waits for a kind of work.
#[derive(Debug)]
pub struct Listener(watch::Receiver<()>);

impl Listener {
    /// Ends once there was a hint since this was made, or since it ended last.
    pub async fn hint(&mut self) {
        // A database that is gone has no more work.
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether there was one; whoever asks has heard it.
    pub fn has_hint(&mut self) -> bool {
        let has_hint = self.0.has_changed().unwrap_or_default();
        self.0.mark_unchanged();
        has_hint
    }
}

impl Database {
    /// Hints that there is work. A write says so through its transaction, [`Tx::hint`](crate::Tx::hint).
    pub fn hint(&self, work: Work) {
        self.inner().hints.give(work);
    }

    /// Waits for hints from now on.
    pub fn listen(&self, work: Work) -> Listener {
        Listener(self.inner().hints.of(work).subscribe())
    }

    /// How often a worker looks for what nobody hinted at. A file has one process that writes to it, which hints at
    /// everything; in a server, another process may have left something behind as it died.
    pub fn look_every(&self) -> Duration {
        match self.inner().engine {
            Engine::Sqlite => Duration::from_mins(1),
            Engine::Postgres => Duration::from_secs(5),
        }
    }
}
