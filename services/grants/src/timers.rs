//! What happens when something is due: the submission, the votes, the end date, the report, the close, a payment's arrival.

use std::sync::Arc;

use async_trait::async_trait;
use flare_kernel::GrantId;
use flare_messaging::{DueTimer, TimerHandler};
use flare_store::{Error, Tx};

use crate::{Grants, commands, domain::TimerKind, store};

/// Grants' timers.
#[derive(Debug)]
pub struct GrantsTimers(Arc<Grants>);

impl GrantsTimers {
    /// The timers of this service.
    pub fn new(grants: Arc<Grants>) -> Self {
        Self(grants)
    }
}

#[async_trait]
impl TimerHandler for GrantsTimers {
    /// Only the grant is locked: a timer looks at nothing else, and the case's lock would come too late.
    async fn fire(&self, tx: &mut Tx, due: &DueTimer) -> Result<(), Error> {
        let unreadable = |what: &str| Error::Corrupt(what.to_owned());
        let id: GrantId = due.stream.parse().map_err(|_| unreadable("timers.stream"))?;
        let kind: TimerKind = due.kind.parse().map_err(|_| unreadable("timers.kind"))?;
        let Some(before) = store::grants::find(tx, id).await? else { return Ok(()) };
        let mut grant = before.clone();
        let events = grant.fire(kind, tx.now(), &self.0.policy);
        let (saved, policy) = ((Some(&before), grant), &self.0.policy);
        commands::save(tx, saved, Some(kind), "system:timer", events, policy).await.map(drop)
    }
}
