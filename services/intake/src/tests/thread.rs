//! Messages.

use flare_access::Caller;
use flare_contracts::{
    Event, Service,
    events::v1::{CaseStopped, triage_event},
    intake::v1::{
        GetRequestRequest, ListMessagesRequest, MessageKind, PostMessageRequest, Standing,
        intake_server::Intake as _,
    },
};
use flare_kernel::{CaseId, GrantId, MessageId, NeedId};
use flare_seal::Compartment;
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;

use super::fixture::{World, field, fresh, from, officer, reason, violation};

on_both_engines!(a_question_waits_for_its_answer, crate::SCHEMA);
async fn a_question_waits_for_its_answer(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    world.sandbox.advance(flare_kernel::Duration::from_secs(60));
    let question = requester.message(MessageKind::Question, "", "Where are you now?");
    let posted = world.post(officer(), question.clone()).await.unwrap();
    assert_eq!(world.post(officer(), question.clone()).await.unwrap(), posted, "the first answer again");
    let status = world.status(&requester).await;
    assert_eq!(
        (status.standing(), &status.open_questions[..]),
        (Standing::WaitingForYou, &[question.message_id.clone()][..])
    );

    let answer = requester.message(MessageKind::Answer, &question.message_id, "Across the border.");
    world.post(requester.caller(), answer).await.unwrap();
    let status = world.status(&requester).await;
    assert_eq!((status.standing(), status.open_questions.len()), (Standing::Received, 0));
    // A second thought is welcome; the question stays answered by the first.
    let again = requester.message(MessageKind::Answer, &question.message_id, "No: at home.");
    world.post(requester.caller(), again).await.unwrap();
}

on_both_engines!(whoever_wrote_since_has_not_kept_us_waiting, crate::SCHEMA);
async fn whoever_wrote_since_has_not_kept_us_waiting(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    world.sandbox.advance(flare_kernel::Duration::from_secs(60));
    world.post(officer(), requester.message(MessageKind::Question, "", "?")).await.unwrap();
    assert_eq!(world.status(&requester).await.standing(), Standing::WaitingForYou);
    world.sandbox.advance(flare_kernel::Duration::from_secs(60));
    world.post(requester.caller(), requester.message(MessageKind::Text, "", "I am safe")).await.unwrap();
    let status = world.status(&requester).await;
    assert_eq!((status.standing(), status.open_questions.len()), (Standing::Received, 1));
}

on_both_engines!(bad_messages_are_refused, crate::SCHEMA);
async fn bad_messages_are_refused(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let elsewhere = world.requester().await;
    let foreign = elsewhere.message(MessageKind::Question, "", "?");
    world.post(officer(), foreign.clone()).await.unwrap();
    let plain = world.post(officer(), requester.message(MessageKind::Text, "", "Hello")).await.unwrap();
    assert_eq!(plain.version, 2);

    let mine = || requester.caller();
    let text = |kind| requester.message(kind, "", "x");
    let (need, grant) = (NeedId::from_bytes([1; 16]).to_string(), GrantId::from_bytes([2; 16]).to_string());
    let about = |kind, about: &str| requester.message(kind, about, "x");
    let version_two = {
        let message = text(MessageKind::Text);
        let name = format!("thread.message.{}", message.message_id);
        let sealed = requester.seal(Compartment::Thread, &requester.thread_key, (&name, 1, 2), "x");
        PostMessageRequest { text: Some(sealed), ..message }
    };
    let long = {
        let message = text(MessageKind::Text);
        let name = format!("thread.message.{}", message.message_id);
        let sealed =
            requester.seal(Compartment::Thread, &requester.thread_key, (&name, 1, 1), &"x".repeat(100_000));
        PostMessageRequest { text: Some(sealed), ..message }
    };
    let misnamed = PostMessageRequest {
        message_id: MessageId::random().unwrap().to_string(),
        ..text(MessageKind::Text)
    };
    for (caller, message, expected) in [
        (mine(), text(MessageKind::Unspecified), "kind"),
        (mine(), text(MessageKind::Question), "kind"),
        (mine(), text(MessageKind::Decision), "kind"),
        (mine(), about(MessageKind::Proposal, &grant), "kind"),
        (officer(), about(MessageKind::Answer, &foreign.message_id), "kind"),
        (officer(), about(MessageKind::Report, &grant), "kind"),
        (mine(), text(MessageKind::Answer), "about"),
        (mine(), about(MessageKind::Answer, &foreign.message_id), "about"),
        (mine(), about(MessageKind::Report, &need), "about"),
        (mine(), about(MessageKind::Text, "anything"), "about"),
        (officer(), text(MessageKind::Agreement), "about"),
        (
            mine(),
            PostMessageRequest { message_id: "msg_1".to_owned(), ..text(MessageKind::Text) },
            "message_id",
        ),
        (mine(), PostMessageRequest { text: None, ..text(MessageKind::Text) }, "text"),
        (mine(), misnamed, "text.name"),
        (mine(), version_two, "text.version"),
        (mine(), long, "text.ciphertext"),
        (
            mine(),
            PostMessageRequest { request_id: "with space".to_owned(), ..text(MessageKind::Text) },
            "request_id",
        ),
    ] {
        assert_eq!(field(&world.post(caller, message).await.unwrap_err()), expected);
    }
    let careless = PostMessageRequest { contact_plan_kept: false, ..text(MessageKind::Text) };
    let refused = world.post(officer(), careless.clone()).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "CONTACT_PLAN_NOT_KEPT")
    );
    world.post(mine(), careless).await.unwrap();
    let nowhere =
        PostMessageRequest { case_id: CaseId::random().unwrap().to_string(), ..text(MessageKind::Text) };
    assert_eq!(world.post(officer(), nowhere.clone()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.post(mine(), nowhere).await.unwrap_err().code(), Code::NotFound);
}

