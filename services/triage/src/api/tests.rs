//! The API, called as its server calls it.

use flare_access::Caller;
use flare_contracts::{
    Producer,
    common::v1::Lane,
    grants::v1::CaseMoney,
    triage::v1::{Stage, triage_server::Triage as _},
};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::*;
use crate::fixtures::{Desk, by, nobodys_case, staff};

fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    let info = status.get_error_details().error_info().map(|info| info.reason.clone());
    (status.code(), info.unwrap_or_default())
}

async fn assess(desk: &Desk, case: CaseId, key: &str, lane: Lane) -> AssessCaseRequest {
    AssessCaseRequest {
        request_id: key.to_owned(),
        case_id: case.to_string(),
        version: desk.version(case).await,
        lane: lane.into(),
    }
}

on_both_engines!(a_repeated_call_gets_the_first_answer_and_another_is_refused, crate::SCHEMA);
async fn a_repeated_call_gets_the_first_answer_and_another_is_refused(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.acknowledged(1, Lane::Urgent).await;
    let request = assess(&desk, case, "key", Lane::Critical).await;
    let first = desk.api.assess_case(by(1, request.clone())).await.unwrap().into_inner();
    let version = desk.version(case).await;
    let again = desk.api.assess_case(by(1, request.clone())).await.unwrap().into_inner();
    assert_eq!((again, desk.version(case).await), (first, version));
    let other = AssessCaseRequest { lane: Lane::Standard.into(), ..request.clone() };
    let reused = desk.api.assess_case(by(1, other)).await;
    assert_eq!(reason(reused), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    // The same key is another key in another person's hands.
    let stale = desk.api.assess_case(by(2, request.clone())).await;
    assert_eq!(reason(stale), (Code::Aborted, "STALE_VERSION".to_owned()));
    let unnamed = AssessCaseRequest { request_id: String::new(), ..request };
    assert_eq!(reason(desk.api.assess_case(by(1, unnamed)).await).0, Code::InvalidArgument);
}

on_both_engines!(an_unknown_case_and_a_malformed_one_are_told_apart_from_nothing_else, crate::SCHEMA);
async fn an_unknown_case_and_a_malformed_one_are_told_apart_from_nothing_else(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let get = |case_id: &str| desk.api.get_case(by(1, GetCaseRequest { case_id: case_id.to_owned() }));
    assert_eq!(reason(get(&nobodys_case()).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(reason(get("case_1").await).0, Code::InvalidArgument);
    let request =
        AssessCaseRequest { request_id: "key".to_owned(), case_id: nobodys_case(), version: 1, lane: 1 };
    assert_eq!(reason(desk.api.assess_case(by(1, request)).await).0, Code::NotFound);
}

on_both_engines!(only_staff_see_cases_and_only_services_ask_who_does, crate::SCHEMA);
async fn only_staff_see_cases_and_only_services_ask_who_does(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.submitted(1, Lane::Urgent).await;
    let case_id = case.to_string();
    let bare = desk.api.get_case(Request::new(GetCaseRequest { case_id: case_id.clone() })).await;
    assert_eq!(reason(bare), (Code::Unauthenticated, "NO_CREDENTIALS".to_owned()));
    let bare = desk.api.list_queue(Request::new(ListQueueRequest::default())).await;
    assert_eq!(reason(bare).0, Code::Unauthenticated);

    let staff_ids = vec![staff(1).to_string(), staff(2).to_string()];
    let asked = |case_id: String| CanSeeRequest { case_id, staff_ids: staff_ids.clone() };
    let denied = desk.api.can_see(by(1, asked(case_id.clone()))).await;
    assert_eq!(reason(denied), (Code::PermissionDenied, "NOT_ALLOWED".to_owned()));
    for (case_id, expected) in [(case_id, staff_ids.clone()), (nobodys_case(), Vec::new())] {
        let mut request = Request::new(asked(case_id));
        request.extensions_mut().insert(Caller::Service(Producer::Notification));
        assert_eq!(desk.api.can_see(request).await.unwrap().into_inner().staff_ids, expected);
    }
}

on_both_engines!(the_lists_are_served, crate::SCHEMA);
async fn the_lists_are_served(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    desk.submitted(1, Lane::Urgent).await;
    let mine = desk.acknowledged(2, Lane::Standard).await;
    let request = ListQueueRequest { page_size: 1, page_token: String::new() };
    let queue = desk.api.list_queue(by(1, request)).await.unwrap().into_inner();
    let second = ListQueueRequest { page_size: 1, page_token: queue.next_page_token };
    let second = desk.api.list_queue(by(1, second)).await.unwrap().into_inner();
    assert_eq!((queue.cases.len(), &*second.cases[0].case_id), (1, &*mine.to_string()));
    assert_eq!(second.cases[0].codename, flare_kernel::codename(mine));
    let own = desk.api.list_my_cases(by(1, ListMyCasesRequest::default())).await.unwrap().into_inner();
    assert_eq!(own.cases, second.cases);
    let request = ListMatchesRequest { case_id: mine.to_string() };
    assert!(desk.api.list_matches(by(1, request)).await.unwrap().into_inner().cases.is_empty());
}

async fn pause(desk: &Desk, case: CaseId, key: &str) -> PauseCaseRequest {
    PauseCaseRequest {
        request_id: key.to_owned(),
        case_id: case.to_string(),
        version: desk.version(case).await,
        reason: "detained".to_owned(),
    }
}

on_both_engines!(money_stops_before_the_caller_is_answered, crate::SCHEMA);
async fn money_stops_before_the_caller_is_answered(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let case = desk.assessing(1, Lane::Urgent).await;
    let request = pause(&desk, case, "key").await;
    let reply = desk.api.pause_case(by(1, request.clone())).await.unwrap().into_inner();
    assert!(reply.money_stopped);
    let state = reply.state.unwrap();
    assert_eq!((state.version, state.stage()), (desk.version(case).await, Stage::Paused));
    assert_eq!(desk.last_event(case).await.0, "MoneyStopped");
    let again = desk.api.pause_case(by(1, request)).await.unwrap().into_inner();
    assert!(again.money_stopped);
    assert_eq!(desk.grants.answers(), [CaseMoney::Held], "asked once");

    let request = ResumeCaseRequest {
        request_id: "resume".to_owned(),
        case_id: case.to_string(),
        version: state.version,
        reason: "safe_again".to_owned(),
    };
    let state = desk.api.resume_case(by(2, request)).await.unwrap().into_inner();
    assert_eq!((state.version, state.stage()), (desk.version(case).await, Stage::Assessing));
    let request = HoldCaseRequest {
        request_id: "hold".to_owned(),
        case_id: case.to_string(),
        version: state.version,
        reason: "inquiry".to_owned(),
    };
    let held = desk.api.hold_case(by(2, request)).await.unwrap().into_inner();
    let request = WithdrawCaseRequest {
        request_id: "withdraw".to_owned(),
        case_id: case.to_string(),
        version: held.state.unwrap().version,
        reason: "too_dangerous".to_owned(),
    };
    assert!(desk.api.withdraw_case(by(1, request)).await.unwrap().into_inner().money_stopped);
    assert_eq!(
        desk.grants.answers(),
        [CaseMoney::Held, CaseMoney::Free, CaseMoney::Held, CaseMoney::Stopped]
    );
}

on_both_engines!(until_grants_answers_it_was_asked_to_stop, crate::SCHEMA);
async fn until_grants_answers_it_was_asked_to_stop(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    for (number, hangs) in [(1, false), (2, true)] {
        let case = desk.assessing(number, Lane::Urgent).await;
        if hangs {
            desk.grants.hang();
        } else {
            desk.grants.refuse();
        }
        let request = pause(&desk, case, &format!("key{number}")).await;
        let reply = desk.api.pause_case(by(1, request.clone())).await.unwrap().into_inner();
        assert!(!reply.money_stopped);
        assert_eq!(reply.state.unwrap().stage(), Stage::Paused, "it is paused all the same");
        desk.grants.answer();
        let again = desk.api.pause_case(by(1, request)).await.unwrap().into_inner();
        assert!(again.money_stopped, "a repetition asks again");
    }
}
