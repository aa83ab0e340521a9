use flare_contracts::{
    common::v1::Lane,
    events::v1::{self as events, grants_event, intake_event, triage_event},
    notification::v1::ListInboxRequest,
};
use flare_store::{events_after, verify_chain};
use flare_testkit::{Sandbox, on_both_engines};

use super::*;
use crate::fixtures::{
    APPROVER, FINANCE, HEAD, OFFICER, OTHER_APPROVER, OTHER_OFFICER, World, acknowledged, case, enrolled,
    grant, id, submitted, to_the_votes, voted, wrote,
};

on_both_engines!(a_request_reaches_everyone_who_could_take_it_once, crate::SCHEMA);
async fn a_request_reaches_everyone_who_could_take_it_once(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    let received = world.received(&submitted(case(), Lane::Critical), "requester");
    for _ in 0..2 {
        world.take(received.clone()).await.unwrap();
    }
    for (person, asks) in [(OFFICER, 1), (OTHER_OFFICER, 1), (HEAD, 1), (APPROVER, 0), (FINANCE, 0)] {
        assert_eq!(world.asks(person).await, vec!["acknowledge"; asks], "{person}");
    }
    let told = events_after(&world.sandbox.database, &case().to_string(), 0, 10).await.unwrap();
    verify_chain(&told).unwrap();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|event| event.actor.as_deref() == Some("system:notification")));
    assert!(told.iter().all(|event| event.lane == flare_kernel::Lane::Critical));

    world.handle(&acknowledged(OFFICER)).await;
    for person in [OFFICER, OTHER_OFFICER, HEAD] {
        assert_eq!(world.asks(person).await, [""; 0], "somebody has it");
    }
}

on_both_engines!(what_is_settled_before_it_is_raised_is_not_raised, crate::SCHEMA);
async fn what_is_settled_before_it_is_raised_is_not_raised(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    let request = world.received(&submitted(case(), Lane::Urgent), "requester");
    let message = world.received(&wrote(), "requester");
    world.handle(&acknowledged(OFFICER)).await;
    world.take(request).await.unwrap();
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0]);
    world.take(message).await.unwrap();
    assert_eq!(world.asks(OFFICER).await, ["answer"]);

    let late = world.received(&wrote(), "requester");
    let closed = events::CaseClosed { case_id: case().to_string(), ..Default::default() };
    world.handle(&Event::Triage(triage_event::Event::CaseClosed(closed))).await;
    assert_eq!(world.asks(OFFICER).await, [""; 0], "a closed case asks nothing");
    world.take(late).await.unwrap();
    assert_eq!(world.asks(OFFICER).await, [""; 0], "it was written before the close");
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OFFICER).await, ["answer"], "it was written after the close");
}

on_both_engines!(the_lane_and_owner_of_a_case_are_kept, crate::SCHEMA);
async fn the_lane_and_owner_of_a_case_are_kept(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    let confirmed = events::CaseAssessed {
        case_id: case().to_string(),
        lane: Lane::Critical.into(),
        ..Default::default()
    };
    world.handle_from(&submitted(case(), Lane::Standard), "requester").await;
    world.handle(&Event::Triage(triage_event::Event::CaseAssessed(confirmed))).await;
    let inbox = world.list(HEAD, ListInboxRequest::default()).await.unwrap();
    assert_eq!(inbox.notices[0].lane(), Lane::Critical, "an open notice moves with its case");
    world.handle_from(&wrote(), "requester").await;
    for person in [OFFICER, OTHER_OFFICER, HEAD] {
        assert!(world.asks(person).await.contains(&"answer".to_owned()), "a critical case without an owner");
    }
    world.handle(&acknowledged(OTHER_OFFICER)).await;
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OTHER_OFFICER).await, ["answer", "answer"]);
    assert_eq!(world.asks(HEAD).await, ["answer"]);
    world.handle(&disabled(OTHER_OFFICER)).await;
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0], "who has no access is not waited for");
    let before = (world.asks(OFFICER).await.len(), world.asks(HEAD).await.len());
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(
        (world.asks(OFFICER).await.len(), world.asks(HEAD).await.len()),
        (before.0 + 1, before.1 + 1),
        "their case has no owner now"
    );
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0]);
}

fn disabled(person: u8) -> Event {
    let gone = events::StaffDisabled { staff_id: id(person).to_string(), reason: "left".to_owned() };
    Event::Identity(identity_event::Event::StaffDisabled(gone))
}

