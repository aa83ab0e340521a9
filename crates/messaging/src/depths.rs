//! How much waits: the gauges that an operator watches.

use std::time::Duration;

use flare_contracts::Service;
use flare_store::{Database, Error, sql};
use tokio_util::sync::CancellationToken;

use crate::{HostedService, figures, pause::rest};

/// How often the gauges are set.
const EVERY: Duration = Duration::from_secs(15);

/// Sets the gauges of a service.
#[derive(Clone)]
pub struct Depths {
    service: Service,
    database: Database,
}

impl Depths {
    /// The gauges of a role.
    pub fn new(role: &HostedService) -> Self {
        Self { service: role.service, database: role.database.clone() }
    }

    /// Sets them until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        loop {
            // A database that is away is told by others; the gauges keep what they said.
            if let Err(error) = self.measure_once().await {
                tracing::debug!(service = %self.service, %error, "the depths could not be measured");
            }
            if !rest(&token, None, EVERY).await {
                return;
            }
        }
    }

    /// Sets them once.
    pub async fn measure_once(&self) -> Result<(), Error> {
        let query = sql("SELECT (SELECT CAST(COUNT(*) AS BIGINT) FROM outbox) AS outbox, \
                         (SELECT CAST(COUNT(*) AS BIGINT) FROM inbox) AS inbox, \
                         (SELECT CAST(COUNT(*) AS BIGINT) FROM cursors WHERE reason IS NOT NULL) AS quarantined, \
                         (SELECT CAST(COUNT(*) AS BIGINT) FROM cursors WHERE reason = 'HISTORY_DIFFERS') AS differing");
        let Some(row) = self.database.fetch_optional(query).await? else { return Ok(()) };
        figures::set(figures::OUTBOX_DEPTH, self.service, row.int("outbox")?);
        figures::set(figures::INBOX_DEPTH, self.service, row.int("inbox")?);
        figures::set(figures::QUARANTINED, self.service, row.int("quarantined")?);
        figures::set(figures::DIFFERING, self.service, row.int("differing")?);
        Ok(())
    }
}
