//! Whoever can send a request can send keys that open for nobody. They hide what is sealed under them, and nothing else:
//! officers read on, the case goes its way, and nothing is written under an older key.

use flare_contracts::{
    common::v1::{KeyEpoch, Mode, Trigger},
    grants::v1::{
        BeginKeyEpochRequest as BeginGrantKeyRequest, DraftGrantRequest, PaymentMethod, SupportKind,
    },
    triage::v1::BeginKeyEpochRequest as BeginNotesKeyRequest,
};
use flare_edge::{
    CaseKeys, Credential, Form, KeyBundle, Lines, Proposal, SavedSession, Session,
    receipt::{ReceiptHolder, Request},
};
use flare_kernel::{CaseId, GrantId, Money};
use flare_seal::{Compartment, Receipt, RequestSeed};
use serde_json::json;
use tonic::transport::Endpoint;

use crate::{
    acts::{Case, Draft, Grant, act, list, text},
    harness::{Installation, Person, answer::exit, block_on, samples, today, token, until},
};

/// Which of a request's two keys are junk.
#[derive(Clone, Copy, Debug)]
enum Junk {
    Both,
    Request,
    Thread,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_keys_open_for_nobody_hides_nothing_else_and_can_be_closed() {
    let installation = Installation::embedded();
    for junk in [Junk::Both, Junk::Request, Junk::Thread] {
        let receipt = Receipt::draw().unwrap();
        let id = send(&installation, &receipt, junk).await;
        tokio::task::block_in_place(|| works(&installation, &receipt, &id, junk));
    }
}

async fn send(installation: &Installation, receipt: &Receipt, junk: Junk) -> String {
    let address = format!("http://{}", installation.address("intake"));
    let lines = Lines::all(&Endpoint::from_shared(address).unwrap().connect_lazy());
    let bundle = KeyBundle::fetch(&lines, None).await.unwrap();
    let form = Form { happened: "They came at night.".into(), contact: "Signal".into(), ..Form::default() };
    let mut request = Request::compose(&bundle, &form, (receipt, &RequestSeed::generate().unwrap()), "junk")
        .unwrap()
        .into_message();
    let spoilt = match junk {
        Junk::Both => [true, true],
        Junk::Request => [true, false],
        Junk::Thread => [false, true],
    };
    for (key, spoil) in request.keys.iter_mut().zip(spoilt) {
        if spoil {
            make_junk(key);
        }
    }
    let case_id = request.case_id.clone();
    lines.intake(&Credential::NONE).submit_request(request).await.unwrap();
    case_id
}

fn make_junk(key: &mut KeyEpoch) {
    for wrap in &mut key.wraps {
        let length = wrap.wrapped.len();
        wrap.wrapped = vec![7; length];
    }
}

/// An officer takes the case, writes to the requester, and closes it.
fn works(installation: &Installation, receipt: &Receipt, id: &str, junk: Junk) {
    let officer = &installation.team.officer;
    let show = || officer.read(&["case", "show", id]);
    until("triage has heard of it", || (officer.run(&["case", "show", id]).code == 0).then_some(()));
    let shown = show();
    let broken = match junk {
        Junk::Both => json!(["request 1", "thread 1"]),
        Junk::Request => json!(["request 1"]),
        Junk::Thread => json!(["thread 1"]),
    };
    assert_eq!(shown["broken_keys"], broken, "{junk:?}");
    let sealed_to_nobody = matches!(junk, Junk::Both | Junk::Request);
    assert_eq!(shown["sealed_to_nobody"], sealed_to_nobody, "{junk:?}");
    let readable = shown["answers"]["request.happened"] == "They came at night.";
    assert_eq!(readable, !sealed_to_nobody, "{junk:?}");
    assert_eq!(shown["foreign_receipt"], false);

    let plan = officer.file("plan.json", br#"{"how": "only by the thread"}"#);
    let acknowledged = || text(&show()["case"]["stage"]) != "submitted";
    act(officer, &["case", "acknowledge", id, "--contact-plan-file", &plan], acknowledged);
    act(officer, &["case", "assess", id, "--lane", "standard"], || {
        text(&show()["case"]["stage"]) == "decided"
    });

    // Words to the requester go under a key that both sides open: the first where it is good, else the next.
    let words = officer.words("We cannot read what you sent. Please send it once more.");
    let said = || show()["messages"].as_array().is_some_and(|messages| !messages.is_empty());
    act(officer, &["case", "reply", id, "--text-file", &words], said);
    let requester = installation.requester();
    let file = requester.file("receipt", receipt.words().expose().as_bytes());
    let thread = requester.read(&["receipt", "messages", "--receipt-file", &file]);
    assert_eq!(thread["messages"].as_array().unwrap().len(), 1, "{junk:?}: {thread}");
    let answer = requester.words("Here it is again.");
    act(&requester, &["receipt", "write", "--receipt-file", &file, "--text-file", &answer], || {
        show()["messages"].as_array().is_some_and(|messages| messages.len() == 2)
    });
    assert_eq!(show()["messages"][1]["text"], "Here it is again.", "{junk:?}");

    // Answers of staff go under a key of their own where the requester's does not open.
    let more = officer.file("more.json", br#"{"never": "Do not phone."}"#);
    let added = || show()["answers"]["request.never"] == "Do not phone.";
    act(officer, &["case", "add-answers", id, "--form", &more], added);
    act(officer, &["case", "close", id, "--exit", "unreachable"], || {
        text(&show()["case"]["stage"]) == "closed"
    });
}

#[test]
fn further_answers_under_a_key_for_nobody_hide_those_answers_alone() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &json!({"happened": "They came.", "contact": "Signal, at night"}));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let address = format!("http://{}", installation.address("intake"));
        let lines = Lines::all(&Endpoint::from_shared(address).unwrap().connect_lazy());
        let bundle = KeyBundle::fetch(&lines, None).await.unwrap();
        let receipt = std::fs::read_to_string(&case.receipt).unwrap();
        let receipt = Receipt::parse(receipt.trim()).unwrap();
        let (holder, status) = ReceiptHolder::find(&lines, &receipt).await.unwrap();
        let form = Form { payment: "Cash.".into(), ..Form::default() };
        let mut answers = holder.compose_answers(&bundle, &form, &status, "junk").unwrap().into_message();
        make_junk(answers.key.as_mut().unwrap());
        lines.intake(holder.credential()).add_answers(answers).await.unwrap();
    });
    let shown = until("the officer sees it", || {
        let shown = case.show();
        (shown["broken_keys"] == json!(["request 2"])).then_some(shown)
    });
    assert_eq!(shown["answers"]["request.happened"], "They came.");
    assert_eq!(shown["sealed_to_nobody"], false);
    case.take();

    // What staff attach beside them goes under the next key. It is for them alone.
    let officer = &installation.team.officer;
    let letter = officer.file("letter.txt", b"for us alone");
    let id = text(&officer.flare(&["case", "attach", &case.id, &letter])["file_id"]);
    let out = officer.new_file("letter");
    officer.flare(&["case", "download", &case.id, &id, "--to", &out]);
    assert_eq!(std::fs::read(&out).unwrap(), b"for us alone");
    let photo = case.requester.file("photo.jpg", b"seven b");
    let id = text(&case.receipt_try(&["attach", &photo]).json()["file_id"]);
    let mut files = list(&case.receipt_try(&["files"]).json()["files"]);
    let at = files[0]["at"].take();
    assert!(at.is_string(), "{at}");
    assert_eq!(
        files,
        [json!({"file_id": id, "name": "photo.jpg", "size": 7, "author": "requester", "at": null})]
    );
    assert_eq!(case.show()["broken_keys"], json!(["request 2"]), "the key that staff drew is a good one");
}

