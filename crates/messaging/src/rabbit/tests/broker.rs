//! The broker as its operators see it, and a corner of it for one test.

use flare_contracts::Service;
use flare_kernel::{Lane, random};
use flare_seal::ServiceKey;
use flare_testkit::rabbitmq_url;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicGetOptions, BasicPublishOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};

use crate::{EventKeys, RabbitSettings, rabbit::signature};

pub(super) struct Broker {
    settings: RabbitSettings,
    connection: Connection,
}

impl Broker {
    pub(super) async fn find() -> Option<Self> {
        let url = rabbitmq_url()?;
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let prefix = format!("t{:032x}.", u128::from_be_bytes(random().unwrap()));
        let keys = EventKeys::new(&ServiceKey::from_bytes([7; 32]));
        Some(Self { settings: RabbitSettings { url, prefix, keys }, connection })
    }

    pub(super) fn settings(&self) -> &RabbitSettings {
        &self.settings
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }

    /// A queue that gets a copy of everything with a routing key.
    pub(super) async fn copy_of(&self, key: &str) -> String {
        let (channel, options) =
            (self.channel().await, QueueDeclareOptions { exclusive: true, ..Default::default() });
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
        let (name, exchange) = (queue.name().clone(), self.settings.events().into());
        let bound = channel.queue_bind(
            name.clone(),
            exchange,
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        bound.await.unwrap();
        name.to_string()
    }

    pub(super) async fn get(&self, queue: &str) -> Option<Delivery> {
        let got =
            self.channel().await.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.unwrap();
        got.map(|message| message.delivery)
    }

    /// A stranger's message on the exchange of events.
    pub(super) async fn put(&self, key: &str, body: &[u8], headers: FieldTable) {
        let (exchange, properties) =
            (self.settings.events().into(), BasicProperties::default().with_headers(headers));
        let options = BasicPublishOptions::default();
        let sent = self
            .channel()
            .await
            .basic_publish(exchange, key.into(), options, body, properties)
            .await
            .unwrap();
        sent.await.unwrap();
    }

    /// A message that a producer signed, of whatever it names as its source.
    pub(super) async fn put_signed(&self, producer: Service, source: &str, body: &[u8]) {
        let mut headers = FieldTable::default();
        headers.insert("cloudEvents:source".into(), AMQPValue::LongString(source.into()));
        let signature = self.settings.keys.sign(producer, &headers, body).unwrap();
        headers.insert(signature::HEADER.into(), AMQPValue::ByteArray(signature.into()));
        self.put(&format!("{producer}.urgent"), body, headers).await;
    }

    /// A queue that refuses what is more than so many messages.
    pub(super) async fn full_queue(&self, key: &str, most: i32) {
        let (channel, options) =
            (self.channel().await, QueueDeclareOptions { exclusive: true, ..Default::default() });
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(most));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        let queue = channel.queue_declare("".into(), options, arguments).await.unwrap();
        let (name, exchange) = (queue.name().clone(), self.settings.events().into());
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(name, exchange, key.into(), options, none).await.unwrap();
    }

    /// How many messages wait; none where there is no such queue.
    pub(super) async fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let declared = self.channel().await.queue_declare(queue.into(), options, FieldTable::default()).await;
        declared.map_or(0, |queue| queue.message_count())
    }

    pub(super) async fn delete_queue(&self, queue: &str) {
        self.channel().await.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }

    /// Deletes every queue and exchange of the test, as when the broker's data are deleted.
    pub(super) async fn wipe(&self) {
        for service in Service::ALL {
            for lane in Lane::ALL {
                self.delete_queue(&self.settings.lane_queue(service, lane)).await;
            }
            self.delete_queue(&self.settings.undecodable_queue(service)).await;
        }
        for exchange in [self.settings.events(), self.settings.approvals()] {
            let channel = self.channel().await;
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
        }
    }

    pub(super) async fn clean(self) {
        self.wipe().await;
        // Channels that close just now make this an error, though it is closed all the same.
        let _closed = self.connection.close(200, "done".into()).await;
    }
}
