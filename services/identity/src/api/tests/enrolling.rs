//! Inviting people, and their enrolment.

use flare_store::verify_chain;

use super::*;

on_both_engines!(people_are_invited_and_enrol_once, crate::SCHEMA);
async fn people_are_invited_and_enrol_once(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let id = invite(&world.identity, world.admin, "bea", &[Role::Approver]).await;

    let again = InviteStaffRequest {
        request_id: "invite-bea".to_owned(),
        invitation: Some(invitation("bea", &[Role::Approver])),
    };
    let reply = world.api.invite_staff(by(world.admin, ADMIN, again.clone())).await.unwrap().into_inner();
    assert_eq!(reply.staff_id, id.to_string(), "a repetition gets the first answer");
    let taken = InviteStaffRequest { request_id: "other".to_owned(), ..again };
    let refused = refusal(world.api.invite_staff(by(world.admin, ADMIN, taken)).await);
    assert_eq!(refused, ("NAME_TAKEN".to_owned(), vec!["name".to_owned()]));

    let wrong = EnrolRequest { code: "guess".to_owned(), ..enrolment("bea") };
    let unknown = enrolment("nobody");
    let no_name = EnrolRequest { name: "No Name".to_owned(), ..enrolment("bea") };
    for request in [wrong, unknown, no_name] {
        assert_eq!(refusal(world.api.enrol(Request::new(request)).await), reason("BAD_CODE"));
    }
    let request = enrolment("bea");
    let first = world.api.enrol(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(first.staff_id, id.to_string());
    assert_eq!(world.api.enrol(Request::new(request.clone())).await.unwrap().into_inner(), first);
    let second = EnrolRequest { request_id: "later".to_owned(), ..request.clone() };
    assert_eq!(
        refusal(world.api.enrol(Request::new(second)).await),
        reason("BAD_CODE"),
        "a code is good once"
    );

    let list = world.api.list_staff(Request::new(ListStaffRequest::default())).await.unwrap().into_inner();
    let bea = &list.staff[1];
    assert_eq!((bea.name.as_str(), bea.state, &bea.roles), ("bea", 2, &vec![Role::Approver as i32]));
    assert_eq!((&bea.encryption_key, &bea.signing_key), (&request.encryption_key, &request.signing_key));

    let told = events_after(&sandbox.database, &id.to_string(), 0, 10).await.unwrap();
    verify_chain(&told).unwrap();
    let told: Vec<_> = told.iter().map(|event| (event.kind.as_str(), event.actor.clone().unwrap())).collect();
    let expected = [
        ("flare.events.v1.StaffInvited", world.admin.to_string()),
        ("flare.events.v1.StaffEnrolled", id.to_string()),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_enrolment_that_breaks_a_rule_names_the_field() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let world = founded(&sandbox).await;
    let cases: [Change<EnrolRequest>; 9] = [
        (|r| r.request_id = "with space".to_owned(), "request_id"),
        (|r| r.code = "x".repeat(201), "code"),
        (|r| r.salt.push(0), "salt"),
        (|r| r.stretching = None, "stretching"),
        (|r| r.stretching.as_mut().unwrap().passes = 0, "stretching"),
        (|r| r.auth_key.clear(), "auth_key"),
        (|r| r.sealed_seed.push(0), "sealed_seed"),
        (|r| r.encryption_key.truncate(1215), "encryption_key"),
        (|r| r.signing_key = vec![2; 32], "signing_key"),
    ];
    for (index, (change, name)) in cases.into_iter().enumerate() {
        // A new name each time, for attempts are counted by name.
        let person = format!("person{index}");
        invite(&world.identity, world.admin, &person, &[Role::Officer]).await;
        let mut request = enrolment(&person);
        change(&mut request);
        assert_eq!(refusal(world.api.enrol(Request::new(request)).await), field(name));
        world.api.enrol(Request::new(enrolment(&person))).await.unwrap();
    }
}

on_both_engines!(two_people_cannot_sign_under_one_key, crate::SCHEMA);
async fn two_people_cannot_sign_under_one_key(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    invite(&world.identity, world.admin, "bea", &[Role::Approver]).await;
    invite(&world.identity, world.admin, "cem", &[Role::Approver]).await;
    let bea = enrolment("bea");
    let cem = EnrolRequest { signing_key: bea.signing_key.clone(), ..enrolment("cem") };
    world.api.enrol(Request::new(bea)).await.unwrap();
    let refused = refusal(world.api.enrol(Request::new(cem)).await);
    assert_eq!(refused, ("KEY_TAKEN".to_owned(), vec!["signing_key".to_owned()]));
}
