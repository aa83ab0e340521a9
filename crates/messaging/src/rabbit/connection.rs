//! One connection to the broker and the bounds of every call on it.

use std::{future::Future, time::Duration};

use lapin::{Channel, Connection, ConnectionProperties, options::ConfirmSelectOptions, uri::AMQPUri};
use tokio::time::timeout;

use crate::RabbitSettings;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);
/// How long any other call may take to be answered.
const CALL: Duration = Duration::from_secs(10);
/// How long a connection may take to close before it is left to the broker.
const CLOSE: Duration = Duration::from_secs(2);
/// A connection is given up when nothing was heard for twice as long, in seconds.
const HEARTBEAT: u16 = 10;

/// What went wrong between here and the broker. It is connected to again.
#[derive(Debug, thiserror::Error)]
pub enum RabbitError {
    /// The address cannot be read. It is not shown: it may hold a password.
    #[error("the address of the broker cannot be read")]
    Address,
    /// No answer in time: the broker is away, or an alarm blocks it.
    #[error("the broker did not answer in time")]
    Late,
    /// The broker, or the connection to it.
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    /// The broker no longer delivers: the queue is gone, or the connection.
    #[error("the broker ended the delivery")]
    Ended,
}

/// Gives a call a bound in time.
pub(crate) async fn bounded<T>(call: impl Future<Output = lapin::Result<T>>) -> Result<T, RabbitError> {
    timeout(CALL, call).await.map_err(|_| RabbitError::Late)?.map_err(RabbitError::from)
}

/// A connection that is closed when it is dropped.
pub(crate) struct Link(Option<Connection>);

impl Link {
    /// Connects. `name` is what the broker's operators see.
    pub(crate) async fn open(settings: &RabbitSettings, name: &str) -> Result<Self, RabbitError> {
        let mut uri: AMQPUri = settings.url.parse().map_err(|_| RabbitError::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let opening = timeout(CONNECT, Connection::connect_uri(uri, properties));
        Ok(Self(Some(opening.await.map_err(|_| RabbitError::Late)??)))
    }

    /// A new channel.
    pub(crate) async fn channel(&self) -> Result<Channel, RabbitError> {
        let connection = self.0.as_ref().ok_or(RabbitError::Ended)?;
        bounded(connection.create_channel()).await
    }

    /// A new channel on which the broker confirms what it has stored.
    pub(crate) async fn confirming_channel(&self) -> Result<Channel, RabbitError> {
        let channel = self.channel().await?;
        bounded(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(channel)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(|connection| connection.status().connected())
    }
}

impl Drop for Link {
    /// Closes in the background: whoever gives up a connection has other things to do, and one that an alarm blocks may
    /// never answer.
    fn drop(&mut self) {
        let Some(connection) = self.0.take().filter(|connection| connection.status().connected()) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // It is of no use any more, however this ends.
                let _closed = timeout(CLOSE, connection.close(200, "done".into())).await;
            });
        }
    }
}
