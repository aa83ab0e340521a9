//! Logging in, and how long that lasts.

use std::time::Duration;

use flare_access::SessionCache as _;
use flare_messaging::{DueTimer, TimerHandler as _};
use flare_store::{Error, Tx, Write};
use tonic::{Code, transport::server::TcpConnectInfo};

use super::*;
use crate::{
    IdentityTimers,
    domain::{SessionKey, SessionView},
};

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

on_both_engines!(whoever_writes_to_the_cache_decides_nothing, crate::SCHEMA);
async fn whoever_writes_to_the_cache_decides_nothing(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let bea = world.enrolled("bea", &[Role::Officer]).await;
    let (amina, session) =
        (world.login("amina").await.unwrap().session, world.login("bea").await.unwrap().session);
    let refresh = |session: &[u8]| {
        let request = RefreshAccessRequest { session: session.to_vec() };
        let api = world.api.clone();
        async move { api.refresh_access(Request::new(request)).await.map(Response::into_inner) }
    };
    refresh(&amina).await.unwrap();
    refresh(&session).await.unwrap();
    let key = SessionKey::of(session.as_slice().try_into().unwrap());
    let own = world.cached(&session).await.unwrap();
    let admins = world.cached(&amina).await.unwrap();
    let forged = SessionView {
        staff: world.admin,
        roles: ADMIN.iter().copied().collect(),
        ends: world.clock.now().plus(flare_kernel::Duration::from_hours(1)),
        unlock_share: vec![1; 60],
    };
    let mut altered = own.clone();
    *altered.last_mut().unwrap() ^= 1;
    for entry in [admins, forged.to_bytes(), altered, Vec::new()] {
        world.cache.put(&key.cache_key(), entry, Duration::from_mins(1)).await;
        let fresh = refresh(&session).await.unwrap();
        let staff = world.verify(&fresh.access_token);
        assert_eq!((staff.id, staff.roles.codes()), (bea, vec![Role::Officer as i32]));
    }
    disable(&world, bea).await.unwrap();
    sandbox.advance(flare_kernel::Duration::from_secs(60));
    world.cache.put(&key.cache_key(), own, Duration::from_mins(1)).await;
    assert_eq!(refusal(refresh(&session).await), reason("SESSION_OVER"), "an entry has its time");
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

on_both_engines!(attempts_are_counted_by_name_and_place, crate::SCHEMA);
async fn attempts_are_counted_by_name_and_place(sandbox: Sandbox) {
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
    assert_eq!(refusal(world.api.enrol(Request::new(enrolment("cem"))).await), reason("TOO_MANY_ATTEMPTS"));
}

/// An attempt under a name from an address.
async fn attempt_from(world: &Founded, name: &str, from: &str, auth_key: [u8; 32]) -> Result<(), Status> {
    let mut request = Request::new(LoginRequest { name: name.to_owned(), auth_key: auth_key.to_vec() });
    let remote_addr = Some(format!("{from}:1").parse().unwrap());
    request.extensions_mut().insert(TcpConnectInfo { local_addr: None, remote_addr });
    world.api.login(request).await.map(drop)
}

on_both_engines!(a_stranger_who_guesses_keeps_nobody_out, crate::SCHEMA);
async fn a_stranger_who_guesses_keeps_nobody_out(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    while refusal(attempt_from(&world, "amina", "192.0.2.7", [0; 32]).await) == reason("BAD_LOGIN") {}
    let refused = attempt_from(&world, "amina", "192.0.2.7", AUTH_KEY).await;
    assert_eq!(refusal(refused), reason("TOO_MANY_ATTEMPTS"));
    attempt_from(&world, "amina", "192.0.2.8", AUTH_KEY).await.unwrap();

    let mut guesses = 0;
    for place in 10..30 {
        let from = format!("198.51.100.{place}");
        while refusal(attempt_from(&world, "amina", &from, [0; 32]).await) == reason("BAD_LOGIN") {
            guesses += 1;
        }
    }
    assert_eq!(guesses, 100 - 11, "a name has its limit too, wherever from");
}

on_both_engines!(a_session_is_shown_so_often_and_no_more, crate::SCHEMA);
async fn a_session_is_shown_so_often_and_no_more(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let session = world.login("amina").await.unwrap().session;
    let other = world.login("amina").await.unwrap().session;
    let refresh = async |session: &[u8]| {
        let request = RefreshAccessRequest { session: session.to_vec() };
        world.api.refresh_access(Request::new(request)).await
    };
    for _ in 0..600 {
        refresh(&session).await.unwrap();
    }
    assert_eq!(refusal(refresh(&session).await), reason("TOO_MANY_CALLS"));
    refresh(&other).await.unwrap();
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
