//! What becomes of an answer that is replaced.

use flare_contracts::{
    common::v1::{Lane, SealedField},
    intake::v1::{
        AddAnswersRequest, Danger, GetRequestRequest, GetStatusRequest, ListAnswersRequest, Listing,
        SubmitRequestRequest, WrittenAnswer, intake_server::Intake as _,
    },
};
use flare_kernel::{CaseId, Duration};
use flare_seal::{Compartment, CompartmentKey};
use flare_store::sql;
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;

use super::fixture::{OFFICER, Requester, World, field, fresh, from, officer, reason};

/// What names of a writing stay the same for everybody: the answer, its version, its author.
fn told(written: &WrittenAnswer) -> (String, u32, String) {
    let answer = written.answer.clone().unwrap();
    (answer.name, answer.version, written.author.clone())
}

async fn read(world: &World, requester: &Requester, page_size: i32) -> Vec<WrittenAnswer> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let case_id = requester.case.to_string();
        let request = ListAnswersRequest { case_id, page_size, page_token };
        let page = world.api.list_answers(from(officer(), request)).await.unwrap().into_inner();
        let bytes = page.answers.iter().map(|written| written.answer.as_ref().unwrap().ciphertext.len());
        assert!(bytes.sum::<usize>() <= 2 << 20, "{}", page.answers.len());
        all.extend(page.answers);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

fn add(answers: Vec<SealedField>, requester: &Requester, epoch: u32) -> AddAnswersRequest {
    AddAnswersRequest {
        request_id: fresh(),
        case_id: requester.case.to_string(),
        answers,
        key: Some(requester.epoch(Compartment::Request, epoch, &requester.request_key, false)),
        ..AddAnswersRequest::default()
    }
}

on_both_engines!(what_was_replaced_stays_with_who_wrote_it_and_when, crate::SCHEMA);
async fn what_was_replaced_stays_with_who_wrote_it_and_when(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, _elsewhere) = (world.requester().await, world.requester().await);
    let answer = |name: &str, epoch, version| {
        requester.seal(Compartment::Request, &requester.request_key, (name, epoch, version), "other words")
    };
    world.sandbox.advance(Duration::from_secs(60));
    let replaced = vec![answer("request.never", 2, 1), answer("request.contact", 2, 2)];
    world.api.add_answers(from(requester.caller(), add(replaced, &requester, 2))).await.unwrap();
    world.sandbox.advance(Duration::from_secs(60));
    let by_staff =
        AddAnswersRequest { key: None, ..add(vec![answer("request.contact", 2, 3)], &requester, 2) };
    world.api.add_answers(from(officer(), by_staff)).await.unwrap();

    let written = read(&world, &requester, 0).await;
    let requester_wrote = |name: &str, version| (name.to_owned(), version, "requester".to_owned());
    assert_eq!(
        written.iter().map(told).collect::<Vec<_>>(),
        [
            requester_wrote("request.contact", 1),
            requester_wrote("request.happened", 1),
            requester_wrote("request.contact", 2),
            requester_wrote("request.never", 1),
            ("request.contact".to_owned(), 3, OFFICER.to_string()),
        ]
    );
    let first = requester.answer("request.contact", "Signal, after dark");
    assert_eq!(written[0].answer.as_ref().unwrap().tag, first.tag, "the first words, not the newest");
    let seconds: Vec<_> = written.iter().map(|written| written.at.unwrap().seconds).collect();
    assert_eq!((seconds[2] - seconds[0], seconds[4] - seconds[2]), (60, 60));
    for page_size in [1, 2, 3] {
        assert_eq!(read(&world, &requester, page_size).await, written, "pages of {page_size}");
    }

    let list = async |request| world.api.list_answers(from(officer(), request)).await.unwrap_err();
    let case_id = CaseId::random().unwrap().to_string();
    let unknown = ListAnswersRequest { case_id, ..ListAnswersRequest::default() };
    assert_eq!(list(unknown).await.code(), Code::NotFound);
    let page_token = "nonsense!".to_owned();
    let mine = ListAnswersRequest { case_id: requester.case.to_string(), page_size: 0, page_token };
    assert_eq!(field(&list(mine.clone()).await), "page_token");
    let theirs = world.api.list_answers(from(requester.caller(), mine)).await.unwrap_err();
    assert_eq!(reason(&theirs), "NOT_ALLOWED", "a receipt opens no answers");
}

