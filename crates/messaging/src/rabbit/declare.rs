//! The whole topology, declared by everyone before anything is published: the first event of a new installation already
//! has a queue at each of its listeners, whether they run yet or not.

use flare_contracts::Service;
use flare_kernel::{Lane, StaffId};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

use super::{
    connection::{RabbitError, bounded},
    names::routing_key,
};
use crate::{RabbitSettings, listens_to};

/// How many messages an approver's queue holds before it drops the oldest.
const APPROVER_QUEUE_LENGTH: i32 = 1000;
/// How many messages that are no event of ours are kept for a person to look at: whoever may publish could fill the
/// broker's disk with them.
const UNDECODABLE_QUEUE_LENGTH: i32 = 10_000;
/// How often the broker may give out a message again: RabbitMQ 4 drops it after 20 times unless told otherwise, and a
/// service whose database is away returns the same messages more often than that. The broker counts up to here.
const DELIVERY_LIMIT: i32 = i32::MAX;

/// Declares every exchange, queue and binding of Flare.
///
/// `flare.events` has no alternate exchange: with one, a message without a queue would be confirmed.
pub(crate) async fn declare_all(channel: &Channel, settings: &RabbitSettings) -> Result<(), RabbitError> {
    exchange(channel, settings.events(), ExchangeKind::Topic).await?;
    exchange(channel, settings.approvals(), ExchangeKind::Direct).await?;
    for service in Service::ALL.into_iter().filter(|service| !listens_to(*service).is_empty()) {
        queue(channel, settings.undecodable_queue(service), at_most(UNDECODABLE_QUEUE_LENGTH)).await?;
        for lane in Lane::ALL {
            let name = settings.lane_queue(service, lane);
            queue(channel, name.clone(), quorum()).await?;
            for producer in listens_to(service) {
                bind(channel, &name, settings.events(), routing_key(*producer, lane)).await?;
            }
        }
    }
    Ok(())
}

/// Declares the queue of one approver.
pub(crate) async fn declare_approver(
    channel: &Channel,
    settings: &RabbitSettings,
    staff: StaffId,
) -> Result<(), RabbitError> {
    let name = settings.approver_queue(staff);
    queue(channel, name.clone(), at_most(APPROVER_QUEUE_LENGTH)).await?;
    bind(channel, &name, settings.approvals(), staff.to_string()).await
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments
}

/// A queue that drops its oldest messages.
fn at_most(messages: i32) -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(messages));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
    arguments
}

async fn exchange(channel: &Channel, name: String, kind: ExchangeKind) -> Result<(), RabbitError> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    bounded(channel.exchange_declare(name.into(), kind, options, FieldTable::default())).await
}

async fn queue(channel: &Channel, name: String, arguments: FieldTable) -> Result<(), RabbitError> {
    bounded(channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments)).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: String, key: String) -> Result<(), RabbitError> {
    let options = QueueBindOptions::default();
    bounded(channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()))
        .await
}
