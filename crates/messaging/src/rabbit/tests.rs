//! Against a broker, where `FLARE_TEST_RABBITMQ` names one: `cargo xtask test` always sees to that.

mod broker;

use std::{sync::Arc, time::Instant};

use flare_contracts::Service;
use flare_kernel::{Lane, StaffId};
use flare_store::{Error, Tx, Work, Write, sql};
use flare_testkit::{Proxy, rabbitmq_url};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use tokio_util::sync::CancellationToken;

use self::broker::Broker;
use super::{
    RabbitApproverQueues, RabbitBus, RabbitSource,
    publisher::{Message, Publisher},
    signature,
};
use crate::{
    ApproverQueues as _, Bus as _, PublishError, RabbitSettings, Relay,
    tests::{World, eventually},
};

/// A consumer that runs until it is dropped.
struct Running(CancellationToken, tokio::task::JoinHandle<()>);

impl Running {
    fn consumer(world: &World, settings: &RabbitSettings) -> Self {
        let consumer = RabbitSource::new(&world.triage_role(), settings.clone(), |_, _| {}).unwrap();
        let token = CancellationToken::new();
        let run = tokio::spawn({
            let token = token.clone();
            async move { consumer.run(token).await }
        });
        Self(token, run)
    }

    async fn stop(self) {
        self.0.cancel();
        self.1.await.unwrap();
    }
}

async fn all_are_applied(world: &World, stream: &str, last: i64) {
    let all = (1..=last).collect::<Vec<_>>();
    eventually("all events are applied", async || world.effects(stream).await == all).await;
    assert_eq!(world.recorder.disorder(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_through_the_broker_as_a_cloud_event() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let bus = RabbitBus::new(broker.settings());
    bus.ready(Service::Intake).await.unwrap();
    let copy = broker.copy_of("intake.critical").await;

    let running = Running::consumer(&world, broker.settings());
    let logged = world.intake().log("case_1", Lane::Critical, 150).await;
    world.intake().log("case_2", Lane::Standard, 1).await;
    let relay = Relay::new(&world.intake_role(), Arc::new(bus));
    assert_eq!(relay.relay_once().await.unwrap().published, 151);
    assert_eq!(world.outbox_rows().await, 0);
    all_are_applied(&world, "case_1", 150).await;
    all_are_applied(&world, "case_2", 1).await;

    let message = broker.get(&copy).await.unwrap();
    let properties = &message.properties;
    let headers = properties.headers().as_ref().unwrap().inner();
    let header = |name: &str| match headers.get(name) {
        Some(AMQPValue::LongString(value)) => value.to_string(),
        _ => String::new(),
    };
    assert_eq!(header("cloudEvents:specversion"), "1.0");
    assert_eq!(header("cloudEvents:id"), logged[0].event_id);
    assert_eq!(header("cloudEvents:type"), "flare.events.v1.MessagePosted");
    assert_eq!(header("cloudEvents:source"), "/flare/intake");
    assert_eq!(header("cloudEvents:subject"), "case_1");
    assert_eq!(header("cloudEvents:time"), "2026-11-22T00:00:00Z");
    assert!(matches!(headers.get(signature::HEADER), Some(AMQPValue::ByteArray(mac)) if mac.len() == 32));
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/protobuf");
    assert_eq!(*properties.delivery_mode(), Some(2), "it survives the broker");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), logged[0].event_id);

    running.stop().await;
    broker.clean().await;
}