/// The session of a member of staff, past the command line.
async fn session_of(installation: &Installation, person: &Person) -> Session {
    let address = format!("http://{}", installation.address("identity"));
    let lines = Lines::all(&Endpoint::from_shared(address).unwrap().connect_lazy());
    let saved = std::fs::read(person.folder.join("profile/session.json")).unwrap();
    let saved: SavedSession = serde_json::from_slice(&saved).unwrap();
    Session::resume(&lines, &saved).await.unwrap()
}

/// A member of staff begins the next key, and their device wraps it to nobody.
fn begin_for_nobody(case: &Case<'_>, grant: Option<&str>, compartment: Compartment, epoch: u32) {
    block_on(async {
        let session = session_of(case.installation, &case.installation.team.head).await;
        let id: CaseId = case.id.parse().unwrap();
        let (_, mut key) = session.draw_epoch(id, compartment, epoch, None).unwrap();
        make_junk(&mut key);
        let (request_id, key) = (token(), Some(key));
        let credential = session.credential().await.unwrap();
        let begun = if let Some(grant) = grant {
            let request = BeginGrantKeyRequest { request_id, grant_id: grant.to_owned(), key };
            session.lines().grants(&credential).begin_key_epoch(request).await.map(drop)
        } else {
            let request = BeginNotesKeyRequest { request_id, case_id: case.id.clone(), key };
            session.lines().triage(&credential).begin_key_epoch(request).await.map(drop)
        };
        begun.unwrap();
    });
}

