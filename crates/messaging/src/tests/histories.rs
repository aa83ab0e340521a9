//! A producer that was set back to a backup and tells another history than was applied.

use std::sync::Arc;

use async_trait::async_trait;
use flare_access::Caller;
use flare_contracts::{
    Service,
    events::v1::{
        ListQuarantinedRequest, LoggedEvent, ReplayRequest, StreamHead, event_log_server::EventLog as _,
    },
};
use flare_kernel::Lane;
use flare_store::EventRecord;
use tonic::Request;

use super::{World, on_both_engines};
use crate::{EventLogService, EventSource, Reconciler, SourceError, applied, has_quarantined};

on_both_engines!(
    another_event_under_a_known_number_is_kept_and_seen,
    of_two_events_of_one_number_one_has_its_effect_and_the_other_is_kept,
    what_does_not_follow_is_kept_though_its_number_is_next,
    a_producer_that_says_nothing_of_what_it_lost_is_asked,
    a_history_that_is_told_anew_has_the_effect_of_what_is_another,
    a_history_that_is_whole_again_has_no_effect_twice,
    what_an_earlier_version_applied_is_known_by_number_alone,
);

const DIFFERS: Option<&str> = Some("HISTORY_DIFFERS");

/// Three events of a stream that were applied.
async fn three_applied(world: &World, stream: &str) -> Vec<EventRecord> {
    let told = world.intake().log(stream, Lane::Urgent, 3).await;
    world.receive(&told).await;
    assert_eq!(world.effects(stream).await, [1, 2, 3]);
    told
}

/// Logs events of a stream that was set back to a backup.
async fn told_after(world: &World, stream: &str, backup: i64, events: usize) -> Vec<EventRecord> {
    world.intake().set_back(stream, backup).await;
    world.intake().log(stream, Lane::Urgent, events).await
}

/// Lets a stream be told anew, fetches it, and applies all there is.
async fn replay(world: &World, stream: &str) {
    let message = ReplayRequest {
        request_id: stream.to_owned(),
        consumer: "triage".into(),
        producer: "intake".into(),
        stream: stream.to_owned(),
    };
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::Service(Service::Triage));
    let answer = EventLogService::new(&world.roles()).replay(request).await.unwrap();
    assert!(answer.into_inner().released);
    world.reconciler().reconcile_once().await.unwrap();
    while world.inbox_worker().apply_once().await.unwrap() > 0 {}
}

/// The ids of what has been applied since this was asked last.
fn newly_applied(world: &World) -> Vec<String> {
    std::mem::take(&mut *world.recorder.events.lock().unwrap())
}

async fn another_event_under_a_known_number_is_kept_and_seen(world: &World) {
    let backups = [("case_first", 0), ("case_last", 2), ("case_middle", 1)];
    for (stream, backup) in backups {
        let told = three_applied(world, stream).await;
        let another = told_after(world, stream, backup, 1).await;
        assert_eq!(another[0].seq, backup + 1);
        assert!(!has_quarantined(world.inbox_database()).await.unwrap() || stream != "case_first");
        for _ in 0..2 {
            world.receive(&another).await;
            world.receive(&told).await;
        }
        assert_eq!(world.quarantine(stream).await.as_deref(), DIFFERS);
        assert_eq!(world.effects(stream).await, [1, 2, 3]);
    }
    assert_eq!(world.inbox_rows().await, 3, "each is kept once, and what came again is not");
    assert!(has_quarantined(world.inbox_database()).await.unwrap());
    three_applied(world, "case_other").await;

    let list = ListQuarantinedRequest { consumer: "triage".into(), page_size: 9, page_token: String::new() };
    let listed = EventLogService::new(&world.roles()).list_quarantined(Request::new(list)).await.unwrap();
    let listed = listed.into_inner().streams.into_iter().map(|found| (found.stream, found.seq));
    assert_eq!(listed.collect::<Vec<_>>(), backups.map(|(stream, backup)| (stream.to_owned(), backup + 1)));
}

async fn of_two_events_of_one_number_one_has_its_effect_and_the_other_is_kept(world: &World) {
    for through_the_inbox in [false, true] {
        let stream = if through_the_inbox { "case_kept" } else { "case_at_once" };
        let first = world.intake().log(stream, Lane::Urgent, 1).await;
        let lost = world.intake().log(stream, Lane::Urgent, 1).await;
        let another = told_after(world, stream, 1, 1).await;
        if through_the_inbox {
            world.insert(&[first, lost].concat()).await;
            while world.inbox_worker().apply_once().await.unwrap() > 0 {}
            world.insert(&another).await;
            while world.inbox_worker().apply_once().await.unwrap() > 0 {}
        } else {
            world.receive(&[first, another, lost].concat()).await;
        }
        assert_eq!(world.effects(stream).await, [1, 2]);
        assert_eq!(world.quarantine(stream).await.as_deref(), DIFFERS, "{stream}");
    }
    assert_eq!((world.inbox_rows().await, world.recorder.disorder()), (2, 0));
}