/// What is said of danger alone.
fn danger(requester: &Requester, danger: Danger) -> AddAnswersRequest {
    AddAnswersRequest { danger: danger.into(), key: None, ..add(Vec::new(), requester, 1) }
}

on_both_engines!(danger_that_is_told_later_raises_the_lane_and_nothing_said_lowers_it, crate::SCHEMA);
async fn danger_that_is_told_later_raises_the_lane_and_nothing_said_lowers_it(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = Requester::draw();
    let least =
        Listing { lane_hint: Lane::Standard.into(), language: "und".to_owned(), ..Listing::default() };
    let sent = SubmitRequestRequest { listing: Some(least), ..requester.request() };
    world.submit(sent).await.unwrap();
    let status = async || {
        let status = world.api.get_status(from(requester.caller(), GetStatusRequest {})).await.unwrap();
        status.into_inner().listed_answers
    };
    assert_eq!(status().await, Vec::<String>::new());
    let nothing =
        world.api.add_answers(from(requester.caller(), danger(&requester, Danger::Unspecified))).await;
    assert_eq!(field(&nothing.unwrap_err()), "answers");
    for (said, by, lane) in [
        (Danger::No, requester.caller(), 3),
        (Danger::NotSure, requester.caller(), 2),
        (Danger::Yes, officer(), 1),
        (Danger::No, requester.caller(), 1),
    ] {
        world.api.add_answers(from(by, danger(&requester, said))).await.unwrap();
        let rows = sql("SELECT lane FROM events WHERE kind LIKE '%AnswersAdded' ORDER BY seq DESC LIMIT 1");
        let row = world.sandbox.database.fetch_optional(rows).await.unwrap().unwrap();
        assert_eq!(row.int("lane").unwrap(), lane, "{said:?}");
    }
    assert_eq!(status().await, ["danger"]);
    let request = GetRequestRequest { case_id: requester.case.to_string() };
    let now = world.api.get_request(from(officer(), request)).await.unwrap().into_inner();
    let told: Vec<_> = now.later_danger.iter().map(|said| (said.danger(), said.author.clone())).collect();
    let by_requester = |danger| (danger, "requester".to_owned());
    assert_eq!(
        told,
        [
            by_requester(Danger::No),
            by_requester(Danger::NotSure),
            (Danger::Yes, OFFICER.to_string()),
            by_requester(Danger::No)
        ]
    );
    let listing = now.listing.unwrap();
    assert_eq!(
        (listing.danger(), listing.lane_hint()),
        (Danger::Unspecified, Lane::Standard),
        "as it was sent"
    );
}

on_both_engines!(however_often_answers_are_replaced_the_request_can_be_read, crate::SCHEMA);
async fn however_often_answers_are_replaced_the_request_can_be_read(sandbox: Sandbox) {
    const TIMES: u32 = 60;
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let key = CompartmentKey::generate().unwrap();
    let words = "x".repeat(20_000);
    for time in 2..TIMES + 2 {
        let names = ["request.happened", "request.anything"];
        let seal = |name: &str| {
            let version = if name == "request.happened" { time } else { time - 1 };
            requester.seal(Compartment::Request, &key, (name, time, version), &words)
        };
        let request = add(names.map(seal).to_vec(), &requester, time);
        world.api.add_answers(from(officer(), request)).await.unwrap();
    }
    let request = GetRequestRequest { case_id: requester.case.to_string() };
    let now = world.api.get_request(from(officer(), request)).await.unwrap().into_inner();
    assert_eq!(now.answers.len(), 3, "each answer once, as it is now");
    assert_eq!(read(&world, &requester, 200).await.len(), 2 + 2 * usize::try_from(TIMES).unwrap());
}
