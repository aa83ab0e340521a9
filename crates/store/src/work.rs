//! Hints that there is something to do, so that whoever does it need not look again and again.

use std::time::Duration;

use tokio::sync::watch;

use crate::{Database, database::Engine};

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
        self.inner().hints.of(work).send_replace(());
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
