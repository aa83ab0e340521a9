//! What becomes of an answer that is replaced.

use flare_contracts::{
    common::v1::SealedField,
    intake::v1::{
        AddAnswersRequest, GetRequestRequest, ListAnswersRequest, WrittenAnswer, intake_server::Intake as _,
    },
};
use flare_kernel::{CaseId, Duration};
use flare_seal::{Compartment, CompartmentKey};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::Code;

use super::fixture::{Desk, OFFICER, Requester, field, fresh, from, officer, reason};

/// What names of a writing stay the same for everybody: the answer, its version, its author.
fn told(written: &WrittenAnswer) -> (String, u32, String) {
    let answer = written.answer.clone().unwrap();
    (answer.name, answer.version, written.author.clone())
}

async fn read(desk: &Desk, requester: &Requester, page_size: i32) -> Vec<WrittenAnswer> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let case_id = requester.case.to_string();
        let request = ListAnswersRequest { case_id, page_size, page_token };
        let page = desk.api.list_answers(from(officer(), request)).await.unwrap().into_inner();
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
    }
}

on_both_engines!(what_was_replaced_stays_with_who_wrote_it_and_when, crate::SCHEMA);
async fn what_was_replaced_stays_with_who_wrote_it_and_when(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let (requester, _elsewhere) = (desk.requester().await, desk.requester().await);
    let answer = |name: &str, epoch, version| {
        requester.seal(Compartment::Request, &requester.request_key, (name, epoch, version), "other words")
    };
    desk.sandbox.advance(Duration::from_secs(60));
    let replaced = vec![answer("request.never", 2, 1), answer("request.contact", 2, 2)];
    desk.api.add_answers(from(requester.caller(), add(replaced, &requester, 2))).await.unwrap();
    desk.sandbox.advance(Duration::from_secs(60));
    let by_staff =
        AddAnswersRequest { key: None, ..add(vec![answer("request.contact", 2, 3)], &requester, 2) };
    desk.api.add_answers(from(officer(), by_staff)).await.unwrap();

    let written = read(&desk, &requester, 0).await;
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
        assert_eq!(read(&desk, &requester, page_size).await, written, "pages of {page_size}");
    }

    let list = async |request| desk.api.list_answers(from(officer(), request)).await.unwrap_err();
    let case_id = CaseId::random().unwrap().to_string();
    let unknown = ListAnswersRequest { case_id, ..ListAnswersRequest::default() };
    assert_eq!(list(unknown).await.code(), Code::NotFound);
    let page_token = "nonsense!".to_owned();
    let mine = ListAnswersRequest { case_id: requester.case.to_string(), page_size: 0, page_token };
    assert_eq!(field(&list(mine.clone()).await), "page_token");
    let theirs = desk.api.list_answers(from(requester.caller(), mine)).await.unwrap_err();
    assert_eq!(reason(&theirs), "NOT_ALLOWED", "a receipt opens no answers");
}

on_both_engines!(however_often_answers_are_replaced_the_request_can_be_read, crate::SCHEMA);
async fn however_often_answers_are_replaced_the_request_can_be_read(sandbox: Sandbox) {
    const TIMES: u32 = 60;
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    let key = CompartmentKey::generate().unwrap();
    let words = "x".repeat(20_000);
    for time in 2..TIMES + 2 {
        let names = ["request.happened", "request.anything"];
        let seal = |name: &str| {
            let version = if name == "request.happened" { time } else { time - 1 };
            requester.seal(Compartment::Request, &key, (name, time, version), &words)
        };
        let request = add(names.map(seal).to_vec(), &requester, time);
        desk.api.add_answers(from(officer(), request)).await.unwrap();
    }
    let request = GetRequestRequest { case_id: requester.case.to_string() };
    let now = desk.api.get_request(from(officer(), request)).await.unwrap().into_inner();
    assert_eq!(now.answers.len(), 3, "each answer once, as it is now");
    assert_eq!(read(&desk, &requester, 200).await.len(), 2 + 2 * usize::try_from(TIMES).unwrap());
}
