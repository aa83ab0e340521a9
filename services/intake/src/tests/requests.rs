//! Sending, opening, receipts, answers.

use flare_access::{Caller, FromPortal};
use flare_contracts::{
    Event, Service,
    common::v1::SealedField,
    events::v1::intake_event,
    input,
    intake::v1::{
        AddAnswersRequest, Channel, GetRequestRequest, GetRequestResponse, GetStatusRequest, HolderKind,
        IssueReceiptRequest, Listing, OpenRequestRequest, ReceiptLock, ReserveCaseRequest, Standing,
        SubmitRequestRequest, intake_server::Intake as _,
    },
};
use flare_kernel::{CaseId, Duration};
use flare_seal::{Compartment, CompartmentKey, FieldAddress, WrapContext, open_field, unwrap_key};
use flare_store::events_after;
use flare_testkit::{Sandbox, on_both_engines};
use tonic::{Code, Status};

use super::fixture::{
    NOW, OFFICER, Requester, World, another_officer, author, claim, field, fresh, from, officer, reason,
    triage, violation,
};

async fn read(world: &World, case: CaseId) -> Result<GetRequestResponse, Status> {
    let request = GetRequestRequest { case_id: case.to_string() };
    world.api.get_request(from(officer(), request)).await.map(tonic::Response::into_inner)
}

on_both_engines!(two_answers_are_received_and_open_for_triage_and_the_receipt_alone, crate::SCHEMA);
async fn two_answers_are_received_and_open_for_triage_and_the_receipt_alone(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let reply = world.submit(requester.request()).await.unwrap();
    assert_eq!((reply.case_id, reply.version), (requester.case.to_string(), 1));

    let status = world.status(&requester).await;
    assert_eq!((status.standing(), status.received), (Standing::Received, reply.received));
    assert_eq!(status.steps.iter().map(|step| step.what.as_str()).collect::<Vec<_>>(), ["received"]);
    let [thread] = status.thread_keys.as_slice() else { panic!("{:?}", status.thread_keys) };
    let [wrap] = thread.wraps.as_slice() else { panic!("only the receipt's wrap is shown") };
    let context =
        |compartment, recipient| WrapContext { case: requester.case, compartment, epoch: 1, recipient };
    let key =
        unwrap_key(&requester.receipt.recipient(), &wrap.wrapped, &context(Compartment::Thread, "receipt"));
    assert_eq!(key.unwrap().expose(), requester.thread_key.expose());

    let request = read(&world, requester.case).await.unwrap();
    assert_eq!((request.channel(), request.has_receipt, request.version), (Channel::Form, true, 1));
    assert_eq!(request.listing, requester.request().listing);
    assert_eq!(
        request.keys.iter().map(|key| (key.compartment, key.wraps.len())).collect::<Vec<_>>(),
        [(1, 2), (2, 3)]
    );
    let [recovery, wrap] = request.keys[0].wraps.as_slice() else { panic!("{:?}", request.keys[0]) };
    assert_eq!((recovery.recipient.as_str(), wrap.recipient.as_str()), ("recovery", "team:triage"));
    let key = unwrap_key(&triage(), &wrap.wrapped, &context(Compartment::Request, "team:triage")).unwrap();
    let answer = &request.answers[0];
    let address = FieldAddress {
        case: requester.case,
        compartment: Compartment::Request,
        epoch: answer.epoch,
        field: &answer.name,
        version: answer.version,
    };
    assert_eq!(open_field(&key, &address, &answer.ciphertext).unwrap().expose(), b"Signal, after dark");
}

