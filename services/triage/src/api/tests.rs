//! The API, called as its server calls it.

use flare_access::Caller;
use flare_contracts::{
    Service,
    common::v1::Lane,
    grants::v1::CaseMoney,
    triage::v1::{AssessCaseRequest, Stage, triage_server::Triage as _},
};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::*;
use crate::fixtures::{World, by, nobodys_case, staff};

fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    let info = status.get_error_details().error_info().map(|info| info.reason.clone());
    (status.code(), info.unwrap_or_default())
}

async fn assess(world: &World, case: CaseId, key: &str, lane: Lane) -> AssessCaseRequest {
    AssessCaseRequest {
        request_id: key.to_owned(),
        case_id: case.to_string(),
        version: world.version(case).await,
        lane: lane.into(),
    }
}

on_both_engines!(a_repeated_call_gets_the_first_answer_and_another_is_refused, crate::SCHEMA);
async fn a_repeated_call_gets_the_first_answer_and_another_is_refused(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.acknowledged(1, Lane::Urgent).await;
    let request = assess(&world, case, "key", Lane::Critical).await;
    let first = world.api.assess_case(by(1, request.clone())).await.unwrap().into_inner();
    let version = world.version(case).await;
    let again = world.api.assess_case(by(1, request.clone())).await.unwrap().into_inner();
    assert_eq!((again, world.version(case).await), (first, version));
    let other = AssessCaseRequest { lane: Lane::Standard.into(), ..request.clone() };
    let reused = world.api.assess_case(by(1, other)).await;
    assert_eq!(reason(reused), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    // The same key is another key in another person's hands.
    let stale = world.api.assess_case(by(2, request.clone())).await;
    assert_eq!(reason(stale), (Code::Aborted, "STALE_VERSION".to_owned()));
    let unnamed = AssessCaseRequest { request_id: String::new(), ..request };
    assert_eq!(reason(world.api.assess_case(by(1, unnamed)).await).0, Code::InvalidArgument);
}

on_both_engines!(an_unknown_case_and_a_malformed_one_are_told_apart_from_nothing_else, crate::SCHEMA);
async fn an_unknown_case_and_a_malformed_one_are_told_apart_from_nothing_else(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let get = |case_id: &str| world.api.get_case(by(1, GetCaseRequest { case_id: case_id.to_owned() }));
    assert_eq!(reason(get(&nobodys_case()).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(reason(get("case_1").await).0, Code::InvalidArgument);
    let request =
        AssessCaseRequest { request_id: "key".to_owned(), case_id: nobodys_case(), version: 1, lane: 1 };
    assert_eq!(reason(world.api.assess_case(by(1, request)).await).0, Code::NotFound);
}

on_both_engines!(only_staff_see_cases_and_only_services_ask_who_does, crate::SCHEMA);
async fn only_staff_see_cases_and_only_services_ask_who_does(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.submitted(1, Lane::Urgent).await;
    let case_id = case.to_string();
    let bare = world.api.get_case(Request::new(GetCaseRequest { case_id: case_id.clone() })).await;
    assert_eq!(reason(bare), (Code::Unauthenticated, "NO_CREDENTIALS".to_owned()));
    let bare = world.api.list_queue(Request::new(ListQueueRequest::default())).await;
    assert_eq!(reason(bare).0, Code::Unauthenticated);

    let staff_ids = vec![staff(1).to_string(), staff(2).to_string()];
    let asked = |case_id: String| CanSeeRequest { case_id, staff_ids: staff_ids.clone() };
    let denied = world.api.can_see(by(1, asked(case_id.clone()))).await;
    assert_eq!(reason(denied), (Code::PermissionDenied, "NOT_ALLOWED".to_owned()));
    for (case_id, expected) in [(case_id, staff_ids.clone()), (nobodys_case(), Vec::new())] {
        let mut request = Request::new(asked(case_id));
        request.extensions_mut().insert(Caller::Service(Service::Notification));
        assert_eq!(world.api.can_see(request).await.unwrap().into_inner().staff_ids, expected);
    }
}

on_both_engines!(the_lists_are_served, crate::SCHEMA);
async fn the_lists_are_served(sandbox: Sandbox) {
    let world = World::new(sandbox);
    world.submitted(1, Lane::Urgent).await;
    let mine = world.acknowledged(2, Lane::Standard).await;
    let request = ListQueueRequest { page_size: 1, ..ListQueueRequest::default() };
    let queue = world.api.list_queue(by(1, request.clone())).await.unwrap().into_inner();
    let second = ListQueueRequest { page_token: queue.next_page_token.clone(), ..request };
    let second = world.api.list_queue(by(1, second)).await.unwrap().into_inner();
    assert_eq!((queue.cases.len(), &*second.cases[0].case_id), (1, &*mine.to_string()));
    let own = world.api.list_my_cases(by(1, ListMyCasesRequest::default())).await.unwrap().into_inner();
    assert_eq!((&own.cases, own.counts[0].cases), (&second.cases, 1));
    assert_eq!((queue.counts.len(), queue.counts[0].cases), (5, 2));
    let folded = |waits_for: i32| ListQueueRequest { waits_for, ..ListQueueRequest::default() };
    let asked = folded(WireWaitsFor::Requester.into());
    assert!(world.api.list_queue(by(1, asked)).await.unwrap().into_inner().cases.is_empty());
    assert_eq!(reason(world.api.list_queue(by(1, folded(9))).await).0, Code::InvalidArgument);
    let request = ListMatchesRequest { case_id: mine.to_string() };
    assert!(world.api.list_matches(by(1, request)).await.unwrap().into_inner().cases.is_empty());
}

on_both_engines!(a_case_is_found_by_its_codename, crate::SCHEMA);
async fn a_case_is_found_by_its_codename(sandbox: Sandbox) {
    let world = World::new(sandbox);
    for number in [1, 2] {
        let case = world.submitted(number, Lane::Urgent).await;
        let codename = world.read(case).await.summary.unwrap().codename;
        let found = world.api.find_case(by(1, FindCaseRequest { codename })).await.unwrap().into_inner();
        assert_eq!(found.case_id, case.to_string());
    }
    let find = |codename: &str| FindCaseRequest { codename: codename.to_owned() };
    let unknown = world.api.find_case(by(1, find("amber-kestrel-27"))).await;
    assert_eq!(reason(unknown), (Code::NotFound, "NOT_FOUND".to_owned()));
    for other in ["", "Amber Kestrel 27", "case_1"] {
        assert_eq!(reason(world.api.find_case(by(1, find(other))).await).0, Code::InvalidArgument, "{other}");
    }
    let bare = world.api.find_case(Request::new(find("amber-kestrel-27"))).await;
    assert_eq!(reason(bare).0, Code::Unauthenticated);
}

async fn pause(world: &World, case: CaseId, key: &str) -> PauseCaseRequest {
    PauseCaseRequest {
        request_id: key.to_owned(),
        case_id: case.to_string(),
        version: world.version(case).await,
        reason: "detained".to_owned(),
    }
}

on_both_engines!(money_stops_before_the_caller_is_answered, crate::SCHEMA);
async fn money_stops_before_the_caller_is_answered(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let case = world.assessing(1, Lane::Urgent).await;
    let request = pause(&world, case, "key").await;
    let reply = world.api.pause_case(by(1, request.clone())).await.unwrap().into_inner();
    assert!(reply.money_stopped);
    let state = reply.state.unwrap();
    assert_eq!((state.version, state.stage()), (world.version(case).await, Stage::Paused));
    assert_eq!(world.last_event(case).await.0, "MoneyStopped");
    let again = world.api.pause_case(by(1, request)).await.unwrap().into_inner();
    assert!(again.money_stopped);
    assert_eq!(world.grants.answers(), [CaseMoney::Held], "asked once");

    let request = ResumeCaseRequest {
        request_id: "resume".to_owned(),
        case_id: case.to_string(),
        version: state.version,
        reason: "safe_again".to_owned(),
    };
    let state = world.api.resume_case(by(2, request)).await.unwrap().into_inner();
    assert_eq!((state.version, state.stage()), (world.version(case).await, Stage::Assessing));
    let request = HoldCaseRequest {
        request_id: "hold".to_owned(),
        case_id: case.to_string(),
        version: state.version,
        reason: "inquiry".to_owned(),
    };
    let held = world.api.hold_case(by(2, request)).await.unwrap().into_inner();
    let request = WithdrawCaseRequest {
        request_id: "withdraw".to_owned(),
        case_id: case.to_string(),
        version: held.state.unwrap().version,
        reason: "too_dangerous".to_owned(),
    };
    assert!(world.api.withdraw_case(by(1, request)).await.unwrap().into_inner().money_stopped);
    assert_eq!(
        world.grants.answers(),
        [CaseMoney::Held, CaseMoney::Free, CaseMoney::Held, CaseMoney::Stopped]
    );
}

on_both_engines!(until_grants_answers_it_was_asked_to_stop, crate::SCHEMA);
async fn until_grants_answers_it_was_asked_to_stop(sandbox: Sandbox) {
    let world = World::new(sandbox);
    for (number, hangs) in [(1, false), (2, true)] {
        let case = world.assessing(number, Lane::Urgent).await;
        if hangs {
            world.grants.hang();
        } else {
            world.grants.refuse();
        }
        let request = pause(&world, case, &format!("key{number}")).await;
        let reply = world.api.pause_case(by(1, request.clone())).await.unwrap().into_inner();
        assert!(!reply.money_stopped);
        assert_eq!(reply.state.unwrap().stage(), Stage::Paused, "it is paused all the same");
        world.grants.answer();
        let again = world.api.pause_case(by(1, request)).await.unwrap().into_inner();
        assert!(again.money_stopped, "a repetition asks again");
    }
}