#[test]
fn notes_after_a_key_for_nobody_go_under_the_next() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &json!({"happened": "They came.", "contact": "Signal, at night"}));
    case.take();
    begin_for_nobody(&case, None, Compartment::Notes, 2);
    let words = case.words("Their colleague called.");
    case.officer_act(&["note"], &["--text-file", &words], || !list(&case.show()["notes"]).is_empty());
    assert_eq!(case.show()["notes"][0]["text"], "Their colleague called.");

    // The key that the command draws moves the case on; whoever named the version before it is not told of another's act.
    begin_for_nobody(&case, None, Compartment::Notes, 4);
    let seen = case.show()["version"].to_string();
    let plan = case.words(r#"{"how": "Signal, at noon"}"#);
    let officer = &installation.team.officer;
    officer.flare(&["case", "contact-plan", &case.id, "--contact-plan-file", &plan, "--version", &seen]);
    let shown = case.show();
    assert_eq!(shown["contact_plan"]["how"], "Signal, at noon");
    assert_eq!(shown["notes"][0]["text"], "Their colleague called.");
    assert_eq!(shown["broken_keys"], json!(["notes 2", "notes 4"]), "3 and 5 are good ones");
}

#[test]
fn a_grant_after_a_key_for_nobody_is_revised_voted_on_and_paid_under_the_next() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(&case, &[&need], &Draft::default());
    let begin = |compartment, epoch| begin_for_nobody(&case, Some(&grant.id), compartment, epoch);

    begin(Compartment::Proposal, 2);
    let ceiling = || text(&grant.show()["terms"]["ceiling"]);
    grant.officer_act(&["revise"], &["--ceiling", "9000.00"], || ceiling() == "9000.00 EUR");
    assert_eq!(ceiling(), "9000.00 EUR");
    assert_eq!(grant.show()["terms"]["scope"], Draft::default().scope, "what was not changed is sealed anew");

    grant.submit();
    begin(Compartment::Proposal, 4);
    grant.vote(0, "approve-with-conditions", "Pay it in two parts.");
    let vote = grant.show()["votes"][0].take();
    assert_eq!((&vote["words"], &vote["signature"]), (&json!("Pay it in two parts."), &json!("on_this")));
    grant.vote(1, "approve", "");
    grant.is("approved");

    let pay_to = |payee: &str| {
        let words = case.words(payee);
        let entered = || grant.show()["payee"] == payee;
        grant.officer_act(&["payee", "enter"], &["--payee-file", &words], entered);
        assert!(entered(), "{payee}");
    };
    pay_to("The housing cooperative, +1-202-555-0123");
    begin(Compartment::Payment, 2);
    pay_to("The housing cooperative, +1-202-555-0199");
}

