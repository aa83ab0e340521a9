//! The gRPC service `flare.events.v1.EventLog`, the same for every service of Flare.
//!
//! Who may call is said in `proto/` and enforced before a handler runs.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use flare_access::caller;
use flare_contracts::{
    InputRule, KeyScope, Refusal, Service, UnknownService, coded,
    events::v1::{
        EventsAfterRequest, EventsAfterResponse, ListEventsRequest, ListEventsResponse,
        ListQuarantinedRequest, ListQuarantinedResponse, QuarantinedStream, ReplayRequest, ReplayResponse,
        StreamHeadsRequest, StreamHeadsResponse, event_log_server::EventLog,
    },
    input,
    limits::EVENTS_AT_ONCE,
};
use flare_store::{Database, Error, Once, Page, Tx, Work, Write};
use tonic::{Request, Response, Status};

use crate::{
    HostedService,
    bus::{head_out, logged},
    cursor::{Quarantined, StreamKey, quarantined, release},
};

/// The longest name of a stream: an id and room to spare.
const LONGEST_STREAM: usize = 128;

coded! {
    /// Which rule a question about the log breaks.
    enum LogRule {
        NotAServiceHere = "NOT_A_SERVICE_HERE", "must be a service of this process";
        NotAStreamName { limit: usize } = "NOT_A_STREAM_NAME", "must be 1 to {limit} bytes";
    }
}

/// The logs of the roles of this process.
#[derive(Clone, Debug)]
pub struct EventLogService(Arc<HashMap<Service, Database>>);

impl EventLogService {
    /// The logs of these roles.
    pub fn new(roles: &[HostedService]) -> Self {
        Self(Arc::new(roles.iter().map(|role| (role.service, role.database.clone())).collect()))
    }

    fn database(&self, field: &str, service: &str) -> Result<(Service, &Database), Refusal> {
        let producer = producer(field, service)?;
        let database = self.0.get(&producer);
        Ok((producer, database.ok_or_else(|| Refusal::invalid(field, LogRule::NotAServiceHere))?))
    }
}

fn producer(field: &str, name: &str) -> Result<Service, Refusal> {
    name.parse().map_err(|error: UnknownService| Refusal::invalid(field, error))
}

fn stream(name: String) -> Result<String, Refusal> {
    if name.is_empty() || name.len() > LONGEST_STREAM {
        return Err(Refusal::invalid("stream", LogRule::NotAStreamName { limit: LONGEST_STREAM }));
    }
    Ok(name)
}

fn not_negative(field: &str, number: i64) -> Result<i64, Refusal> {
    if number < 0 { Err(Refusal::invalid(field, InputRule::TooSmall { least: 0 })) } else { Ok(number) }
}

/// How many rows to give: 0 means `usual`.
fn limit(field: &str, number: i32, usual: i32, most: i32) -> Result<i64, Refusal> {
    match number {
        0 => Ok(usual.into()),
        number if (1..=most).contains(&number) => Ok(number.into()),
        _ => Err(Refusal::invalid(field, InputRule::NotAPageSize { usual, most })),
    }
}

#[async_trait]
impl EventLog for EventLogService {
    async fn events_after(
        &self,
        request: Request<EventsAfterRequest>,
    ) -> Result<Response<EventsAfterResponse>, Status> {
        let message = request.into_inner();
        let (_, database) = self.database("producer", &message.producer)?;
        let (stream, seq) = (stream(message.stream)?, not_negative("seq", message.seq)?);
        let limit = limit("limit", message.limit, 100, EVENTS_AT_ONCE)?;
        let events = flare_store::events_after(database, &stream, seq, limit).await?;
        Ok(Response::new(EventsAfterResponse { events: events.iter().map(logged).collect() }))
    }

    async fn stream_heads(
        &self,
        request: Request<StreamHeadsRequest>,
    ) -> Result<Response<StreamHeadsResponse>, Status> {
        let message = request.into_inner();
        let (_, database) = self.database("producer", &message.producer)?;
        let limit = limit("limit", message.limit, 1000, 5000)?;
        let heads = flare_store::page_of_stream_heads(database, &message.after, limit).await?;
        Ok(Response::new(StreamHeadsResponse { heads: heads.into_iter().map(head_out).collect() }))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let message = request.into_inner();
        let (_, database) = self.database("producer", &message.producer)?;
        let stream = stream(message.stream)?;
        let size = limit("page_size", message.page_size, 100, EVENTS_AT_ONCE)?;
        let page: Page<(i64,)> = Page::of(size, &message.page_token)?;
        let found = flare_store::events_after(database, &stream, page.after().0, page.limit()).await?;
        let placed = found.into_iter().map(|event| ((event.seq,), event)).collect();
        let (events, next_page_token) = page.cut(placed);
        Ok(Response::new(ListEventsResponse { events: events.iter().map(logged).collect(), next_page_token }))
    }

    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        let message = request.into_inner();
        let (_, database) = self.database("consumer", &message.consumer)?;
        let size = limit("page_size", message.page_size, 100, EVENTS_AT_ONCE)?;
        let page = Page::of(size, &message.page_token)?;
        let (streams, next_page_token) = page.cut(quarantined(database, &page).await?);
        let streams = streams.into_iter().map(quarantined_out).collect();
        Ok(Response::new(ListQuarantinedResponse { streams, next_page_token }))
    }

    async fn replay(&self, request: Request<ReplayRequest>) -> Result<Response<ReplayResponse>, Status> {
        let (scope, actor) = {
            let caller = caller(&request)?;
            (caller.key_scope(), caller.actor())
        };
        let message = request.into_inner();
        let (consumer, database) = self.database("consumer", &message.consumer)?;
        let once = Once::new(scope, "flare.events.v1.EventLog/Replay", &message.request_id, &message)?;
        let key =
            StreamKey { producer: producer("producer", &message.producer)?, stream: stream(message.stream)? };
        let answer = database.once(once, Replay(key.clone())).await?;
        if answer.released {
            tracing::info!(actor, %consumer, producer = %key.producer, stream = key.stream, "a quarantined stream is tried again");
        }
        Ok(Response::new(answer))
    }
}

fn quarantined_out(found: Quarantined) -> QuarantinedStream {
    QuarantinedStream {
        producer: found.key.producer.to_string(),
        stream: found.key.stream,
        seq: found.seq,
        reason: found.reason,
        since: Some(input::timestamp_out(found.since)),
    }
}

struct Replay(StreamKey);

impl Write for Replay {
    type Output = ReplayResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<ReplayResponse, Error> {
        tx.hint(Work::Inbox);
        Ok(ReplayResponse { released: release(tx, &self.0).await? })
    }
}