/// The broker acks a message that it returns, and the return may arrive with the confirm of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_a_queue_is_a_failure_and_the_topology_is_made_anew() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    bus.ready(Service::Intake).await.unwrap();
    for service in [Service::Triage, Service::Grants, Service::Notification] {
        broker.delete_queue(&broker.settings().lane_queue(service, Lane::Critical)).await;
    }
    let intake = world.intake();
    let mut batch = Vec::new();
    for case in 0..20 {
        let lane = if case % 3 == 0 { Lane::Critical } else { Lane::Standard };
        batch.extend(intake.outgoing(&format!("case_{case}"), lane, 1).await);
    }
    let outcomes = bus.publish(&batch).await;
    for (outgoing, outcome) in batch.iter().zip(outcomes) {
        let expected = match outgoing.event.lane {
            Lane::Critical => Err(PublishError::Unroutable),
            Lane::Urgent | Lane::Standard => Ok(()),
        };
        assert_eq!(outcome, expected, "{}", outgoing.event.stream);
    }
    assert!(bus.publish(&batch).await.iter().all(Result::is_ok), "the queues are there again");
    broker.clean().await;
}

/// With messages in a row the broker confirms several at once, and lapin hands a returned one to any of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_returned_message_is_told_from_the_ones_around_it() {
    let Some(broker) = Broker::find().await else { return };
    let publisher = Publisher::new(broker.settings().clone(), "test".to_owned());
    publisher.ready().await.unwrap();
    broker.copy_of("heard").await;
    for round in 0..20 {
        let message = |number| Message {
            id: format!("{round}.{number}"),
            exchange: broker.settings().events(),
            routing_key: if number % 3 == 0 { "unheard".to_owned() } else { "heard".to_owned() },
            properties: BasicProperties::default(),
            body: Vec::new(),
        };
        for (number, outcome) in
            publisher.publish((0..60).map(message).collect()).await.into_iter().enumerate()
        {
            let expected = if number % 3 == 0 { Err(PublishError::Unroutable) } else { Ok(()) };
            assert_eq!(outcome, expected, "message {number} of round {round}");
        }
    }
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_listens_to_is_published_by_being_logged() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    let mut batch = world.intake().outgoing("case_1", Lane::Critical, 2).await;
    for outgoing in &mut batch {
        outgoing.producer = Service::Notification;
    }
    bus.ready(Service::Notification).await.unwrap();
    assert_eq!(bus.publish(&batch).await, [Ok(()), Ok(())]);
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_connection_delays_and_loses_nothing() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let proxy = Proxy::to(&rabbitmq_url().unwrap()).await;
    let settings = RabbitSettings { url: proxy.url.clone(), ..broker.settings().clone() };
    let running = Running::consumer(&world, &settings);
    let relay = Relay::new(&world.intake_role(), Arc::new(RabbitBus::new(&settings)));
    for round in 1..=4_i64 {
        world.intake().log("case_1", Lane::Critical, 25).await;
        eventually("everything is published", async || {
            relay.relay_once().await.unwrap();
            world.outbox_rows().await == 0
        })
        .await;
        proxy.cut();
        all_are_applied(&world, "case_1", round * 25).await;
    }
    running.stop().await;
    broker.clean().await;
}