/// A grant whose words are sealed under a key that its officer's device wrapped to nobody.
fn draft_for_nobody<'c, 'i>(case: &'c Case<'i>, need: &str) -> Grant<'c, 'i> {
    let grant = GrantId::random().unwrap();
    block_on(async {
        let session = session_of(case.installation, &case.installation.team.officer).await;
        let id: CaseId = case.id.parse().unwrap();
        let (key, mut wrapped) = session.draw_epoch(id, Compartment::Proposal, 1, None).unwrap();
        make_junk(&mut wrapped);
        let mut keys = CaseKeys::new(id);
        keys.insert(Compartment::Proposal, 1, key);
        let proposal = Proposal {
            ceiling: Money::parse("400.00", "EUR").unwrap(),
            start: today(),
            end: today().add_days(60),
            pay_by: today().add_days(60),
            costs_from: None,
            support_kind: SupportKind::Cash,
            payment_method: PaymentMethod::CashByPartner,
            mode: Mode::Reactive,
            trigger: Trigger::Negative,
            needs: vec![need.parse().unwrap()],
            scope: "Lost.".to_owned(),
            budget: "Lost.".to_owned(),
            beneficiary: "Lost.".to_owned(),
        };
        let request = DraftGrantRequest {
            request_id: token(),
            grant_id: grant.to_string(),
            case_id: case.id.clone(),
            terms: Some(proposal.seal(&keys, 1).unwrap()),
            key: Some(wrapped),
            votes_required: 0,
        };
        let credential = session.credential().await.unwrap();
        session.lines().grants(&credential).draft_grant(request).await.unwrap();
    });
    Grant { case, id: grant.to_string() }
}

#[test]
fn a_grant_whose_words_open_for_nobody_is_revised_where_all_are_given_anew() {
    let installation = Installation::embedded();
    let officer = &installation.team.officer;
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    // Once one is drafted, grants has heard that the need is recommended.
    Grant::draft(&case, &[&need], &Draft::default());
    let grant = draft_for_nobody(&case, &need);
    let (scope, budget) = (officer.words("A control unit."), officer.words("400.00 control unit"));
    let some = ["--scope-file", &scope, "--budget-file", &budget];
    let refused = grant.try_as(officer, &["revise"], &some);
    refused.refused_because(exit::NOT_ALLOWED, "KEY_DOES_NOT_OPEN");
    let beneficiary = officer.words("The radio station.");
    let all = [some.as_slice(), &["--beneficiary-file", &beneficiary]].concat();
    let answer = grant.try_as(officer, &["revise"], &all);
    assert_eq!(answer.code, 0, "{answer}");
    let terms = grant.show()["terms"].take();
    assert_eq!((&terms["scope"], &terms["ceiling"]), (&json!("A control unit."), &json!("400.00 EUR")));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_open_for_nobody_do_not_look_as_if_one_person_had_sent_them() {
    let installation = Installation::embedded();
    let mut cases = Vec::new();
    for _ in 0..2 {
        cases.push(send(&installation, &Receipt::draw().unwrap(), Junk::Request).await);
    }
    tokio::task::block_in_place(|| {
        let officer = &installation.team.officer;
        for (id, number) in cases.iter().zip(["+1-202-555-0111", "+1-202-555-0112"]) {
            until("triage has heard of it", || (officer.run(&["case", "show", id]).code == 0).then_some(()));
            let plan = officer.words(&json!({ "how": format!("Signal, {number}") }).to_string());
            let acknowledged = || text(&officer.read(&["case", "show", id])["case"]["stage"]) != "submitted";
            act(officer, &["case", "acknowledge", id, "--contact-plan-file", &plan], acknowledged);
        }
        assert_eq!(officer.flare(&["case", "matches", &cases[0]])["cases"], json!([]));
    });
}
