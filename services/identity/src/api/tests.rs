use std::time::Duration;

use flare_contracts::common::v1::Role;
use flare_kernel::StaffId;
use flare_messaging::{DueTimer, TimerHandler as _};
use flare_seal::WRAPPED_LEN;
use flare_store::{Error, Tx, Write, events_after, sql, verify_chain};
use flare_testkit::{Sandbox, on_both_engines};
use identity_server::Identity as _;
use tonic::Code;

use super::*;
use crate::{
    IdentityTimers, SCHEMA,
    fixtures::{
        AUTH_KEY, CODE, Founded, SETUP_CODE, by, empty, enrolment, founded, founding, invitation, invite,
        refusal,
    },
};

/// What to break in a request, and the field that is named for it.
type Change<T> = (fn(&mut T), &'static str);

const ADMIN: &[Role] = &[Role::Admin];

fn reason(text: &str) -> (String, Vec<String>) {
    (text.to_owned(), Vec::new())
}

fn field(name: &str) -> (String, Vec<String>) {
    ("INVALID_FIELD".to_owned(), vec![name.to_owned()])
}

on_both_engines!(an_organisation_is_founded_once, crate::SCHEMA);
async fn an_organisation_is_founded_once(sandbox: Sandbox) {
    let (identity, ..) = empty(&sandbox);
    let api = IdentityApi::new(identity);
    assert_eq!(
        refusal(api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await),
        reason("NOT_FOUNDED")
    );
    let wrong = FoundOrganisationRequest { setup_code: "guessed".to_owned(), ..founding() };
    assert_eq!(refusal(api.found_organisation(Request::new(wrong)).await), reason("BAD_SETUP_CODE"));

    let request = founding();
    let first = api.found_organisation(Request::new(request.clone())).await.unwrap().into_inner();
    let again = api.found_organisation(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(first, again, "a repetition gets the first answer");
    let other = FoundOrganisationRequest { name: "Impostor".to_owned(), ..request.clone() };
    assert_eq!(refusal(api.found_organisation(Request::new(other.clone())).await).0, "REQUEST_ID_REUSED");
    let other = FoundOrganisationRequest { request_id: "found-2".to_owned(), ..other };
    assert_eq!(refusal(api.found_organisation(Request::new(other)).await), reason("ALREADY_FOUNDED"));

    let bundle = api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await.unwrap().into_inner();
    assert_eq!((bundle.organisation.as_str(), bundle.team_keys.len()), ("Beacon", 3));
    assert_eq!(
        (bundle.organisation_key, bundle.recovery_key),
        (request.organisation_key, request.recovery_key)
    );
    for new in request.team_keys {
        let key = new.key.unwrap();
        assert!(bundle.team_keys.contains(&key));
        let ask = GetTeamRecoveryRequest { team: key.team };
        let recovery = api.get_team_recovery(Request::new(ask)).await.unwrap().into_inner();
        assert_eq!((recovery.generation, recovery.wrapped_to_recovery), (1, new.wrapped_to_recovery));
    }
    let told = events_after(&sandbox.database, "organisation", 0, 10).await.unwrap();
    assert_eq!((told.len(), told[0].actor.as_deref()), (1, Some("system:setup")));
}

on_both_engines!(an_organisation_without_a_setup_code_is_not_founded, crate::SCHEMA);
async fn an_organisation_without_a_setup_code_is_not_founded(sandbox: Sandbox) {
    let (identity, ..) = empty(&sandbox);
    let identity = Arc::into_inner(identity).unwrap();
    let settings = crate::Settings { setup_code: None, ..identity.settings.clone() };
    let api = IdentityApi::new(Arc::new(Identity { settings, ..identity }));
    assert_eq!(refusal(api.found_organisation(Request::new(founding())).await), reason("BAD_SETUP_CODE"));
}

#[tokio::test]
async fn a_founding_that_breaks_a_rule_names_the_field() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let (identity, ..) = empty(&sandbox);
    let api = IdentityApi::new(identity);
    let cases: [Change<FoundOrganisationRequest>; 13] = [
        (|r| r.request_id.clear(), "request_id"),
        (|r| r.name = "x".repeat(81), "name"),
        (|r| r.organisation_key.truncate(31), "organisation_key"),
        (|r| r.recovery_key.truncate(100), "recovery_key"),
        (|r| r.team_keys.truncate(2), "team_keys"),
        (|r| r.team_keys[1] = r.team_keys[0].clone(), "team_keys[1].key.team"),
        (|r| r.team_keys[0].key.as_mut().unwrap().team = "press".to_owned(), "team_keys[0].key.team"),
        (|r| r.team_keys[0].key.as_mut().unwrap().generation = 2, "team_keys[0].key.generation"),
        (|r| r.team_keys[0].key.as_mut().unwrap().signature[0] ^= 1, "team_keys[0].key.signature"),
        (|r| r.team_keys[2].wrapped_to_recovery.truncate(32), "team_keys[2].wrapped_to_recovery"),
        (|r| r.administrator = None, "administrator"),
        (|r| r.administrator = Some(invitation("amina", &[Role::Officer])), "administrator.roles"),
        (|r| r.administrator.as_mut().unwrap().code_hash.clear(), "administrator.code_hash"),
    ];
    for (change, name) in cases {
        let mut request = founding();
        change(&mut request);
        assert_eq!(refusal(api.found_organisation(Request::new(request)).await), field(name));
    }
    // A key of one team shown as another's, signature and all.
    let mut swapped = founding();
    let public = swapped.team_keys[2].key.clone().unwrap().public_key;
    swapped.team_keys[0].key.as_mut().unwrap().public_key = public;
    let refused = refusal(api.found_organisation(Request::new(swapped)).await);
    assert_eq!(refused, field("team_keys[0].key.signature"));
    assert!(api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await.is_err(), "nothing was stored");
}

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

on_both_engines!(a_login_begins_a_session_that_gives_tokens, crate::SCHEMA);
async fn a_login_begins_a_session_that_gives_tokens(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let login = world.login("amina").await.unwrap();
    assert_eq!(login.sealed_seed, vec![4; 72]);
    assert_eq!((login.session.len(), login.unlock_share.len()), (32, 32));
    let staff = world.verify(&login.access_token);
    assert_eq!((staff.id, staff.roles), (world.admin, [Role::Admin].into_iter().collect()));
    let ends = input::timestamp_in(&login.session_ends.unwrap());
    assert_eq!(ends, world.clock.now().plus(flare_kernel::Duration::from_hours(12)));

    let refresh = || async {
        let request = RefreshAccessRequest { session: login.session.clone() };
        world.api.refresh_access(Request::new(request)).await.map(Response::into_inner)
    };
    for _ in 0..2 {
        let fresh = refresh().await.unwrap();
        assert_eq!(world.verify(&fresh.access_token).id, world.admin);
        assert_eq!(fresh.unlock_share, login.unlock_share, "the share is the session's, cached or not");
        assert!(world.cached(&login.session).await.is_some());
    }
    let cached = world.cached(&login.session).await.unwrap();
    let holds = |needle: &[u8]| cached.windows(needle.len()).any(|part| part == needle);
    assert!(!holds(&login.session) && !holds(&login.unlock_share), "no secret is cached in the clear");

    sandbox.advance(flare_kernel::Duration::from_hours(12));
    assert_eq!(refusal(refresh().await), reason("SESSION_OVER"));
}

on_both_engines!(a_session_that_was_ended_gives_nothing, crate::SCHEMA);
async fn a_session_that_was_ended_gives_nothing(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let session = world.login("amina").await.unwrap().session;
    let other = world.login("amina").await.unwrap().session;
    let refresh = |session: &[u8]| {
        let request = RefreshAccessRequest { session: session.to_vec() };
        let api = world.api.clone();
        async move { api.refresh_access(Request::new(request)).await }
    };
    refresh(&session).await.unwrap();
    for _ in 0..2 {
        let request = LogoutRequest { session: session.clone() };
        world.api.logout(Request::new(request)).await.unwrap();
        assert_eq!(refusal(refresh(&session).await), reason("SESSION_OVER"));
    }
    refresh(&other).await.unwrap();
    world.api.logout(Request::new(LogoutRequest { session: vec![1; 32] })).await.unwrap();
    assert_eq!(refusal(refresh(&[1; 32]).await), reason("SESSION_OVER"));
    assert_eq!(refusal(refresh(&[1; 31]).await), field("session"));
    let kept =
        sandbox.database.fetch_all(sql("SELECT unlock_share FROM sessions WHERE ended_at IS NOT NULL"));
    let kept = kept.await.unwrap();
    assert!(kept.len() == 1 && kept[0].bytes_or_null("unlock_share").unwrap().is_none());
}

on_both_engines!(nobody_learns_from_a_failed_login_who_exists, crate::SCHEMA);
async fn nobody_learns_from_a_failed_login_who_exists(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    invite(&world.identity, world.admin, "bea", &[Role::Officer]).await;
    let cem = world.enrolled("cem", &[Role::Officer]).await;
    disable(&world, cem).await.unwrap();

    let attempt = |name: &str, auth_key: [u8; 32]| {
        let request = LoginRequest { name: name.to_owned(), auth_key: auth_key.to_vec() };
        let api = world.api.clone();
        async move { api.login(Request::new(request)).await.unwrap_err() }
    };
    let wrong = attempt("amina", [8; 32]).await;
    assert_eq!(refusal::<()>(Err(wrong.clone())), reason("BAD_LOGIN"));
    for name in ["nobody", "bea", "cem", "No Name", ""] {
        let refused = attempt(name, AUTH_KEY).await;
        assert_eq!((refused.code(), refused.message()), (wrong.code(), wrong.message()), "{name}");
        assert_eq!(refused.details(), wrong.details(), "{name}");
    }

    let start = |name: &str| {
        let request = StartLoginRequest { name: name.to_owned() };
        let api = world.api.clone();
        async move { api.start_login(Request::new(request)).await.unwrap().into_inner() }
    };
    assert_eq!(start("amina").await.salt, vec![3; 16]);
    let (once, again, other) = (start("nobody").await, start("nobody").await, start("nobody2").await);
    assert_eq!(once, again, "an unknown name gets the same answer each time");
    assert_ne!(once.salt, other.salt);
    assert_eq!((once.salt.len(), once.stretching), (16, start("amina").await.stretching));
    assert_ne!(start("bea").await.salt, start("No Name").await.salt);
}

on_both_engines!(attempts_are_counted_by_name, crate::SCHEMA);
async fn attempts_are_counted_by_name(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    for name in ["amina", "nobody"] {
        for _ in 0..10 {
            let request = LoginRequest { name: name.to_owned(), auth_key: vec![0; 32] };
            assert_eq!(refusal(world.api.login(Request::new(request)).await), reason("BAD_LOGIN"));
        }
        let refused = world.login(name).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{name}");
        let wait = tonic_types::StatusExt::get_details_retry_info(&refused).unwrap().retry_delay.unwrap();
        assert!(wait <= Duration::from_secs(90), "{wait:?}");
    }
    world.enrolled("bea", &[Role::Officer]).await;
    world.login("bea").await.unwrap();
    sandbox.advance(flare_kernel::Duration::from_secs(15 * 60));
    world.login("amina").await.unwrap();

    invite(&world.identity, world.admin, "cem", &[Role::Officer]).await;
    for _ in 0..10 {
        let guess = EnrolRequest { code: "guess".to_owned(), ..enrolment("cem") };
        assert_eq!(refusal(world.api.enrol(Request::new(guess)).await), reason("BAD_CODE"));
    }
    assert_eq!(refusal(world.api.enrol(Request::new(enrolment("cem"))).await), reason("TOO_MANY_CALLS"));
}

async fn disable(world: &Founded, staff: StaffId) -> Result<Response<DisableStaffResponse>, Status> {
    let request_id = format!("disable-{staff}");
    let request =
        DisableStaffRequest { request_id, staff_id: staff.to_string(), reason: "lost_device".to_owned() };
    world.api.disable_staff(by(world.admin, ADMIN, request)).await
}

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

async fn admit(
    world: &Founded,
    staff: StaffId,
    team: &str,
    generation: u32,
) -> Result<Response<AdmitToTeamResponse>, Status> {
    let request = AdmitToTeamRequest {
        request_id: format!("admit-{team}-{generation}"),
        staff_id: staff.to_string(),
        team: team.to_owned(),
        generation,
        wrapped: vec![6; WRAPPED_LEN],
    };
    world.api.admit_to_team(by(world.admin, ADMIN, request)).await
}

on_both_engines!(members_get_the_keys_of_their_teams, crate::SCHEMA);
async fn members_get_the_keys_of_their_teams(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.enrolled("bea", &[Role::Officer]).await;
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

on_both_engines!(what_is_stored_opens_nothing, crate::SCHEMA);
async fn what_is_stored_opens_nothing(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let login = world.login("amina").await.unwrap();
    admit(&world, world.admin, "triage", 1).await.unwrap();
    let hash = flare_seal::auth_key_hash(&AUTH_KEY);
    let secrets: [&[u8]; 8] = [
        &login.session,
        &login.unlock_share,
        &hash,
        &AUTH_KEY,
        &[4; 72],
        &[6; WRAPPED_LEN],
        CODE.as_bytes(),
        SETUP_CODE.as_bytes(),
    ];
    for (table, columns) in [
        ("SELECT * FROM staff", ["code_hash", "auth_key_hash", "sealed_seed"].as_slice()),
        ("SELECT * FROM sessions", &["session_hash", "unlock_share"]),
        ("SELECT * FROM memberships", &["wrapped"]),
        ("SELECT * FROM events", &["payload"]),
        ("SELECT * FROM idempotency", &["fingerprint", "reply"]),
    ] {
        let rows = sandbox.database.fetch_all(sql(table)).await.unwrap();
        assert!(!rows.is_empty());
        for column in columns {
            for bytes in rows.iter().filter_map(|row| row.bytes_or_null(column).unwrap()) {
                for secret in secrets {
                    assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{table}: {column}");
                }
            }
        }
    }
}

struct Fire(DueTimer);

impl Write for Fire {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        IdentityTimers.fire(tx, &self.0).await
    }
}

on_both_engines!(sessions_are_few_and_go_when_their_time_has_passed, crate::SCHEMA);
async fn sessions_are_few_and_go_when_their_time_has_passed(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let count = || async {
        let rows = sandbox.database.fetch_all(sql("SELECT session_hash FROM sessions")).await.unwrap();
        rows.len()
    };
    for _ in 0..18 {
        sandbox.advance(flare_kernel::Duration::from_secs(100));
        world.login("amina").await.unwrap();
    }
    assert_eq!(count().await, 16);
    let timer = sandbox.database.fetch_all(sql("SELECT stream, kind, due FROM timers")).await.unwrap();
    let due = DueTimer {
        stream: timer[0].text("stream").unwrap(),
        kind: timer[0].text("kind").unwrap(),
        due: timer[0].timestamp("due").unwrap(),
    };
    assert_eq!((timer.len(), due.stream.as_str()), (1, world.admin.to_string().as_str()));
    sandbox.database.write(Fire(due.clone())).await.unwrap();
    assert_eq!(count().await, 16, "none is over yet");
    sandbox.advance(flare_kernel::Duration::from_hours(12));
    sandbox
        .database
        .write(Fire(DueTimer { kind: "of another version".to_owned(), ..due.clone() }))
        .await
        .unwrap();
    assert_eq!(count().await, 16);
    sandbox.database.write(Fire(due)).await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn whoever_acts_must_be_known() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let world = founded(&sandbox).await;
    assert_eq!(
        refusal(world.api.get_myself(Request::new(GetMyselfRequest {})).await),
        reason("NO_CREDENTIALS")
    );
    let invite = InviteStaffRequest::default();
    assert_eq!(refusal(world.api.invite_staff(Request::new(invite)).await), reason("NO_CREDENTIALS"));
}

#[tokio::test]
async fn the_verification_key_is_the_one_tokens_name() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let world = founded(&sandbox).await;
    let keys = world
        .api
        .get_verification_keys(Request::new(GetVerificationKeysRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(keys.keys.len(), 1);
    assert_eq!(keys.keys[0].public_key, world.identity.verification_keys()[0]);
    assert_eq!(keys.keys[0].key_id.len(), 16);
}