/// What an alarm on the broker looks like: the connection stands and nothing is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_does_not_answer_is_away_and_holds_nobody_up() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let proxy = Proxy::to(&rabbitmq_url().unwrap()).await;
    let settings = RabbitSettings { url: proxy.url.clone(), ..broker.settings().clone() };
    let relay = Relay::new(&world.intake_role(), Arc::new(RabbitBus::new(&settings)));
    world.intake().log("case_1", Lane::Critical, 1).await;
    assert_eq!(relay.relay_once().await.unwrap().published, 1);

    proxy.stall(true);
    world.intake().log("case_1", Lane::Critical, 1).await;
    let begun = Instant::now();
    let relayed = relay.relay_once().await.unwrap();
    assert!(relayed.away.is_some() && begun.elapsed().as_secs() < 15, "{relayed:?}");
    assert!(relay.relay_once().await.unwrap().away.is_some(), "connecting is bounded, too");

    proxy.stall(false);
    assert_eq!(relay.relay_once().await.unwrap().published, 1);
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_forgets_everything_is_a_delay_and_no_loss() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let relay = Relay::new(&world.intake_role(), Arc::new(RabbitBus::new(broker.settings())));
    world.intake().log("case_1", Lane::Critical, 30).await;
    assert_eq!(relay.relay_once().await.unwrap().published, 30);
    broker.wipe().await;

    let running = Running::consumer(&world, broker.settings());
    assert_eq!(world.reconciler().reconcile_once().await.unwrap(), 30);
    while world.inbox_worker().apply_once().await.unwrap() > 0 {}
    all_are_applied(&world, "case_1", 30).await;

    // And with the consumer connected: its queues are gone under it.
    broker.wipe().await;
    world.intake().log("case_1", Lane::Critical, 5).await;
    eventually("the topology is made anew and everything is published", async || {
        world.advance_secs(60);
        relay.relay_once().await.unwrap();
        world.outbox_rows().await == 0
    })
    .await;
    // The queues come back one after another, so an earlier event may be published after later ones, which wait for it.
    eventually("all events are applied", async || {
        world.inbox_worker().apply_once().await.unwrap();
        world.effects("case_1").await == (1..=35).collect::<Vec<_>>()
    })
    .await;
    assert_eq!(world.recorder.disorder(), 0);
    running.stop().await;
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_delivered_again_has_its_effect_once() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    let batch = world.intake().outgoing("case_1", Lane::Urgent, 10).await;
    let running = Running::consumer(&world, broker.settings());
    for _ in 0..3 {
        assert!(bus.publish(&batch).await.iter().all(Result::is_ok));
        all_are_applied(&world, "case_1", 10).await;
    }
    running.stop().await;
    // The broker counts only what nobody holds: a consumer that goes gives back what it did not acknowledge.
    let queue = broker.settings().lane_queue(Service::Triage, Lane::Urgent);
    eventually("a consumer that took everything leaves nothing behind", async || {
        let running = Running::consumer(&world, broker.settings());
        eventually("everything is taken", async || broker.depth(&queue).await == 0).await;
        running.stop().await;
        broker.depth(&queue).await == 0
    })
    .await;
    assert_eq!(world.effects("case_1").await, (1..=10).collect::<Vec<_>>());
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_event_is_set_aside_and_others_go_on() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    bus.ready(Service::Intake).await.unwrap();
    broker.put("triage.urgent", b"not for Flare", FieldTable::default()).await;
    broker.put_signed(Service::Intake, "/flare/intake", b"\xff\xff").await;
    broker.put_signed(Service::Intake, "/flare/postroom", b"").await;
    let batch = world.intake().outgoing("case_1", Lane::Urgent, 3).await;
    assert!(bus.publish(&batch).await.iter().all(Result::is_ok));

    let running = Running::consumer(&world, broker.settings());
    all_are_applied(&world, "case_1", 3).await;
    let aside = broker.settings().undecodable_queue(Service::Triage);
    eventually("both are set aside", async || broker.depth(&aside).await == 2).await;
    // Which of them is set aside first is nobody's promise.
    let mut bodies = [broker.get(&aside).await.unwrap().data, broker.get(&aside).await.unwrap().data];
    bodies.sort();
    assert_eq!(bodies, [b"".to_vec(), b"\xff\xff".to_vec()]);
    let queue = broker.settings().lane_queue(Service::Triage, Lane::Urgent);
    eventually("nothing is left", async || broker.depth(&queue).await == 0).await;
    running.stop().await;
    broker.clean().await;
}