on_both_engines!(what_only_a_disabled_person_was_asked_passes_on, crate::SCHEMA);
async fn what_only_a_disabled_person_was_asked_passes_on(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case(), Lane::Urgent), "requester").await;
    world.handle(&acknowledged(OTHER_OFFICER)).await;
    world.handle_from(&wrote(), "requester").await;
    // Read is not done.
    let inbox = world.list(OTHER_OFFICER, ListInboxRequest::default()).await.unwrap();
    let read = inbox.notices.iter().map(|notice| notice.notice_id.clone()).collect();
    world.mark_read(OTHER_OFFICER, read).await;
    world.handle_from(&wrote(), "requester").await;
    for event in to_the_votes(&[OTHER_APPROVER]) {
        world.handle(&event).await;
    }

    let gone = world.received(&disabled(OTHER_OFFICER), "ada");
    for _ in 0..2 {
        world.take(gone.clone()).await.unwrap();
    }
    assert_eq!(world.asks(OFFICER).await, ["answer", "answer"], "a case without an owner is everyone's");
    assert_eq!(world.asks(HEAD).await, [""; 0], "and the head's where it is critical");
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0]);
    // What another has open stays with them.
    world.handle(&disabled(OFFICER)).await;
    assert_eq!(world.asks(HEAD).await, ["answer", "answer"], "nobody is left but the head");
    world.handle(&disabled(APPROVER)).await;
    let asks = world.asks(HEAD).await;
    assert_eq!(asks.iter().filter(|ask| *ask == "vote").count(), 1, "the only voter is gone: {asks:?}");
    let told = events_after(&world.sandbox.database, &case().to_string(), 0, 100).await.unwrap();
    verify_chain(&told).unwrap();
}

on_both_engines!(what_others_were_asked_too_stays_with_them, crate::SCHEMA);
async fn what_others_were_asked_too_stays_with_them(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case(), Lane::Urgent), "requester").await;
    world.handle(&disabled(OTHER_OFFICER)).await;
    for person in [OFFICER, HEAD] {
        assert_eq!(world.asks(person).await, ["acknowledge"], "{person} was asked already");
    }
}

on_both_engines!(a_settlement_of_its_own_stream_makes_no_event_stale, crate::SCHEMA);
/// A clock that was set back, or read before a lock was waited for.
async fn a_settlement_of_its_own_stream_makes_no_event_stale(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle(&acknowledged(OFFICER)).await;
    let answered = events::MessagePosted { case_id: case().to_string(), ..Default::default() };
    let answered = world.received(&Event::Intake(intake_event::Event::MessagePosted(answered)), "staff");
    let mut wrote_next = world.received(&wrote(), "requester");
    wrote_next.at = answered.at.plus(flare_kernel::Duration::from_secs(-30));
    wrote_next.seq = answered.seq + 1;
    world.take(answered).await.unwrap();
    world.take(wrote_next).await.unwrap();
    assert_eq!(
        world.asks(OFFICER).await,
        ["answer"],
        "it was written after the answer, whatever the clock said"
    );
}

on_both_engines!(while_nobody_is_known_an_event_waits, crate::SCHEMA);
async fn while_nobody_is_known_an_event_waits(sandbox: Sandbox) {
    let world = World::empty(sandbox);
    let request = world.received(&submitted(case(), Lane::Critical), "requester");
    let error = world.take(request.clone()).await.unwrap_err();
    assert!(error.is_transient(), "it is held, and counts as no failure: {error}");
    world.handle(&enrolled(OFFICER, &[Role::Officer])).await;
    world.take(request).await.unwrap();
    assert_eq!(world.asks(OFFICER).await, ["acknowledge"]);
}

on_both_engines!(a_vote_is_asked_of_those_who_may_until_they_have, crate::SCHEMA);
async fn a_vote_is_asked_of_those_who_may_until_they_have(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    for event in to_the_votes(&[OTHER_APPROVER]) {
        world.handle(&event).await;
    }
    assert_eq!(
        (world.asks(APPROVER).await, world.asks(OTHER_APPROVER).await),
        (vec!["vote".to_owned()], vec![])
    );
    world.handle(&voted(APPROVER)).await;
    assert_eq!(world.asks(APPROVER).await, [""; 0]);

    // The next round asks again, and everyone who may.
    world.handle(&to_the_votes(&[])[1]).await;
    assert_eq!(world.asks(OTHER_APPROVER).await, ["vote"]);
    let conflict = events::ConflictDeclared {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        approver: id(OTHER_APPROVER).to_string(),
        ..Default::default()
    };
    world.handle(&Event::Grants(grants_event::Event::ConflictDeclared(conflict))).await;
    assert_eq!(world.asks(OTHER_APPROVER).await, [""; 0]);
    let returned = events::GrantReturned {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        proposer: id(OFFICER).to_string(),
        ..Default::default()
    };
    world.handle(&Event::Grants(grants_event::Event::GrantReturned(returned))).await;
    assert_eq!(
        (world.asks(APPROVER).await, world.asks(OFFICER).await),
        (vec![], vec!["revise_grant".to_owned()])
    );
    let messages = world.count("SELECT COUNT(*) AS n FROM approver_messages").await;
    assert_eq!(messages, 3, "one for each vote that was asked");
}

