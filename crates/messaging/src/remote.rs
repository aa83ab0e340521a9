//! The logs of services that run elsewhere, asked over gRPC.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use flare_contracts::{
    Service,
    events::v1::{
        EventsAfterRequest, LoggedEvent, StreamHead, StreamHeadsRequest, event_log_client::EventLogClient,
    },
};
use tonic::{Request, Status, body::Body, client::GrpcService, codegen::StdError};

use crate::{EventSource, SourceError};

/// How long a producer may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The logs of services behind channels of type `T`, which add the credentials of the calling service.
#[derive(Clone, Debug)]
pub struct RemoteEventSource<T>(HashMap<Service, EventLogClient<T>>);

impl<T> RemoteEventSource<T>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<StdError> + Send,
{
    /// The producers and the channel to each.
    pub fn new(channels: impl IntoIterator<Item = (Service, T)>) -> Self {
        Self(
            channels
                .into_iter()
                .map(|(producer, channel)| (producer, EventLogClient::new(channel)))
                .collect(),
        )
    }
}

impl<T: Clone> RemoteEventSource<T> {
    fn client(&self, producer: Service) -> Result<EventLogClient<T>, SourceError> {
        self.0.get(&producer).cloned().ok_or(SourceError::Unknown(producer))
    }
}

fn request<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(ANSWER_WITHIN);
    request
}

fn refused(producer: Service) -> impl Fn(Status) -> SourceError {
    move |status| SourceError::Call { producer, source: Box::new(status) }
}

#[async_trait]
impl<T> EventSource for RemoteEventSource<T>
where
    T: GrpcService<Body> + Clone + Send + Sync + 'static,
    T::Future: Send,
    T::Error: Into<StdError>,
    T::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<StdError> + Send,
{
    async fn events_after(
        &self,
        producer: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        let (producer_name, stream) = (producer.as_str().to_owned(), stream.to_owned());
        let message = EventsAfterRequest { producer: producer_name, stream, seq, limit };
        let answer = self.client(producer)?.events_after(request(message)).await;
        Ok(answer.map_err(refused(producer))?.into_inner().events)
    }

    async fn stream_heads(
        &self,
        producer: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError> {
        let message =
            StreamHeadsRequest { producer: producer.as_str().to_owned(), after: after.to_owned(), limit };
        let answer = self.client(producer)?.stream_heads(request(message)).await;
        Ok(answer.map_err(refused(producer))?.into_inner().heads)
    }
}