/// Whoever may publish on the broker speaks for no service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_producer_did_not_sign_is_set_aside_and_the_true_event_still_comes() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    bus.ready(Service::Intake).await.unwrap();
    let copy = broker.copy_of("intake.urgent").await;
    let batch = world.intake().outgoing("case_1", Lane::Urgent, 2).await;
    assert!(bus.publish(&batch[..1]).await.iter().all(Result::is_ok));
    let genuine = broker.get(&copy).await.unwrap();
    let headers = genuine.properties.headers().clone().unwrap();
    let changed = |name: &str, value: AMQPValue| {
        let mut headers = headers.clone();
        headers.insert(name.into(), value);
        headers
    };

    // Each of them would be the second event of the case.
    let next = bus_message(&broker, &batch[1]);
    let mut unsigned = next.headers.clone();
    unsigned.insert(signature::HEADER.into(), AMQPValue::Void);
    let grants = AMQPValue::LongString("/flare/grants".into());
    let mut of_another = next.headers.clone();
    of_another.insert("cloudEvents:source".into(), grants);
    let mut body = next.body.clone();
    body.push(0);
    broker.put("intake.urgent", &next.body, unsigned).await;
    broker.put("intake.urgent", &next.body, of_another).await;
    broker.put("intake.urgent", &body, next.headers.clone()).await;
    broker.put("intake.urgent", &next.body, headers.clone()).await;
    broker.put("intake.urgent", &genuine.data, changed("cloudEvents:subject", AMQPValue::Void)).await;

    let running = Running::consumer(&world, broker.settings());
    let aside = broker.settings().undecodable_queue(Service::Triage);
    eventually("all five are set aside", async || broker.depth(&aside).await == 5).await;
    all_are_applied(&world, "case_1", 1).await;
    assert_eq!(world.inbox_rows().await, 0, "nothing waits that nobody signed");
    assert!(bus.publish(&batch[1..]).await.iter().all(Result::is_ok));
    all_are_applied(&world, "case_1", 2).await;
    assert_eq!(broker.depth(&aside).await, 5);
    running.stop().await;
    broker.clean().await;
}

struct Signed {
    headers: FieldTable,
    body: Vec<u8>,
}

/// An event as its producer would publish it.
fn bus_message(broker: &Broker, outgoing: &crate::Outgoing) -> Signed {
    let message = super::bus::message(broker.settings(), outgoing);
    Signed { headers: message.properties.headers().clone().unwrap(), body: message.body }
}

/// A database that refuses, as one does that is away.
struct Rename([&'static str; 2]);

impl Write for Rename {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let statement = match self.0 {
            ["inbox", _] => "ALTER TABLE inbox RENAME TO inbox_away",
            _ => "ALTER TABLE inbox_away RENAME TO inbox",
        };
        tx.execute(sql(statement)).await.map(drop)
    }
}

/// The broker counts how often it gives out a message; what is acknowledged before it is stored would be lost here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_does_not_take_the_broker_keeps() {
    let Some(broker) = Broker::find().await else { return };
    let (world, bus) = (World::sqlite().await, RabbitBus::new(broker.settings()));
    let batch = world.intake().outgoing("case_1", Lane::Urgent, 3).await;
    let queue = broker.settings().lane_queue(Service::Triage, Lane::Urgent);
    assert!(bus.publish(&batch).await.iter().all(Result::is_ok));
    world.inbox_database().write(Rename(["inbox", "inbox_away"])).await.unwrap();
    // More often than RabbitMQ 4 would give them out unless told otherwise.
    for _ in 0..25 {
        let running = Running::consumer(&world, broker.settings());
        eventually("all are taken", async || broker.depth(&queue).await == 0).await;
        running.stop().await;
        eventually("all are given back", async || broker.depth(&queue).await == 3).await;
    }
    world.inbox_database().write(Rename(["inbox_away", "inbox"])).await.unwrap();
    let running = Running::consumer(&world, broker.settings());
    all_are_applied(&world, "case_1", 3).await;
    running.stop().await;
    broker.clean().await;
}