on_both_engines!(a_form_sent_twice_is_one_case, crate::SCHEMA);
async fn a_form_sent_twice_is_one_case(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let first = world.submit(requester.request()).await.unwrap();
    // Sealed again, so every ciphertext and wrap is another one.
    assert_eq!(world.submit(requester.request()).await.unwrap(), first);
    let again = SubmitRequestRequest { request_id: "submit-2".to_owned(), ..requester.request() };
    assert_eq!(world.submit(again).await.unwrap(), first);

    let other = |request_id: &str| SubmitRequestRequest {
        request_id: request_id.to_owned(),
        answers: vec![
            requester.answer("request.contact", "Signal, after dark"),
            requester.answer("request.happened", "Something else."),
        ],
        ..requester.request()
    };
    let first_key = world.submit(other("submit-1")).await.unwrap_err();
    assert_eq!((first_key.code(), reason(&first_key).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    let refused = world.submit(other("submit-3")).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "ALREADY_SUBMITTED"));
    assert!(refused.message().contains("add or replace answers"));

    let elsewhere = CaseId::random().unwrap();
    let moved =
        SubmitRequestRequest { request_id: fresh(), case_id: elsewhere.to_string(), ..requester.request() };
    assert_eq!(field(&world.submit(moved).await.unwrap_err()), "case_id", "a receipt gives its case's id");
    assert_eq!(read(&world, elsewhere).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.count("SELECT seq FROM events").await, 1);
}

on_both_engines!(the_portal_alone_is_believed_that_a_request_waited_and_it_stays_one_case, crate::SCHEMA);
async fn the_portal_alone_is_believed_that_a_request_waited_and_it_stays_one_case(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let hours = |hours| NOW.plus(Duration::from_hours(hours));
    for (told, from_portal, expected) in [
        (Some(-5), true, Some(-5)),
        (Some(-5), false, None),
        (Some(5), true, Some(0)),
        (Some(-24 * 400), true, Some(-24 * 14)),
        (None, true, None),
    ] {
        let requester = Requester::draw();
        let sent = |told: Option<i64>| {
            let waiting_since = told.map(|told| input::timestamp_out(hours(told)));
            let mut call =
                from(Caller::Anonymous, SubmitRequestRequest { waiting_since, ..requester.request() });
            if from_portal {
                call.extensions_mut().insert(FromPortal);
            }
            call
        };
        let first = world.api.submit_request(sent(told)).await.unwrap().into_inner();
        assert_eq!(first.received, Some(input::timestamp_out(NOW)), "when it came in");
        for again in [None, Some(-1), told] {
            assert_eq!(world.api.submit_request(sent(again)).await.unwrap().into_inner(), first);
            let mut another_call = sent(again);
            another_call.get_mut().request_id = fresh();
            assert_eq!(world.api.submit_request(another_call).await.unwrap().into_inner(), first);
        }
        let case = requester.case.to_string();
        let history = events_after(&world.sandbox.database, &case, 0, 10).await.unwrap();
        let [record] = history.as_slice() else { panic!("one event") };
        let event = Event::decode(Service::Intake, record.payload.as_deref().unwrap()).unwrap();
        let Event::Intake(intake_event::Event::RequestSubmitted(event)) = event else { panic!("{event:?}") };
        assert_eq!(event.waiting_since, expected.map(|at| input::timestamp_out(hours(at))), "{told:?}");
    }
}

on_both_engines!(many_sendings_at_once_are_one_case, crate::SCHEMA);
async fn many_sendings_at_once_are_one_case(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let sendings = (0..8).map(|number| {
        let request =
            SubmitRequestRequest { request_id: format!("submit-{}", number / 2), ..requester.request() };
        world.submit(request)
    });
    let replies = futures::future::join_all(sendings).await;
    let first = replies[0].as_ref().unwrap();
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap() == first));
    assert_eq!(world.count("SELECT case_id FROM requests").await, 1);
    assert_eq!(world.count("SELECT seq FROM events").await, 1);
}

