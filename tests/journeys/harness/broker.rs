//! RabbitMQ as an independent consumer sees it.

use std::collections::BTreeSet;

use flare_contracts::Service;
use flare_kernel::Lane;
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicGetOptions, BasicNackOptions, ExchangeDeleteOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::FieldTable,
};

use super::{block_on, servers::Servers};

/// A message as it lay on a queue.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Every property and header, as text.
    pub(crate) properties: String,
    pub(crate) body: Vec<u8>,
}

async fn connect(servers: &Servers) -> (Connection, Channel) {
    let connection = Connection::connect(&servers.rabbitmq, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

fn queues(servers: &Servers, approvers: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for service in Service::ALL {
        names.extend(Lane::ALL.map(|lane| format!("{}flare.{service}.{lane}", servers.prefix)));
        names.push(format!("{}flare.{service}.undecodable", servers.prefix));
    }
    names.extend(approvers.iter().map(|staff| approver_queue(servers, staff)));
    names.push(tap(servers));
    names
}

/// The queue of one approver.
pub(crate) fn approver_queue(servers: &Servers, staff: &str) -> String {
    format!("{}approver.{staff}", servers.prefix)
}

fn tap(servers: &Servers) -> String {
    format!("{}tap", servers.prefix)
}

/// Deletes the queues and exchanges of an installation.
pub(crate) async fn remove(servers: &Servers, approvers: &[String]) {
    let (connection, channel) = connect(servers).await;
    for name in queues(servers, approvers) {
        channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
    }
    for exchange in ["flare.events", "flare.approvals"] {
        let name = format!("{}{exchange}", servers.prefix);
        channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await.unwrap();
    }
    connection.close(0, "".into()).await.unwrap();
}

/// Deletes all that an installation has on the broker, as when the broker's disk was lost.
pub(crate) fn forget_everything(servers: &Servers, approvers: &[String]) {
    block_on(remove(servers, approvers));
}

/// Begins to copy every event that any service publishes to a queue that nobody else reads.
pub(crate) fn tap_events(servers: &Servers) {
    block_on(async {
        let (connection, channel) = connect(servers).await;
        let queue = tap(servers);
        let exchange = format!("{}flare.events", servers.prefix);
        let (options, none) = (QueueDeclareOptions::durable(), FieldTable::default());
        channel.queue_declare(queue.clone().into(), options, none.clone()).await.unwrap();
        channel
            .queue_bind(queue.into(), exchange.into(), "#".into(), QueueBindOptions::default(), none)
            .await
            .unwrap();
        connection.close(0, "".into()).await.unwrap();
    });
}

/// Every event since the tap was opened.
pub(crate) fn tapped(servers: &Servers) -> Vec<Taken> {
    take(servers, &tap(servers), true)
}

/// What lies on an approver's queue, which keeps it.
pub(crate) fn on_approver_queue(servers: &Servers, staff: &str) -> Vec<Taken> {
    take(servers, &approver_queue(servers, staff), false)
}

/// The grants on which an approver's queue asks for a vote, each with the question's id. A question may lie there twice,
/// under one id: whoever reads it tells them apart.
pub(crate) fn votes_asked_of(servers: &Servers, staff: &str) -> BTreeSet<(String, String)> {
    on_approver_queue(servers, staff)
        .iter()
        .map(|event| serde_json::from_slice::<serde_json::Value>(&event.body).unwrap())
        .filter(|event| event["type"] == "flare.approval.requested.v1")
        .map(|event| {
            (event["subject"].as_str().unwrap().to_owned(), event["id"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn take(servers: &Servers, queue: &str, for_good: bool) -> Vec<Taken> {
    block_on(async {
        let (connection, channel) = connect(servers).await;
        let mut taken = Vec::new();
        let mut tags = Vec::new();
        while let Some(message) = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap() {
            let delivery = message.delivery;
            tags.push(delivery.delivery_tag);
            taken.push(Taken { properties: format!("{:?}", delivery.properties), body: delivery.data });
        }
        for tag in tags {
            if for_good {
                channel.basic_ack(tag, BasicAckOptions::default()).await.unwrap();
            } else {
                let back = BasicNackOptions { requeue: true, multiple: false };
                channel.basic_nack(tag, back).await.unwrap();
            }
        }
        connection.close(0, "".into()).await.unwrap();
        taken
    })
}
