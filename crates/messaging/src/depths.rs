//! How much waits: the gauges that an operator watches.

use std::time::Duration;

use flare_contracts::Producer;
use flare_store::{Database, Error, Sql, sql};
use tokio_util::sync::CancellationToken;

use crate::{Role, figures, pause::rest};

/// How often the gauges are set.
const EVERY: Duration = Duration::from_secs(15);

/// Sets the gauges of a service.
#[derive(Clone)]
pub struct Depths {
    service: Producer,
    database: Database,
}

impl Depths {
    /// The gauges of a role.
    pub fn new(role: &Role) -> Self {
        Self { service: role.producer, database: role.database.clone() }
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
        let figures = [
            (figures::OUTBOX_DEPTH, sql("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM outbox")),
            (figures::INBOX_DEPTH, sql("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM inbox")),
            (
                figures::QUARANTINED,
                sql("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM cursors WHERE reason IS NOT NULL"),
            ),
        ];
        for (figure, query) in figures {
            figures::set(figure, self.service, self.count(query).await?);
        }
        Ok(())
    }

    async fn count(&self, query: Sql<'_>) -> Result<i64, Error> {
        self.database.fetch_optional(query).await?.map_or(Ok(0), |row| row.int("n"))
    }
}
