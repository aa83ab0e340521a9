//! A receipt that may be in other hands.

use flare_contracts::{
    common::{self, v1::KeyEpoch},
    intake::v1::{
        BeginKeyEpochRequest, FreezeReceiptRequest, GetRequestRequest, GetStatusRequest, IssueReceiptRequest,
        MessageKind, intake_server::Intake as _,
    },
};
use flare_kernel::CaseId;
use flare_seal::{Compartment, CompartmentKey};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;

use super::fixture::{Requester, World, author, field, fresh, from, officer, reason, violation};

on_both_engines!(a_frozen_receipt_opens_nothing_and_is_followed_by_another, crate::SCHEMA);
async fn a_frozen_receipt_opens_nothing_and_is_followed_by_another(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, elsewhere) = (world.requester().await, world.requester().await);
    world.post(requester.caller(), requester.message(MessageKind::Text, "", "Before")).await.unwrap();
    let freeze = |reason: &str| FreezeReceiptRequest {
        request_id: fresh(),
        case_id: requester.case.to_string(),
        reason: reason.to_owned(),
        act: None,
    };
    let call = async |request: FreezeReceiptRequest| world.api.freeze_receipt(from(officer(), request)).await;
    assert_eq!(field(&call(freeze("bored")).await.unwrap_err()), "reason");
    let nowhere = FreezeReceiptRequest { case_id: CaseId::random().unwrap().to_string(), ..freeze("lost") };
    assert_eq!(call(nowhere).await.unwrap_err().code(), Code::NotFound);

    let good = freeze("seized");
    let frozen = call(good.clone()).await.unwrap().into_inner();
    assert_eq!(call(good).await.unwrap().into_inner(), frozen, "the first answer again");
    assert_eq!(reason(&call(freeze("seized")).await.unwrap_err()), "NO_ACTIVE_RECEIPT");
    let refused = world.api.get_status(from(requester.caller(), GetStatusRequest {})).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unauthenticated, "UNKNOWN_RECEIPT"));
    let words = requester.message(MessageKind::Text, "", "I am the finder");
    assert_eq!(reason(&world.post(requester.caller(), words).await.unwrap_err()), "UNKNOWN_RECEIPT");
    world.status(&elsewhere).await;
    let request = GetRequestRequest { case_id: requester.case.to_string() };
    assert!(!world.api.get_request(from(officer(), request)).await.unwrap().into_inner().has_receipt);

    // The next one is for what is written from now on: the earlier keys were wrapped to the first.
    let (next, key) = (Requester::draw(), CompartmentKey::generate().unwrap());
    let heir = Requester { case: requester.case, ..next };
    let issue = |receipt: &Requester, epoch| IssueReceiptRequest {
        request_id: fresh(),
        case_id: requester.case.to_string(),
        receipt: Some(receipt.lock()),
        key: Some(heir.epoch(Compartment::Thread, epoch, &key, true)),
        author: Some(author()),
    };
    let same = world.api.issue_receipt(from(officer(), issue(&requester, 2))).await.unwrap_err();
    assert_eq!(reason(&same), "RECEIPT_IN_USE", "a frozen receipt stays frozen");
    world.api.issue_receipt(from(officer(), issue(&heir, 2))).await.unwrap();
    let status = world.status(&heir).await;
    assert_eq!(status.case_id, requester.case.to_string());
    assert_eq!(status.thread_keys.iter().map(|key| key.epoch).collect::<Vec<_>>(), [2]);
    let steps: Vec<_> = status.steps.iter().map(|step| step.what.as_str()).collect();
    assert_eq!(steps, ["received", "receipt_frozen", "receipt_issued"]);
}