on_both_engines!(a_message_is_written_once_and_under_the_newest_key, crate::SCHEMA);
async fn a_message_is_written_once_and_under_the_newest_key(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let message = requester.message(MessageKind::Text, "", "Hello");
    world.post(requester.caller(), message.clone()).await.unwrap();
    let changed = PostMessageRequest { kind: MessageKind::Report.into(), ..message.clone() };
    let changed = PostMessageRequest { about: GrantId::from_bytes([2; 16]).to_string(), ..changed };
    assert_eq!(reason(&world.post(requester.caller(), changed).await.unwrap_err()), "REQUEST_ID_REUSED");
    let again = PostMessageRequest { request_id: fresh(), ..message };
    let refused = world.post(requester.caller(), again).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "MESSAGE_ID_REUSED"));

    let message = requester.message(MessageKind::Text, "", "Hello");
    let name = format!("thread.message.{}", message.message_id);
    let newer = requester.seal(Compartment::Thread, &requester.thread_key, (&name, 2, 1), "Hello");
    let message = PostMessageRequest { text: Some(newer), ..message };
    let refused = world.post(requester.caller(), message).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str(), violation(&refused).as_str()),
        (Code::Aborted, "OLD_KEY_EPOCH", "text.epoch")
    );
    assert_eq!(world.count("SELECT message_id FROM messages").await, 1);
}

on_both_engines!(words_of_staff_that_cross_the_requesters_are_refused_until_those_were_seen, crate::SCHEMA);
async fn words_of_staff_that_cross_the_requesters_are_refused_until_those_were_seen(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let newest = async || {
        let request = GetRequestRequest { case_id: requester.case.to_string() };
        world.api.get_request(from(officer(), request)).await.unwrap().into_inner().newest_message
    };
    let question =
        |seen| PostMessageRequest { seen, ..requester.message(MessageKind::Question, "", "Where are you?") };
    assert_eq!(newest().await, 0);
    let first = world.post(officer(), question(0)).await.unwrap();
    let seen = newest().await;
    assert_eq!(seen, first.version);
    world.post(requester.caller(), requester.message(MessageKind::Text, "", "At the door")).await.unwrap();
    let crossing = question(seen);
    let refused = world.post(officer(), crossing.clone()).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str(), violation(&refused).as_str()),
        (Code::Aborted, "MESSAGES_CROSSED", "seen")
    );
    let list = ListMessagesRequest { case_id: requester.case.to_string(), ..ListMessagesRequest::default() };
    let thread = world.api.list_messages(from(officer(), list)).await.unwrap().into_inner().messages;
    assert_eq!(thread.iter().map(|message| message.place).max(), Some(newest().await));
    // The requester is never held up by what staff wrote meanwhile.
    let theirs = PostMessageRequest { seen: 0, ..requester.message(MessageKind::Text, "", "Hurry") };
    world.post(requester.caller(), theirs).await.unwrap();
    let shown = PostMessageRequest { seen: newest().await, ..crossing };
    let sent = world.post(officer(), shown.clone()).await.unwrap();
    let repeated = PostMessageRequest { seen: sent.version, ..shown };
    assert_eq!(
        world.post(officer(), repeated).await.unwrap(),
        sent,
        "what was seen since is no other message"
    );
}

