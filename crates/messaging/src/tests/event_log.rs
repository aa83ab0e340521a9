//! The gRPC service, called directly and through its client.

use flare_access::Caller;
use flare_contracts::{
    Service,
    events::v1::{
        EventsAfterRequest, ListEventsRequest, ListQuarantinedRequest, ReplayRequest, StreamHeadsRequest,
        event_log_server::{EventLog as _, EventLogServer},
    },
};
use flare_kernel::Lane;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use super::{World, on_both_engines};
use crate::{EventLogService, EventSource as _, RemoteEventSource, SourceError, cursor::TRIES};

on_both_engines!(
    a_history_is_read_page_by_page,
    a_quarantined_stream_is_listed_and_replayed_once_for_each_call,
    the_log_of_another_process_is_read_over_grpc,
    bad_input_names_the_field_and_changes_nothing,
);

fn called<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::Service(Service::Triage));
    request
}

async fn a_history_is_read_page_by_page(world: &World) {
    world.intake().log("case_1", Lane::Urgent, 7).await;
    let log = EventLogService::new(&world.roles());
    let (mut page_token, mut seen) = (String::new(), Vec::new());
    loop {
        let list = ListEventsRequest {
            producer: "intake".into(),
            stream: "case_1".into(),
            page_size: 3,
            page_token,
        };
        let page = log.list_events(Request::new(list)).await.unwrap().into_inner();
        assert!(page.events.len() <= 3);
        seen.extend(page.events.iter().map(|event| event.seq));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}

async fn a_quarantined_stream_is_listed_and_replayed_once_for_each_call(world: &World) {
    let worker = world.inbox_worker();
    for stream in ["case_a", "case_b"] {
        let events = world.intake().log(stream, Lane::Urgent, 2).await;
        world.insert(&events).await;
    }
    world.recorder.refuses.lock().unwrap().insert(2);
    for _ in 0..=TRIES {
        while worker.apply_once().await.unwrap() > 0 {}
        world.advance_secs(60);
    }
    let log = EventLogService::new(&world.roles());
    let list = |page_token| ListQuarantinedRequest { consumer: "triage".into(), page_size: 1, page_token };
    let first = log.list_quarantined(Request::new(list(String::new()))).await.unwrap().into_inner();
    let second = log.list_quarantined(Request::new(list(first.next_page_token))).await.unwrap().into_inner();
    assert_eq!(second.next_page_token, "");
    let found: Vec<_> = first.streams.iter().chain(&second.streams).collect();
    let shown: Vec<_> =
        found.iter().map(|found| (&*found.producer, &*found.stream, found.seq, &*found.reason)).collect();
    assert_eq!(shown, [("intake", "case_a", 2, "TOLD_TO_REFUSE"), ("intake", "case_b", 2, "TOLD_TO_REFUSE")]);
    assert!(found.iter().all(|found| found.since.is_some()));

    world.recorder.refuses.lock().unwrap().clear();
    let replay = |request_id: &str| ReplayRequest {
        request_id: request_id.into(),
        consumer: "triage".into(),
        producer: "intake".into(),
        stream: "case_a".into(),
    };
    for _ in 0..2 {
        let answer = log.replay(called(replay("one"))).await.unwrap().into_inner();
        assert!(answer.released, "the same call gets the same answer");
    }
    let again = log.replay(called(replay("two"))).await.unwrap().into_inner();
    assert!(!again.released, "another call finds nothing to release");
    while worker.apply_once().await.unwrap() > 0 {}
    assert_eq!(world.effects("case_a").await, [1, 2]);
    assert_eq!(world.effects("case_b").await, [1], "only the one that was named");
}

async fn the_log_of_another_process_is_read_over_grpc(world: &World) {
    let events = world.intake().log("case_1", Lane::Critical, 3).await;
    world.intake().log("case_2", Lane::Critical, 1).await;
    let server = EventLogServer::new(EventLogService::new(&[world.intake_role()]));
    let source = RemoteEventSource::new([(Service::Intake, server.clone()), (Service::Grants, server)]);
    let after = source.events_after(Service::Intake, "case_1", 1, 10).await.unwrap();
    assert_eq!(after, events[1..].iter().map(crate::bus::logged).collect::<Vec<_>>());
    let heads = source.stream_heads(Service::Intake, "case_1", 10).await.unwrap();
    assert_eq!(heads.iter().map(|head| (&*head.stream, head.seq)).collect::<Vec<_>>(), [("case_2", 1)]);

    let refused = source.events_after(Service::Grants, "case_1", 0, 10).await;
    assert!(matches!(refused, Err(SourceError::Call { producer: Service::Grants, .. })), "{refused:?}");
    let unknown = source.events_after(Service::Identity, "case_1", 0, 10).await;
    assert!(matches!(unknown, Err(SourceError::Unknown(Service::Identity))), "{unknown:?}");
}

fn field_of(status: &tonic::Status) -> String {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations.into_iter().map(|violation| violation.field).collect::<Vec<_>>().join(",")
}

async fn bad_input_names_the_field_and_changes_nothing(world: &World) {
    let log = EventLogService::new(&world.roles());
    let after = EventsAfterRequest { producer: "intake".into(), stream: "case_1".into(), seq: 0, limit: 0 };
    let cases = [
        (EventsAfterRequest { producer: "postroom".into(), ..after.clone() }, "producer"),
        (EventsAfterRequest { producer: "grants".into(), ..after.clone() }, "producer"),
        (EventsAfterRequest { stream: String::new(), ..after.clone() }, "stream"),
        (EventsAfterRequest { stream: "x".repeat(129), ..after.clone() }, "stream"),
        (EventsAfterRequest { seq: -1, ..after.clone() }, "seq"),
        (EventsAfterRequest { limit: 501, ..after.clone() }, "limit"),
        (EventsAfterRequest { limit: -1, ..after }, "limit"),
    ];
    for (message, field) in cases {
        let refused = log.events_after(Request::new(message)).await.unwrap_err();
        assert_eq!(field_of(&refused), field);
    }
    let heads = StreamHeadsRequest { producer: "intake".into(), after: String::new(), limit: 5001 };
    assert_eq!(field_of(&log.stream_heads(Request::new(heads)).await.unwrap_err()), "limit");

    for page_token in ["?", "LTE", "YWJj", "MR8x"] {
        let list = ListEventsRequest {
            producer: "intake".into(),
            stream: "case_1".into(),
            page_size: 0,
            page_token: page_token.into(),
        };
        assert_eq!(
            field_of(&log.list_events(Request::new(list)).await.unwrap_err()),
            "page_token",
            "{page_token}"
        );
    }
    let list =
        ListQuarantinedRequest { consumer: "triage".into(), page_size: 501, page_token: String::new() };
    assert_eq!(field_of(&log.list_quarantined(Request::new(list)).await.unwrap_err()), "page_size");

    let replay = ReplayRequest {
        request_id: "id".into(),
        consumer: "triage".into(),
        producer: "intake".into(),
        stream: "case_1".into(),
    };
    let anonymous = log.replay(Request::new(replay.clone())).await.unwrap_err();
    assert_eq!(anonymous.code(), Code::Unauthenticated);
    let unnamed = log.replay(called(ReplayRequest { request_id: String::new(), ..replay.clone() })).await;
    assert_eq!(field_of(&unnamed.unwrap_err()), "request_id");
    assert!(
        !log.replay(called(replay.clone())).await.unwrap().into_inner().released,
        "nothing was quarantined"
    );
    let reused = log.replay(called(ReplayRequest { stream: "case_2".into(), ..replay })).await.unwrap_err();
    assert_eq!(reused.code(), Code::AlreadyExists);
}