on_both_engines!(the_holder_of_a_receipt_freezes_it_once_and_is_told_since_when, crate::SCHEMA);
async fn the_holder_of_a_receipt_freezes_it_once_and_is_told_since_when(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, elsewhere) = (world.requester().await, world.requester().await);
    let freeze = || FreezeReceiptRequest {
        request_id: fresh(),
        case_id: String::new(),
        reason: "seen_by_others".to_owned(),
        act: None,
    };
    let signed = |by: &Requester, request: FreezeReceiptRequest| FreezeReceiptRequest {
        act: Some(by.act(&request, None)),
        ..request
    };
    let call = async |request| world.api.freeze_receipt(from(requester.caller(), request)).await;
    assert_eq!(field(&call(freeze()).await.unwrap_err()), "act");
    assert_eq!(reason(&call(signed(&elsewhere, freeze())).await.unwrap_err()), "ACT_NOT_SIGNED");
    world.status(&requester).await;

    let good = signed(&requester, freeze());
    let frozen = call(good.clone()).await.unwrap().into_inner();
    assert!(frozen.frozen.is_some());
    for again in [good, signed(&requester, freeze()), freeze()] {
        assert_eq!(call(again).await.unwrap().into_inner(), frozen, "freezing twice is freezing");
    }
    let refused = world.api.get_status(from(requester.caller(), GetStatusRequest {})).await.unwrap_err();
    assert_eq!(reason(&refused), "UNKNOWN_RECEIPT", "it opens nothing any more");
    world.status(&elsewhere).await;
    let frozen = "SELECT seq FROM events WHERE kind LIKE '%ReceiptFrozen' AND actor = 'requester'";
    assert_eq!(world.count(frozen).await, 1);
}

on_both_engines!(staff_begin_the_threads_next_key_for_the_receipt_too, crate::SCHEMA);
async fn staff_begin_the_threads_next_key_for_the_receipt_too(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let key = CompartmentKey::generate().unwrap();
    let begin = |epoch, to_receipt| {
        let mut wire = requester.epoch(Compartment::Thread, epoch, &key, to_receipt);
        wire.author = Some(author());
        BeginKeyEpochRequest { request_id: fresh(), case_id: requester.case.to_string(), key: Some(wire) }
    };
    let call = async |request| world.api.begin_key_epoch(from(officer(), request)).await;
    assert_eq!(field(&call(begin(2, false)).await.unwrap_err()), "key.wraps", "its holder would be shut out");
    let mut unsigned = begin(2, true);
    unsigned.key.as_mut().unwrap().author = None;
    assert_eq!(field(&call(unsigned).await.unwrap_err()), "key.author");
    for epoch in [1, 3] {
        let refused = call(begin(epoch, true)).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), violation(&refused).as_str()), ("OLD_KEY_EPOCH", "key.epoch"));
    }
    let good = begin(2, true);
    let first = call(good.clone()).await.unwrap().into_inner();
    assert_eq!(call(good).await.unwrap().into_inner(), first, "the first answer again");
    let keys = world.status(&requester).await.thread_keys;
    assert_eq!(keys.iter().map(|key| key.epoch).collect::<Vec<_>>(), [1, 2]);
    let old = requester.message(MessageKind::Text, "", "Under the first key");
    assert_eq!(reason(&world.post(requester.caller(), old).await.unwrap_err()), "OLD_KEY_EPOCH");
    let keys_begun = "SELECT seq FROM events WHERE kind = 'flare.events.v1.CaseKeyBegun'";
    assert_eq!(world.count(keys_begun).await, 1);
    // The requester's next answers may have brought a key that only they write under.
    let of = |compartment| {
        let wire = KeyEpoch { author: Some(author()), ..requester.epoch(compartment, 2, &key, false) };
        BeginKeyEpochRequest { request_id: fresh(), case_id: requester.case.to_string(), key: Some(wire) }
    };
    call(of(Compartment::Request)).await.unwrap();
    assert_eq!(reason(&call(of(Compartment::Request)).await.unwrap_err()), "OLD_KEY_EPOCH");
    let mut notes = of(Compartment::Request);
    notes.key.as_mut().unwrap().compartment = common::v1::Compartment::Notes.into();
    assert_eq!(field(&call(notes).await.unwrap_err()), "key.compartment", "triage keeps it");
    assert_eq!(world.count(keys_begun).await, 2);
}