on_both_engines!(bad_requests_are_refused_by_field_and_leave_nothing, crate::SCHEMA);
async fn bad_requests_are_refused_by_field_and_leave_nothing(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let good = || requester.request();
    let answers = |change: fn(&mut Vec<SealedField>)| {
        let mut request = good();
        change(&mut request.answers);
        request
    };
    let short = ReceiptLock { lookup_id: vec![1; 15], ..requester.lock() };
    let no_wrap = requester.epoch(Compartment::Thread, 1, &requester.thread_key, false);
    let to_receipt = requester.epoch(Compartment::Request, 1, &requester.request_key, true);
    let mut for_nobody = good().keys[0].clone();
    for_nobody.wraps.retain(|wrap| wrap.recipient == "recovery");
    let second = requester.epoch(Compartment::Thread, 2, &requester.thread_key, true);
    for (request, expected) in [
        (SubmitRequestRequest { request_id: String::new(), ..good() }, "request_id"),
        (SubmitRequestRequest { case_id: "case_5".to_owned(), ..good() }, "case_id"),
        (SubmitRequestRequest { receipt: None, ..good() }, "receipt"),
        (SubmitRequestRequest { receipt: Some(short), ..good() }, "receipt.lookup_id"),
        (SubmitRequestRequest { listing: None, ..good() }, "listing"),
        (SubmitRequestRequest { listing: Some(Listing::default()), ..good() }, "listing.lane_hint"),
        (SubmitRequestRequest { keys: Vec::new(), ..good() }, "keys"),
        (SubmitRequestRequest { keys: vec![good().keys[1].clone(); 2], ..good() }, "keys"),
        (SubmitRequestRequest { keys: vec![good().keys[0].clone(), no_wrap], ..good() }, "keys[1].wraps"),
        (SubmitRequestRequest { keys: vec![for_nobody, good().keys[1].clone()], ..good() }, "keys[0].wraps"),
        (
            SubmitRequestRequest { keys: vec![to_receipt, good().keys[1].clone()], ..good() },
            "keys[0].wraps[2].recipient",
        ),
        (answers(|all| all.truncate(1)), "request.happened"),
        (answers(|all| drop(all.remove(0))), "request.contact"),
        (answers(|all| all.push(all[0].clone())), "request.contact"),
        (answers(|all| all[0].version = 2), "request.contact.version"),
        (answers(|all| all[1].tag.clear()), "request.happened.tag"),
        (answers(|all| all[1].ciphertext = vec![0; 120_000]), "request.happened.ciphertext"),
        (answers(|all| all[1].ciphertext = vec![0; 700_000]), "answers"),
        (
            answers(|all| all.push(SealedField { name: "request.password".to_owned(), ..all[0].clone() })),
            "answers[2].name",
        ),
    ] {
        assert_eq!(field(&world.submit(request).await.unwrap_err()), expected);
    }
    for request in [
        SubmitRequestRequest { keys: vec![good().keys[0].clone(), second], ..good() },
        answers(|all| all[0].epoch = 2),
    ] {
        assert_eq!(reason(&world.submit(request).await.unwrap_err()), "OLD_KEY_EPOCH");
    }
    for table in ["SELECT case_id FROM requests", "SELECT seq FROM events", "SELECT scope FROM idempotency"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
}

on_both_engines!(an_unknown_receipt_and_a_wrong_proof_look_alike, crate::SCHEMA);
async fn an_unknown_receipt_and_a_wrong_proof_look_alike(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let receipt = &requester.receipt;
    let refused =
        async |caller: Caller| world.api.get_status(from(caller, GetStatusRequest {})).await.unwrap_err();
    let wrong = refused(claim(receipt.lookup_id(), [0; 32])).await;
    let unknown = refused(claim([9; 16], receipt.proof())).await;
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::Unauthenticated, "UNKNOWN_RECEIPT"));
    assert_eq!(
        (wrong.code(), wrong.message(), wrong.details()),
        (unknown.code(), unknown.message(), unknown.details())
    );
    assert_eq!(reason(&refused(officer()).await), "NOT_ALLOWED");
    assert_eq!(reason(&refused(Caller::Anonymous).await), "NO_CREDENTIALS");
}

fn opening(requester: &Requester, receipt: Option<ReceiptLock>) -> OpenRequestRequest {
    let request = requester.request();
    let thread = requester.epoch(Compartment::Thread, 1, &requester.thread_key, receipt.is_some());
    OpenRequestRequest {
        request_id: fresh(),
        case_id: request.case_id,
        channel: Channel::Signal.into(),
        receipt,
        listing: request.listing,
        answers: request.answers,
        keys: vec![request.keys[0].clone(), thread],
    }
}

