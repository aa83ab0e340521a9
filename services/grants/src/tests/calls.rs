//! What every call has in common: repetitions, versions, unknown ids, callers.

use flare_contracts::grants::v1::{
    DraftGrantRequest, GetGrantRequest, SubmitGrantRequest, grants_server::Grants as _,
};
use flare_kernel::GrantId;
use flare_testkit::{Sandbox, on_both_engines};
use tonic::{Code, Request};

use crate::{
    domain::samples::{APPROVERS, GRANT, OFFICER, PROPOSER},
    fixtures::{World, by, fields, refused},
};

on_both_engines!(a_repetition_gets_the_first_answer_and_happens_once, crate::SCHEMA);
async fn a_repetition_gets_the_first_answer_and_happens_once(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let mut request = world.draft_request(GRANT);
    let first = world.api.draft_grant(by(PROPOSER, request.clone())).await.unwrap().into_inner();
    // Sealing draws afresh each time: another ciphertext and commitment of the same text is the same call.
    for field in &mut request.terms.as_mut().unwrap().sealed {
        field.ciphertext[0] ^= 1;
        field.commitment[0] ^= 1;
    }
    let again = world.api.draft_grant(by(PROPOSER, request.clone())).await.unwrap().into_inner();
    assert_eq!(again, first);
    assert_eq!(world.history().await, ["GrantDrafted"]);
    request.terms.as_mut().unwrap().end = "2027-02-27".into();
    let status = refused(world.api.draft_grant(by(PROPOSER, request)).await, "REQUEST_ID_REUSED");
    assert_eq!(fields(&status), ["request_id"]);
}

on_both_engines!(two_people_may_use_one_request_id, crate::SCHEMA);
async fn two_people_may_use_one_request_id(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let request = |id| DraftGrantRequest { request_id: "same".into(), ..world.draft_request(id) };
    world.api.draft_grant(by(PROPOSER, request(GRANT))).await.unwrap();
    world.api.draft_grant(by(OFFICER, request(GrantId::from_bytes([2; 16])))).await.unwrap();
}

on_both_engines!(a_stale_version_is_refused, crate::SCHEMA);
async fn a_stale_version_is_refused(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    world.draft().await.unwrap();
    world.show("", "phone").await.unwrap();
    let submit = |version| {
        let request =
            SubmitGrantRequest { request_id: world.request_id(), grant_id: GRANT.to_string(), version };
        world.api.submit_grant(by(PROPOSER, request))
    };
    let status = refused(submit(1).await, "STALE_VERSION");
    assert_eq!((status.code(), fields(&status)), (Code::Aborted, vec!["version".to_owned()]));
    assert_eq!(fields(&submit(0).await.unwrap_err()), ["version"]);
    submit(2).await.unwrap();
}

on_both_engines!(an_unknown_grant_is_not_found, crate::SCHEMA);
async fn an_unknown_grant_is_not_found(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let grant_id = GRANT.to_string();
    let get = GetGrantRequest { grant_id: grant_id.clone() };
    let status = refused(world.api.get_grant(by(PROPOSER, get)).await, "NOT_FOUND");
    assert_eq!(status.code(), Code::NotFound);
    let submit = SubmitGrantRequest { request_id: world.request_id(), grant_id, version: 1 };
    refused(world.api.submit_grant(by(PROPOSER, submit)).await, "NOT_FOUND");
    let rows =
        world.sandbox.database.fetch_all(flare_store::sql("SELECT stream FROM streams WHERE seq = 0")).await;
    let grants = rows.unwrap().iter().filter(|row| row.text("stream").unwrap().starts_with("grant_")).count();
    assert_eq!(grants, 0, "asking for it did not begin it");
    let wrong = GetGrantRequest { grant_id: "case_1".into() };
    assert_eq!(fields(&world.api.get_grant(by(PROPOSER, wrong)).await.unwrap_err()), ["grant_id"]);
}

on_both_engines!(nobody_calls_without_credentials, crate::SCHEMA);
async fn nobody_calls_without_credentials(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let request = Request::new(world.draft_request(GRANT));
    refused(world.api.draft_grant(request).await, "NO_CREDENTIALS");
    let get = Request::new(GetGrantRequest { grant_id: GRANT.to_string() });
    refused(world.api.get_grant(get).await, "NO_CREDENTIALS");
}

on_both_engines!(the_history_of_a_grant_holds, crate::SCHEMA);
async fn the_history_of_a_grant_holds(sandbox: Sandbox) {
    let world = World::active(sandbox).await;
    let events =
        flare_store::events_after(&world.sandbox.database, &GRANT.to_string(), 0, 500).await.unwrap();
    flare_store::verify_chain(&events).unwrap();
    let voters: Vec<_> = events
        .iter()
        .filter(|event| event.kind.ends_with("VoteCast"))
        .filter_map(|event| event.actor.clone())
        .collect();
    assert_eq!(voters, [APPROVERS[0].to_string(), APPROVERS[1].to_string()]);
}
