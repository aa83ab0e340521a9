//! Where a consumer finds events that never reached it: in their producer's log.

use std::collections::HashMap;

use async_trait::async_trait;
use flare_contracts::{
    Service,
    events::v1::{LoggedEvent, StreamHead},
};
use flare_store::Database;

use crate::{
    HostedService,
    bus::{head_out, logged},
};

/// The logs of the producers.
#[async_trait]
pub trait EventSource: Send + Sync + 'static {
    /// The events of a stream after a number, in order, at most `limit` (1 to 500).
    async fn events_after(
        &self,
        producer: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError>;

    /// The last event of each stream named after `after`, in order of name, at most `limit` (1 to 5000).
    async fn stream_heads(
        &self,
        producer: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError>;
}

/// Why a producer's log could not be read. It is asked again later.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The producer is not among those that can be asked.
    #[error("the log of {0} is not known here")]
    Unknown(Service),
    /// The producer's tables could not be read.
    #[error("the log of {producer} could not be read: {source}")]
    Store {
        /// Whose log.
        producer: Service,
        /// Why.
        source: flare_store::Error,
    },
    /// The producer did not answer, or refused.
    #[error("{producer} did not give its log: {source}")]
    Call {
        /// Who.
        producer: Service,
        /// What it said.
        source: Box<tonic::Status>,
    },
}

/// Why nothing, or not everything, could be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The service's own tables.
    #[error(transparent)]
    Store(#[from] flare_store::Error),
    /// The producer's log.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// The logs of services that run in this process, read from their tables.
#[derive(Clone, Debug)]
pub struct LocalEventSource(HashMap<Service, Database>);

impl LocalEventSource {
    /// The logs of these roles.
    pub fn new(roles: &[HostedService]) -> Self {
        Self(roles.iter().map(|role| (role.service, role.database.clone())).collect())
    }

    fn database(&self, producer: Service) -> Result<&Database, SourceError> {
        self.0.get(&producer).ok_or(SourceError::Unknown(producer))
    }
}

#[async_trait]
impl EventSource for LocalEventSource {
    async fn events_after(
        &self,
        producer: Service,
        stream: &str,
        seq: i64,
        limit: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        let found = flare_store::events_after(self.database(producer)?, stream, seq, limit.into()).await;
        let events = found.map_err(|source| SourceError::Store { producer, source })?;
        Ok(events.iter().map(logged).collect())
    }

    async fn stream_heads(
        &self,
        producer: Service,
        after: &str,
        limit: i32,
    ) -> Result<Vec<StreamHead>, SourceError> {
        let found = flare_store::page_of_stream_heads(self.database(producer)?, after, limit.into()).await;
        let heads = found.map_err(|source| SourceError::Store { producer, source })?;
        Ok(heads.into_iter().map(head_out).collect())
    }
}