on_both_engines!(a_vote_without_voters_reaches_a_head_but_no_queue, crate::SCHEMA);
async fn a_vote_without_voters_reaches_a_head_but_no_queue(sandbox: Sandbox) {
    let world = World::empty(sandbox);
    world.handle(&enrolled(HEAD, &[Role::Head])).await;
    for event in to_the_votes(&[]) {
        world.handle(&event).await;
    }
    assert_eq!(world.asks(HEAD).await, ["vote"]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_messages").await, 0);
}

on_both_engines!(a_certificate_makes_the_approver, crate::SCHEMA);
async fn a_certificate_makes_the_approver(sandbox: Sandbox) {
    let world = World::empty(sandbox);
    world.handle(&enrolled(OFFICER, &[])).await;
    let queues = "SELECT COUNT(*) AS n FROM approver_queues WHERE ensured = 0";
    assert_eq!(world.count(queues).await, 0);
    let certified = events::StaffCertified {
        staff_id: id(OFFICER).to_string(),
        roles: vec![Role::Approver.into()],
        signing_key: vec![OFFICER; 32],
    };
    world.handle(&Event::Identity(identity_event::Event::StaffCertified(certified))).await;
    assert_eq!(world.count(queues).await, 1);
}

on_both_engines!(roles_come_and_go, crate::SCHEMA);
async fn roles_come_and_go(sandbox: Sandbox) {
    let world = World::empty(sandbox);
    let set = |person, roles: &[Role]| {
        Event::Identity(identity_event::Event::RolesSet(events::RolesSet {
            staff_id: id(person).to_string(),
            // A role of a newer version leads nowhere.
            roles: roles.iter().map(|role| *role as i32).chain([99]).collect(),
            roles_held_back: Vec::new(),
        }))
    };
    world.handle(&enrolled(OTHER_OFFICER, &[Role::Officer])).await;
    world.handle(&set(OFFICER, &[Role::Officer])).await;
    world.handle_from(&submitted(case(), Lane::Urgent), "requester").await;
    assert_eq!(world.asks(OFFICER).await, [""; 0], "nobody is told before they enrol");
    world.handle(&enrolled(OFFICER, &[Role::Auditor])).await;
    world.handle(&set(OFFICER, &[Role::Officer, Role::Approver])).await;
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OFFICER).await, ["answer"]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_queues WHERE ensured = 0").await, 1);
    world.handle(&set(OFFICER, &[Role::Auditor])).await;
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OFFICER).await, ["answer"]);
}

#[tokio::test]
async fn an_event_that_makes_no_sense_is_an_error_and_leaves_nothing() {
    let world = World::staffed(Sandbox::sqlite(crate::SCHEMA).await).await;
    let nowhere = events::CaseClosed { case_id: "a person's name".to_owned(), ..Default::default() };
    let received = world.received(&Event::Triage(triage_event::Event::CaseClosed(nowhere)), "x");
    let error = world.take(received).await.unwrap_err();
    assert!(matches!(&error, Error::Corrupt(_)) && !error.to_string().contains("person"), "{error}");
    let drafted = events::GrantDrafted {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        proposer: "somebody".to_owned(),
        ..Default::default()
    };
    let received = world.received(&Event::Grants(grants_event::Event::GrantDrafted(drafted)), "x");
    assert!(world.take(received).await.is_err());
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM settlements").await, 0);
}

#[tokio::test]
async fn it_listens_to_the_four_others() {
    let world = World::empty(Sandbox::sqlite(crate::SCHEMA).await);
    let consumer = NotificationConsumer::new(Arc::clone(&world.notification));
    let expected = [Service::Identity, Service::Intake, Service::Triage, Service::Grants];
    assert_eq!(consumer.listens_to(), expected);
}