/// An alarm on the broker blocks the connections that publish, their acknowledgements too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receiving_goes_on_while_publishing_is_blocked() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let proxy = Proxy::to(&rabbitmq_url().unwrap()).await;
    let settings = RabbitSettings { url: proxy.url.clone(), ..broker.settings().clone() };
    let bus = RabbitBus::new(&settings);
    bus.ready(Service::Intake).await.unwrap();
    proxy.stall_open_ones();
    let running = Running::consumer(&world, &settings);
    let batch = world.intake().outgoing("case_1", Lane::Critical, 20).await;
    let free = RabbitBus::new(broker.settings());
    assert!(free.publish(&batch).await.iter().all(Result::is_ok));
    let (blocked, ()) = tokio::join!(bus.publish(&batch), all_are_applied(&world, "case_1", 20));
    assert!(blocked.iter().all(|outcome| matches!(outcome, Err(PublishError::Away(_)))), "{blocked:?}");
    running.stop().await;
    broker.clean().await;
}

/// Class 60, method 20 of AMQP 0-9-1.
const BASIC_CONSUME: &[u8] = &[0, 60, 0, 20];

/// Where declaring works and receiving does not, every round would otherwise ask every producer for everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_gives_nothing_has_not_come_back() {
    let Some(broker) = Broker::find().await else { return };
    let world = World::sqlite().await;
    let proxy = Proxy::to(&rabbitmq_url().unwrap()).await;
    let settings = RabbitSettings { url: proxy.url.clone(), ..broker.settings().clone() };
    proxy.cut_before(BASIC_CONSUME);
    let mut missed = world.inbox_database().listen(Work::Missed);
    let running = Running::consumer(&world, &settings);
    eventually("it has tried three times", async || proxy.opened() >= 3).await;
    assert!(!missed.has_hint(), "nothing is asked for yet");
    proxy.cut_before(b"");
    eventually("it receives", async || missed.has_hint()).await;
    running.stop().await;
    broker.clean().await;
}

/// lapin's word for it is `Ok`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_refuses_is_not_published() {
    let Some(broker) = Broker::find().await else { return };
    let publisher = Publisher::new(broker.settings().clone(), "test".to_owned());
    publisher.ready().await.unwrap();
    broker.full_queue("full", 2).await;
    let message = |number: usize| Message {
        id: number.to_string(),
        exchange: broker.settings().events(),
        routing_key: "full".to_owned(),
        properties: BasicProperties::default(),
        body: Vec::new(),
    };
    for number in 0..2 {
        assert_eq!(publisher.publish(vec![message(number)]).await, [Ok(())]);
    }
    assert_eq!(publisher.publish(vec![message(2)]).await, [Err(PublishError::Refused)]);
    broker.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_has_a_queue_that_forgets_its_oldest_messages() {
    let Some(broker) = Broker::find().await else { return };
    let queues = RabbitApproverQueues::new(broker.settings().clone());
    let (staff, other) = (StaffId::random().unwrap(), StaffId::random().unwrap());
    let queue = broker.settings().approver_queue(staff);
    queues.ensure(staff).await.unwrap();
    queues.ensure(staff).await.unwrap();
    queues.publish(staff, "event_1", br#"{"specversion":"1.0","id":"event_1"}"#).await.unwrap();
    queues.publish(other, "event_2", b"{}").await.unwrap();
    let message = broker.get(&queue).await.unwrap();
    assert_eq!(message.data, br#"{"specversion":"1.0","id":"event_1"}"#);
    let content_type = message.properties.content_type().as_ref().unwrap().to_string();
    assert!(content_type.starts_with("application/cloudevents+json"), "{content_type}");
    assert!(broker.get(&queue).await.is_none(), "each sees their own only");

    broker.delete_queue(&queue).await;
    queues.publish(staff, "event_3", b"{}").await.unwrap();
    assert!(broker.get(&queue).await.is_some(), "a queue that the broker forgot is made anew");

    for number in 0..1010 {
        queues.publish(staff, &format!("many_{number}"), number.to_string().as_bytes()).await.unwrap();
    }
    eventually("the oldest are dropped", async || broker.depth(&queue).await == 1000).await;
    assert_eq!(broker.get(&queue).await.unwrap().data, b"10");
    for staff in [staff, other] {
        broker.delete_queue(&broker.settings().approver_queue(staff)).await;
    }
    broker.clean().await;
}
