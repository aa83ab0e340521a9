use flare_contracts::{
    common::v1::Lane,
    events::v1::{self as events, grants_event, triage_event},
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

    world.hear(&acknowledged(OFFICER)).await;
    for person in [OFFICER, OTHER_OFFICER, HEAD] {
        assert_eq!(world.asks(person).await, [""; 0], "somebody has it");
    }
}

on_both_engines!(what_is_settled_before_it_is_raised_is_not_raised, crate::SCHEMA);
async fn what_is_settled_before_it_is_raised_is_not_raised(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    let request = world.received(&submitted(case(), Lane::Urgent), "requester");
    let message = world.received(&wrote(), "requester");
    world.hear(&acknowledged(OFFICER)).await;
    world.take(request).await.unwrap();
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0]);
    world.take(message).await.unwrap();
    assert_eq!(world.asks(OFFICER).await, ["answer"]);

    let late = world.received(&wrote(), "requester");
    let closed = events::CaseClosed { case_id: case().to_string(), ..Default::default() };
    world.hear(&Event::Triage(triage_event::Event::CaseClosed(closed))).await;
    assert_eq!(world.asks(OFFICER).await, [""; 0], "a closed case asks nothing");
    world.take(late).await.unwrap();
    assert_eq!(world.asks(OFFICER).await, [""; 0], "it was written before the close");
    world.hear_from(&wrote(), "requester").await;
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
    world.hear_from(&submitted(case(), Lane::Standard), "requester").await;
    world.hear(&Event::Triage(triage_event::Event::CaseAssessed(confirmed))).await;
    let inbox = world.list(HEAD, ListInboxRequest::default()).await.unwrap();
    assert_eq!(inbox.notices[0].lane(), Lane::Critical, "an open notice moves with its case");
    world.hear_from(&wrote(), "requester").await;
    for person in [OFFICER, OTHER_OFFICER, HEAD] {
        assert!(world.asks(person).await.contains(&"answer".to_owned()), "a critical case without an owner");
    }
    world.hear(&acknowledged(OTHER_OFFICER)).await;
    world.hear_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OTHER_OFFICER).await, ["answer", "answer"]);
    assert_eq!(world.asks(HEAD).await, ["answer"]);
    let gone = events::StaffDisabled { staff_id: id(OTHER_OFFICER).to_string(), reason: "left".to_owned() };
    world.hear(&Event::Identity(identity_event::Event::StaffDisabled(gone))).await;
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0], "who has no access is not waited for");
    world.hear_from(&wrote(), "requester").await;
    assert_eq!(
        (world.asks(OFFICER).await.len(), world.asks(HEAD).await.len()),
        (2, 2),
        "their case has no owner now"
    );
    assert_eq!(world.asks(OTHER_OFFICER).await, [""; 0]);
}

on_both_engines!(a_vote_is_asked_of_those_who_may_until_they_have, crate::SCHEMA);
async fn a_vote_is_asked_of_those_who_may_until_they_have(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    for event in to_the_votes(&[OTHER_APPROVER]) {
        world.hear(&event).await;
    }
    assert_eq!(
        (world.asks(APPROVER).await, world.asks(OTHER_APPROVER).await),
        (vec!["vote".to_owned()], vec![])
    );
    world.hear(&voted(APPROVER)).await;
    assert_eq!(world.asks(APPROVER).await, [""; 0]);

    // The next round asks again, and everyone who may.
    world.hear(&to_the_votes(&[])[1]).await;
    assert_eq!(world.asks(OTHER_APPROVER).await, ["vote"]);
    let conflict = events::ConflictDeclared {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        approver: id(OTHER_APPROVER).to_string(),
        ..Default::default()
    };
    world.hear(&Event::Grants(grants_event::Event::ConflictDeclared(conflict))).await;
    assert_eq!(world.asks(OTHER_APPROVER).await, [""; 0]);
    let returned = events::GrantReturned {
        case_id: case().to_string(),
        grant_id: grant().to_string(),
        proposer: id(OFFICER).to_string(),
        ..Default::default()
    };
    world.hear(&Event::Grants(grants_event::Event::GrantReturned(returned))).await;
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
    world.hear(&enrolled(HEAD, &[Role::Head])).await;
    for event in to_the_votes(&[]) {
        world.hear(&event).await;
    }
    assert_eq!(world.asks(HEAD).await, ["vote"]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_messages").await, 0);
}

on_both_engines!(roles_come_and_go, crate::SCHEMA);
async fn roles_come_and_go(sandbox: Sandbox) {
    let world = World::empty(sandbox);
    let set = |person, roles: &[Role]| {
        Event::Identity(identity_event::Event::RolesSet(events::RolesSet {
            staff_id: id(person).to_string(),
            // A role of a newer version leads nowhere.
            roles: roles.iter().map(|role| *role as i32).chain([99]).collect(),
        }))
    };
    world.hear(&set(OFFICER, &[Role::Officer])).await;
    world.hear_from(&submitted(case(), Lane::Urgent), "requester").await;
    assert_eq!(world.asks(OFFICER).await, [""; 0], "nobody is told before they enrol");
    world.hear(&enrolled(OFFICER, &[Role::Auditor])).await;
    world.hear(&set(OFFICER, &[Role::Officer, Role::Approver])).await;
    world.hear_from(&wrote(), "requester").await;
    assert_eq!(world.asks(OFFICER).await, ["answer"]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM approver_queues WHERE ensured = 0").await, 1);
    world.hear(&set(OFFICER, &[Role::Auditor])).await;
    world.hear_from(&wrote(), "requester").await;
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
    let expected = [Producer::Identity, Producer::Intake, Producer::Triage, Producer::Grants];
    assert_eq!(consumer.listens_to(), expected);
}
