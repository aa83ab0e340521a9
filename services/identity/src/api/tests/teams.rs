//! Teams and their keys.

use super::*;

on_both_engines!(members_get_the_keys_of_their_teams, crate::SCHEMA);
async fn members_get_the_keys_of_their_teams(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.enrolled("bea", &[Role::Officer]).await;
    assert_eq!(refusal(admit(&world, bea, "triage", 1).await), reason("STAFF_NOT_CERTIFIED"));
    let certificate = world.certificate(bea, &crate::fixtures::organisation()).await;
    world.api.certify_staff(by(world.admin, ADMIN, certificate)).await.unwrap();
    admit(&world, bea, "triage", 1).await.unwrap();
    admit(&world, bea, "finance", 1).await.unwrap();
    admit(&world, bea, "finance", 1).await.unwrap();
    let mend = AdmitToTeamRequest {
        request_id: "mend".to_owned(),
        staff_id: bea.to_string(),
        team: "triage".to_owned(),
        generation: 1,
        wrapped: vec![7; WRAPPED_LEN],
    };
    world.api.admit_to_team(by(world.admin, ADMIN, mend.clone())).await.unwrap();

    let myself =
        world.api.get_myself(by(bea, &[Role::Officer], GetMyselfRequest {})).await.unwrap().into_inner();
    let membership = |team: &str, byte| flare_contracts::identity::v1::TeamMembership {
        team: team.to_owned(),
        generation: 1,
        wrapped: vec![byte; WRAPPED_LEN],
    };
    assert_eq!(myself.teams, [membership("finance", 6), membership("triage", 7)]);
    assert_eq!(myself.staff.unwrap().teams, ["finance", "triage"]);
    let list = world.api.list_staff(Request::new(ListStaffRequest::default())).await.unwrap().into_inner();
    let teams: Vec<_> = list.staff.into_iter().map(|staff| staff.teams).collect();
    assert_eq!(teams, [vec![], vec!["finance".to_owned(), "triage".to_owned()]]);

    let mut refused = AdmitToTeamRequest { request_id: "x".to_owned(), generation: 2, ..mend };
    let mut attempt = |change: fn(&mut AdmitToTeamRequest)| {
        change(&mut refused);
        let request = by(world.admin, ADMIN, refused.clone());
        let api = world.api.clone();
        async move { refusal(api.admit_to_team(request).await) }
    };
    assert_eq!(attempt(|_| {}).await, field("generation"));
    assert_eq!(attempt(|r| r.generation = 0).await, field("generation"));
    assert_eq!(attempt(|r| (r.generation, r.team) = (1, "press".to_owned())).await, field("team"));
    assert_eq!(attempt(|r| (r.wrapped, r.team) = (vec![1], "triage".to_owned())).await, field("wrapped"));
    assert_eq!(attempt(|r| r.staff_id = "case_1".to_owned()).await, field("staff_id"));
}
