//! Whoever can send a request can send keys that open for nobody. They hide what is sealed under them, and nothing else:
//! officers read on, the case goes its way, and nothing is written under an older key.

use flare_contracts::common::v1::KeyEpoch;
use flare_edge::{
    Credential, Form, KeyBundle, Lines,
    receipt::{ReceiptHolder, Request},
};
use flare_seal::{Receipt, RequestSeed};
use serde_json::json;
use tonic::transport::Endpoint;

use crate::{
    acts::{Case, act, text},
    harness::{Installation, until},
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
}