async fn what_does_not_follow_is_kept_though_its_number_is_next(world: &World) {
    three_applied(world, "case_1").await;
    let another = told_after(world, "case_1", 1, 4).await;
    // The bus lost what has a known number.
    world.receive(&another[2..]).await;
    assert_eq!(world.quarantine("case_1").await.as_deref(), DIFFERS);
    assert_eq!((world.effects("case_1").await, world.inbox_rows().await), (vec![1, 2, 3], 2));
}

async fn a_producer_that_says_nothing_of_what_it_lost_is_asked(world: &World) {
    let histories = [
        ("case_ends_otherwise", 2, 1, DIFFERS),
        ("case_gone", 0, 0, DIFFERS),
        ("case_goes_on_otherwise", 1, 3, DIFFERS),
        ("case_shorter", 1, 0, DIFFERS),
        ("case_whole", 3, 0, None),
        ("case_whole_and_more", 3, 2, None),
    ];
    for (stream, backup, more, _) in histories {
        three_applied(world, stream).await;
        told_after(world, stream, backup, more).await;
    }
    for _ in 0..2 {
        world.reconciler().reconcile_once().await.unwrap();
        while world.inbox_worker().apply_once().await.unwrap() > 0 {}
        for (stream, _, _, reason) in histories {
            assert_eq!(world.quarantine(stream).await.as_deref(), reason, "{stream}");
        }
    }
    assert_eq!(world.effects("case_goes_on_otherwise").await, [1, 2, 3]);
    assert_eq!(world.effects("case_whole_and_more").await, [1, 2, 3, 4, 5]);
}

async fn a_history_that_is_told_anew_has_the_effect_of_what_is_another(world: &World) {
    // What came of it, of what its producer tells now.
    for (stream, backup, more, came) in
        [("case_all_came", 1, 4, 0..4), ("case_some_came", 1, 4, 2..3), ("case_gone", 0, 0, 0..0)]
    {
        three_applied(world, stream).await;
        newly_applied(world);
        let another = told_after(world, stream, backup, more).await;
        world.receive(&another[came]).await;
        world.reconciler().reconcile_once().await.unwrap();
        assert_eq!(world.quarantine(stream).await.as_deref(), DIFFERS, "{stream}");
        assert_eq!(newly_applied(world), [""; 0]);

        replay(world, stream).await;
        assert_eq!(world.quarantine(stream).await, None, "{stream}");
        let expected: Vec<_> = another.iter().map(|event| event.event_id.clone()).collect();
        assert_eq!(
            newly_applied(world),
            expected,
            "all that is another, in order, and nothing that is the same"
        );
        let last = another.last().map_or(0, |event| event.seq);
        assert_eq!(applied(world.inbox_database(), Service::Intake, stream).await.unwrap(), last);

        let next = world.intake().log(stream, Lane::Urgent, 1).await;
        world.receive(&next).await;
        assert_eq!(newly_applied(world), [next[0].event_id.clone()], "it goes on");
        world.reconciler().reconcile_once().await.unwrap();
        assert_eq!(world.quarantine(stream).await, None, "{stream}");
    }
    assert_eq!(world.inbox_rows().await, 0);
}

/// A producer that was set up anew and has nothing.
struct Empty;

#[async_trait]
impl EventSource for Empty {
    async fn events_after(
        &self,
        _: Service,
        _: &str,
        _: i64,
        _: i32,
    ) -> Result<Vec<LoggedEvent>, SourceError> {
        Ok(Vec::new())
    }

    async fn stream_heads(&self, _: Service, _: &str, _: i32) -> Result<Vec<StreamHead>, SourceError> {
        Ok(Vec::new())
    }
}

async fn a_history_that_is_whole_again_has_no_effect_twice(world: &World) {
    three_applied(world, "case_1").await;
    let emptied = Reconciler::new(&world.triage_role(), Arc::new(Empty)).unwrap();
    assert_eq!(emptied.reconcile_once().await.unwrap(), 0);
    assert_eq!(world.quarantine("case_1").await.as_deref(), DIFFERS);
    newly_applied(world);

    let next = world.intake().log("case_1", Lane::Urgent, 1).await;
    replay(world, "case_1").await;
    assert_eq!(newly_applied(world), [next[0].event_id.clone()]);
    assert_eq!(world.effects("case_1").await, [1, 2, 3, 4]);
    assert_eq!((world.quarantine("case_1").await, world.recorder.disorder()), (None, 0));
}

async fn what_an_earlier_version_applied_is_known_by_number_alone(world: &World) {
    three_applied(world, "case_older").await;
    world.forget_hashes("case_older", 3).await;
    let next = told_after(world, "case_older", 1, 3).await;
    world.receive(&next).await;
    assert_eq!(world.quarantine("case_older").await, None, "nothing tells them apart");
    assert_eq!(world.effects("case_older").await, [1, 2, 3, 4]);

    three_applied(world, "case_old").await;
    world.forget_hashes("case_old", 2).await;
    newly_applied(world);
    let another = told_after(world, "case_old", 2, 1).await;
    world.receive(&another).await;
    assert_eq!(world.quarantine("case_old").await.as_deref(), DIFFERS);
    replay(world, "case_old").await;
    assert_eq!(newly_applied(world), [another[0].event_id.clone()], "what it applied has no effect twice");
}
