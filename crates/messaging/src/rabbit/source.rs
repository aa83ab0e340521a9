//! From a service's queues into the service.
//!
//! A message is acknowledged once it is durable here, applied or kept in the inbox; what goes wrong with one is counted
//! there, never by the broker.
//! What is not signed by the producer that it names is set aside before anything is stored.
//! Each lane has a queue, a channel and a loop of its own, so that a flood of standard work never delays a critical case.

use std::{sync::Arc, time::Duration};

use flare_contracts::{Service, events::v1::LoggedEvent};
use flare_kernel::Lane;
use flare_store::{Database, Work};
use futures::{FutureExt as _, StreamExt as _, future::try_join_all};
use lapin::{
    BasicProperties, Channel, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use prost::Message as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    bus::producer_of,
    connection::{Link, RabbitError, bounded},
    declare::declare_all,
    publisher::{Message, Publisher},
    signature::EventKeys,
};
use crate::{
    FollowTrace, HostedService, RabbitSettings,
    event_sink::EventSink,
    figures,
    inbox_event::InboxEvent,
    pause::{Pause, breath, rest},
};

/// How many messages of a lane may be under way, and how many are taken in at once.
const PREFETCH: u16 = 100;
/// How long a connection must have received for its end to be a new misfortune and not the same one.
const SETTLED: Duration = Duration::from_secs(5);
/// How much of a message that is no event of ours is kept for a person to look at. Whole, a few large ones could not be
/// published in time, and would stand in the way for ever.
const SET_ASIDE: usize = 1 << 12;
/// The largest event that is taken: far above any that Flare makes.
const LARGEST: usize = 1 << 20;

/// Receives a service's messages.
#[derive(Clone)]
pub struct RabbitSource {
    service: Service,
    database: Database,
    sink: EventSink,
    settings: RabbitSettings,
    /// Publishes what cannot be read to the queue for that, on a connection of its own.
    undecodable: Arc<Publisher>,
}

impl RabbitSource {
    /// The consumer of a role; none when the role listens to nobody.
    pub fn new(role: &HostedService, settings: RabbitSettings, follow: FollowTrace) -> Option<Self> {
        let sink = EventSink::of_role(role, follow)?;
        let service = role.service;
        let undecodable = Arc::new(Publisher::new(settings.clone(), format!("flare {service}: undecodable")));
        Some(Self { service, database: role.database.clone(), sink, settings, undecodable })
    }

    /// Receives until the token is cancelled; after any error everything is made anew.
    pub async fn run(&self, token: CancellationToken) {
        let mut pause = Pause::default();
        loop {
            let mut since = None;
            let ended = tokio::select! {
                biased;
                () = token.cancelled() => return,
                ended = self.receive(&token, &mut since) => ended,
            };
            let Err(error) = ended else { return };
            // A broker that lets us in and out again at once is as good as away: each round declares everything anew.
            if since.is_some_and(|since: Instant| since.elapsed() >= SETTLED) {
                pause.over();
            }
            if pause.is_new() {
                tracing::warn!(service = %self.service, %error, "the broker is away; what is missed is fetched later");
            }
            if !rest(&token, None, pause.longer()).await {
                return;
            }
        }
    }

    /// One connection, for as long as it lasts; `since` tells from when on every lane was heard.
    async fn receive(
        &self,
        token: &CancellationToken,
        since: &mut Option<Instant>,
    ) -> Result<(), RabbitError> {
        let link = Link::open(&self.settings, &format!("flare {}: consume", self.service)).await?;
        declare_all(&link.channel().await?, &self.settings).await?;
        let lanes = try_join_all(Lane::ALL.map(|lane| self.subscribe(&link, lane))).await?;
        *since = Some(Instant::now());
        // Whoever was not listening cannot know what was lost meanwhile, with a queue or with the broker's disk.
        self.database.hint(Work::Missed);
        let lanes =
            lanes.into_iter().map(|(channel, deliveries)| self.receive_lane(channel, deliveries, token));
        try_join_all(lanes).await.map(drop)
    }

