//! Publishing that means it.
//!
//! lapin answers `Ok` in three ways to a message that nobody stored: without confirm mode, unroutable without
//! `mandatory`, and refused by the broker. Success here is an ack and no return of that message's id. With messages in a
//! row a returned one can arrive with the confirm of another, so returns are matched by id, and a channel serves one
//! batch at a time.

use std::{collections::HashSet, time::Duration};

use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm, options::BasicPublishOptions};
use tokio::{sync::Mutex, time::timeout};

use super::{
    connection::{Link, RabbitError},
    declare::declare_all,
};
use crate::{PublishError, RabbitSettings};

/// How long a batch may take to be confirmed.
const CONFIRM_WITHIN: Duration = Duration::from_secs(7);
/// AMQP's word for "on disk".
const PERSISTENT: u8 = 2;

/// A message on its way to the broker. `properties` must not set a message id of their own.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) exchange: String,
    pub(crate) routing_key: String,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Vec<u8>,
}

/// A connection that publishes, made when it is needed and made anew after any error.
pub(crate) struct Publisher {
    settings: RabbitSettings,
    name: String,
    session: Mutex<Option<Session>>,
}

struct Session {
    link: Link,
    channel: Channel,
}

impl Publisher {
    /// `name` is what the broker's operators see.
    pub(crate) fn new(settings: RabbitSettings, name: String) -> Self {
        Self { settings, name, session: Mutex::default() }
    }

    pub(crate) fn settings(&self) -> &RabbitSettings {
        &self.settings
    }

    /// Connects and declares the topology unless that is done.
    pub(crate) async fn ready(&self) -> Result<(), PublishError> {
        let mut slot = self.session.lock().await;
        let session = self.take(&mut slot).await.map_err(|error| away(&error))?;
        *slot = Some(session);
        Ok(())
    }

    /// Calls the broker on the publishing channel, outside any batch.
    pub(crate) async fn call<F>(&self, call: F) -> Result<(), PublishError>
    where
        F: AsyncFnOnce(&Channel) -> Result<(), RabbitError>,
    {
        let mut slot = self.session.lock().await;
        let session = self.take(&mut slot).await.map_err(|error| away(&error))?;
        call(&session.channel).await.map_err(|error| away(&error))?;
        *slot = Some(session);
        Ok(())
    }

    /// Publishes messages in a row, then waits for the confirms; one answer for each, in their order.
    pub(crate) async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
        let mut slot = self.session.lock().await;
        let session = match self.take(&mut slot).await {
            Ok(session) => session,
            Err(error) => return vec![Err(away(&error)); ids.len()],
        };
        let mut confirmed = Vec::with_capacity(ids.len());
        let sent = timeout(CONFIRM_WITHIN, send(&session.channel, messages, &mut confirmed)).await;
        let failure = match sent {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(RabbitError::from(error)),
            Err(_) => Some(RabbitError::Late),
        };
        let returned: HashSet<_> = confirmed.iter().filter_map(returned_id).collect();
        // After an error the channel's state is unknown; after a return a queue is missing. Both are cured by making
        // everything anew, which dropping the session leads to.
        if failure.is_none() && returned.is_empty() {
            *slot = Some(session);
        }
        let why = failure.map_or_else(String::new, |error| error.to_string());
        let outcome_of = |(index, id): (usize, &String)| match confirmed.get(index) {
            _ if returned.contains(id) => Err(PublishError::Unroutable),
            Some(Confirmation::Ack(_)) => Ok(()),
            Some(Confirmation::Nack(_) | Confirmation::NotRequested) => Err(PublishError::Refused),
            None => Err(PublishError::Away(why.clone())),
        };
        ids.iter().enumerate().map(outcome_of).collect()
    }

    /// Takes the session out, so that a caller who is dropped half-way leaves none behind whose state is unknown.
    async fn take(&self, slot: &mut Option<Session>) -> Result<Session, RabbitError> {
        match slot.take() {
            Some(session) if session.link.is_open() && session.channel.status().connected() => Ok(session),
            _ => {
                let link = Link::open(&self.settings, &self.name).await?;
                let channel = link.confirming_channel().await?;
                declare_all(&channel, &self.settings).await?;
                Ok(Session { link, channel })
            }
        }
    }
}

/// Publishes all, then collects the confirms in order for as long as they come.
async fn send(
    channel: &Channel,
    messages: Vec<Message>,
    confirmed: &mut Vec<Confirmation>,
) -> lapin::Result<()> {
    let mut pending: Vec<PublisherConfirm> = Vec::with_capacity(messages.len());
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    for message in messages {
        let properties = message.properties.with_message_id(message.id.into()).with_delivery_mode(PERSISTENT);
        let (exchange, key) = (message.exchange.into(), message.routing_key.into());
        pending.push(channel.basic_publish(exchange, key, options, &message.body, properties).await?);
    }
    for confirm in pending {
        confirmed.push(confirm.await?);
    }
    Ok(())
}

fn returned_id(confirmation: &Confirmation) -> Option<String> {
    let (Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) = confirmation else {
        return None;
    };
    message.delivery.properties.message_id().as_ref().map(ToString::to_string)
}

fn away(error: &RabbitError) -> PublishError {
    PublishError::Away(error.to_string())
}