on_both_engines!(an_officer_opens_a_case_and_issues_its_receipt_once, crate::SCHEMA);
async fn an_officer_opens_a_case_and_issues_its_receipt_once(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let open = async |request: OpenRequestRequest| world.api.open_request(from(officer(), request)).await;
    for channel in [Channel::Unspecified, Channel::Form] {
        let request = OpenRequestRequest { channel: channel.into(), ..opening(&requester, None) };
        assert_eq!(field(&open(request).await.unwrap_err()), "channel");
    }
    assert_eq!(field(&open(opening(&requester, None)).await.unwrap_err()), "case_id", "nobody chooses an id");
    let reserve = async |by: Caller, id: &str| {
        let request = ReserveCaseRequest { request_id: id.to_owned() };
        let reserved = world.api.reserve_case(from(by, request)).await.unwrap().into_inner();
        reserved.case_id.parse::<CaseId>().unwrap()
    };
    let case = reserve(officer(), "open-1").await;
    assert_eq!(reserve(officer(), "open-1").await, case, "the same for the same command");
    let theirs = reserve(another_officer(), "open-1").await;
    assert_ne!(theirs, case);
    let foreign = Requester { case: theirs, ..Requester::draw() };
    assert_eq!(field(&open(opening(&foreign, None)).await.unwrap_err()), "case_id", "drawn for another");
    let requester = Requester { case, ..requester };
    let opened = open(opening(&requester, None)).await.unwrap().into_inner();
    assert_eq!(open(opening(&requester, None)).await.unwrap().into_inner(), opened, "the same content");
    let other = OpenRequestRequest { channel: Channel::Phone.into(), ..opening(&requester, None) };
    assert_eq!(reason(&open(other).await.unwrap_err()), "ALREADY_SUBMITTED");
    assert!(!read(&world, requester.case).await.unwrap().has_receipt);

    let key = CompartmentKey::generate().unwrap();
    let issue = |epoch, receipt: &Requester, to_receipt| IssueReceiptRequest {
        request_id: fresh(),
        case_id: requester.case.to_string(),
        receipt: Some(receipt.lock()),
        key: Some(requester.epoch(Compartment::Thread, epoch, &key, to_receipt)),
        author: Some(author()),
    };
    let call = async |request: IssueReceiptRequest| world.api.issue_receipt(from(officer(), request)).await;
    let early = call(issue(1, &requester, true)).await.unwrap_err();
    assert_eq!((reason(&early).as_str(), violation(&early).as_str()), ("OLD_KEY_EPOCH", "key.epoch"));
    assert_eq!(field(&call(issue(2, &requester, false)).await.unwrap_err()), "key.wraps");
    let elsewhere = world.requester().await;
    assert_eq!(reason(&call(issue(2, &elsewhere, true)).await.unwrap_err()), "RECEIPT_IN_USE");
    let unknown =
        IssueReceiptRequest { case_id: CaseId::random().unwrap().to_string(), ..issue(2, &requester, true) };
    assert_eq!(call(unknown).await.unwrap_err().code(), Code::NotFound);

    let good = issue(2, &requester, true);
    let issued = call(good.clone()).await.unwrap().into_inner();
    assert_eq!(call(good).await.unwrap().into_inner(), issued, "the first answer again");
    assert_eq!(reason(&call(issue(3, &Requester::draw(), true)).await.unwrap_err()), "RECEIPT_ACTIVE");
    let keys = world.status(&requester).await.thread_keys;
    assert_eq!(keys.iter().map(|key| key.epoch).collect::<Vec<_>>(), [2], "nothing that was written before");
    let receipts = read(&world, case).await.unwrap().receipts;
    let [issued] = receipts.as_slice() else { panic!("{receipts:?}") };
    assert_eq!((issued.holder(), issued.thread), (HolderKind::Requester, 1));
    assert_eq!((issued.drawn_by.as_str(), issued.author.clone()), (&*OFFICER.to_string(), Some(author())));
    let keys = requester.receipt.keys().unwrap();
    assert_eq!(
        (&issued.encryption_key, &issued.signing_key),
        (&keys.encryption.to_bytes(), &keys.signing.to_vec())
    );
}

