//! From a service's queues into its inbox.
//!
//! A message is acknowledged once its inbox row is durable; everything that can go wrong after that is counted there.
//! Each lane has a queue and a channel of its own, so that a flood of standard work never delays a critical case.

use std::sync::Arc;

use flare_contracts::{Producer, events::v1::LoggedEvent};
use flare_kernel::Lane;
use flare_store::Database;
use futures::{FutureExt as _, StreamExt as _, future::try_join_all};
use lapin::{
    BasicProperties, Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::{
    bus::producer_of,
    connection::{Link, RabbitError, bounded},
    declare::declare_all,
    publisher::{Message, Publisher},
};
use crate::{
    RabbitSettings, Role, figures,
    parking::{Parked, park},
    pause::{Pause, rest},
};

/// How many messages of a lane may be under way, and how many are stored at once.
const PREFETCH: u16 = 100;
/// The largest event that is taken: far above any that Flare makes.
const LARGEST: usize = 1 << 20;

/// Receives a service's messages.
#[derive(Clone)]
pub struct RabbitConsumer {
    service: Producer,
    database: Database,
    settings: RabbitSettings,
    /// Publishes what cannot be read to the queue for that, on a connection of its own.
    undecodable: Arc<Publisher>,
}

impl RabbitConsumer {
    /// The consumer of a role; none when the role listens to nobody.
    pub fn new(role: &Role, settings: RabbitSettings) -> Option<Self> {
        role.consumer.as_ref()?;
        let service = role.producer;
        let undecodable = Arc::new(Publisher::new(settings.clone(), format!("flare {service}: undecodable")));
        Some(Self { service, database: role.database.clone(), settings, undecodable })
    }

    /// Receives until the token is cancelled; after any error everything is made anew.
    pub async fn run(&self, token: CancellationToken) {
        let mut pause = Pause::default();
        loop {
            let ended = tokio::select! {
                biased;
                () = token.cancelled() => return,
                ended = self.receive(&token, &mut pause) => ended,
            };
            let Err(error) = ended else { return };
            if pause.is_new() {
                tracing::warn!(service = %self.service, %error, "the broker is away; what is missed is fetched later");
            }
            if !rest(&token, None, pause.longer()).await {
                return;
            }
        }
    }

    /// One connection, for as long as it lasts.
    async fn receive(&self, token: &CancellationToken, pause: &mut Pause) -> Result<(), RabbitError> {
        let link = Link::open(&self.settings, &format!("flare {}: consume", self.service)).await?;
        declare_all(&link.channel().await?, &self.settings).await?;
        pause.over();
        // Whoever was not listening cannot know what was lost meanwhile, with a queue or with the broker's disk.
        self.database.wakes().missed.notify_one();
        try_join_all(Lane::ALL.map(|lane| self.receive_lane(&link, lane, token))).await.map(drop)
    }

    async fn receive_lane(
        &self,
        link: &Link,
        lane: Lane,
        token: &CancellationToken,
    ) -> Result<(), RabbitError> {
        let channel = link.channel().await?;
        bounded(channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let queue = self.settings.lane_queue(self.service, lane);
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let mut deliveries =
            bounded(channel.basic_consume(queue.into(), "".into(), options, arguments)).await?;
        loop {
            let mut batch = vec![deliveries.next().await.ok_or(RabbitError::Ended)??];
            while batch.len() < usize::from(PREFETCH) {
                let Some(Some(delivery)) = deliveries.next().now_or_never() else { break };
                batch.push(delivery?);
            }
            if !self.store(&batch, token).await {
                return Ok(());
            }
            acknowledge(&channel, &batch).await?;
        }
    }

    /// Stores a batch, for as long as that takes; false when the worker is to stop first.
    async fn store(&self, batch: &[Delivery], token: &CancellationToken) -> bool {
        let (mut rows, mut unread) = (Vec::new(), Vec::new());
        for delivery in batch {
            match parked(delivery) {
                Some(row) => rows.push(row),
                None => unread.push(delivery),
            }
        }
        let mut pause = Pause::default();
        while let Err(error) = park(&self.database, rows.clone()).await {
            if pause.is_new() {
                tracing::warn!(service = %self.service, %error, "received events cannot be stored now; the broker keeps them");
            }
            if !rest(token, None, pause.longer()).await {
                return false;
            }
        }
        self.set_aside(&unread, token).await
    }

    /// Moves messages that are no event to a queue where a person can look, and counts them. Nothing of their content is
    /// logged: nobody knows what they are.
    async fn set_aside(&self, unread: &[&Delivery], token: &CancellationToken) -> bool {
        if unread.is_empty() {
            return true;
        }
        tracing::error!(service = %self.service, messages = unread.len(), "messages that are no event were set aside");
        figures::count(figures::UNDECODABLE, self.service, unread.len());
        let mut pause = Pause::default();
        loop {
            let messages = unread.iter().map(|delivery| self.to_set_aside(delivery)).collect();
            if self.undecodable.publish(messages).await.iter().all(Result::is_ok) {
                return true;
            }
            if !rest(token, None, pause.longer()).await {
                return false;
            }
        }
    }

    fn to_set_aside(&self, delivery: &Delivery) -> Message {
        // None of its own properties: a stranger's could make the broker refuse it, or send it elsewhere.
        let key = AMQPValue::LongString(delivery.routing_key.as_str().into());
        let mut headers = FieldTable::default();
        headers.insert("flare-routing-key".into(), key);
        Message {
            id: format!("{}.{}", self.service, delivery.delivery_tag),
            exchange: String::new(),
            routing_key: self.settings.undecodable_queue(self.service),
            properties: BasicProperties::default().with_headers(headers),
            body: delivery.data.clone(),
        }
    }
}

/// The inbox row of a message, if it is an event.
fn parked(delivery: &Delivery) -> Option<Parked> {
    if delivery.data.len() > LARGEST {
        return None;
    }
    let event = LoggedEvent::decode(delivery.data.as_slice()).ok()?;
    Parked::new(producer_of(&delivery.properties)?, &event)
}

/// Acknowledges a batch with one answer for its last message.
async fn acknowledge(channel: &Channel, batch: &[Delivery]) -> Result<(), RabbitError> {
    let Some(last) = batch.last() else { return Ok(()) };
    bounded(channel.basic_ack(last.delivery_tag, BasicAckOptions { multiple: true })).await
}
