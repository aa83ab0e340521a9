//! Roles, and who may no longer come in.

use super::*;

async fn set_roles(world: &Founded, staff: StaffId, roles: &[Role], id: &str) -> Result<(), Status> {
    let request = SetRolesRequest {
        request_id: id.to_owned(),
        staff_id: staff.to_string(),
        roles: roles.iter().map(|role| *role as i32).collect(),
    };
    world.api.set_roles(by(world.admin, ADMIN, request)).await.map(drop)
}

on_both_engines!(whoever_is_disabled_is_out_at_once, crate::SCHEMA);
async fn whoever_is_disabled_is_out_at_once(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.enrolled("bea", &[Role::Officer]).await;
    let login = world.login("bea").await.unwrap();
    let refresh = || async {
        let request = RefreshAccessRequest { session: login.session.clone() };
        world.api.refresh_access(Request::new(request)).await
    };
    refresh().await.unwrap();
    disable(&world, bea).await.unwrap();
    assert!(world.cached(&login.session).await.is_none(), "the cache forgets with the act");
    assert_eq!(refusal(refresh().await), reason("SESSION_OVER"));
    assert_eq!(refusal(world.login("bea").await), reason("BAD_LOGIN"));
    disable(&world, bea).await.unwrap();
    let again = DisableStaffRequest {
        request_id: "again".to_owned(),
        staff_id: bea.to_string(),
        reason: "left".to_owned(),
    };
    assert_eq!(
        refusal(world.api.disable_staff(by(world.admin, ADMIN, again.clone())).await),
        reason("STAFF_DISABLED")
    );
    let words = DisableStaffRequest { reason: "she stole".to_owned(), ..again };
    assert_eq!(refusal(world.api.disable_staff(by(world.admin, ADMIN, words)).await), field("reason"));
    let refused = set_roles(&world, bea, &[Role::Head], "roles").await;
    assert_eq!(refusal(refused), reason("STAFF_DISABLED"));
    assert_eq!(refusal(admit(&world, bea, "triage", 1).await), reason("STAFF_NOT_ACTIVE"));
}

on_both_engines!(new_roles_show_at_the_next_refresh, crate::SCHEMA);
async fn new_roles_show_at_the_next_refresh(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.certified("bea", &[Role::Officer]).await;
    let session = world.login("bea").await.unwrap().session;
    let roles_now = || async {
        let request = RefreshAccessRequest { session: session.clone() };
        let fresh = world.api.refresh_access(Request::new(request)).await.unwrap().into_inner();
        world.verify(&fresh.access_token).roles.codes()
    };
    assert_eq!(roles_now().await, [Role::Officer as i32]);
    set_roles(&world, bea, &[Role::Head, Role::Approver], "one").await.unwrap();
    assert_eq!(roles_now().await, [Role::Head as i32, Role::Approver as i32]);
    set_roles(&world, bea, &[Role::Approver, Role::Head, Role::Head], "two").await.unwrap();
    let told = events_after(&sandbox.database, &bea.to_string(), 0, 10).await.unwrap();
    let kinds = told.iter().filter(|event| event.kind == "flare.events.v1.RolesSet").count();
    assert_eq!(kinds, 1, "roles that stay the same tell nothing");
    assert_eq!(refusal(set_roles(&world, bea, &[], "three").await), field("roles"));
    let unknown =
        SetRolesRequest { request_id: "four".to_owned(), staff_id: bea.to_string(), roles: vec![99] };
    assert_eq!(refusal(world.api.set_roles(by(world.admin, ADMIN, unknown)).await), field("roles"));
    let nobody = StaffId::random().unwrap();
    assert_eq!(refusal(set_roles(&world, nobody, &[Role::Head], "five").await), reason("NOT_FOUND"));
}

on_both_engines!(roles_that_decide_wait_for_the_certificate, crate::SCHEMA);
async fn roles_that_decide_wait_for_the_certificate(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.enrolled("bea", &[Role::Officer, Role::Approver]).await;
    let session = world.login("bea").await.unwrap().session;
    let roles_now = || async {
        let request = RefreshAccessRequest { session: session.clone() };
        let fresh = world.api.refresh_access(Request::new(request)).await.unwrap().into_inner();
        world.verify(&fresh.access_token).roles.codes()
    };
    assert_eq!(roles_now().await, [Role::Officer as i32], "an administrator alone makes no approver");

    let certify = |request| world.api.certify_staff(by(world.admin, ADMIN, request));
    let forged = world.certificate(bea, &flare_seal::OrganisationSeed::from_bytes([1; 32])).await;
    assert_eq!(refusal(certify(forged).await), field("certificate"));
    let true_one = world.certificate(bea, &crate::fixtures::organisation()).await;
    let short = CertifyStaffRequest { certificate: vec![1; 63], ..true_one.clone() };
    assert_eq!(refusal(certify(short).await), field("certificate"));
    let anothers = CertifyStaffRequest { staff_id: world.admin.to_string(), ..true_one.clone() };
    assert_eq!(refusal(certify(anothers).await), field("certificate"));
    assert_eq!(roles_now().await, [Role::Officer as i32]);

    certify(true_one.clone()).await.unwrap();
    assert_eq!(roles_now().await, [Role::Officer as i32, Role::Approver as i32]);
    let again = CertifyStaffRequest { request_id: "again".to_owned(), ..true_one.clone() };
    certify(again).await.unwrap();
    let told = events_after(&sandbox.database, &bea.to_string(), 0, 10).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|event| event.kind.rsplit('.').next().unwrap()).collect();
    assert_eq!(kinds, ["StaffInvited", "StaffEnrolled", "StaffCertified"]);
    let list = world.api.list_staff(Request::new(ListStaffRequest::default())).await.unwrap().into_inner();
    assert_eq!(list.staff[1].certificate, true_one.certificate);

    let cem = invite(&world.identity, world.admin, "cem", &[Role::Finance]).await;
    let early = CertifyStaffRequest { request_id: "c".to_owned(), staff_id: cem.to_string(), ..true_one };
    assert_eq!(refusal(certify(early).await), reason("STAFF_NOT_ACTIVE"));
}

on_both_engines!(the_last_administrator_stays_even_when_two_act_at_once, crate::SCHEMA);
async fn the_last_administrator_stays_even_when_two_act_at_once(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    assert_eq!(refusal(disable(&world, world.admin).await), reason("LAST_ADMINISTRATOR"));
    let refused = set_roles(&world, world.admin, &[Role::Admin, Role::Finance], "own").await;
    assert_eq!(refusal(refused), reason("OWN_ROLES"));
    // An invited administrator does not count: they may never come.
    let bea = invite(&world.identity, world.admin, "bea", ADMIN).await;
    assert_eq!(refusal(disable(&world, world.admin).await), reason("LAST_ADMINISTRATOR"));
    world.api.enrol(Request::new(enrolment("bea"))).await.unwrap();

    let (one, other) = tokio::join!(disable(&world, bea), disable(&world, world.admin));
    let refused: Vec<_> = [one, other].into_iter().filter(Result::is_err).collect();
    assert_eq!(refused.len(), 1, "exactly one of the two is left");
    let left =
        sandbox.database.fetch_all(sql("SELECT staff_id FROM staff WHERE state = 'active'")).await.unwrap();
    assert_eq!(left.len(), 1);
}
