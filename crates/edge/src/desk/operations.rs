//! What operators and auditors read of the services themselves: the trails of events, and the histories that a service
//! could not apply.

use data_encoding::HEXLOWER;
use flare_contracts::{
    Service,
    events::v1::{
        ListEventsRequest, ListQuarantinedRequest, LoggedEvent, QuarantinedStream, ReplayRequest, StreamHead,
        StreamHeadsRequest, event_log_client::EventLogClient,
    },
    limits,
};
use flare_kernel::random;

use super::Desk;
use crate::{EdgeError, Line, call::call};

/// Why a history is set aside whose producer tells another one.
const HISTORY_DIFFERS: &str = "HISTORY_DIFFERS";

impl Desk {
    async fn event_log(&self, service: Service) -> Result<EventLogClient<Line>, EdgeError> {
        Ok(self.session.lines().event_log(service, &self.session.credential().await?))
    }

    /// The whole trail of one thing at a service.
    pub async fn trail(&self, service: Service, stream: &str) -> Result<Vec<LoggedEvent>, EdgeError> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let (producer, stream) = (service.to_string(), stream.to_owned());
            let request =
                ListEventsRequest { producer, stream, page_size: limits::EVENTS_AT_ONCE, page_token };
            let page = call!(self.event_log(service).await?; list_events(request))?;
            all.extend(page.events);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            page_token = page.next_page_token;
        }
    }

    /// A page of a service's trails, named after `after`: how far each goes.
    pub async fn trail_heads(&self, service: Service, after: &str) -> Result<Vec<StreamHead>, EdgeError> {
        let (producer, after) = (service.to_string(), after.to_owned());
        let request = StreamHeadsRequest { producer, after, limit: limits::EVENTS_AT_ONCE };
        Ok(call!(self.event_log(service).await?; stream_heads(request))?.heads)
    }

    /// The histories that a service could not apply.
    pub async fn quarantined(&self, consumer: Service) -> Result<Vec<QuarantinedStream>, EdgeError> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListQuarantinedRequest {
                consumer: consumer.to_string(),
                page_size: limits::EVENTS_AT_ONCE,
                page_token,
            };
            let page = call!(self.event_log(consumer).await?; list_quarantined(request))?;
            all.extend(page.streams);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            page_token = page.next_page_token;
        }
    }

    /// Lets a service try a history again; says whether it was quarantined.
    pub async fn replay(&self, consumer: Service, producer: &str, stream: &str) -> Result<bool, EdgeError> {
        self.replay_as(self.key.use_it(), consumer, (producer, stream)).await
    }

    /// Lets a service try everything again that it could not apply, but for histories that differ from its producer's: to
    /// follow another history is decided by itself (`follows_differing`). Gives what was let go on, and how many differ. Letting a history go on
    /// twice does no more than once, so each call has a key of its own.
    pub async fn replay_all(
        &self,
        consumer: Service,
        follows_differing: bool,
    ) -> Result<(Vec<String>, usize), EdgeError> {
        let (mut released, mut differing) = (Vec::new(), 0);
        for found in self.quarantined(consumer).await? {
            if found.reason == HISTORY_DIFFERS && !follows_differing {
                differing += 1;
                continue;
            }
            let key = HEXLOWER.encode(&random::<16>()?);
            // Somebody else, or the service as it started, may have been faster.
            if self.replay_as(key, consumer, (&found.producer, &found.stream)).await? {
                released.push(found.stream);
            }
        }
        Ok((released, differing))
    }

    async fn replay_as(
        &self,
        request_id: String,
        consumer: Service,
        (producer, stream): (&str, &str),
    ) -> Result<bool, EdgeError> {
        let (producer, stream) = (producer.to_owned(), stream.to_owned());
        let request = ReplayRequest { request_id, consumer: consumer.to_string(), producer, stream };
        Ok(call!(self.event_log(consumer).await?; replay(request))?.released)
    }
}
