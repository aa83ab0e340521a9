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
    let given: Vec<_> = myself.teams.iter().map(|team| (team.team.as_str(), team.wrapped[0])).collect();
    // A wrap that may be junk takes no other's place: the person's device finds the one that opens.
    assert_eq!(given, [("finance", 6), ("triage", 6), ("triage", 7)]);
    assert_eq!(myself.staff.unwrap().teams, ["finance", "triage"]);
    let list = world.api.list_staff(Request::new(ListStaffRequest::default())).await.unwrap().into_inner();
    let teams: Vec<_> = list.staff.into_iter().map(|staff| staff.teams).collect();
    assert_eq!(teams, [vec![], vec!["finance".to_owned(), "triage".to_owned()]]);

    for once_more in 2..8 {
        let request = AdmitToTeamRequest { request_id: format!("mend-{once_more}"), ..mend.clone() };
        world.api.admit_to_team(by(world.admin, ADMIN, request)).await.unwrap();
    }
    let ninth = AdmitToTeamRequest { request_id: "mend-9".to_owned(), ..mend.clone() };
    let ninth = world.api.admit_to_team(by(world.admin, ADMIN, ninth)).await;
    assert_eq!(refusal(ninth), reason("ADMITTED_TOO_OFTEN"));

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
