//! Events as CloudEvents on the broker.

use std::collections::HashMap;

use async_trait::async_trait;
use flare_contracts::Service;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use prost::Message as _;

use super::{
    names::routing_key,
    publisher::{Message, Publisher},
    signature,
};
use crate::{Bus, Outgoing, PublishError, RabbitSettings, bus::logged, listeners_of};

/// Publishes on a topic exchange, over one connection for each producer of this process.
pub struct RabbitBus(HashMap<Service, Publisher>);

impl RabbitBus {
    /// Connects to nothing before the first event.
    pub fn new(settings: &RabbitSettings) -> Self {
        let publisher = |producer| Publisher::new(settings.clone(), format!("flare {producer}: publish"));
        Self(Service::ALL.into_iter().map(|producer| (producer, publisher(producer))).collect())
    }
}

#[async_trait]
impl Bus for RabbitBus {
    async fn ready(&self, producer: Service) -> Result<(), PublishError> {
        match self.0.get(&producer) {
            Some(publisher) if listeners_of(producer).next().is_some() => publisher.ready().await,
            _ => Ok(()),
        }
    }

    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let mut outcomes = vec![Ok(()); batch.len()];
        for (producer, publisher) in &self.0 {
            // What nobody listens to would come back as unroutable; it is published by being logged.
            if listeners_of(*producer).next().is_none() {
                continue;
            }
            let of_producer = batch.iter().enumerate().filter(|(_, outgoing)| outgoing.producer == *producer);
            let (places, messages): (Vec<_>, Vec<_>) =
                of_producer.map(|(place, outgoing)| (place, message(publisher.settings(), outgoing))).unzip();
            if messages.is_empty() {
                continue;
            }
            for (place, outcome) in places.into_iter().zip(publisher.publish(messages).await) {
                outcomes[place] = outcome;
            }
        }
        outcomes
    }
}

/// CloudEvents 1.0 in binary mode: attributes as headers, the logged event as body, and a signature over both.
pub(crate) fn message(settings: &RabbitSettings, outgoing: &Outgoing) -> Message {
    let event = &outgoing.event;
    let attributes = [
        ("cloudEvents:specversion", "1.0".to_owned()),
        ("cloudEvents:id", event.event_id.clone()),
        ("cloudEvents:type", event.kind.clone()),
        ("cloudEvents:source", source_of(outgoing.producer)),
        ("cloudEvents:subject", event.stream.clone()),
        ("cloudEvents:time", event.at.to_string()),
        ("cloudEvents:sequence", event.seq.to_string()),
        ("traceparent", event.trace.clone()),
    ];
    let mut headers = FieldTable::default();
    for (name, value) in attributes.into_iter().filter(|(_, value)| !value.is_empty()) {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    let body = logged(event).encode_to_vec();
    if let Some(signature) = settings.keys.sign(outgoing.producer, &headers, &body) {
        headers.insert(signature::HEADER.into(), AMQPValue::ByteArray(signature.into()));
    }
    Message {
        id: event.event_id.clone(),
        exchange: settings.events(),
        routing_key: routing_key(outgoing.producer, event.lane),
        properties: BasicProperties::default()
            .with_content_type("application/protobuf".into())
            .with_headers(headers),
        body,
    }
}

/// The attribute `source` of a producer's events: `/flare/intake`.
fn source_of(producer: Service) -> String {
    format!("/flare/{producer}")
}

/// The producer that the attribute `source` names.
pub(crate) fn producer_of(headers: &FieldTable) -> Option<Service> {
    let source = headers.inner().get("cloudEvents:source")?;
    let AMQPValue::LongString(source) = source else { return None };
    std::str::from_utf8(source.as_bytes()).ok()?.strip_prefix("/flare/")?.parse().ok()
}