on_both_engines!(a_page_of_long_messages_ends_early_and_none_is_left_out, crate::SCHEMA);
async fn a_page_of_long_messages_ends_early_and_none_is_left_out(sandbox: Sandbox) {
    const MANY: usize = 130;
    let world = World::new(sandbox);
    let requester = world.requester().await;
    for _ in 0..MANY {
        let message = requester.message(MessageKind::Text, "", &"x".repeat(20_000));
        world.post(officer(), message).await.unwrap();
    }
    let (mut places, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMessagesRequest { case_id: String::new(), page_size: 200, page_token };
        let page = world.api.list_messages(from(requester.caller(), request)).await.unwrap().into_inner();
        let bytes = page.messages.iter().map(|message| message.text.as_ref().unwrap().ciphertext.len());
        assert!(bytes.sum::<usize>() <= 2 << 20, "{}", page.messages.len());
        places.extend(page.messages.iter().map(|message| message.place));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(places.len() == MANY && places.is_sorted(), "{places:?}");
}

on_both_engines!(a_stopped_case_is_silent_to_the_requester_and_hears_them, crate::SCHEMA);
async fn a_stopped_case_is_silent_to_the_requester_and_hears_them(sandbox: Sandbox) {
    let world = World::new(sandbox);
    for (how, silent) in [("paused", true), ("withdrawn", true), ("held", false)] {
        let requester = world.requester().await;
        let stopped = CaseStopped {
            case_id: requester.case.to_string(),
            how: how.to_owned(),
            reason: "other".to_owned(),
        };
        let event = Event::Triage(triage_event::Event::CaseStopped(stopped));
        world.handle(Service::Triage, &requester.case.to_string(), 1, event).await.unwrap();
        let out = world.post(officer(), requester.message(MessageKind::Text, "", "Hello")).await;
        assert_eq!(out.as_ref().is_err(), silent, "{how}");
        if let Err(refused) = out {
            assert_eq!(
                (refused.code(), reason(&refused).as_str()),
                (Code::FailedPrecondition, "CASE_STOPPED")
            );
        }
        world.post(requester.caller(), requester.message(MessageKind::Text, "", "Hello")).await.unwrap();
    }
}

on_both_engines!(the_thread_is_read_page_by_page_and_by_its_own_people_only, crate::SCHEMA);
async fn the_thread_is_read_page_by_page_and_by_its_own_people_only(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, elsewhere) = (world.requester().await, world.requester().await);
    let mut ids = Vec::new();
    for number in 0..5 {
        let caller = if number % 2 == 0 { requester.caller() } else { officer() };
        let message = requester.message(MessageKind::Text, "", &format!("message {number}"));
        ids.push(message.message_id.clone());
        world.post(caller, message).await.unwrap();
    }
    world.post(elsewhere.caller(), elsewhere.message(MessageKind::Text, "", "mine")).await.unwrap();
    let list = async |caller: Caller, request: ListMessagesRequest| {
        world.api.list_messages(from(caller, request)).await.map(tonic::Response::into_inner)
    };
    let mut read = Vec::new();
    let mut page_token = String::new();
    for expected in [2, 2, 1] {
        let request = ListMessagesRequest { case_id: String::new(), page_size: 2, page_token };
        let page = list(requester.caller(), request).await.unwrap();
        assert_eq!(page.messages.len(), expected);
        read.extend(page.messages.iter().map(|message| message.message_id.clone()));
        page_token = page.next_page_token;
    }
    assert_eq!((read, page_token.as_str()), (ids.clone(), ""));
    let whole = ListMessagesRequest { case_id: requester.case.to_string(), ..ListMessagesRequest::default() };
    assert_eq!(list(officer(), whole.clone()).await.unwrap().messages.len(), 5);
    assert_eq!(list(elsewhere.caller(), whole.clone()).await.unwrap_err().code(), Code::NotFound);
    let unknown = ListMessagesRequest { case_id: CaseId::random().unwrap().to_string(), ..whole.clone() };
    assert_eq!(list(officer(), unknown).await.unwrap_err().code(), Code::NotFound);
    for (page_size, page_token, expected) in [
        (-1, "", "page_size"),
        (201, "", "page_size"),
        (0, "nonsense!", "page_token"),
        (0, "eA", "page_token"),
    ] {
        let request = ListMessagesRequest { page_size, page_token: page_token.to_owned(), ..whole.clone() };
        assert_eq!(field(&list(officer(), request).await.unwrap_err()), expected);
    }
}
