//! Whoever repeats a call gets the first answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flare_contracts::{
    Cause, Kind, Refusal,
    events::v1::{ReplayRequest, StreamHead},
};
use flare_store::{Database, Error, Once};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{count_up, counter, doing};

on_both_engines!(the_same_call_gets_the_first_answer_and_has_no_second_effect, crate::fixtures::SCHEMA);
on_both_engines!(other_content_under_the_same_key_is_refused, crate::fixtures::SCHEMA);
on_both_engines!(calls_at_once_share_one_effect, crate::fixtures::SCHEMA);
on_both_engines!(a_refused_call_may_be_repeated, crate::fixtures::SCHEMA);
on_both_engines!(another_caller_or_rpc_has_keys_of_its_own, crate::fixtures::SCHEMA);

fn request(request_id: &str, stream: &str) -> ReplayRequest {
    ReplayRequest { request_id: request_id.into(), stream: stream.into(), ..ReplayRequest::default() }
}

fn once(scope: &str, rpc: &'static str, request: &ReplayRequest) -> Once {
    Once::new(scope, rpc, &request.request_id, request).unwrap()
}

/// Counts up, and answers with the count.
async fn call(database: &Database, once: Once) -> Result<i64, Error> {
    let write = doing(|tx| {
        Box::pin(async move {
            let seq = count_up(tx, "a").await?;
            Ok(StreamHead { stream: "counted".into(), seq, ..StreamHead::default() })
        })
    });
    database.once(once, write).await.map(|answer| answer.seq)
}

async fn the_same_call_gets_the_first_answer_and_has_no_second_effect(sandbox: Sandbox) {
    let message = request("key", "case_1");
    for _ in 0..3 {
        assert_eq!(call(&sandbox.database, once("staff_1", "Rpc", &message)).await.unwrap(), 1);
    }
    assert_eq!(counter(&sandbox.database, "a").await, 1);
}

async fn other_content_under_the_same_key_is_refused(sandbox: Sandbox) {
    call(&sandbox.database, once("staff_1", "Rpc", &request("key", "case_1"))).await.unwrap();
    let reused = call(&sandbox.database, once("staff_1", "Rpc", &request("key", "case_2"))).await;
    match reused {
        Err(Error::Refused(refusal)) => {
            assert_eq!((refusal.kind, refusal.reason), (Kind::Reused, "REQUEST_ID_REUSED"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(counter(&sandbox.database, "a").await, 1);
}

async fn calls_at_once_share_one_effect(sandbox: Sandbox) {
    let message = request("key", "case_1");
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (database, once) = (sandbox.database.clone(), once("staff_1", "Rpc", &message));
            tokio::spawn(async move { call(&database, once).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(counter(&sandbox.database, "a").await, 1);
}

async fn a_refused_call_may_be_repeated(sandbox: Sandbox) {
    let message = request("key", "case_1");
    let calls = Arc::new(AtomicUsize::new(0));
    for answer in [None, Some(1), Some(1)] {
        let calls = Arc::clone(&calls);
        let write = doing(move |tx| {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                let seq = count_up(tx, "a").await?;
                if call == 0 {
                    return Err(Refusal::from(Cause::CaseClosed).into());
                }
                Ok(StreamHead { stream: "counted".into(), seq, ..StreamHead::default() })
            })
        });
        let outcome = sandbox.database.once(once("staff_1", "Rpc", &message), write).await;
        assert_eq!(outcome.ok().map(|answer| answer.seq), answer);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2, "the third got the answer of the second");
    assert_eq!(counter(&sandbox.database, "a").await, 1);
}

async fn another_caller_or_rpc_has_keys_of_its_own(sandbox: Sandbox) {
    let message = request("key", "case_1");
    for (expected, scope, rpc) in [(1, "staff_1", "Rpc"), (2, "staff_2", "Rpc"), (3, "staff_1", "Other")] {
        assert_eq!(call(&sandbox.database, once(scope, rpc, &message)).await.unwrap(), expected);
    }
}

#[test]
fn a_key_is_1_to_64_printable_characters() {
    for id in ["", "two words", "tab\t", "é", &"x".repeat(65)] {
        let refused = Once::new("staff_1", "Rpc", id, &request(id, "case_1")).unwrap_err();
        assert_eq!(refused.violations[0].field, "request_id", "{id:?}");
    }
    assert!(Once::new("staff_1", "Rpc", &"x".repeat(64), &request("", "case_1")).is_ok());
}