    async fn subscribe(&self, link: &Link, lane: Lane) -> Result<(Channel, Consumer), RabbitError> {
        let channel = link.channel().await?;
        bounded(channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let queue = self.settings.lane_queue(self.service, lane);
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let deliveries = bounded(channel.basic_consume(queue.into(), "".into(), options, arguments)).await?;
        Ok((channel, deliveries))
    }

    async fn receive_lane(
        &self,
        channel: Channel,
        mut deliveries: Consumer,
        token: &CancellationToken,
    ) -> Result<(), RabbitError> {
        loop {
            let mut batch = vec![deliveries.next().await.ok_or(RabbitError::Ended)??];
            while batch.len() < usize::from(PREFETCH) {
                let Some(Some(delivery)) = deliveries.next().now_or_never() else { break };
                batch.push(delivery?);
            }
            if !self.take_in(&batch, token).await {
                return Ok(());
            }
            acknowledge(&channel, &batch).await?;
            // After a full batch there is nothing to wait for: more has come already.
            if batch.len() < usize::from(PREFETCH) && !rest(token, None, breath(batch.len())).await {
                return Ok(());
            }
        }
    }

    /// Takes a batch in, for as long as that takes; false when the worker is to stop first.
    async fn take_in(&self, batch: &[Delivery], token: &CancellationToken) -> bool {
        let (mut events, mut unread) = (Vec::new(), Vec::new());
        for delivery in batch {
            match read(delivery, &self.settings.keys) {
                Ok(event) => events.push(event),
                Err(why) => unread.push((delivery, why)),
            }
        }
        let mut pause = Pause::default();
        while let Err(error) = self.sink.receive(events.clone()).await {
            if pause.is_new() {
                tracing::warn!(service = %self.service, %error, "received events cannot be taken in now; the broker keeps them");
            }
            if !rest(token, None, pause.longer()).await {
                return false;
            }
        }
        self.set_aside(&unread, token).await
    }

    /// Moves messages that are no event of ours to a queue where a person can look, and counts them. Nothing of their content is
    /// logged: nobody knows what they are.
    async fn set_aside(&self, unread: &[(&Delivery, &'static str)], token: &CancellationToken) -> bool {
        if unread.is_empty() {
            return true;
        }
        for (_, why) in unread {
            tracing::error!(service = %self.service, why, "a message that is no event of ours was set aside");
        }
        figures::count(figures::UNDECODABLE, self.service, unread.len());
        let mut pause = Pause::default();
        loop {
            let messages = unread.iter().map(|(delivery, why)| self.to_set_aside(delivery, why)).collect();
            if self.undecodable.publish(messages).await.iter().all(Result::is_ok) {
                return true;
            }
            if !rest(token, None, pause.longer()).await {
                return false;
            }
        }
    }

    fn to_set_aside(&self, delivery: &Delivery, why: &str) -> Message {
        // None of its own properties: a stranger's could make the broker refuse it, or send it elsewhere.
        let mut headers = FieldTable::default();
        for (name, value) in [("flare-routing-key", delivery.routing_key.as_str()), ("flare-reason", why)] {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        Message {
            id: format!("{}.{}", self.service, delivery.delivery_tag),
            exchange: String::new(),
            routing_key: self.settings.undecodable_queue(self.service),
            properties: BasicProperties::default().with_headers(headers),
            body: delivery.data[..delivery.data.len().min(SET_ASIDE)].to_vec(),
        }
    }
}

/// The event of a message, which is checked and read here and nowhere after; or why it is no event of ours.
fn read(delivery: &Delivery, keys: &EventKeys) -> Result<InboxEvent, &'static str> {
    let unread = "NOT_AN_EVENT";
    if delivery.data.len() > LARGEST {
        return Err(unread);
    }
    let headers = delivery.properties.headers().as_ref().ok_or(unread)?;
    let producer = producer_of(headers).ok_or(unread)?;
    if !keys.verify(producer, headers, &delivery.data) {
        return Err("NOT_SIGNED_BY_ITS_PRODUCER");
    }
    let event = LoggedEvent::decode(delivery.data.as_slice()).map_err(|_| unread)?;
    InboxEvent::of_wire(producer, event).ok_or(unread)
}

/// Acknowledges a batch with one answer for its last message.
async fn acknowledge(channel: &Channel, batch: &[Delivery]) -> Result<(), RabbitError> {
    let Some(last) = batch.last() else { return Ok(()) };
    bounded(channel.basic_ack(last.delivery_tag, BasicAckOptions { multiple: true })).await
}
