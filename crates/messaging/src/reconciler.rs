//! What makes a broker that forgets everything a delay and not a loss.
//!
//! At start and every ten minutes a consumer compares the last event of each stream, as its producer tells it, with what it
//! has applied or received. It fetches the rest, and sets a stream aside of which its producer does not have what was
//! applied.

use std::{collections::HashMap, sync::Arc, time::Duration};

use flare_contracts::{Service, events::v1::StreamHead};
use flare_store::{Database, Error, Work, sql};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    EventSource, FetchError, HostedService,
    cursor::applied,
    figures,
    gaps::FETCH,
    history::compare,
    inbox_event::{InboxEvent, insert},
    run_loop::{Round, Rounds, RunLoop},
};

/// How often everything is compared.
const EVERY: Duration = Duration::from_mins(10);
/// How long after one comparison a broker that came back leads to the next, at least: one that comes and goes would
/// otherwise make every consumer ask every producer all the time.
const NOT_BEFORE: Duration = Duration::from_secs(10);
/// How many streams are asked for at once.
const PAGE: i32 = 1000;

/// Finds what has not come.
#[derive(Clone)]
pub struct Reconciler {
    service: Service,
    database: Database,
    listens_to: &'static [Service],
    source: Arc<dyn EventSource>,
}

impl Reconciler {
    /// The reconciler of a role; none when the role listens to nobody.
    pub fn new(role: &HostedService, source: Arc<dyn EventSource>) -> Option<Self> {
        let listens_to = role.handler.as_ref()?.listens_to();
        Some(Self { service: role.service, database: role.database.clone(), listens_to, source })
    }

    /// Reconciles at once, whenever the broker is back, and every ten minutes until the token is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let (service, database, work) = (self.service, &self.database, Work::Missed);
        let trouble = "not every producer could be asked what was missed";
        let run_loop = RunLoop { service, database, work, look_every: EVERY, trouble };
        run_loop.run(&token, &mut self.clone()).await;
    }

    /// Whatever hints meanwhile begins the next round once this one has rested. One that failed is done again soon, and asks
    /// everybody, whoever has come back meanwhile.
    async fn look(&self) -> Result<Round, FetchError> {
        self.reconcile_once().await?;
        sleep(NOT_BEFORE).await;
        Ok(Round::Idle)
    }

    /// Fetches what is missing. Says how many events. One producer that cannot be asked stops no other.
    pub async fn reconcile_once(&self) -> Result<usize, FetchError> {
        let (mut fetched, mut failure) = (0, None);
        for producer in self.listens_to {
            match self.reconcile(*producer).await {
                Ok(events) => fetched += events,
                Err(error) => failure = Some(error),
            }
        }
        if fetched > 0 {
            tracing::warn!(service = %self.service, fetched, "events that the bus had not brought were fetched");
        }
        failure.map_or(Ok(fetched), Err)
    }

    async fn reconcile(&self, producer: Service) -> Result<usize, FetchError> {
        let (mut after, mut fetched, mut told) = (String::new(), 0, HashMap::new());
        loop {
            let heads = self.source.stream_heads(producer, &after, PAGE).await?;
            let Some(last) = heads.last() else { break };
            last.stream.clone_into(&mut after);
            let known = self.cursors(producer, &heads).await?;
            for head in &heads {
                if known.get(&head.stream).copied().unwrap_or_default() < head.seq {
                    fetched += self.catch_up(producer, head).await?;
                }
            }
            told.extend(heads.into_iter().map(|head| (head.stream.clone(), head)));
        }
        compare(&self.database, self.service, producer, &told, &*self.source).await?;
        Ok(fetched)
    }

    /// The cursors of a page of streams, in one look. A database that sorts names otherwise than the producer's may
    /// leave some out; they are looked up one by one.
    async fn cursors(&self, producer: Service, heads: &[StreamHead]) -> Result<HashMap<String, i64>, Error> {
        let (Some(first), Some(last)) = (heads.first(), heads.last()) else { return Ok(HashMap::new()) };
        let rows = self
            .database
            .fetch_all(
                sql("SELECT stream, seq FROM cursors WHERE producer = $1 AND stream >= $2 AND stream <= $3")
                    .bind(producer.as_str())
                    .bind(first.stream.clone())
                    .bind(last.stream.clone()),
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("stream")?, row.int("seq")?))).collect()
    }

    async fn catch_up(&self, producer: Service, head: &StreamHead) -> Result<usize, FetchError> {
        let mut seq = applied(&self.database, producer, &head.stream).await?;
        if self.waiting(producer, head, seq).await? >= head.seq - seq {
            return Ok(0);
        }
        let mut fetched = 0;
        while seq < head.seq {
            let events = self.source.events_after(producer, &head.stream, seq, FETCH).await?;
            let Some(last) = events.last() else { break };
            // A producer that does not move on would keep us here for ever.
            if last.seq <= seq {
                break;
            }
            seq = last.seq;
            let rows: Vec<_> =
                events.into_iter().filter_map(|event| InboxEvent::of_wire(producer, event)).collect();
            fetched += rows.len();
            insert(&self.database, rows).await?;
        }
        figures::count(figures::FETCHED, self.service, fetched);
        Ok(fetched)
    }

    /// How many of the missing events are in the inbox.
    async fn waiting(&self, producer: Service, head: &StreamHead, seq: i64) -> Result<i64, Error> {
        let query = sql("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM inbox \
                         WHERE producer = $1 AND stream = $2 AND seq > $3 AND seq <= $4")
        .bind(producer.as_str())
        .bind(head.stream.clone())
        .bind(seq)
        .bind(head.seq);
        self.database.fetch_optional(query).await?.map_or(Ok(0), |row| row.int("n"))
    }
}

impl Rounds for Reconciler {
    type Error = FetchError;

    async fn round(&mut self, token: &CancellationToken) -> Result<Round, FetchError> {
        token.run_until_cancelled(self.look()).await.unwrap_or(Ok(Round::Idle))
    }
}