on_both_engines!(a_receipt_given_at_the_opening_works_at_once, crate::SCHEMA);
async fn a_receipt_given_at_the_opening_works_at_once(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let request = opening(&requester, Some(requester.lock()));
    world.api.open_request(from(officer(), request)).await.unwrap();
    assert_eq!(world.status(&requester).await.thread_keys.len(), 1);
    // A case commits to the keys of its receipt.
    let other = OpenRequestRequest {
        case_id: CaseId::random().unwrap().to_string(),
        ..opening(&requester, Some(requester.lock()))
    };
    let refused = world.api.open_request(from(officer(), other)).await.unwrap_err();
    assert_eq!(field(&refused), "case_id");
}

on_both_engines!(answers_are_added_under_the_newest_key_only, crate::SCHEMA);
async fn answers_are_added_under_the_newest_key_only(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let key = CompartmentKey::generate().unwrap();
    let add = |name: &str, epoch, version, begins| AddAnswersRequest {
        request_id: fresh(),
        case_id: String::new(),
        answers: vec![requester.seal(Compartment::Request, &key, (name, epoch, version), "more")],
        key: Some(requester.epoch(Compartment::Request, epoch, &key, false)).filter(|_| begins),
        ..AddAnswersRequest::default()
    };
    let call = async |caller: Caller, request: AddAnswersRequest| {
        world.api.add_answers(from(caller, request)).await.map(tonic::Response::into_inner)
    };
    let mine = requester.caller();
    assert_eq!(field(&call(mine.clone(), add("request.who", 1, 1, false)).await.unwrap_err()), "key");
    assert_eq!(
        reason(&call(mine.clone(), add("request.who", 3, 1, true)).await.unwrap_err()),
        "OLD_KEY_EPOCH"
    );
    let first = call(mine.clone(), add("request.who", 2, 1, true)).await.unwrap();
    assert_eq!(first.version, 2);
    assert_eq!(
        reason(&call(mine.clone(), add("request.never", 2, 1, true)).await.unwrap_err()),
        "OLD_KEY_EPOCH"
    );
    let gap = call(mine.clone(), add("request.who", 3, 3, true)).await.unwrap_err();
    assert_eq!(field(&gap), "request.who.version");
    let other_case = AddAnswersRequest {
        case_id: CaseId::random().unwrap().to_string(),
        ..add("request.who", 3, 2, true)
    };
    assert_eq!(call(mine, other_case).await.unwrap_err().code(), Code::NotFound);

    let by_staff = |request| AddAnswersRequest { case_id: requester.case.to_string(), ..request };
    let old = call(officer(), by_staff(add("request.happened", 1, 2, false))).await.unwrap_err();
    assert_eq!(
        (reason(&old).as_str(), violation(&old).as_str()),
        ("OLD_KEY_EPOCH", "request.happened.epoch")
    );
    let good = by_staff(add("request.happened", 2, 2, false));
    let second = call(officer(), good.clone()).await.unwrap();
    assert_eq!(call(officer(), good.clone()).await.unwrap(), second, "the first answer again");
    let reused = AddAnswersRequest { answers: add("request.who", 2, 2, false).answers, ..good };
    assert_eq!(reason(&call(officer(), reused).await.unwrap_err()), "REQUEST_ID_REUSED");
    let nowhere = AddAnswersRequest {
        case_id: CaseId::random().unwrap().to_string(),
        ..add("request.who", 2, 2, false)
    };
    assert_eq!(call(officer(), nowhere).await.unwrap_err().code(), Code::NotFound);

    let request = read(&world, requester.case).await.unwrap();
    let newest: Vec<_> =
        request.answers.iter().map(|answer| (answer.name.as_str(), answer.version)).collect();
    assert_eq!(newest, [("request.contact", 1), ("request.happened", 2), ("request.who", 1)]);
    assert_eq!(world.count("SELECT name FROM answers").await, 4, "what was written first is kept");
}
