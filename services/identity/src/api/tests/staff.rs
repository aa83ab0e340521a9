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
    let bea = world.enrolled("bea", &[Role::Officer]).await;
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

on_both_engines!(the_last_administrator_stays_even_when_two_act_at_once, crate::SCHEMA);
async fn the_last_administrator_stays_even_when_two_act_at_once(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    assert_eq!(refusal(disable(&world, world.admin).await), reason("LAST_ADMINISTRATOR"));
    let refused = set_roles(&world, world.admin, &[Role::Head], "demote").await;
    assert_eq!(refusal(refused), reason("LAST_ADMINISTRATOR"));
    // An invited administrator does not count: they may never come.
    let bea = invite(&world.identity, world.admin, "bea", ADMIN).await;
    assert_eq!(
        refusal(set_roles(&world, world.admin, &[Role::Head], "demote").await).0,
        "LAST_ADMINISTRATOR"
    );
    world.api.enrol(Request::new(enrolment("bea"))).await.unwrap();

    let (one, other) = tokio::join!(disable(&world, bea), disable(&world, world.admin));
    let refused: Vec<_> = [one, other].into_iter().filter(Result::is_err).collect();
    assert_eq!(refused.len(), 1, "exactly one of the two is left");
    let left =
        sandbox.database.fetch_all(sql("SELECT staff_id FROM staff WHERE state = 'active'")).await.unwrap();
    assert_eq!(left.len(), 1);
}
